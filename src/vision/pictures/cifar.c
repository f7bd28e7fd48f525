/* CIFAR-10 and CIFAR-100: records of one or two labels and 3 x 32 x 32 bytes, in files of their own or still in the archive that
 * they come in. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <taper/vision.h>
#include <unistd.h>

#include "base/alloc.h"
#include "data/dataset.h"
#include "tensor/tensor.h"
#include "vision/fetch.h"
#include "vision/idx.h"
#include "vision/pictures/tar.h"
#include "vision/places.h"

enum {
    PATH_MOST = TP_PLACE_MOST,
    PIXELS = 3072,
    MOST_PARTS = 5,
    FOLDERS = 3,
    MOST_RECORDS = 1 << 20
};

typedef struct family {
    const char *op, *name;
    const char *folders[FOLDERS];     /* below a root; the first is that in the cache */
    const char *parts[2][MOST_PARTS]; /* [train, test] */
    const char *archive, *url, *sha256;
    int64_t archive_bytes; /* 0: not known */
    int labels;            /* bytes before each picture; the last one counts */
    const char *const *classes;
    int class_count;
} family;

static const char *const ten[] = {"airplane", "automobile", "bird",  "cat",  "deer",
                                  "dog",      "frog",       "horse", "ship", "truck"};

static const char *const hundred[] = {
    "apple",       "aquarium_fish", "baby",      "bear",       "beaver",       "bed",
    "bee",         "beetle",        "bicycle",   "bottle",     "bowl",         "boy",
    "bridge",      "bus",           "butterfly", "camel",      "can",          "castle",
    "caterpillar", "cattle",        "chair",     "chimpanzee", "clock",        "cloud",
    "cockroach",   "couch",         "crab",      "crocodile",  "cup",          "dinosaur",
    "dolphin",     "elephant",      "flatfish",  "forest",     "fox",          "girl",
    "hamster",     "house",         "kangaroo",  "keyboard",   "lamp",         "lawn_mower",
    "leopard",     "lion",          "lizard",    "lobster",    "man",          "maple_tree",
    "motorcycle",  "mountain",      "mouse",     "mushroom",   "oak_tree",     "orange",
    "orchid",      "otter",         "palm_tree", "pear",       "pickup_truck", "pine_tree",
    "plain",       "plate",         "poppy",     "porcupine",  "possum",       "rabbit",
    "raccoon",     "ray",           "road",      "rocket",     "rose",         "sea",
    "seal",        "shark",         "shrew",     "skunk",      "skyscraper",   "snail",
    "snake",       "spider",        "squirrel",  "streetcar",  "sunflower",    "sweet_pepper",
    "table",       "tank",          "telephone", "television", "tiger",        "tractor",
    "train",       "trout",         "tulip",     "turtle",     "wardrobe",     "whale",
    "willow_tree", "wolf",          "woman",     "worm"};

static const family cifar10 = {
    .op = "cifar10",
    .name = "CIFAR-10",
    .folders = {"cifar-10", "cifar-10-batches-bin", "cifar10"},
    .parts = {{"data_batch_1.bin", "data_batch_2.bin", "data_batch_3.bin", "data_batch_4.bin",
               "data_batch_5.bin"},
              {"test_batch.bin"}},
    .archive = "cifar-10-binary.tar.gz",
    .url = "https://www.cs.toronto.edu/~kriz",
    .sha256 = "c4a38c50a1bc5f3a1c5537f2155ab9d68f9f25eb1ed8d9ddda3db29a59bca1dd",
    .archive_bytes = 170052171,
    .labels = 1,
    .classes = ten,
    .class_count = 10};

static const family cifar100 = {
    .op = "cifar100",
    .name = "CIFAR-100",
    .folders = {"cifar-100", "cifar-100-binary", "cifar100"},
    .parts = {{"train.bin"}, {"test.bin"}},
    .archive = "cifar-100-binary.tar.gz",
    .url = "https://www.cs.toronto.edu/~kriz",
    .sha256 = "58a81ae192c23a4be8b1804d68e518ed807d710a4eb253b1f2a199162a40d8ec",
    .labels = 2,
    .classes = hundred,
    .class_count = 100};

typedef struct cifar {
    tp_dataset base;
    tp_dataset_source source;
    uint8_t *pixels; /* (size, 3072), from malloc, as labels */
    uint8_t *labels; /* (size) */
    char name[64];
} cifar;

static bool cifar_get(const tp_dataset *dataset, int64_t index, void *x, void *y, tp_why *why) {
    (void)dataset, (void)index, (void)x, (void)y, (void)why;
    return false; /* everything lies in a row: see tp_gather */
}

static void cifar_release(tp_dataset *dataset) {
    free(((cifar *)dataset)->pixels);
    free(((cifar *)dataset)->labels);
}

/* ---- reading ---- */

/* What is read, and where: a file or the archive. */
typedef struct reader {
    tp_location at;
    const family *f;
    int split;
    cifar *set;
    bool read[MOST_PARTS];
} reader;

static bool fail(const reader *r, tp_error_code code, const char *path, const char *reason) {
    tp_fail(r->at, r->f->op, code, tp_text("%.200s: %s", path, reason), NULL,
            code == TP_ERROR_FORMAT ? "fetch the file again" : NULL);
    return false;
}

static bool make_room(const reader *r, int64_t more) {
    cifar *set = r->set;
    size_t count = (size_t)(set->base.size + more);
    uint8_t *pixels = realloc(set->pixels, count * PIXELS);
    if (pixels) set->pixels = pixels;
    uint8_t *labels = pixels ? realloc(set->labels, count) : NULL;
    if (labels) set->labels = labels;
    if (!labels) tp_fail_memory(r->at, r->f->op, count * PIXELS);
    return labels != NULL;
}

/* The records of one part, `bytes` long, out of an open stream. */
static bool read_part(reader *r, tp_gzip *stream, const char *path, int64_t bytes) {
    const family *f = r->f;
    int64_t record = f->labels + PIXELS, count = bytes / record;
    if (bytes % record || count == 0 || count > MOST_RECORDS)
        return fail(r, TP_ERROR_FORMAT, path,
                    tp_text("%lld bytes are no whole number of records of %lld", (long long)bytes,
                            (long long)record));
    if (!make_room(r, count)) return false;
    cifar *set = r->set;
    for (int64_t i = 0; i < count; i++) {
        uint8_t label[2];
        tp_why why = {"the file ends too early"};
        if (tp_gzip_read(stream, label, f->labels, &why) != f->labels ||
            tp_gzip_read(stream, set->pixels + set->base.size * PIXELS, PIXELS, &why) != PIXELS)
            return fail(r, TP_ERROR_FORMAT, path,
                        tp_text("at byte %lld: %s", (long long)(i * record), why.text));
        if (label[f->labels - 1] >= f->class_count)
            return fail(r, TP_ERROR_FORMAT, path,
                        tp_text("at byte %lld label %d is none of the %d classes",
                                (long long)(i * record + f->labels - 1), label[f->labels - 1],
                                f->class_count));
        set->labels[set->base.size++] = label[f->labels - 1];
    }
    return true;
}

static tp_gzip *open_stream(const reader *r, const char *path) {
    tp_why why = {""};
    tp_gzip *stream = tp_gzip_open(path, &why);
    if (!stream) fail(r, TP_ERROR_UNSUPPORTED, path, why.text);
    return stream;
}

static bool read_files(reader *r, const char *folder) {
    for (int i = 0; i < MOST_PARTS && r->f->parts[r->split][i]; i++) {
        char path[PATH_MOST];
        struct stat info;
        snprintf(path, sizeof path, "%s/%s", folder, r->f->parts[r->split][i]);
        if (stat(path, &info) != 0) return fail(r, TP_ERROR_FILE, path, strerror(errno));
        tp_gzip *stream = open_stream(r, path); /* which reads plain files as they are */
        bool fine = stream && read_part(r, stream, path, info.st_size);
        tp_gzip_close(stream);
        if (!fine) return false;
    }
    return true;
}

/* The parts lie in the archive in any order; those of the set are put in a row as they come. */
static bool read_archive(reader *r, const char *path) {
    tp_gzip *stream = open_stream(r, path);
    if (!stream) return false;
    tp_why why = {""};
    tp_tar tar = {.stream = stream};
    bool fine = true;
    int left = 0;
    while (left < MOST_PARTS && r->f->parts[r->split][left]) left++;
    while (fine && left && tp_tar_next(&tar, &why)) {
        int part = 0;
        while (part < MOST_PARTS && r->f->parts[r->split][part] &&
               (r->read[part] || strcmp(tar.name, r->f->parts[r->split][part])))
            part++;
        if (part == MOST_PARTS || !r->f->parts[r->split][part]) continue;
        fine = read_part(r, stream, path, tar.size);
        tp_tar_taken(&tar, tar.size);
        r->read[part] = true;
        left--;
    }
    if (fine && left)
        fine = fail(r, TP_ERROR_FORMAT, path, why.text[0] ? why.text : "parts are missing in it");
    tp_gzip_close(stream);
    return fine;
}

/* ---- looking ---- */

/* The folder with the files, or the archive. */
typedef struct found {
    char path[PATH_MOST];
    bool archive;
} found;

static bool is_there(char path[PATH_MOST], const char *folder, const char *name) {
    return snprintf(path, PATH_MOST, "%s/%s", folder, name) < PATH_MOST && access(path, R_OK) == 0;
}

static bool look_in(const family *f, const char *folder, int split, found *out) {
    char path[PATH_MOST];
    out->archive = !is_there(path, folder, f->parts[split][0]);
    if (!out->archive) return snprintf(out->path, PATH_MOST, "%s", folder) < PATH_MOST;
    return is_there(out->path, folder, f->archive);
}

static bool look_below(const family *f, const char *root, int split, found *out) {
    if (look_in(f, root, split, out)) return true;
    for (int i = 0; i < FOLDERS; i++) {
        char folder[PATH_MOST];
        if (snprintf(folder, sizeof folder, "%s/%s", root, f->folders[i]) < PATH_MOST &&
            look_in(f, folder, split, out))
            return true;
    }
    return false;
}

static bool download(const family *f, const tp_mnist_args *args, const char *cache, found *out,
                     tp_why *why) {
    char url[PATH_MOST];
    const char *own = getenv("TAPER_MIRROR"), *list[1] = {url};
    int length = own && own[0]
                     ? snprintf(url, sizeof url, "%s/%s/%s", own, f->folders[0], f->archive)
                     : snprintf(url, sizeof url, "%s/%s", f->url, f->archive);
    out->archive = true;
    if (length >= PATH_MOST ||
        snprintf(out->path, PATH_MOST, "%s/%s/%s", cache, f->folders[0], f->archive) >= PATH_MOST) {
        snprintf(why->text, sizeof why->text, "a path is too long");
        return false;
    }
    tp_fetch_args fetch = {.urls = list,
                           .count = 1,
                           .path = out->path,
                           .sha256 = f->sha256,
                           .size = f->archive_bytes,
                           .progress = args->progress,
                           .user = args->user};
    return tp_fetch(&fetch, why);
}

static bool find(tp_location at, const family *f, const tp_mnist_args *args, int split,
                 found *out) {
    char cache[PATH_MOST];
    tp_why why = {""};
    const char *data = args->root ? args->root : getenv("TAPER_DATA");
    tp_cache_folder(cache);
    if (data && data[0] && look_below(f, data, split, out)) return true;
    if (!args->root && cache[0] && look_below(f, cache, split, out)) return true;
    bool tried = !args->root && !args->no_download && cache[0];
    if (tried && download(f, args, cache, out, &why)) return true;
    tp_fail(at, f->op, tried ? TP_ERROR_NETWORK : TP_ERROR_FILE,
            tp_text("no files of %s in %.120s or %.120s/%s%s%.160s", f->name,
                    data && data[0] ? data : "TAPER_DATA (not set)", cache, f->folders[0],
                    tried ? "; download: " : "", why.text),
            tp_text("%s there, or the .bin files that are in it", f->archive),
            "put the archive there by hand, or set TAPER_DATA to its folder");
    return false;
}

static bool open_set(tp_location at, const family *f, const tp_mnist_args *args, int split,
                     cifar *set) {
    found *where = tp_new(sizeof *where);
    reader r = {.at = at, .f = f, .split = split, .set = set};
    if (!where) tp_fail_memory(at, f->op, sizeof *where);
    bool fine = where && find(at, f, args, split, where) &&
                (where->archive ? read_archive(&r, where->path) : read_files(&r, where->path));
    tp_delete(where);
    return fine;
}

static tp_dataset *open_family(tp_location at, const family *f, const tp_mnist_args *args) {
    int split = args->split && strcmp(args->split, "test") == 0;
    if (!args->split || (!split && strcmp(args->split, "train") != 0)) {
        tp_fail(at, f->op, TP_ERROR_ARGUMENT,
                tp_text("split \"%.60s\"", args->split ? args->split : "NULL"),
                "\"train\" or \"test\"", NULL);
        return NULL;
    }
    cifar *set = tp_dataset_new_at(at, sizeof *set, cifar_get);
    if (!set) return NULL;
    set->base.release = cifar_release;
    snprintf(set->name, sizeof set->name, "%s, %s", f->name, args->split);
    set->base.name = set->name;
    set->base.classes = f->classes;
    set->base.class_count = f->class_count;
    set->base.x_shape = tp_shape(3, 32, 32);
    set->base.x_dtype = TP_UINT8;
    set->base.y_dtype = TP_INT64;
    set->base.pictures = true;
    if (!open_set(at, f, args, split, set)) {
        tp_dataset_free(&set->base);
        return NULL;
    }
    set->source = (tp_dataset_source){.x = set->pixels, .y = set->labels, .y_stored = TP_UINT8};
    set->base.source = &set->source;
    return &set->base;
}

tp_dataset *tp_cifar10_at(tp_location at, tp_mnist_args args) {
    return open_family(at, &cifar10, &args);
}

tp_dataset *tp_cifar100_at(tp_location at, tp_mnist_args args) {
    return open_family(at, &cifar100, &args);
}
