/* Data sets of pictures kept as arrays: CIFAR's binary files and archives, NumPy's files. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <taper/io.h>
#include <taper/vision.h>
#ifdef TP_HAVE_ZLIB
#include <zlib.h>
#endif

#include "support/data_folder.h"

DATA_FOLDER("arrays")

/* ---- CIFAR ---- */

enum { RECORDS = 3, RECORD = 3073 };

static void make_records(unsigned char *out, int first) {
    for (int i = 0; i < RECORDS; i++) {
        out[i * RECORD] = (unsigned char)((first + i) % 10);
        memset(out + i * RECORD + 1, first + i, RECORD - 1);
    }
}

static void check_cifar(tp_dataset *d, int count) {
    no_error();
    assert_non_null(d);
    assert_int_equal(tp_dataset_size(d), count);
    TP_SCOPE {
        tp_batch b;
        tp_picture_args raw = {.raw = true};
        for (int64_t i = 0; i < count; i++) {
            assert_true(tp_dataset_batch_at(TP_HERE, d, &i, 1, raw, &b));
            assert_int_equal((int)tp_get(b.y, 0), (int)tp_get(b.x, 0, 2, 31, 31) % 10);
        }
    }
    tp_dataset_free(d);
}

static void test_cifar(void **state) {
    (void)state;
    static unsigned char records[RECORDS * RECORD];
    mkdir(in_folder("cifar-10-batches-bin"), 0777);
    for (int i = 1; i <= 5; i++) {
        char name[60];
        snprintf(name, sizeof name, "cifar-10-batches-bin/data_batch_%d.bin", i);
        make_records(records, 3 * i);
        write_file(name, records, sizeof records);
    }
    check_cifar(tp_cifar10("train", .no_download = true), 15);
    make_records(records, 0);
    records[RECORD] = 10;
    write_file("cifar-10-batches-bin/test_batch.bin", records, sizeof records);
    FAILS(FORMAT, "cifar10", assert_null(tp_cifar10("test")));
    assert_non_null(strstr(noted.got, "at byte 3073 label 10"));
    write_file("cifar-10-batches-bin/test_batch.bin", records, sizeof records - 1);
    FAILS(FORMAT, "cifar10", assert_null(tp_cifar10("test")));
    FAILS(ARGUMENT, "cifar10", assert_null(tp_cifar10("valid")));
    FAILS(FILE, "cifar100", assert_null(tp_cifar100("train", .no_download = true)));
}

#ifdef TP_HAVE_ZLIB
static void put_in_archive(gzFile gz, const char *name, const unsigned char *bytes, size_t count) {
    unsigned char block[512] = {0};
    snprintf((char *)block, 100, "%s", name);
    snprintf((char *)block + 124, 12, "%011o", (unsigned)count);
    block[156] = '0';
    memset(block + 148, ' ', 8);
    unsigned sum = 0;
    for (int i = 0; i < 512; i++) sum += block[i];
    snprintf((char *)block + 148, 8, "%06o", sum);
    gzwrite(gz, block, 512);
    gzwrite(gz, bytes, (unsigned)count);
    memset(block, 0, sizeof block);
    gzwrite(gz, block, (unsigned)((512 - count % 512) % 512));
}

static void test_cifar_archive(void **state) {
    (void)state;
    static unsigned char records[RECORDS * RECORD];
    gzFile gz = gzopen(in_folder("cifar-10-binary.tar.gz"), "wb");
    put_in_archive(gz, "cifar-10-batches-bin/readme.html", records, 100);
    for (int i = 5; i >= 1; i--) {
        char name[60];
        snprintf(name, sizeof name, "cifar-10-batches-bin/data_batch_%d.bin", i);
        make_records(records, 3 * i);
        put_in_archive(gz, name, records, sizeof records);
    }
    gzclose(gz);
    check_cifar(tp_cifar10("train"), 15);
    FAILS(FORMAT, "cifar10", assert_null(tp_cifar10("test")));
    assert_non_null(strstr(noted.got, "parts are missing"));
}
#endif

/* ---- NumPy ---- */

static void test_numpy(void **state) {
    (void)state;
    char path[400];
    snprintf(path, sizeof path, "%s", in_folder("pair.npz"));
    TP_SCOPE {
        tp_tensor *x = tp_full(tp_shape(4, 5, 6), 51, .dtype = TP_UINT8);
        tp_tensor *y = tp_arange(4, .dtype = TP_INT32);
        tp_named_tensor items[] = {{"images", x}, {"labels", y}};
        assert_true(tp_save_tensors(path, .items = items, .count = 2));
    }
    tp_dataset *d = tp_numpy_dataset(path, NULL);
    no_error();
    assert_true(d->pictures && d->class_count == 4);
    TP_SCOPE {
        tp_batch b;
        assert_true(tp_dataset_batch(d, ((int64_t[]){3, 0}), 2, &b));
        assert_true(tp_ndim(b.x) == 4 && tp_size(b.x, 1) == 1 && tp_dtype_of(b.y) == TP_INT64);
        assert_true(tp_get(b.x, 0, 0, 4, 5) > 0.19 && tp_get(b.x, 0, 0, 4, 5) < 0.21);
        assert_int_equal((int)tp_get(b.y, 0), 3);
    }
    tp_dataset_free(d);
    FAILS(VALUE, "numpy_dataset", assert_null(tp_numpy_dataset(path, path)));
    FAILS(ARGUMENT, "numpy_dataset", assert_null(tp_numpy_dataset(NULL, NULL)));
}

int main(void) {
    const struct CMUnitTest tests[] = {
        FOLDER_TEST(test_cifar),
#ifdef TP_HAVE_ZLIB
        FOLDER_TEST(test_cifar_archive),
#endif
        FOLDER_TEST(test_numpy),
    };
    return cmocka_run_group_tests(tests, start, stop);
}
