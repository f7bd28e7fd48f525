/* Event files: what is written is read back, byte for byte as the format says, and damaged files are refused. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>
#include <dirent.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <taper/taper.h>
#include <unistd.h>

#include "base/alloc.h"
#include "io/events.h"
#include "io/png.h"
#include "io/records.h"
#include "support/folder.h"
#include "support/nothing_left.h"

/* ---- frames ---- */

static void test_checksum(void **state) {
    (void)state;
    /* RFC 3720, appendix B.4, and the check value of the catalogue of CRCs. */
    unsigned char bytes[32] = {0};
    const struct {
        int step, first;
        uint32_t crc;
    } cases[] = {
        {0, 0, 0x8a9136aa}, {0, 255, 0x62a8ab43}, {1, 0, 0x46dd794e}, {-1, 31, 0x113fdb5c}};
    for (size_t k = 0; k < sizeof cases / sizeof *cases; k++) {
        for (int i = 0; i < 32; i++) bytes[i] = (unsigned char)(cases[k].first + cases[k].step * i);
        uint32_t crc = cases[k].crc;
        assert_int_equal(tp_masked_crc32c(bytes, 32), (crc >> 15 | crc << 17) + 0xa282ead8u);
    }
    uint32_t check = 0xe3069283;
    assert_int_equal(tp_masked_crc32c("123456789", 9), (check >> 15 | check << 17) + 0xa282ead8u);
}

static size_t frame(unsigned char *out, const char *record) {
    size_t n = strlen(record);
    tp_record_head(out, n);
    memcpy(out + TP_RECORD_HEAD, record, n);
    tp_record_tail(out + TP_RECORD_HEAD + n, record, n);
    return TP_RECORD_HEAD + n + TP_RECORD_TAIL;
}

static void test_frames(void **state) {
    (void)state;
    unsigned char bytes[128];
    size_t one = frame(bytes, "first"), two = one + frame(bytes + one, "");
    size_t offset = 0, length = 9;
    const unsigned char *record = NULL;
    const char *why = NULL;
    assert_int_equal(tp_record_next(bytes, two, &offset, &record, &length, &why), TP_RECORD_FINE);
    assert_int_equal(length, 5);
    assert_memory_equal(record, "first", 5);
    assert_int_equal(tp_record_next(bytes, two, &offset, &record, &length, &why), TP_RECORD_FINE);
    assert_int_equal(length, 0);
    assert_int_equal(tp_record_next(bytes, two, &offset, &record, &length, &why), TP_RECORD_END);
    for (size_t cut = 1; cut < one; cut++) {
        offset = 0;
        assert_int_equal(tp_record_next(bytes, cut, &offset, &record, &length, &why),
                         TP_RECORD_TRUNCATED);
        assert_int_equal(offset, 0);
    }
    for (size_t i = 0; i < one; i++) { /* every byte counts */
        bytes[i] ^= 64;
        offset = 0;
        assert_int_equal(tp_record_next(bytes, one, &offset, &record, &length, &why),
                         TP_RECORD_BAD);
        bytes[i] ^= 64;
    }
}

#ifdef TP_HAVE_PROTOBUF

/* ---- a file ---- */

static const char *in_folder(const char *name) {
    static char path[4][200];
    static int next;
    next = (next + 1) % 4;
    snprintf(path[next], sizeof path[next], "%s/%s", folder, name);
    return path[next];
}

static const tp_event *find(const tp_event_file *file, const char *tag, int64_t step) {
    for (size_t i = 0; i < tp_event_file_count(file); i++) {
        const tp_event *event = tp_event_file_get(file, i);
        if (strcmp(event->tag, tag) == 0 && event->step == step) return event;
    }
    return NULL;
}

static void write_samples(tp_event_writer *w) {
    static const tp_hparam hparams[] = {{"lr", 0.25, NULL}, {"optimizer", 0, "adam"}};
    static const char *const metrics[] = {"loss"};
    assert_true(tp_add_hparams(w, hparams, 2, metrics, 1));
    TP_SCOPE {
        for (int i = 0; i < 3; i++) assert_true(tp_add_scalar(w, "loss", 1.0 / (i + 1), i));
        assert_true(tp_add_scalar(w, "odd", NAN, 7));
        assert_true(tp_add_text(w, "note", "# caf\xC3\xA9\nline", 1));
        tp_tensor *picture = tp_from_data(((float[]){0, 0.5F, 1, 2, -1, 0.25F}), tp_shape(2, 3));
        assert_true(tp_add_image(w, "picture", picture, 2));
        tp_tensor *colour = tp_arange(60, .dtype = TP_UINT8);
        assert_true(tp_add_image(
            w, "colour", tp_permute(tp_reshape(colour, tp_shape(4, 5, 3)), tp_dims(2, 0, 1)), 2));
        tp_tensor *values =
            tp_from_data(((float[]){1, 1.05F, 2, -3, 0, INFINITY, NAN, 1e25F}), tp_shape(2, 4));
        assert_true(tp_add_histogram(w, "weights", values, 4));
    }
}

static void check_histogram(const tp_event *h) {
    assert_non_null(h);
    assert_int_equal(h->kind, TP_EVENT_HISTOGRAM);
    assert_true(h->min == -3 && h->num == 6 && fabs(h->max / 1e25 - 1) < 1e-6);
    double total = 0;
    for (size_t i = 0; i < h->buckets; i++) {
        total += h->counts[i];
        assert_true(i == 0 || h->limits[i] > h->limits[i - 1]);
    }
    assert_true(total == 6 && h->counts[0] == 0 && h->counts[1] == 1);
    assert_true(h->limits[0] <= -3 && h->limits[1] > -3);
}

static void test_round_trip(void **state) {
    (void)state;
    tp_event_writer *w = tp_event_writer_new(in_folder("run"));
    assert_non_null(w);
    char path[256];
    snprintf(path, sizeof path, "%s", tp_event_writer_path(w));
    assert_non_null(strstr(path, "/events.out.tfevents."));
    write_samples(w);
    assert_true(tp_event_writer_close(w));
    tp_event_file *file = tp_event_file_open(path);
    assert_non_null(file);
    assert_false(tp_event_file_truncated(file));
    assert_int_equal(tp_event_file_count(file), 2 + 3 + 1 + 1 + 2 + 1);
    assert_null(tp_event_file_get(file, 10));
    const tp_event *loss = find(file, "loss", 2);
    assert_true(loss && loss->kind == TP_EVENT_SCALAR && loss->value == (double)(1 / 3.0F));
    assert_true(loss->wall_time > 1e9);
    assert_true(isnan(find(file, "odd", 7)->value));
    const tp_event *note_event = find(file, "note", 1);
    assert_true(note_event && note_event->kind == TP_EVENT_TEXT);
    assert_string_equal(note_event->text, "# caf\xC3\xA9\nline");
    const tp_event *h = find(file, "_hparams_/session_start_info", 0);
    assert_true(h && h->kind == TP_EVENT_HPARAMS && h->hparam_count == 2);
    assert_true(h->hparams[0].number == 0.25 && !h->hparams[0].text);
    assert_string_equal(h->hparams[1].name, "optimizer");
    assert_string_equal(h->hparams[1].text, "adam");
    const tp_event *image = find(file, "colour", 2);
    assert_true(image && image->kind == TP_EVENT_IMAGE);
    assert_true(image->height == 4 && image->width == 5 && image->channels == 3);
    uint8_t want[60];
    for (int i = 0; i < 60; i++) want[i] = (uint8_t)i;
    size_t bytes = 0;
    void *png = tp_png_store(want, 4, 5, 3, &bytes);
    assert_int_equal(image->png_bytes, bytes);
    assert_memory_equal(image->png, png, bytes);
    tp_delete(png);
    check_histogram(find(file, "weights", 4));
    tp_event_file_close(file);
    no_error();
}

/* PNG and its two checksums against a picture of one grey pixel made by hand from RFC 2083. */
static void test_png(void **state) {
    (void)state;
    static const unsigned char want[] = {137, 80, 78, 71, 13, 10, 26, 10,   0,    0,    0,
                                         13,  73, 72, 68, 82, 0,  0,  0,    1,    0,    0,
                                         0,   1,  8,  0,  0,  0,  0,  0x3A, 0x7E, 0x9B, 0x55};
    size_t bytes = 0;
    unsigned char *png = tp_png_store((uint8_t[]){200}, 1, 1, 1, &bytes);
    assert_memory_equal(png, want, sizeof want);
    assert_memory_equal(png + bytes - 12, "\0\0\0\0IEND\xAE\x42\x60\x82", 12);
    tp_delete(png);
}

/* ---- what is refused ---- */

static size_t read_file(const char *path, unsigned char *bytes, size_t room) {
    FILE *stream = fopen(path, "rb");
    assert_non_null(stream);
    size_t size = fread(bytes, 1, room, stream);
    fclose(stream);
    return size;
}

static void write_file(const char *path, const void *bytes, size_t size) {
    FILE *stream = fopen(path, "wb");
    assert_non_null(stream);
    assert_int_equal(fwrite(bytes, 1, size, stream), size);
    fclose(stream);
}

static void test_damaged(void **state) {
    (void)state;
    tp_event_writer *w = tp_event_writer_new(in_folder("damaged"));
    write_samples(w);
    char path[256];
    snprintf(path, sizeof path, "%s", tp_event_writer_path(w));
    assert_true(tp_event_writer_close(w));
    static unsigned char bytes[1 << 16];
    size_t size = read_file(path, bytes, sizeof bytes);
    const char *hurt = in_folder("hurt");
    write_file(hurt, bytes, size - 3);
    tp_event_file *file = tp_event_file_open(hurt);
    assert_true(file && tp_event_file_truncated(file));
    assert_int_equal(tp_event_file_count(file), 9);
    tp_event_file_close(file);
    assert_true(size < sizeof bytes);
    bytes[size / 2] ^= 1;
    write_file(hurt, bytes, size);
    FAILS(FORMAT, "event_file_open", assert_null(tp_event_file_open(hurt)));
    assert_non_null(strstr(noted.got, "checksum"));
    size = frame(bytes, "\xFF\xFF not a message");
    write_file(hurt, bytes, size);
    FAILS(FORMAT, "event_file_open", assert_null(tp_event_file_open(hurt)));
    write_file(hurt, "hello", 5);
    FAILS(FORMAT, "event_file_open", assert_null(tp_event_file_open(hurt)));
    write_file(hurt, "", 0);
    file = tp_event_file_open(hurt);
    assert_int_equal(tp_event_file_count(file), 0);
    tp_event_file_close(file);
    FAILS(FILE, "event_file_open", assert_null(tp_event_file_open(in_folder("absent"))));
}

static void test_refused(void **state) {
    (void)state;
    FAILS(ARGUMENT, "event_writer_new", assert_null(tp_event_writer_new(NULL)));
    FAILS(FILE, "event_writer_new", assert_null(tp_event_writer_new("/nowhere/at/all")));
    FAILS(ARGUMENT, "add_scalar", assert_false(tp_add_scalar(NULL, "x", 1, 1)));
    tp_event_writer *w = tp_event_writer_new(in_folder("refused"));
    FAILS(ARGUMENT, "add_scalar", assert_false(tp_add_scalar(w, "", 1, 1)));
    FAILS(ARGUMENT, "add_text", assert_false(tp_add_text(w, "x", NULL, 1)));
    TP_SCOPE {
        tp_tensor *two = tp_zeros(tp_shape(2, 3, 3)), *none = tp_zeros(tp_shape(0));
        FAILS(ARGUMENT, "add_image", assert_false(tp_add_image(w, "x", two, 1)));
        FAILS(ARGUMENT, "add_image", assert_false(tp_add_image(w, "x", none, 1)));
        FAILS(ARGUMENT, "add_histogram", assert_false(tp_add_histogram(w, "x", none, 1)));
    }
    tp_event other = {.kind = TP_EVENT_OTHER, .tag = "x"};
    FAILS(ARGUMENT, "add_event", assert_false(tp_add_event(w, &other)));
    assert_true(tp_add_hparams(w, NULL, 0));
    FAILS(ARGUMENT, "add_hparams", assert_false(tp_add_hparams(w, NULL, 0)));
    assert_true(tp_event_writer_flush(w));
    assert_true(tp_event_writer_close(w));
    assert_true(tp_event_writer_close(NULL));
    no_error();
}

/* ---- from tp_fit ---- */

/* The one file of a folder. */
static const char *only_file(const char *name) {
    static char path[600];
    DIR *dir = opendir(name);
    assert_non_null(dir);
    int files = 0;
    for (struct dirent *entry; (entry = readdir(dir));)
        if (entry->d_name[0] != '.') {
            snprintf(path, sizeof path, "%s/%s", name, entry->d_name);
            files++;
        }
    closedir(dir);
    assert_int_equal(files, 1);
    return path;
}

static void test_fit(void **state) {
    (void)state;
    const char *log = in_folder("fit");
    tp_module *net = tp_nn_sequential(tp_nn_flatten(), tp_nn_linear(784, 10));
    tp_optim *opt = tp_sgd(net, .lr = 0.125);
    tp_loader *train = tp_loader_new(tp_digits("train", .count = 64), .batch_size = 16);
    tp_loader *valid = tp_loader_new(tp_digits("test", .count = 32), .batch_size = 16);
    tp_history h = tp_fit(net, train, .valid = valid, .optim = opt, .epochs = 2, .events = log,
                          .events_histograms = true);
    assert_int_equal(h.stop, TP_STOP_EPOCHS);
    tp_event_file *file = tp_event_file_open(only_file(log));
    assert_non_null(file);
    for (size_t i = 0; i < h.count; i++) {
        int64_t epoch = h.epochs[i].epoch;
        assert_true(find(file, "loss/train", epoch)->value ==
                    (double)(float)h.epochs[i].train_loss);
        assert_true(find(file, "accuracy/valid", epoch)->value ==
                    (double)(float)h.epochs[i].valid_accuracy);
        assert_true(find(file, "lr", epoch)->value == 0.125);
        assert_null(find(file, "grad_norm", epoch));
        assert_true(find(file, "1.weight", epoch)->num == 7840);
    }
    const tp_event *hparams = find(file, "_hparams_/session_start_info", 0);
    assert_string_equal(hparams->hparams[0].text, tp_optim_name(opt));
    tp_event_file_close(file);
    tp_history_free(&h);
    tp_loader_free(train);
    tp_loader_free(valid);
    tp_optim_free(opt);
    tp_module_free(net);
    no_error();
}

#else

static void test_without_protobuf(void **state) {
    (void)state;
    FAILS(UNSUPPORTED, "event_writer_new", assert_null(tp_event_writer_new(folder)));
    FAILS(UNSUPPORTED, "event_file_open", assert_null(tp_event_file_open("x")));
}

#endif

/* With --write FOLDER the program leaves a file of all kinds there, which peers/check_tensorboard.py holds to TensorBoard's reader. */
int main(int argc, char **argv) {
#ifdef TP_HAVE_PROTOBUF
    if (argc == 3 && strcmp(argv[1], "--write") == 0) {
        tp_event_writer *writer = tp_event_writer_new(argv[2]);
        write_samples(writer);
        return !tp_event_writer_close(writer);
    }
#endif
    (void)argc, (void)argv;
    const struct CMUnitTest tests[] = {
        NOTED_TEST(test_checksum), NOTED_TEST(test_frames),
#ifdef TP_HAVE_PROTOBUF
        NOTED_TEST(test_png),      NOTED_TEST(test_round_trip), NOTED_TEST(test_damaged),
        NOTED_TEST(test_refused),  NOTED_TEST(test_fit),
#else
        NOTED_TEST(test_without_protobuf),
#endif
    };
    return cmocka_run_group_tests(tests, make_folder, remove_folder);
}
