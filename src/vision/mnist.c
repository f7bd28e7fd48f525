/* MNIST and the data sets of its form: where their files are, and what they are called. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <taper/vision.h>
#include <unistd.h>

#include "base/alloc.h"
#include "base/fail.h"
#include "vision/fetch.h"
#include "vision/idx.h"
#include "vision/places.h"

enum { PATH_MOST = TP_PLACE_MOST, MIRRORS_MOST = 4, FOLDERS_MOST = 3, CLASSES = 10 };

typedef struct remote_file {
    int64_t size;
    const char *sha256; /* of the .gz */
} remote_file;

typedef struct family {
    const char *op, *name;
    const char *folders[FOLDERS_MOST]; /* below a root; the first is that in the cache */
    bool in_root;                      /* its files may lie in TAPER_DATA itself */
    const char *mirrors[MIRRORS_MOST];
    remote_file files[2][2]; /* [train, test][pictures, labels] */
    const char *const *classes;
} family;

static const char *const file_names[2][2] = {{"train-images-idx3-ubyte", "train-labels-idx1-ubyte"},
                                             {"t10k-images-idx3-ubyte", "t10k-labels-idx1-ubyte"}};
static const char *const splits[2] = {"train", "test"};

static const char *const digit_names[CLASSES] = {"0", "1", "2", "3", "4", "5", "6", "7", "8", "9"};
static const char *const clothes_names[CLASSES] = {
    "T-shirt/top", "Trouser", "Pullover", "Dress", "Coat",
    "Sandal",      "Shirt",   "Sneaker",  "Bag",   "Ankle boot"};
static const char *const kana_names[CLASSES] = {"o",  "ki", "su", "tsu", "na",
                                                "ha", "ma", "ya", "re",  "wo"};

static const family mnist = {
    .op = "mnist",
    .name = "MNIST",
    .folders = {"mnist", "MNIST/raw", "MNIST"},
    .in_root = true,
    .mirrors = {"https://ossci-datasets.s3.amazonaws.com/mnist",
                "https://storage.googleapis.com/cvdf-datasets/mnist"},
    .files = {{{9912422, "440fcabf73cc546fa21475e81ea370265605f56be210a4024d2ca8f203523609"},
               {28881, "3552534a0a558bbed6aed32b30c495cca23d567ec52cac8be1a0730e8010255c"}},
              {{1648877, "8d422c7b0a1c1c79245a5bcf07fe86e33eeafee792b84584aec276f5a2dbc4e6"},
               {4542, "f7ae60f92e00ec6debd23a6088c31dbd2371eca3ffa0defaefb259924204aec6"}}},
    .classes = digit_names,
};

static const family fashion = {
    .op = "fashion_mnist",
    .name = "Fashion-MNIST",
    .folders = {"fashion-mnist", "fashion", "FashionMNIST/raw"},
    .mirrors = {"http://fashion-mnist.s3-website.eu-central-1.amazonaws.com"},
    .files = {{{26421880, "3aede38d61863908ad78613f6a32ed271626dd12800ba2636569512369268a84"},
               {29515, "a04f17134ac03560a47e3764e11b92fc97de4d1bfaf8ba1a3aa29af54cc90845"}},
              {{4422102, "346e55b948d973a97e58d2351dde16a484bd415d4595297633bb08f03db6a073"},
               {5148, "67da17c76eaffca5446c3361aaab5c3cd6d1c2608764d35dfb1850b086bf8dd5"}}},
    .classes = clothes_names,
};

static const family kmnist = {
    .op = "kmnist",
    .name = "Kuzushiji-MNIST",
    .folders = {"kmnist", "KMNIST/raw", "KMNIST"},
    .mirrors = {"http://codh.rois.ac.jp/kmnist/dataset/kmnist"},
    .files = {{{18165135, "51467d22d8cc72929e2a028a0428f2086b092bb31cfb79c69cc0a90ce135fde4"},
               {29497, "e38f9ebcd0f3ebcdec7fc8eabdcdaef93bb0df8ea12bee65224341c8183d8e17"}},
              {{3041136, "edd7a857845ad6bb1d0ba43fe7e794d164fe2dce499a1694695a792adfac43c5"},
               {5120, "20bb9a0ef54c7db3efc55a92eef5582c109615df22683c380526788f98e42a1c"}}},
    .classes = kana_names,
};

/* The two files of a split once they are found. */
typedef struct found {
    char path[2][PATH_MOST];
} found;

/* ---- looking ---- */

static bool look_for_file(const char *folder, const char *name, char path[PATH_MOST]) {
    static const char *const endings[] = {"", ".gz"};
    for (int i = 0; i < 2; i++) {
        int length = snprintf(path, PATH_MOST, "%s/%s%s", folder, name, endings[i]);
        if (length < PATH_MOST && access(path, R_OK) == 0) return true;
    }
    return false;
}

static bool look_in(const char *folder, int split, found *out) {
    return look_for_file(folder, file_names[split][0], out->path[0]) &&
           look_for_file(folder, file_names[split][1], out->path[1]);
}

static bool look_below(const family *f, const char *root, bool itself, int split, found *out) {
    if (itself && look_in(root, split, out)) return true;
    for (int i = 0; i < FOLDERS_MOST; i++) {
        char folder[PATH_MOST];
        if (snprintf(folder, sizeof folder, "%s/%s", root, f->folders[i]) < PATH_MOST &&
            look_in(folder, split, out))
            return true;
    }
    return false;
}

/* ---- downloading ---- */

static bool download_file(const family *f, const tp_mnist_args *args, const char *cache, int split,
                          int part, char path[PATH_MOST], tp_why *why) {
    char urls[MIRRORS_MOST + 1][PATH_MOST];
    const char *list[MIRRORS_MOST + 1];
    int count = 0;
    const char *name = file_names[split][part], *own = getenv("TAPER_MIRROR");
    if (own && own[0] &&
        snprintf(urls[count], PATH_MOST, "%s/%s/%s.gz", own, f->folders[0], name) < PATH_MOST)
        count++;
    for (int i = 0; !count && i < MIRRORS_MOST && f->mirrors[i]; i++)
        snprintf(urls[count++], PATH_MOST, "%s/%s.gz", f->mirrors[i], name);
    for (int i = 0; i < count; i++) list[i] = urls[i];
    if (snprintf(path, PATH_MOST, "%s/%s/%s.gz", cache, f->folders[0], name) >= PATH_MOST) {
        snprintf(why->text, sizeof why->text, "the path of the cache is too long");
        return false;
    }
    tp_fetch_args fetch = {.urls = list,
                           .count = count,
                           .path = path,
                           .sha256 = f->files[split][part].sha256,
                           .size = f->files[split][part].size,
                           .progress = args->progress,
                           .user = args->user};
    return tp_fetch(&fetch, why);
}

static void explain(tp_location at, const family *f, const tp_mnist_args *args, int split,
                    const char *cache, bool tried, const tp_why *why) {
    const char *data = args->root ? args->root : getenv("TAPER_DATA");
    const char *places =
        args->root ? tp_text("%.120s", data)
        : data     ? tp_text("TAPER_DATA (%.120s) or %.120s/%s", data, cache, f->folders[0])
                   : tp_text("%.120s/%s (TAPER_DATA is not set)", cache, f->folders[0]);
    const char *got = tp_text("no files of %s in %s%s%.200s", f->name, places,
                              tried ? "; download: " : "", tried ? why->text : "");
    tp_fail(
        at, f->op, tried ? TP_ERROR_NETWORK : TP_ERROR_FILE, got,
        tp_text("%s and %s there, plain or .gz", file_names[split][0], file_names[split][1]),
        "put the files there by hand, or set TAPER_DATA to their folder; tp_digits() and --data digits need no files");
}

static bool find(tp_location at, const family *f, const tp_mnist_args *args, int split,
                 found *out) {
    char cache[PATH_MOST];
    tp_why why = {""};
    tp_cache_folder(cache);
    const char *data = getenv("TAPER_DATA");
    bool tried = false;
    if (args->root) {
        if (look_below(f, args->root, true, split, out)) return true;
    } else {
        if (data && data[0] && look_below(f, data, f->in_root, split, out)) return true;
        if (cache[0] && look_below(f, cache, false, split, out)) return true;
        tried = !args->no_download && cache[0];
        if (tried && download_file(f, args, cache, split, 1, out->path[1], &why) &&
            download_file(f, args, cache, split, 0, out->path[0], &why))
            return true;
    }
    explain(at, f, args, split, cache, tried, &why);
    return false;
}

static tp_dataset *open_family(tp_location at, const family *f, const tp_mnist_args *args) {
    int split = -1;
    for (int i = 0; i < 2; i++)
        if (args->split && strcmp(args->split, splits[i]) == 0) split = i;
    if (split < 0) {
        tp_fail(at, f->op, TP_ERROR_ARGUMENT,
                tp_text("split \"%.60s\"", args->split ? args->split : "NULL"),
                "\"train\" or \"test\"", NULL);
        return NULL;
    }
    found *files = tp_new(sizeof *files);
    if (!files) {
        tp_fail_memory(at, f->op, sizeof *files);
        return NULL;
    }
    char name[64];
    snprintf(name, sizeof name, "%s, %s", f->name, args->split);
    tp_dataset *made =
        find(at, f, args, split, files)
            ? tp_idx_open(at, f->op, files->path[0], files->path[1], name, f->classes, CLASSES)
            : NULL;
    tp_delete(files);
    return made;
}

tp_dataset *tp_mnist_at(tp_location at, tp_mnist_args args) {
    return open_family(at, &mnist, &args);
}

tp_dataset *tp_fashion_mnist_at(tp_location at, tp_mnist_args args) {
    return open_family(at, &fashion, &args);
}

tp_dataset *tp_kmnist_at(tp_location at, tp_mnist_args args) {
    return open_family(at, &kmnist, &args);
}
