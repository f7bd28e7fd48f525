/* Data sets of picture files: folders, CSV lists; caches; random transforms and workers. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <taper/image.h>
#include <taper/memory.h>
#include <taper/vision.h>
#include <unistd.h>

#include "support/data_folder.h"
#include "vision/csv.h"
#include "vision/pictures/files.h"

DATA_FOLDER("pictures")

static void write_text(const char *name, const char *text) { write_file(name, text, strlen(text)); }

/* A picture whose pixels tell which one it is: red is `value`, green the column, blue the row. */
static void write_picture(const char *name, int value, int height, int width) {
    unsigned char file[64 + 3 * 400];
    int at = snprintf((char *)file, 64, "P6 %d %d 255\n", width, height);
    for (int i = 0; i < height * width; i++) {
        file[at++] = (unsigned char)value;
        file[at++] = (unsigned char)(i % width * 10);
        file[at++] = (unsigned char)(i / width * 10);
    }
    write_file(name, file, (size_t)at);
}

enum { PICTURES = 7, SIDE = 6 };

static void write_folder(void) {
    static const char *const names[PICTURES] = {"set/b/2.ppm", "set/b/10.ppm", "set/b/x/1.ppm",
                                                "set/a/z.ppm", "set/c/1.ppm",  "set/c/2.ppm",
                                                "set/c/3.ppm"};
    mkdir(in_folder("set"), 0777), mkdir(in_folder("set/a"), 0777);
    mkdir(in_folder("set/b"), 0777), mkdir(in_folder("set/b/x"), 0777),
        mkdir(in_folder("set/c"), 0777);
    for (int i = 0; i < PICTURES; i++) write_picture(names[i], i, SIDE, SIDE);
    write_text("set/b/readme.txt", "no picture");
}

/* The pictures of write_folder() in the order of the data set. */
static const int order[PICTURES] = {3, 1, 0, 2, 4, 5, 6}, labels[PICTURES] = {0, 1, 1, 1, 2, 2, 2};

static void check_folder(tp_dataset *d) {
    no_error();
    assert_non_null(d);
    assert_int_equal(tp_dataset_size(d), PICTURES);
    assert_string_equal(tp_class_name(d, 1), "b");
    TP_SCOPE {
        tp_batch b;
        tp_picture_args raw = {.raw = true};
        int64_t index[PICTURES] = {0, 1, 2, 3, 4, 5, 6};
        assert_true(tp_dataset_batch_at(TP_HERE, d, index, PICTURES, raw, &b));
        assert_true(tp_size(b.x, 1) == 3 && tp_size(b.x, 2) == SIDE && tp_size(b.x, 3) == SIDE);
        for (int i = 0; i < PICTURES; i++) {
            assert_int_equal((int)tp_get(b.x, i, 0, 0, 0), order[i]);
            assert_int_equal((int)tp_get(b.x, i, 1, 2, 3), 30);
            assert_int_equal((int)tp_get(b.y, i), labels[i]);
        }
    }
    tp_dataset_free(d);
}

static void test_folder(void **state) {
    (void)state;
    write_folder();
    const char *set = in_folder("set");
    check_folder(tp_image_folder(set));
    check_folder(tp_image_folder(set, .cache_bytes = -1));
    check_folder(tp_image_folder(set, .cache_bytes = 3 * SIDE * SIDE * 4)); /* four of seven */
    check_folder(tp_image_folder(set, .image_size = SIDE, .transform = tp_transforms_pad(0)));
    tp_dataset *d = tp_image_folder(set, .image_size = 3, .mode = TP_IMAGE_GRAY);
    no_error();
    assert_true(d->x_shape.dims[0] == 1 && d->x_shape.dims[1] == 3 && d->pictures);
    tp_dataset_free(d);
    FAILS(FILE, "image_folder", assert_null(tp_image_folder("/nowhere")));
    FAILS(VALUE, "image_folder", assert_null(tp_image_folder(in_folder("set/c"))));
    FAILS(ARGUMENT, "image_folder", assert_null(tp_image_folder(NULL)));
    FAILS(ARGUMENT, "image_folder", assert_null(tp_image_folder(set, .image_size = -1)));
    mkdir(in_folder("set/d"), 0777);
    FAILS(VALUE, "image_folder", assert_null(tp_image_folder(set)));
    assert_non_null(strstr(noted.got, "set/d"));
}

/* Another split may lack classes; its numbers stay those of the first one. */
static void test_classes_of(void **state) {
    (void)state;
    write_folder();
    mkdir(in_folder("test"), 0777), mkdir(in_folder("test/c"), 0777);
    write_picture("test/c/1.ppm", 9, SIDE, SIDE);
    tp_dataset *train = tp_image_folder(in_folder("set"));
    tp_dataset *test = tp_image_folder(in_folder("test"), .classes_of = train);
    no_error();
    assert_int_equal(test->class_count, 3);
    TP_SCOPE { assert_int_equal((int)tp_get(tp_dataset_labels(test), 0), 2); }
    tp_dataset_free(test);
    mkdir(in_folder("test/e"), 0777);
    const char *path = in_folder("test");
    FAILS(VALUE, "image_folder", assert_null(tp_image_folder(path, .classes_of = train)));
    tp_dataset_free(train);
}

static void test_bad_pictures(void **state) {
    (void)state;
    write_folder();
    write_text("set/b/2.ppm", "P6 9 9 255\nshort");
    write_picture("set/c/3.ppm", 1, SIDE, SIDE + 1);
    tp_dataset *d = tp_image_folder(in_folder("set"));
    no_error();
    TP_SCOPE {
        tp_batch b;
        FAILS(VALUE, "dataset_batch", tp_dataset_batch(d, ((int64_t[]){2}), 1, &b));
        assert_non_null(strstr(noted.got, "set/b/2.ppm: PNM, at byte 2"));
        FAILS(VALUE, "dataset_batch", tp_dataset_batch(d, ((int64_t[]){6}), 1, &b));
        assert_non_null(strstr(noted.got, "3 channels of 6 x 7, where the first picture has"));
        assert_true(tp_dataset_batch(d, ((int64_t[]){5}), 1, &b));
    }
    tp_dataset_free(d);
    write_text("set/a/z.ppm", "nothing"); /* the first one */
    const char *set = in_folder("set");
    FAILS(FORMAT, "image_folder", assert_null(tp_image_folder(set)));
    d = tp_image_folder(set, .image_size = 5);
    no_error();
    tp_loader *ld = tp_loader_new(d, .batch_size = 7, .workers = 2);
    tp_batch b;
    FAILS(VALUE, "next", assert_false(tp_next(ld, &b)));
    assert_non_null(strstr(noted.got, "set/"));
    tp_loader_free(ld);
}

/* ---- random transforms ---- */

static tp_transform *crop_and_flip(void) {
    return tp_transforms_compose(tp_transforms_resize(8, 8), tp_transforms_random_crop(5, 5),
                                 tp_transforms_random_horizontal_flip(0.5));
}

/* All bytes of two epochs, by sample. */
static void load_epochs(tp_dataset *d, int workers, int64_t batch, uint8_t out[2][PICTURES][75]) {
    tp_loader *ld = tp_loader_new(d, .batch_size = batch, .shuffle = true, .seed = (uint64_t)batch,
                                  .workers = workers, .raw = true);
    tp_batch b;
    for (int epoch = 0; epoch < 2; epoch++)
        while (tp_next(ld, &b))
            for (int64_t i = 0; i < b.size; i++)
                memcpy(out[epoch][b.index[i]], (uint8_t *)tp_data(b.x) + 75 * i, 75);
    no_error();
    tp_loader_free(ld);
}

static void test_workers_change_nothing(void **state) {
    (void)state;
    write_folder();
    static uint8_t want[2][PICTURES][75], got[2][PICTURES][75];
    load_epochs(tp_image_folder(in_folder("set"), .transform = crop_and_flip(), .seed = 5), 0, 3,
                want);
    assert_true(memcmp(want[0], want[1], sizeof want[0]) != 0);
    static const struct {
        int workers;
        int64_t batch, cache;
    } ways[] = {{1, 3, 0}, {3, 2, 0}, {2, 7, -1}, {0, 1, 3 * 64 * 2}};
    for (int i = 0; i < 4; i++) {
        memset(got, 0, sizeof got);
        load_epochs(tp_image_folder(in_folder("set"), .transform = crop_and_flip(), .seed = 5,
                                    .cache_bytes = ways[i].cache),
                    ways[i].workers, ways[i].batch, got);
        assert_memory_equal(got, want, sizeof want);
    }
    load_epochs(tp_image_folder(in_folder("set"), .transform = crop_and_flip(), .seed = 6), 0, 3,
                got);
    assert_true(memcmp(got, want, sizeof want) != 0);
}

/* A subset and a map hand the epoch on. */
static void test_epoch_below_others(void **state) {
    (void)state;
    write_folder();
    tp_dataset *d = tp_image_folder(in_folder("set"), .transform = crop_and_flip());
    d = tp_subset(d, ((int64_t[]){0, 1, 2, 3, 4, 5, 6}), PICTURES);
    static uint8_t a[2][PICTURES][75], b[2][PICTURES][75];
    load_epochs(d, 1, 2, a);
    load_epochs(tp_image_folder(in_folder("set"), .transform = crop_and_flip()), 0, 4, b);
    assert_memory_equal(a, b, sizeof a);
}

static void test_floats(void **state) {
    (void)state;
    write_folder();
    tp_dataset *d =
        tp_image_folder(in_folder("set"),
                        .transform = tp_transforms_compose(tp_transforms_center_crop(4, 4),
                                                           tp_transforms_normalize({0.5}, {0.5})));
    no_error();
    assert_true(d->x_dtype == TP_FLOAT32 && !d->pictures);
    TP_SCOPE {
        tp_batch b;
        assert_true(tp_dataset_batch(d, ((int64_t[]){4}), 1, &b));
        assert_true(tp_get(b.x, 0, 0, 1, 1) > -0.98 &&
                    tp_get(b.x, 0, 0, 1, 1) < -0.96); /* 4 / 255 */
    }
    tp_dataset_free(d);
    /* pictures of many sizes, made alike by a random crop; kept as they are */
    write_picture("set/c/3.ppm", 6, 9, 12);
    for (int64_t cache = -1; cache < 2; cache++) {
        d = tp_image_folder(in_folder("set"), .transform = tp_transforms_random_resized_crop(3, 5),
                            .cache_bytes = cache);
        tp_loader *ld = tp_loader_new(d, .batch_size = 7, .workers = 1);
        tp_batch b;
        for (int epoch = 0; epoch < 3; epoch++)
            while (tp_next(ld, &b)) assert_true(tp_size(b.x, 2) == 3 && tp_size(b.x, 3) == 5);
        no_error();
        tp_loader_free(ld);
    }
    tp_transform *growing = tp_transforms_random_rotation(45, .expand = true);
    const char *set = in_folder("set");
    FAILS(ARGUMENT, "image_folder", assert_null(tp_image_folder(set, .transform = growing)));
}

/* ---- a cache in a file ---- */

static void test_cache_file(void **state) {
    (void)state;
    write_folder();
    char set[400], file[400];
    snprintf(set, sizeof set, "%s", in_folder("set")),
        snprintf(file, sizeof file, "%s", in_folder("cache"));
    check_folder(tp_image_folder(set, .cache_file = file));
    /* now from the file alone: the pictures are gone but for their sizes and times */
    struct stat info;
    for (int i = 0; i < 2; i++) {
        const char *path = i ? in_folder("set/c/1.ppm") : in_folder("set/b/2.ppm");
        assert_int_equal(stat(path, &info), 0);
        FILE *stream = fopen(path, "r+b");
        fputs("XX", stream);
        fclose(stream);
        struct timespec times[2] = {info.st_atim, info.st_mtim};
        assert_int_equal(utimensat(AT_FDCWD, path, times, 0), 0);
    }
    check_folder(tp_image_folder(set, .cache_file = file));
    /* other options begin it anew, and then the damage shows */
    tp_dataset *d = tp_image_folder(set, .cache_file = file, .image_size = 4);
    no_error();
    TP_SCOPE {
        tp_batch b;
        FAILS(VALUE, "dataset_batch", tp_dataset_batch(d, ((int64_t[]){4}), 1, &b));
    }
    tp_dataset_free(d);
    FAILS(FILE, "image_folder", assert_null(tp_image_folder(set, .cache_file = "/nowhere/x")));
    assert_non_null(strstr(noted.got, "/nowhere/x"));
    tp_transform *random = tp_transforms_random_resized_crop(3, 3);
    FAILS(ARGUMENT, "image_folder", tp_image_folder(set, .cache_file = file, .transform = random));
}

/* ---- CSV ---- */

static void test_csv_text(void **state) {
    (void)state;
    char text[] = "\xef\xbb\xbf"
                  "a;\"b \"\"q\"\"\";c\r\n\r\n1;\"two\nlines\";\n;;last";
    tp_csv csv;
    tp_why why;
    tp_csv_begin(&csv, text, sizeof text - 1);
    assert_int_equal(tp_csv_next(&csv, &why), TP_CSV_ROW);
    assert_true(csv.count == 3 && csv.line == 1);
    assert_string_equal(csv.field[1], "b \"q\"");
    assert_int_equal(tp_csv_column(&csv, "C"), 2);
    assert_int_equal(tp_csv_column(&csv, "d"), -1);
    assert_int_equal(tp_csv_next(&csv, &why), TP_CSV_ROW);
    assert_true(csv.count == 3 && csv.line == 3);
    assert_string_equal(csv.field[1], "two\nlines");
    assert_string_equal(csv.field[2], "");
    assert_int_equal(tp_csv_next(&csv, &why), TP_CSV_ROW);
    assert_int_equal(csv.line, 5);
    assert_string_equal(csv.field[2], "last");
    assert_int_equal(tp_csv_next(&csv, &why), TP_CSV_END);
    char open[] = "a,b\n1,\"2\n3";
    tp_csv_begin(&csv, open, sizeof open - 1);
    assert_int_equal(tp_csv_next(&csv, &why), TP_CSV_ROW);
    assert_int_equal(tp_csv_next(&csv, &why), TP_CSV_DAMAGED);
    assert_string_equal(why.text, "line 2: a quote is not closed");
    char behind[] = "\"a\"b";
    tp_csv_begin(&csv, behind, sizeof behind - 1);
    assert_int_equal(tp_csv_next(&csv, &why), TP_CSV_DAMAGED);
}

static void test_csv(void **state) {
    (void)state;
    write_folder();
    write_text("set/list.csv",
               "file,label,split\nb/2.ppm,beta,train\na/z.ppm,alpha,train\nc/1.ppm,gamma,test\n");
    char list[400];
    snprintf(list, sizeof list, "%s", in_folder("set/list.csv"));
    tp_dataset *d = tp_image_csv(list, .partition = "train");
    no_error();
    assert_int_equal(tp_dataset_size(d), 2);
    assert_int_equal(d->class_count, 3); /* also those of other partitions */
    assert_string_equal(tp_class_name(d, 2), "gamma");
    assert_non_null(strstr(tp_picture_file_path(d, 1), "set/a/z.ppm"));
    TP_SCOPE {
        tp_tensor *y = tp_dataset_labels(d);
        assert_true(tp_get(y, 0) == 1 && tp_get(y, 1) == 0);
    }
    tp_dataset_free(d);
    FAILS(VALUE, "image_csv", assert_null(tp_image_csv(list, .partition = "valid")));
    FAILS(FORMAT, "image_csv", assert_null(tp_image_csv(list, .label_column = "kind")));
    write_text("set/list.csv", "filename,class,class_id\nb/2.ppm,x,2\na/z.ppm,y,0\nb/10.ppm,z,2\n");
    FAILS(FORMAT, "image_csv", assert_null(tp_image_csv(list)));
    assert_non_null(strstr(noted.got, "line 4: class 2 is called \"z\""));
    write_text("set/list.csv", "filename,class,class_id\nb/2.ppm,x,2x\n");
    FAILS(FORMAT, "image_csv", assert_null(tp_image_csv(list)));
    write_text("set/list.csv", "");
    FAILS(FORMAT, "image_csv", assert_null(tp_image_csv(list)));
    FAILS(FILE, "image_csv", assert_null(tp_image_csv("/nowhere.csv")));
}

static void test_dogs(void **state) {
    (void)state;
    char path[400];
    snprintf(path, sizeof path, "%s/dogs/dogs.csv", shared);
    if (access(path, R_OK) != 0) {
        print_message("dogs are not at %s: skipped\n", path);
        skip();
    }
    tp_dataset *d = tp_image_csv(path, .partition = "train");
    no_error();
    assert_int_equal(tp_dataset_size(d), 6448);
    assert_int_equal(d->class_count, 10);
    assert_string_equal(tp_class_name(d, 9), "yorkshire_terrier");
    assert_true(d->x_shape.dims[0] == 3 && d->x_shape.dims[1] == 64 && d->x_shape.dims[2] == 64);
    TP_SCOPE {
        tp_batch b;
        assert_true(tp_dataset_batch(d, ((int64_t[]){0, 6447}), 2, &b));
        assert_int_equal((int)tp_get(b.y, 0), 9); /* 000002.png */
    }
    tp_dataset_free(d);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        FOLDER_TEST(test_folder),
        FOLDER_TEST(test_classes_of),
        FOLDER_TEST(test_bad_pictures),
        FOLDER_TEST(test_workers_change_nothing),
        FOLDER_TEST(test_epoch_below_others),
        FOLDER_TEST(test_floats),
        FOLDER_TEST(test_cache_file),
        FOLDER_TEST(test_csv_text),
        FOLDER_TEST(test_csv),
        FOLDER_TEST(test_dogs),
    };
    return cmocka_run_group_tests(tests, start, stop);
}
