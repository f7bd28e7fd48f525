/* Transforms: functions against torchvision's on Pillow's pictures; random ones by what must hold for each draw. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>
#include <math.h>
#include <stdlib.h>
#include <taper/memory.h>
#include <taper/ops.h>
#include <taper/transforms.h>

#include "support/golden.h"
#include "support/nothing_left.h"

static golden_file *vectors;

static int start(void **state) {
    (void)state;
    vectors = golden_load("transforms");
    return 0;
}

static int stop(void **state) {
    (void)state;
    golden_free(vectors);
    return 0;
}

static tp_tensor *tensor_of(const golden_tensor *t) {
    tp_tensor *x =
        tp_empty(((tp_shape){3, {t->shape[0], t->shape[1], t->shape[2]}}), .dtype = TP_UINT8);
    golden_copy(t, tp_data(x));
    return x;
}

static tp_tensor *input(void) {
    return tensor_of(golden_need(golden_need_case(vectors, "input"), "x"));
}

/* How many bytes differ by more than `allowed`. */
static int64_t differing(const golden_case *c, const tp_tensor *got, int allowed) {
    const golden_tensor *want = golden_need(c, "y");
    no_error();
    tp_shape shape = tp_shape_of(got);
    assert_true(golden_same_shape(want, shape.ndim, shape.dims, c->name));
    const uint8_t *bytes = tp_data(got);
    int64_t count = 0;
    for (size_t i = 0; i < want->count; i++)
        count += abs((int)want->integers[i] - bytes[i]) > allowed;
    return count;
}

static void check(const golden_case *c, const tp_tensor *got, int allowed) {
    int64_t wrong = differing(c, got, allowed);
    if (wrong)
        fail_msg("%s: %lld bytes differ by more than %d", c->name, (long long)wrong, allowed);
}

static tp_interpolation mode_of(const golden_case *c) {
    const char *name = golden_word(c, "mode", "nearest");
    if (strcmp(name, "bilinear") == 0) return TP_INTERPOLATION_BILINEAR;
    return strcmp(name, "bicubic") == 0 ? TP_INTERPOLATION_BICUBIC : TP_INTERPOLATION_NEAREST;
}

static void test_rotate(void **state) {
    (void)state;
    static const double centre[2] = {2, 3};
    for (golden_case *c = NULL; (c = golden_next(vectors, c, "rotate/")) != NULL;)
        TP_SCOPE {
            bool centred = golden_integer(c, "centre", 0) != 0;
            tp_image_rotate_args args = {.image = input(),
                                         .angle = golden_number(c, "angle", 0),
                                         .interpolation = mode_of(c),
                                         .expand = golden_integer(c, "expand", 0) != 0,
                                         .center = centred ? centre : NULL,
                                         .fill = {7, 100, 200}};
            if (centred) memset(args.fill, 0, sizeof args.fill);
            check(c, tp_image_rotate_at(TP_HERE, args), 1);
        }
}

static void test_affine(void **state) {
    (void)state;
    for (golden_case *c = NULL; (c = golden_next(vectors, c, "affine/")) != NULL;)
        TP_SCOPE {
            int64_t translate[2], shear[2];
            golden_list(c, "translate", translate, 2);
            golden_list(c, "shear", shear, 2);
            check(c,
                  tp_image_affine(input(), golden_number(c, "angle", 0),
                                  .translate = {(double)translate[0], (double)translate[1]},
                                  .scale = golden_number(c, "scale", 1),
                                  .shear = {(double)shear[0], (double)shear[1]},
                                  .interpolation = mode_of(c), .fill = {9, 8, 7}),
                  0);
        }
}

static void test_colours(void **state) {
    (void)state;
    for (golden_case *c = NULL; (c = golden_next(vectors, c, "")) != NULL;)
        TP_SCOPE {
            double factor = golden_number(c, "factor", 0);
            if (strncmp(c->name, "brightness/", 11) == 0)
                check(c, tp_image_adjust_brightness(input(), factor), 0);
            if (strncmp(c->name, "contrast/", 9) == 0)
                check(c, tp_image_adjust_contrast(input(), factor), 0);
            if (strncmp(c->name, "saturation/", 11) == 0)
                check(c, tp_image_adjust_saturation(input(), factor), 0);
            if (strncmp(c->name, "hue/", 4) == 0) check(c, tp_image_adjust_hue(input(), factor), 0);
            if (strncmp(c->name, "grey/", 5) == 0)
                check(c, tp_image_to_grayscale(input(), (int)golden_integer(c, "channels", 1)), 0);
        }
}

static void test_parts(void **state) {
    (void)state;
    static const char *const modes[] = {"pad/constant", "pad/edge", "pad/reflect", "pad/symmetric"};
    TP_SCOPE {
        for (int i = 0; i < 4; i++)
            check(golden_need_case(vectors, modes[i]),
                  tp_image_pad(input(), 3, 1, 2, 4, .padding_mode = (tp_padding_mode)i,
                               .fill = {5, 6, 7}),
                  0);
        for (golden_case *c = NULL; (c = golden_next(vectors, c, "centre/")) != NULL;)
            check(c,
                  tp_image_center_crop(input(), golden_integer(c, "height", 0),
                                       golden_integer(c, "width", 0)),
                  0);
        check(golden_need_case(vectors, "crop/outside"), tp_image_crop(input(), -2, 3, 6, 12), 0);
        check(golden_need_case(vectors, "hflip"), tp_image_hflip(input()), 0);
        check(golden_need_case(vectors, "vflip"), tp_image_vflip(input()), 0);
    }
}

static void test_floats(void **state) {
    (void)state;
    tp_transform *t = tp_transforms_compose(
        tp_transforms_to_float(), tp_transforms_normalize({0.5, 0.25, 0.125}, {0.25, 0.5, 2}));
    TP_SCOPE {
        tp_tensor *y = tp_transform_apply(t, input());
        no_error();
        assert_int_equal(tp_dtype_of(y), TP_FLOAT32);
        golden_case *c = golden_need_case(vectors, "normalise");
        assert_true(golden_close_float(golden_need(c, "y"), tp_data(y), (size_t)tp_numel(y), 1e-6,
                                       1e-6, "normalise"));
    }
    tp_transform_free(t);
}

/* ---- random ones ---- */

/* Applies it to many samples and hands each result to `look`. */
static void each(tp_transform *t, int count,
                 void (*look)(const tp_tensor *x, const tp_tensor *y, void *user), void *user) {
    assert_non_null(t);
    for (int i = 0; i < count; i++)
        TP_SCOPE {
            tp_tensor *x = input();
            tp_tensor *y =
                tp_transform_apply(t, x, .seed = 3, .epoch = (uint32_t)(i % 5), .sample = i);
            no_error();
            look(x, y, user);
        }
    tp_transform_free(t);
}

static bool same(const tp_tensor *a, const tp_tensor *b) {
    return tp_same_shape(a, b) && memcmp(tp_data(a), tp_data(b), (size_t)tp_numel(a)) == 0;
}

static void look_flip(const tp_tensor *x, const tp_tensor *y, void *user) {
    bool flipped = same(y, tp_image_hflip(x));
    assert_true(flipped || same(y, x));
    *(int *)user += flipped;
}

static void test_flip(void **state) {
    (void)state;
    int flips = 0;
    each(tp_transforms_random_horizontal_flip(0.25), 400, look_flip, &flips);
    assert_in_range(flips, 70, 130);
    flips = 0;
    each(tp_transforms_random_horizontal_flip(0), 20, look_flip, &flips);
    assert_int_equal(flips, 0);
    each(tp_transforms_random_horizontal_flip(1), 20, look_flip, &flips);
    assert_int_equal(flips, 20);
}

/* A crop with a margin of 2 is one of the 5 x 5 places. */
static void look_crop(const tp_tensor *x, const tp_tensor *y, void *user) {
    int *seen = user, found = 0;
    for (int top = 0; top < 5; top++)
        for (int left = 0; left < 5; left++)
            if (same(y, tp_image_crop(x, top - 2, left - 2, 9, 11)))
                found++, seen[5 * top + left]++;
    assert_int_equal(found, 1);
}

static void test_random_crop(void **state) {
    (void)state;
    int seen[25] = {0};
    each(tp_transforms_random_crop(9, 11, .padding = 2), 500, look_crop, seen);
    for (int i = 0; i < 25; i++) assert_in_range(seen[i], 5, 45);
    tp_transform *t = tp_transforms_random_crop(40, 30, .pad_if_needed = true);
    TP_SCOPE {
        tp_tensor *y = tp_transform_apply(t, input());
        assert_true(tp_size(y, 1) == 40 && tp_size(y, 2) == 30);
    }
    tp_transform_free(t);
    t = tp_transforms_random_crop(40, 30);
    TP_SCOPE {
        tp_tensor *x = input();
        FAILS(SHAPE, "transform_apply", tp_transform_apply(t, x));
        assert_non_null(
            strstr(noted.got, "transforms_random_crop: a picture of 9 x 11 is smaller"));
    }
    tp_transform_free(t);
}

static void look_size(const tp_tensor *x, const tp_tensor *y, void *user) {
    (void)x;
    const int64_t *size = user;
    assert_true(tp_size(y, 0) == 3 && tp_size(y, 1) == size[0] && tp_size(y, 2) == size[1]);
}

static void test_other_random(void **state) {
    (void)state;
    int64_t sizes[2] = {6, 7}, same_sizes[2] = {9, 11};
    each(tp_transforms_random_resized_crop(6, 7), 50, look_size, sizes);
    each(tp_transforms_random_rotation(30, .interpolation = TP_INTERPOLATION_BILINEAR), 50,
         look_size, same_sizes);
    each(tp_transforms_random_affine(10, .translate = {0.3, 0.1}, .scale = {0.5, 2},
                                     .shear = {-10, 10, 0, 5}),
         50, look_size, same_sizes);
    each(tp_transforms_color_jitter(0.4, 0.4, 0.4, 0.1), 50, look_size, same_sizes);
    each(tp_transforms_random_grayscale(0.5), 20, look_size, same_sizes);
    each(tp_transforms_compose(
             tp_transforms_random_vertical_flip(0.5), tp_transforms_pad(1, 1, 1, 1),
             tp_transforms_compose(tp_transforms_center_crop(6, 7), tp_transforms_grayscale(3))),
         20, look_size, sizes);
}

static void look_erased(const tp_tensor *x, const tp_tensor *y, void *user) {
    const float *value = tp_data(y);
    const uint8_t *byte = tp_data(x);
    int64_t changed = 0;
    for (int64_t i = 0; i < tp_numel(y); i++) changed += fabs(value[i] - byte[i] / 255.0) > 1e-6;
    assert_true(changed <= 3 * 99 / 2);
    *(int *)user += changed > 0;
}

static void test_random_erasing(void **state) {
    (void)state;
    int erased = 0;
    each(tp_transforms_random_erasing(.p = 0.5), 200, look_erased, &erased);
    assert_in_range(erased, 60, 140);
    each(tp_transforms_random_erasing(.p = 1, .random = true), 20, look_erased, &erased);
}

/* The same key gives the same picture whatever was drawn before; another part of the key another one. */
static void test_keys(void **state) {
    (void)state;
    tp_transform *t =
        tp_transforms_compose(tp_transforms_random_rotation(180), tp_transforms_random_crop(7, 7));
    TP_SCOPE {
        tp_tensor *x = input(),
                  *first = tp_transform_apply(t, x, .seed = 1, .epoch = 2, .sample = 3);
        tp_transform_apply(t, x, .seed = 8);
        assert_true(same(first, tp_transform_apply(t, x, .seed = 1, .epoch = 2, .sample = 3)));
        assert_false(same(first, tp_transform_apply(t, x, .seed = 2, .epoch = 2, .sample = 3)));
        assert_false(same(first, tp_transform_apply(t, x, .seed = 1, .epoch = 1, .sample = 3)));
        assert_false(same(first, tp_transform_apply(t, x, .seed = 1, .epoch = 2, .sample = 4)));
    }
    tp_transform_free(t);
}

#define REFUSES(name, ...) \
    FAILS(ARGUMENT, "transforms_" #name, assert_null(tp_transforms_##name(__VA_ARGS__)))

static void test_errors(void **state) {
    (void)state;
    REFUSES(resize, 0);
    REFUSES(resize, 5, .max_size = 4);
    REFUSES(center_crop, 3, -1);
    REFUSES(pad, -1);
    REFUSES(random_crop, 3, 3, .fill = {256});
    REFUSES(random_horizontal_flip, NAN);
    REFUSES(random_rotation, INFINITY);
    REFUSES(random_affine, -1);
    REFUSES(color_jitter, .hue = 0.6);
    REFUSES(grayscale, 2);
    REFUSES(normalize, {NAN});
    REFUSES(random_erasing, .p = 2);
    /* what was made goes away with what could not be */
    assert_null(tp_transforms_compose(tp_transforms_to_float(), NULL));
    TP_SCOPE {
        tp_tensor *x = input(), *floats = tp_zeros(tp_shape(3, 4, 4));
        FAILS(ARGUMENT, "image_rotate", tp_image_rotate(x, NAN));
        FAILS(ARGUMENT, "image_affine", tp_image_affine(x, 0, .scale = -1));
        FAILS(ARGUMENT, "image_crop", tp_image_crop(x, 0, 0, 0, 1));
        FAILS(ARGUMENT, "image_adjust_hue", tp_image_adjust_hue(x, 0.7));
        FAILS(DTYPE, "image_hflip", tp_image_hflip(floats));
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        NOTED_TEST(test_rotate),         NOTED_TEST(test_affine),
        NOTED_TEST(test_colours),        NOTED_TEST(test_parts),
        NOTED_TEST(test_floats),         NOTED_TEST(test_flip),
        NOTED_TEST(test_random_crop),    NOTED_TEST(test_other_random),
        NOTED_TEST(test_random_erasing), NOTED_TEST(test_keys),
        NOTED_TEST(test_errors),
    };
    return cmocka_run_group_tests(tests, start, stop);
}
