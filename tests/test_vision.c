/* IDX files good and bad, the MNIST family, the built-in digits. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <taper/vision.h>
#ifdef TP_HAVE_ZLIB
#include <zlib.h>
#endif

#include "support/data_folder.h"
#include "vision/digits_draw.h"

DATA_FOLDER("vision")

enum { N = 12, SIDE = 4, LABELS_SIZE = 8 + N, PICTURES_SIZE = 16 + N * SIDE * SIDE };
static unsigned char labels[LABELS_SIZE + 1], pictures[PICTURES_SIZE + 1];

static void make_idx(void) {
    static const unsigned char label_head[] = {0, 0, 8, 1, 0, 0, 0, N};
    static const unsigned char picture_head[] = {0, 0, 8, 3,    0, 0, 0, N,
                                                 0, 0, 0, SIDE, 0, 0, 0, SIDE};
    memcpy(labels, label_head, sizeof label_head);
    memcpy(pictures, picture_head, sizeof picture_head);
    for (int i = 0; i < N; i++) labels[8 + i] = (unsigned char)(i * 3 % 10);
    for (int i = 0; i < N * SIDE * SIDE; i++) pictures[16 + i] = (unsigned char)(i * 5);
}

static void write_split(const char *below) {
    char name[100];
    make_idx();
    snprintf(name, sizeof name, "%strain-images-idx3-ubyte", below);
    write_file(name, pictures, PICTURES_SIZE);
    snprintf(name, sizeof name, "%strain-labels-idx1-ubyte", below);
    write_file(name, labels, LABELS_SIZE);
}

static void check_small(tp_dataset *d) {
    no_error();
    assert_non_null(d);
    assert_int_equal(tp_dataset_size(d), N);
    TP_SCOPE {
        tp_batch b;
        assert_true(tp_dataset_batch(d, ((int64_t[]){0, 11, 5}), 3, &b));
        assert_true(tp_ndim(b.x) == 4 && tp_size(b.x, 1) == 1 && tp_size(b.x, 3) == SIDE);
        assert_true(fabs(tp_get(b.x, 2, 0, 1, 2) - (unsigned char)(5 * (5 * 16 + 6)) / 255.0) <
                    1e-6);
        assert_true(tp_get(b.y, 1) == 3 && tp_dtype_of(b.y) == TP_INT64);
    }
    tp_dataset_free(d);
}

/* ---- IDX ---- */

static void test_idx(void **state) {
    (void)state;
    make_idx();
    write_file("p", pictures, PICTURES_SIZE);
    write_file("l", labels, LABELS_SIZE);
    check_small(tp_idx_dataset(in_folder("p"), in_folder("l")));
#ifdef TP_HAVE_ZLIB
    gzFile gz = gzopen(in_folder("p.gz"), "wb9");
    gzwrite(gz, pictures, PICTURES_SIZE);
    gzclose(gz);
    check_small(tp_idx_dataset(in_folder("p.gz"), in_folder("l")));
#endif
}

/* Changes one byte of the pictures, or cuts them, and expects an error that says `reason`. */
static void damaged(int at, int value, size_t size, const char *reason) {
    make_idx();
    if (at >= 0) pictures[at] = (unsigned char)value;
    write_file("p", pictures, size);
    write_file("l", labels, LABELS_SIZE);
    char p[400], l[400];
    snprintf(p, sizeof p, "%s", in_folder("p")), snprintf(l, sizeof l, "%s", in_folder("l"));
    size_t bytes = tp_memory_get_stats().peak_bytes;
    FAILS(FORMAT, "idx_dataset", assert_null(tp_idx_dataset(p, l)));
    if (!strstr(noted.got, reason)) fail_msg("\"%s\" does not say \"%s\"", noted.got, reason);
    assert_non_null(strstr(noted.got, p));
    assert_true(tp_memory_get_stats().peak_bytes <
                bytes + 100000); /* nothing is made of sizes that lie */
}

static void test_damaged_idx(void **state) {
    (void)state;
    damaged(0, 1, PICTURES_SIZE, "at byte 0 01 00 stands");
    damaged(2, 0x0d, PICTURES_SIZE, "at byte 2 the type of the elements is 0d");
    damaged(3, 1, PICTURES_SIZE, "at byte 3 it has 1 dimensions where 3 are wanted");
    damaged(4, 0x7f, PICTURES_SIZE, "at byte 4 the sizes ask for");
    damaged(8, 0xff, PICTURES_SIZE, "at byte 4 the sizes ask for");
    damaged(-1, 0, 10, "at byte 10 the file ends");
    damaged(-1, 0, 0, "at byte 0 the file ends");
    damaged(-1, 0, PICTURES_SIZE - 1, "at byte 4 the sizes ask for");
    damaged(-1, 0, PICTURES_SIZE + 1, "at byte 208 bytes follow");
    damaged(7, N - 1, PICTURES_SIZE - 16, "12 labels stand beside the 11 pictures");
    /* all sizes at once as large as they can be */
    make_idx();
    memset(pictures + 4, 0xff, 12);
    write_file("p", pictures, PICTURES_SIZE);
    char p[400], l[400];
    snprintf(p, sizeof p, "%s", in_folder("p")), snprintf(l, sizeof l, "%s", in_folder("l"));
    FAILS(FORMAT, "idx_dataset", assert_null(tp_idx_dataset(p, l)));
    FAILS(FILE, "idx_dataset", assert_null(tp_idx_dataset("/nowhere/p", l)));
    FAILS(FILE, "idx_dataset", assert_null(tp_idx_dataset(folder, l)));
    FAILS(ARGUMENT, "idx_dataset", assert_null(tp_idx_dataset(NULL, l)));
}

#ifdef TP_HAVE_ZLIB
static void test_damaged_gzip(void **state) {
    (void)state;
    static unsigned char packed[4000];
    make_idx();
    for (int i = 16; i < PICTURES_SIZE; i++)
        pictures[i] = (unsigned char)(i * i * 7919 >> 3); /* packs badly: bytes to damage */
    write_file("l", labels, LABELS_SIZE);
    gzFile gz = gzopen(in_folder("p.gz"), "wb9");
    gzwrite(gz, pictures, PICTURES_SIZE);
    gzclose(gz);
    FILE *file = fopen(in_folder("p.gz"), "rb");
    size_t size = fread(packed, 1, sizeof packed, file);
    fclose(file);
    char p[400], l[400];
    snprintf(p, sizeof p, "%s", in_folder("p.gz")), snprintf(l, sizeof l, "%s", in_folder("l"));
    for (size_t cut = 2; cut < size; cut += 3) {
        write_file("p.gz", packed, cut);
        FAILS(FORMAT, "idx_dataset", assert_null(tp_idx_dataset(p, l)));
    }
    int refused = 0;
    for (size_t at = 10; at < size;
         at++) { /* a header of gzip holds bytes that do not matter: 3 to 9 */
        packed[at] ^= 0x55;
        write_file("p.gz", packed, size);
        tp_dataset *d = tp_idx_dataset(p, l);
        refused += d == NULL;
        tp_dataset_free(d);
        packed[at] ^= 0x55;
    }
    noted.count = 0;
    assert_int_equal(refused, size - 10);
    /* a header that promises more than so few bytes can hold */
    memset(pictures + 4, 0x0f, 12);
    gz = gzopen(p, "wb9");
    gzwrite(gz, pictures, PICTURES_SIZE);
    gzclose(gz);
    FAILS(FORMAT, "idx_dataset", assert_null(tp_idx_dataset(p, l)));
    assert_non_null(strstr(noted.got, "the sizes"));
}
#endif

/* ---- where files are looked for ---- */

static void test_places(void **state) {
    (void)state;
    write_split("");
    check_small(tp_mnist("train", .no_download = true));
    check_small(tp_mnist("train", .root = folder));
    /* not what lies around in TAPER_DATA itself */
    FAILS(FILE, "fashion_mnist", tp_fashion_mnist("train", .no_download = true));
    check_small(tp_fashion_mnist("train", .root = folder));
    empty_folder(folder);
    mkdir(in_folder("mnist"), 0777);
    write_split("mnist/");
    check_small(tp_mnist("train", .no_download = true));
    empty_folder(folder);
    mkdir(in_folder("MNIST"), 0777), mkdir(in_folder("MNIST/raw"), 0777);
    write_split("MNIST/raw/");
    check_small(tp_mnist("train", .no_download = true));
    empty_folder(folder);
    unsetenv("TAPER_DATA");
    mkdir(in_folder("taper"), 0777), mkdir(in_folder("taper/kmnist"), 0777);
    write_split("taper/kmnist/");
    check_small(tp_kmnist("train", .no_download = true));
    FAILS(ARGUMENT, "mnist", assert_null(tp_mnist("valid")));
    FAILS(ARGUMENT, "mnist", assert_null(tp_mnist(NULL)));
}

static void test_nothing_there(void **state) {
    (void)state;
    FAILS(FILE, "mnist", assert_null(tp_mnist("test", .no_download = true)));
    assert_non_null(strstr(noted.got, folder));
    assert_non_null(strstr(noted.want, "t10k-images-idx3-ubyte and t10k-labels-idx1-ubyte"));
    assert_non_null(strstr(noted.hint, "by hand"));
    FAILS(FILE, "kmnist", assert_null(tp_kmnist("test", .root = "/nowhere")));
    assert_non_null(strstr(noted.got, "/nowhere"));
    write_split(""); /* labels that are no classes */
    labels[9] = 10;
    write_file("train-labels-idx1-ubyte", labels, LABELS_SIZE);
    FAILS(FORMAT, "mnist", assert_null(tp_mnist("train")));
    assert_non_null(strstr(noted.got, "at byte 9 label 10 is none of the 10 classes"));
}

static void test_no_network(void **state) {
    (void)state;
    setenv("TAPER_MIRROR", "http://127.0.0.1:1", 1); /* nobody listens there */
    FAILS(NETWORK, "mnist", assert_null(tp_mnist("train")));
    assert_non_null(strstr(noted.got, "127.0.0.1:1"));
    assert_non_null(strstr(noted.hint, "by hand"));
    FAILS(NETWORK, "fashion_mnist", assert_null(tp_fashion_mnist("test")));
    assert_non_null(strstr(noted.got, "taper/fashion-mnist"));
}

static void test_real_mnist(void **state) {
    (void)state;
    char file[400];
    snprintf(file, sizeof file, "%s/mnist/t10k-labels-idx1-ubyte.gz", shared);
    if (access(file, R_OK) != 0) skip();
    setenv("TAPER_DATA", shared, 1);
    tp_dataset *d = tp_mnist("test", .no_download = true);
    no_error();
    assert_int_equal(tp_dataset_size(d), 10000);
    TP_SCOPE {
        tp_tensor *y = tp_dataset_labels(d);
        static const int known[10] = {980, 1135, 1032, 1010, 982, 892, 958, 1028, 974, 1009};
        int count[10] = {0};
        for (int64_t i = 0; i < 10000; i++) count[((int64_t *)tp_data(y))[i]]++;
        assert_memory_equal(count, known, sizeof known);
        tp_batch b;
        assert_true(tp_dataset_batch(d, ((int64_t[]){0, 9999}), 2, &b));
        assert_true(tp_get(b.y, 0) == 7 && tp_get(b.y, 1) == 6);
        double sum = 0;
        for (int i = 0; i < 784; i++) sum += (double)tp_data_float(b.x)[i] * 255;
        assert_true(fabs(sum - 18454) <
                    1e-2); /* of the bytes of the first picture, counted by another program */
    }
    tp_dataset_free(d);
}

/* ---- the built-in digits ---- */

static void test_digits(void **state) {
    (void)state;
    tp_dataset *train = tp_dataset_keep(tp_digits("train", .count = 500)),
               *test = tp_dataset_keep(tp_digits("test", .count = 500));
    assert_string_equal(tp_dataset_name(train), "synthetic digits, train");
    int64_t all[500];
    for (int i = 0; i < 500; i++) all[i] = i;
    TP_SCOPE {
        tp_batch a, b, c;
        assert_true(tp_dataset_batch(train, all, 500, &a));
        tp_dataset *other = tp_digits("train", .count = 500, .seed = 1);
        assert_true(tp_dataset_batch(other, all, 500, &b));
        assert_true(tp_dataset_batch(test, all, 500, &c));
        tp_dataset_free(other);
        int count[10] = {0};
        for (int i = 0; i < 500; i++) {
            const float *picture = tp_data_float(a.x) + i * 784;
            assert_true(memcmp(picture, tp_data_float(b.x) + i * 784, 784 * sizeof(float)) != 0);
            assert_true(memcmp(picture, tp_data_float(c.x) + i * 784, 784 * sizeof(float)) != 0);
            uint8_t drawn[784];
            int label = tp_digits_label(0, (uint64_t)i);
            tp_digits_draw(0, (uint64_t)i, label, drawn);
            assert_true(tp_get(a.y, i) == label);
            for (int p = 0; p < 784; p++) assert_int_equal(lrintf(picture[p] * 255), drawn[p]);
            count[label]++;
        }
        for (int k = 0; k < 10; k++) assert_int_equal(count[k], 50);
    }
    tp_dataset_free(train);
    tp_dataset_free(test);
    FAILS(ARGUMENT, "digits", assert_null(tp_digits("validation")));
    FAILS(ARGUMENT, "digits", assert_null(tp_digits("train", .count = -1)));
}

static double checksum(int workers) {
    tp_loader *ld = tp_loader_new(tp_digits("train", .count = 3000, .seed = 4), .batch_size = 7,
                                  .shuffle = true, .seed = 2, .workers = workers);
    tp_batch b;
    double sum = 0;
    for (int epoch = 0; epoch < 2; epoch++)
        while (tp_next(ld, &b))
            for (int64_t i = 0; i < tp_numel(b.x); i++)
                sum += (double)tp_data_float(b.x)[i] * (double)(i % 31 + b.number);
    tp_loader_free(ld);
    return sum;
}

/* Several workers want the same picture for the first time at once. */
static void test_digits_with_workers(void **state) {
    (void)state;
    double want = checksum(0);
    assert_true(want > 0);
    for (int workers = 1; workers <= 4; workers++) assert_true(checksum(workers) == want);
    int64_t same[64] = {0};
    tp_loader *ld = tp_loader_new(tp_subset(tp_digits("train", .count = 1), same, 64),
                                  .batch_size = 2, .workers = 4);
    tp_batch b;
    tp_tensor *first = NULL;
    while (tp_next(ld, &b)) {
        if (!first) first = tp_keep(b.x);
        assert_memory_equal(tp_data(b.x), tp_data(first), 2 * 784 * sizeof(float));
    }
    tp_free(first);
    tp_loader_free(ld);
    no_error();
}

int main(void) {
#define TEST(name) FOLDER_TEST(name)
    const struct CMUnitTest tests[] = {
        TEST(test_idx),          TEST(test_damaged_idx),
#ifdef TP_HAVE_ZLIB
        TEST(test_damaged_gzip),
#endif
        TEST(test_places),       TEST(test_nothing_there), TEST(test_no_network),
        TEST(test_real_mnist),   TEST(test_digits),        TEST(test_digits_with_workers),
    };
    return cmocka_run_group_tests(tests, start, stop);
}
