/* Files of pictures: against Pillow and against what our generator put in them, damaged ones, written ones. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>
#include <stdlib.h>
#include <taper/image.h>
#include <taper/memory.h>
#include <taper/ops.h>
#include <taper/transforms.h>
#include <unistd.h>

#include "support/golden.h"
#include "support/nothing_left.h"
#include "vision/image/png_filter.h"

static golden_file *vectors;

#ifdef TP_HAVE_PNG
enum { HAVE_PNG = 1 };
#else
enum { HAVE_PNG = 0 };
#endif
#ifdef TP_HAVE_JPEG
enum { HAVE_JPEG = 1 };
#else
enum { HAVE_JPEG = 0 };
#endif

static int start(void **state) {
    (void)state;
    vectors = golden_load("image");
    return 0;
}

static int stop(void **state) {
    (void)state;
    golden_free(vectors);
    return 0;
}

/* The elements of a golden tensor of bytes; freed by the caller. */
static uint8_t *bytes_of(const golden_case *c, const char *key, size_t *count) {
    const golden_tensor *t = golden_need(c, key);
    uint8_t *bytes = malloc(t->count + 1);
    golden_copy(t, bytes);
    *count = t->count;
    return bytes;
}

/* Largest difference of two pictures of the same shape. */
static int difference(const golden_case *c, const char *key, const tp_tensor *got) {
    const golden_tensor *want = golden_need(c, key);
    no_error();
    tp_shape shape = tp_shape_of(got);
    assert_true(golden_same_shape(want, shape.ndim, shape.dims, key));
    const uint8_t *bytes = tp_data(got);
    int most = 0;
    for (size_t i = 0; i < want->count; i++) {
        int d = abs((int)want->integers[i] - bytes[i]);
        if (d > most) most = d;
    }
    return most;
}

static void check_files(const char *prefix, int allowed) {
    int seen = 0;
    for (golden_case *c = NULL; (c = golden_next(vectors, c, prefix)) != NULL; seen++)
        TP_SCOPE {
            size_t size;
            uint8_t *file = bytes_of(c, "file", &size);
            tp_tensor *x = tp_image_decode(file, .size = size, .mode = TP_IMAGE_UNCHANGED);
            free(file);
            int d = difference(c, "y", x);
            if (d > allowed) fail_msg("%s differs by %d", c->name, d);
        }
    assert_true(seen > 0);
}

static void test_png(void **state) {
    (void)state;
    if (!HAVE_PNG) skip();
    check_files("png/", 0);
    check_files("orientation/png", 0);
}

/* PNG's fourth filter as its specification says it. */
static unsigned char paeth(int a, int b, int c) {
    int to_a = abs(b - c), to_b = abs(a - c), to_c = abs(a + b - 2 * c);
    return (unsigned char)(to_a <= to_b && to_a <= to_c ? a : to_b <= to_c ? b : c);
}

enum { MARGIN = 16, MOST = 4 * 40, ROW = MARGIN + MOST, ROWS = 5 };

/* Undoes the filter in all rows but the first, as the specification says it. */
static void undo_paeth(unsigned char *bytes, size_t count, size_t step) {
    for (int r = 1; r < ROWS; r++)
        for (size_t i = 0; i < count; i++) {
            unsigned char *x = bytes + MARGIN + (size_t)r * ROW + i, *above = x - ROW;
            int guess =
                i < step ? paeth(0, *above, 0) : paeth(*(x - step), *above, *(above - step));
            *x = (unsigned char)(*x + guess);
        }
}

/* One row after the other, and two and four rows at once, of every width up to 40 pixels. */
static void test_png_paeth(void **state) {
    (void)state;
    uint32_t random = 2;
    for (size_t step = 1; step <= 4; step++)
        for (size_t count = step; count <= MOST; count += step) {
            unsigned char start[ROWS * ROW + MARGIN], got[sizeof start], want[sizeof start];
            for (size_t i = 0; i < sizeof start; i++) {
                random = random * 1664525 + 1013904223;
                start[i] =
                    (unsigned char)(count % 3 ? random >> 24 : random >> 30); /* many draws */
            }
            memcpy(want, start, sizeof start);
            undo_paeth(want, count, step);
            for (int at_once = 1; at_once <= 4; at_once *= 2) {
                memcpy(got, start, sizeof got);
                for (int r = 1; r < ROWS;) {
                    unsigned char *row = got + MARGIN + (size_t)r * ROW;
                    int done = tp_png_unfilter_paeth(row, ROW, row - ROW, count, step, at_once);
                    assert_true(done == 0 || (done == at_once && at_once > 1));
                    if (done == 0) assert_true(tp_png_unfilter(4, row, row - ROW, count, step));
                    r += done ? done : 1;
                }
                assert_memory_equal(got, want, sizeof got);
            }
        }
}

static void test_jpeg(void **state) {
    (void)state;
    if (!HAVE_JPEG) skip();
    check_files("jpeg/", 2); /* libraries differ in their last bit */
    check_files("orientation/jpeg", 2);
}

static void test_bmp_and_pnm(void **state) {
    (void)state;
    check_files("bmp/", 0);
    check_files("pnm/", 0);
}

static void test_modes(void **state) {
    (void)state;
    if (!HAVE_PNG) skip();
    golden_case *c = golden_need_case(vectors, "modes");
    static const char *const keys[] = {"rgb", "grey", "rgb_alpha", "grey_alpha", "rgb_alpha"};
    size_t size;
    uint8_t *file = bytes_of(c, "file", &size);
    for (int mode = 0; mode < 5; mode++)
        TP_SCOPE {
            tp_tensor *x = tp_image_decode(file, .size = size, .mode = (tp_image_mode)mode);
            assert_int_equal(difference(c, keys[mode], x), 0);
        }
    FAILS(ARGUMENT, "image_decode", tp_image_decode(file, .size = size, .mode = (tp_image_mode)9));
    FAILS(ARGUMENT, "image_decode", tp_image_decode(NULL));
    free(file);
}

/* ---- resize ---- */

static void test_resize(void **state) {
    (void)state;
    static const char *const keys[] = {"bilinear", "nearest", "bilinear", "bicubic",
                                       "box",      "hamming", "lanczos"};
    int seen = 0;
    for (golden_case *c = NULL; (c = golden_next(vectors, c, "resize/")) != NULL; seen++)
        for (int i = 0; i < 7; i++)
            TP_SCOPE {
                size_t count;
                uint8_t *bytes = bytes_of(c, "x", &count);
                const golden_tensor *from = golden_need(c, "x"), *to = golden_need(c, keys[i]);
                tp_tensor *x = tp_from_data(bytes, tp_shape(3, from->shape[1], from->shape[2]),
                                            .dtype = TP_UINT8);
                free(bytes);
                tp_tensor *y = tp_image_resize(x, to->shape[1], to->shape[2],
                                               .interpolation = (tp_interpolation)i);
                int d = difference(c, keys[i], y);
                if (d > 0) fail_msg("%s, %s differs by %d", c->name, keys[i], d);
            }
    assert_true(seen > 0);
}

static void test_resize_shorter(void **state) {
    (void)state;
    TP_SCOPE {
        tp_tensor *x = tp_zeros(tp_shape(1, 30, 47), .dtype = TP_UINT8);
        tp_tensor *y = tp_image_resize(x, 20);
        assert_true(tp_size(y, 1) == 20 && tp_size(y, 2) == 31); /* 31.33 */
        tp_tensor *same = tp_image_resize(x, 30);
        assert_true(tp_size(same, 1) == 30 && tp_size(same, 2) == 47);
        FAILS(ARGUMENT, "image_resize", tp_image_resize(x, 0, 3));
        FAILS(ARGUMENT, "image_resize", tp_image_resize(x, INT64_MAX));
        FAILS(FORMAT, "image_resize", tp_image_resize(x, 1 << 20, 1 << 20));
        tp_tensor *floats = tp_zeros(tp_shape(1, 3, 3));
        tp_tensor *seven = tp_zeros(tp_shape(7, 3, 3), .dtype = TP_UINT8);
        FAILS(DTYPE, "image_resize", tp_image_resize(floats, 2));
        FAILS(SHAPE, "image_resize", tp_image_resize(seven, 2));
    }
}

/* ---- writing ---- */

static tp_tensor *sample(int64_t channels, int64_t height, int64_t width) {
    tp_tensor *x = tp_empty(tp_shape(channels, height, width), .dtype = TP_UINT8);
    uint8_t *bytes = tp_data(x);
    for (int64_t i = 0; i < tp_numel(x); i++) bytes[i] = (uint8_t)(i * 7 + i / 5 * 3);
    return x;
}

static int farthest(const tp_tensor *a, const tp_tensor *b) {
    no_error();
    assert_true(tp_same_shape(a, b));
    const uint8_t *x = tp_data(a), *y = tp_data(b);
    int most = 0;
    for (int64_t i = 0; i < tp_numel(a); i++)
        if (abs(x[i] - y[i]) > most) most = abs(x[i] - y[i]);
    return most;
}

static void round_trip(tp_image_format format, int64_t channels, int allowed) {
    TP_SCOPE {
        tp_tensor *x = sample(channels, 7, 11);
        tp_tensor *file = tp_image_encode(x, .format = format, .quality = 100);
        no_error();
        tp_tensor *y = tp_image_decode(tp_data(file), .size = (size_t)tp_numel(file),
                                       .mode = TP_IMAGE_UNCHANGED);
        if (format == TP_IMAGE_BMP && channels == 1) /* comes back as RGB: it has a palette */
            y = tp_image_decode(tp_data(file), .size = (size_t)tp_numel(file),
                                .mode = TP_IMAGE_GRAY);
        int d = farthest(x, y);
        if (d > allowed) fail_msg("format %d with %d channels: %d", (int)format, (int)channels, d);
    }
}

static void test_write(void **state) {
    (void)state;
    for (int channels = 1; HAVE_PNG && channels <= 4; channels++)
        round_trip(TP_IMAGE_PNG, channels, 0);
    for (int channels = 1; channels <= 3; channels += 2) {
        round_trip(TP_IMAGE_BMP, channels, 0);
        round_trip(TP_IMAGE_PNM, channels, 0);
    }
    if (HAVE_JPEG) round_trip(TP_IMAGE_JPEG, 1, 2);
    TP_SCOPE {
        tp_tensor *x = sample(2, 3, 3);
        FAILS(SHAPE, "image_encode", tp_image_encode(x, .format = TP_IMAGE_BMP));
        FAILS(ARGUMENT, "image_encode", tp_image_encode(x, .quality = 101));
        tp_tensor *five = sample(5, 3, 3), *whole = tp_zeros(tp_shape(3, 2, 3), .dtype = TP_INT64);
        tp_tensor *empty = tp_zeros(tp_shape(3, 0, 3), .dtype = TP_UINT8);
        FAILS(SHAPE, "image_encode", tp_image_encode(five));
        FAILS(SHAPE, "image_encode", tp_image_encode(empty));
        FAILS(DTYPE, "image_encode", tp_image_encode(whole));
    }
}

static void test_write_files(void **state) {
    (void)state;
    char folder[] = "/tmp/taper-image-XXXXXX", path[100];
    assert_non_null(mkdtemp(folder));
    TP_SCOPE {
        /* floats, and a view that is not contiguous */
        tp_tensor *x = sample(3, 5, 4);
        snprintf(path, sizeof path, "%s/x.ppm", folder);
        assert_true(tp_image_write(path, tp_div(tp_to(x, TP_FLOAT32), 255)));
        assert_int_equal(farthest(tp_image_read(path), x), 0);
        assert_true(tp_image_write(path, tp_transpose(x, 1, 2)));
        assert_int_equal(farthest(tp_image_read(path), tp_contiguous(tp_transpose(x, 1, 2))), 0);
        unlink(path);
        FAILS(FILE, "image_read", tp_image_read(path));
        assert_non_null(strstr(noted.got, path));
        FAILS(FILE, "image_read", tp_image_read(folder));
        snprintf(path, sizeof path, "%s/x.tiff", folder);
        FAILS(ARGUMENT, "image_write", assert_false(tp_image_write(path, x)));
        FAILS(FILE, "image_write", assert_false(tp_image_write("/nowhere/x.ppm", x)));
    }
    assert_int_equal(rmdir(folder), 0);
}

/* ---- damage ---- */

/* Every file cut at each byte, and with each byte changed: an error or a picture, no crash, and no large request. */
static void damage(const char *prefix, size_t step) {
    for (golden_case *c = NULL; (c = golden_next(vectors, c, prefix)) != NULL;) {
        size_t size;
        uint8_t *file = bytes_of(c, "file", &size);
        int refused = 0;
        for (size_t cut = 0; cut < size; cut += step)
            TP_SCOPE {
                uint8_t *part =
                    malloc(cut + 1); /* of its own size, so that ASan sees a byte too many */
                memcpy(part, file, cut);
                refused += tp_is_poison(tp_image_decode(part, .size = cut));
                free(part);
            }
        if (!refused) fail_msg("%s: no cut was refused", c->name);
        for (size_t at = 0; at < size; at += step)
            TP_SCOPE {
                file[at] ^= 0x5a;
                tp_image_decode(file, .size = size);
                file[at] ^= 0x5a;
            }
        free(file);
        noted.count = 0;
        tp_clear_error();
    }
}

static void test_damage(void **state) {
    (void)state;
    damage("bmp/", 3);
    damage("pnm/", 3);
    if (HAVE_PNG) damage("png/", 5);
    if (HAVE_JPEG) damage("jpeg/", 7);
}

static void refuse(const char *bytes, size_t size, tp_error_code code, const char *reason) {
    no_error();
    assert_true(tp_is_poison(tp_image_decode(bytes, .size = size)));
    assert_int_equal(noted.count, 1);
    assert_int_equal(noted.code, code);
    if (!strstr(noted.got, reason)) fail_msg("\"%s\" does not say \"%s\"", noted.got, reason);
    noted.count = 0;
    tp_clear_error();
}
#define REFUSE(bytes, code, reason) refuse(bytes, sizeof(bytes) - 1, TP_ERROR_##code, reason)

static void test_lying_headers(void **state) {
    (void)state;
    REFUSE("", FORMAT, "an empty file");
    REFUSE("GIF89a......", FORMAT, "a GIF");
    REFUSE("<html>", FORMAT, "begins with <");
    REFUSE("something else", FORMAT, "no PNG");
    REFUSE("P6 100000 100000 255\n123", FORMAT, "100000 x 100000 pixels cannot be in 3 bytes");
    REFUSE("P5 3 2 255\n12345", FORMAT, "cannot be in 5 bytes");
    REFUSE("P5 3 2 0\n123456", FORMAT, "no largest value");
    REFUSE("P2 3 1 9\n1 2", FORMAT, "at byte 12: the file ends too early");
    REFUSE("P2 3 1 9\n1 2 x  ", FORMAT, "at byte 13: no such value");
    char bmp[70] = "BM";
    bmp[10] = 54, bmp[14] = 40, bmp[26] = 1, bmp[28] = 24;
    memset(bmp + 18, 0x11, 8);
    refuse(bmp, 70, TP_ERROR_FORMAT, "cannot be in 16 bytes");
    bmp[28] = 23;
    refuse(bmp, 70, TP_ERROR_FORMAT, "at byte 28: 23 bits");
    memset(bmp + 10, 0x7f, 4);
    refuse(bmp, 70, TP_ERROR_FORMAT, "at byte 10");
    if (!HAVE_PNG) return;
    golden_case *c = golden_need_case(vectors, "png/2,8");
    size_t size;
    uint8_t *file = bytes_of(c, "file", &size);
    file[size - 20] ^= 1; /* in the last chunk of pixels */
    refuse((char *)file, size, TP_ERROR_FORMAT, "PNG, at byte");
    memcpy(file + 33,
           "\x2e\0\0\x1a"
           "eXIf",
           8); /* behind the header */
    refuse((char *)file, size, TP_ERROR_FORMAT, "PNG, at byte 33: a chunk of 771751962 bytes");
    free(file);
}

/* Run lengths, by hand: 8 bits with a jump and literals, and 4 bits. */
static void test_bmp_runs(void **state) {
    (void)state;
    uint8_t file[54 + 16 * 4 + 32] = "BM";
    file[10] = 54 + 16 * 4, file[14] = 40, file[18] = 5, file[22] = 2, file[26] = 1, file[28] = 8,
    file[30] = 1, file[46] = 16;
    for (int i = 0; i < 16; i++) file[54 + 4 * i] = (uint8_t)(i * 10); /* blue */
    static const uint8_t eight[] = {3, 7, 0, 0, 0, 2, 1, 0, 0, 3, 4, 5, 6, 0, 0, 1};
    static const uint8_t want_eight[] = {0, 40, 50, 60, 0, 70, 70, 70, 0, 0};
    memcpy(file + 118, eight, sizeof eight);
    TP_SCOPE {
        tp_tensor *x = tp_image_decode(file, .size = 118 + sizeof eight);
        no_error();
        assert_memory_equal((uint8_t *)tp_data(x) + 20, want_eight, 10);
        file[28] = 4, file[30] = 2;
        static const uint8_t four[] = {5, 0x12, 0, 0, 0, 5, 0x34, 0x56, 0x70, 0, 0, 1};
        static const uint8_t want_four[] = {30, 40, 50, 60, 70, 10, 20, 10, 20, 10};
        memcpy(file + 118, four, sizeof four);
        tp_tensor *y = tp_image_decode(file, .size = 118 + sizeof four);
        no_error();
        assert_memory_equal((uint8_t *)tp_data(y) + 20, want_four, 10);
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        NOTED_TEST(test_png),
        NOTED_TEST(test_png_paeth),
        NOTED_TEST(test_jpeg),
        NOTED_TEST(test_bmp_and_pnm),
        NOTED_TEST(test_modes),
        NOTED_TEST(test_resize),
        NOTED_TEST(test_resize_shorter),
        NOTED_TEST(test_write),
        NOTED_TEST(test_write_files),
        NOTED_TEST(test_damage),
        NOTED_TEST(test_lying_headers),
        NOTED_TEST(test_bmp_runs),
    };
    return cmocka_run_group_tests(tests, start, stop);
}
