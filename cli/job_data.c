/* What --data names: a data set that is known, or what lies in a folder or a file. */
#include <dirent.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/stat.h>
#include <unistd.h>

#include "job.h"
#include "report.h"
#include "run_folder.h"
#include "vision/csv.h"
#include "vision/image/picture.h"
#include "vision/pictures/files.h"
#include "words.h"

#define LENGTH(array) (sizeof(array) / sizeof((array)[0]))

enum { DIGITS, MNIST, FASHION, KMNIST, CIFAR10, CIFAR100, KNOWN };
const job_known job_known_data[KNOWN] = {
    {"digits", "synthetic digits", "drawn at run time from stroke models: no files"},
    {"mnist", "MNIST", "handwritten digits, 28 x 28"},
    {"fashion", "Fashion-MNIST", "clothes, 28 x 28"},
    {"kmnist", "KMNIST", "cursive Japanese, 28 x 28"},
    {"cifar10", "CIFAR-10", "ten kinds of animals and vehicles, 32 x 32 in colour"},
    {"cifar100", "CIFAR-100", "a hundred kinds of things, 32 x 32 in colour"},
};
const int job_known_count = KNOWN;

/* The position of a name among those known, or -1. */
static int known_index(const char *data) {
    for (int i = 0; i < KNOWN; i++)
        if (strcmp(data, job_known_data[i].name) == 0) return i;
    return -1;
}

/* What a path holds. */
typedef enum path_kind {
    IDX_FOLDER,
    CIFAR10_FOLDER,
    CIFAR100_FOLDER,
    CSV_LIST,
    SPLIT_FOLDERS, /* train, val, test, in each a folder for each class */
    CLASS_FOLDERS,
    NUMPY_FILE
} path_kind;

enum { TRAIN, VALID, TEST, SPLITS, ALIASES = 4 };
static const char *const split_names[SPLITS][ALIASES] = {
    {"train", "training", "Train", "TRAIN"},
    {"valid", "val", "validation", "dev"},
    {"test", "testing", "Test", "TEST"},
};

/* The share of pictures that are kept for the test where a set has no parts of its own. */
static const double parts_of_whole[2] = {0.8, 0.2};

/* ---- looking at a path ---- */

static bool is_folder(const char *path) {
    struct stat info;
    return stat(path, &info) == 0 && S_ISDIR(info.st_mode);
}

static bool is_file(const char *path) {
    struct stat info;
    return stat(path, &info) == 0 && S_ISREG(info.st_mode);
}

static bool ends_in(const char *path, const char *ending) {
    size_t length = strlen(path), more = strlen(ending);
    return length > more && strcasecmp(path + length - more, ending) == 0;
}

static bool holds(const char *folder, const char *name) {
    char path[PATH_SIZE];
    return access(run_path(path, folder, name), R_OK) == 0;
}

/* The CSV file itself, or the only one in the folder. */
static bool find_csv(const char *data, char path[PATH_SIZE]) {
    if (is_file(data)) {
        snprintf(path, PATH_SIZE, "%s", data);
        return ends_in(data, ".csv");
    }
    int found = 0;
    DIR *dir = opendir(data);
    for (const struct dirent *entry; dir && (entry = readdir(dir));)
        if (entry->d_name[0] != '.' && ends_in(entry->d_name, ".csv") && ++found == 1)
            run_path(path, data, entry->d_name);
    if (dir) closedir(dir);
    return found == 1;
}

/* The folder of a split; false where there is none. */
static bool find_split_folder(const char *data, int split, char path[PATH_SIZE]) {
    for (int i = 0; i < ALIASES; i++)
        if (is_folder(run_path(path, data, split_names[split][i]))) return true;
    return false;
}

static bool has_folders(const char *data) {
    char path[PATH_SIZE];
    bool found = false;
    DIR *dir = opendir(data);
    for (const struct dirent *entry; dir && !found && (entry = readdir(dir));)
        found = entry->d_name[0] != '.' && is_folder(run_path(path, data, entry->d_name));
    if (dir) closedir(dir);
    return found;
}

static path_kind kind_of(const char *data) {
    char path[PATH_SIZE];
    if (is_file(data)) return ends_in(data, ".csv") ? CSV_LIST : NUMPY_FILE;
    if (holds(data, "data_batch_1.bin") || holds(data, "cifar-10-binary.tar.gz"))
        return CIFAR10_FOLDER;
    if (holds(data, "fine_label_names.txt") || holds(data, "cifar-100-binary.tar.gz"))
        return CIFAR100_FOLDER;
    if (find_csv(data, path)) return CSV_LIST;
    if (find_split_folder(data, TRAIN, path) &&
        (find_split_folder(data, TEST, path) || find_split_folder(data, VALID, path)))
        return SPLIT_FOLDERS;
    bool idx = holds(data, "train-images-idx3-ubyte") ||
               holds(data, "train-images-idx3-ubyte.gz") || !has_folders(data);
    return idx ? IDX_FOLDER : CLASS_FOLDERS;
}

bool job_check_known(const char *verb, const char *kind, const char *data) {
    const char *names[KNOWN];
    for (int i = 0; i < KNOWN; i++) names[i] = job_known_data[i].name;
    return word_known(verb, kind, data, names, KNOWN);
}

/* Whether a folder has something that is known; IDX files may be those of one part. */
static bool holds_data(const char *folder) {
    static const char *const idx[] = {"train-images-idx3-ubyte", "train-images-idx3-ubyte.gz",
                                      "t10k-images-idx3-ubyte", "t10k-images-idx3-ubyte.gz"};
    if (kind_of(folder) != IDX_FOLDER) return true;
    for (size_t i = 0; i < LENGTH(idx); i++)
        if (holds(folder, idx[i])) return true;
    return false;
}

bool job_check_data(const char *verb, const char *data) {
    if (known_index(data) >= 0 || (is_folder(data) && holds_data(data))) return true;
    if (is_folder(data)) {
        fprintf(
            stderr,
            "taper %s: the folder \"%s\" has neither a folder of pictures for each class, nor a "
            "CSV list, nor CIFAR's or IDX files.\n",
            verb, data);
        return false;
    }
    if (is_file(data) && (ends_in(data, ".csv") || ends_in(data, ".npz"))) return true;
    if (is_file(data))
        fprintf(stderr, "taper %s: of files --data takes .csv and .npz, not \"%s\".\n", verb, data);
    else if (!strchr(data, '/'))
        return job_check_known(verb, "data set or folder", data);
    else
        fprintf(stderr, "taper %s: there is no folder or file \"%s\".\n", verb, data);
    return false;
}

const char *job_data_name(const job *j) {
    int i = known_index(j->data);
    return i < 0 ? j->data : job_known_data[i].title;
}

/* ---- the partitions of a CSV file ---- */

/* The name that the rows of a split have; NULL where there are none. The text is one of split_names. */
static const char *csv_partition(const char *path, int split) {
    static const char *const columns[] = {"partition", "split", "subset", "set"};
    uint8_t *bytes;
    size_t size;
    tp_why why;
    tp_csv csv;
    const char *found = NULL;
    int column = -1;
    if (tp_picture_read_file(path, &bytes, &size, &why)) return NULL;
    tp_csv_begin(&csv, (char *)bytes, size);
    if (tp_csv_next(&csv, &why) == TP_CSV_ROW)
        for (size_t i = 0; i < LENGTH(columns) && column < 0; i++)
            column = tp_csv_column(&csv, columns[i]);
    while (column >= 0 && !found && tp_csv_next(&csv, &why) == TP_CSV_ROW)
        for (int i = 0; i < ALIASES && !found && column < csv.count; i++)
            if (strcmp(csv.field[column], split_names[split][i]) == 0)
                found = split_names[split][i];
    free(bytes);
    return found;
}

/* ---- opening ---- */

/* How pictures become samples: in the shape of the model where there is one, or as --image-size says. */
static tp_picture_set_args picture_args(const job *j, const char *path) {
    tp_picture_set_args args = {.path = path, .image_size = j->image_size};
    if (j->sample.ndim != 3) return args;
    if (j->sample.dims[0] == 1) args.mode = TP_IMAGE_GRAY;
    args.image_size = 0;
    args.transform = tp_transforms_resize(j->sample.dims[1], j->sample.dims[2]);
    return args;
}

/* A part of a set that has none of its own; the same parts each time. */
static tp_dataset *part_of(tp_dataset *whole, int split) {
    tp_dataset *parts[2];
    if (!whole || !tp_random_split(whole, parts_of_whole, 2, parts, .seed = 1)) return NULL;
    tp_dataset_free(parts[split == TEST ? 0 : 1]);
    return parts[split == TEST ? 1 : 0];
}

static tp_dataset *open_csv(const job *j, int split) {
    char path[PATH_SIZE];
    find_csv(j->data, path);
    tp_picture_set_args args = picture_args(j, path);
    bool parts = csv_partition(path, TRAIN) && csv_partition(path, split);
    if (parts) args.partition = csv_partition(path, split);
    tp_dataset *set = tp_image_csv_at(TP_HERE, args);
    return parts ? set : part_of(set, split);
}

/* Classes are numbered as in the folder to train on, which may have some that others lack. */
static tp_dataset *open_split_folder(const job *j, int split) {
    char train_path[PATH_SIZE], path[PATH_SIZE];
    find_split_folder(j->data, TRAIN, train_path);
    tp_dataset *train = tp_image_folder_at(TP_HERE, picture_args(j, train_path));
    if (split == TRAIN || !train) return train;
    find_split_folder(j->data, split, path);
    tp_picture_set_args args = picture_args(j, path);
    args.classes_of = train;
    tp_dataset *set = tp_image_folder_at(TP_HERE, args);
    tp_dataset_free(train);
    return set;
}

/* Whether the data have such a part of their own. */
static bool has_split(const job *j, int split) {
    char path[PATH_SIZE];
    if (known_index(j->data) >= 0) return split != VALID;
    switch (kind_of(j->data)) {
    case CSV_LIST:
        return find_csv(j->data, path) && csv_partition(path, TRAIN) && csv_partition(path, split);
    case SPLIT_FOLDERS: return find_split_folder(j->data, split, path);
    default: return split != VALID;
    }
}

static tp_dataset *open_path(const job *j, int split) {
    const char *name = split == TRAIN ? "train" : "test";
    switch (kind_of(j->data)) {
    case CIFAR10_FOLDER: return tp_cifar10(name, .root = j->data);
    case CIFAR100_FOLDER: return tp_cifar100(name, .root = j->data);
    case CSV_LIST: return open_csv(j, split);
    case SPLIT_FOLDERS: return open_split_folder(j, split);
    case CLASS_FOLDERS:
        return part_of(tp_image_folder_at(TP_HERE, picture_args(j, j->data)), split);
    case NUMPY_FILE: return part_of(tp_numpy_dataset(j->data, NULL), split);
    default: return tp_mnist(name, .root = j->data);
    }
}

static int split_index(const char *split) {
    return word_index(split, (const char *const[]){"train", "valid", "test"}, SPLITS);
}

bool job_check_split(const char *verb, const char *split) {
    if (split_index(split) >= 0) return true;
    fprintf(stderr, "taper %s: --split is train, valid or test, not \"%s\".\n", verb, split);
    return false;
}

bool job_has_split(const job *j, const char *split) { return has_split(j, split_index(split)); }

tp_dataset *job_open_split(const job *j, const char *split) {
    int which = split_index(split);
    if (which == VALID && !has_split(j, VALID)) {
        report_failure("%s has no part for validation.", j->data);
        return NULL;
    }
    if (which == TEST && !has_split(j, TEST)) which = VALID;
    const char *name = which == TRAIN ? "train" : "test";
    switch (known_index(j->data)) {
    case DIGITS: return tp_digits(name);
    case MNIST: return tp_mnist(name);
    case FASHION: return tp_fashion_mnist(name);
    case KMNIST: return tp_kmnist(name);
    case CIFAR10: return tp_cifar10(name);
    case CIFAR100: return tp_cifar100(name);
    default: return open_path(j, which);
    }
}

tp_dataset *job_first(tp_dataset *dataset, int64_t count) {
    if (!dataset) return NULL;
    int64_t size = tp_dataset_size(dataset);
    if (count <= 0 || count >= size) return dataset;
    int64_t *index = malloc(sizeof *index * (size_t)count);
    if (!index) {
        fprintf(stderr, "taper: out of memory.\n");
        return NULL;
    }
    for (int64_t i = 0; i < count; i++) index[i] = i;
    tp_dataset *subset = tp_subset(dataset, index, count);
    free(index);
    return subset;
}

/* ---- sizes ---- */

/* Whether some pictures, spread over the set, have different sizes. */
static bool sizes_differ(const tp_dataset *set) {
    enum { LOOKS = 24 };
    int64_t height = 0, width = 0;
    bool differ = false;
    for (int64_t i = 0; i < LOOKS && !differ; i++) {
        const char *path = tp_picture_file_path(set, i * (set->size - 1) / (LOOKS - 1));
        tp_picture picture;
        tp_why why;
        if (!path || tp_picture_load(path, TP_IMAGE_RGB, false, &picture, &why)) continue;
        differ = height && (height != picture.height || width != picture.width);
        height = picture.height;
        width = picture.width;
        tp_picture_free(&picture);
    }
    return differ;
}

void job_settle_size(job *j) {
    enum { USUAL = 64 };
    if (j->image_size || j->sample.ndim || known_index(j->data) >= 0) return;
    path_kind kind = kind_of(j->data);
    if (kind != CSV_LIST && kind != SPLIT_FOLDERS && kind != CLASS_FOLDERS) return;
    tp_dataset *train = job_open_split(j, "train");
    if (train && train->size > 0 && sizes_differ(train)) j->image_size = USUAL;
    tp_dataset_free(train);
}

/* Whether --data names pictures in files of their own. */
static bool in_files(const job *j) {
    if (known_index(j->data) >= 0) return false;
    path_kind kind = kind_of(j->data);
    return kind == CSV_LIST || kind == SPLIT_FOLDERS || kind == CLASS_FOLDERS;
}

int job_workers(const job *j) {
    if (j->workers >= 0) return (int)j->workers;
    return in_files(j) ? 2 : 0;
}

/* ---- all parts ---- */

/* Takes the validation part off the training set. */
static bool split_validation(const job *j, job_data *data) {
    int64_t size = tp_dataset_size(data->train);
    double share = j->val_split >= 0 ? j->val_split : j->patience > 0 ? 0.1 : 0;
    int64_t count = j->val_count >= 0 ? j->val_count : (int64_t)llround(share * (double)size);
    if (count == 0) return true;
    if (count >= size) {
        fprintf(stderr, "taper: %lld pictures for validation leave none of %lld to train on.\n",
                (long long)count, (long long)size);
        return false;
    }
    tp_dataset *parts[2];
    /* a generator of its own, so that the weights drawn afterwards do not depend on it */
    if (!tp_random_split(data->train, ((double[]){(double)(size - count), (double)count}), 2, parts,
                         .seed = (uint64_t)j->seed + 1))
        return false;
    data->train = parts[0];
    data->valid = parts[1];
    return true;
}

bool job_open_data(const job *j, job_data *data) {
    memset(data, 0, sizeof *data);
    snprintf(data->name, sizeof data->name, "%s", job_data_name(j));
    data->train = job_first(job_open_split(j, "train"), j->limit);
    if (!data->train) return false;
    data->test = job_first(job_open_split(j, "test"), j->test_limit);
    if (!data->test) return false;
    bool own = j->val_split < 0 && j->val_count < 0 && has_split(j, VALID) && has_split(j, TEST);
    if (own) data->valid = job_open_split(j, "valid");
    if (own ? !data->valid : !split_validation(j, data)) return false;
    if (j->per_class > 0) data->train = tp_balanced_subset(data->train, j->per_class);
    return data->train != NULL;
}
