/* A folder with a folder for each class. */
#include <dirent.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/stat.h>

#include "base/alloc.h"
#include "data/dataset.h"
#include "tensor/tensor.h"
#include "vision/pictures/files.h"

enum { PATH_MOST = 2048, DEPTH_MOST = 16 };

static const char op[] = "image_folder";

bool tp_is_picture_name(const char *name) {
    static const char *const endings[] = {".png", ".jpg", ".jpeg", ".bmp",
                                          ".ppm", ".pgm", ".pbm",  ".pnm"};
    const char *dot = strrchr(name, '.');
    for (size_t i = 0; dot && i < sizeof endings / sizeof endings[0]; i++)
        if (strcasecmp(dot, endings[i]) == 0) return true;
    return false;
}

static bool out_of_memory(tp_location at) {
    tp_fail_memory(at, op, PATH_MOST);
    return false;
}

/* ---- reading folders ---- */

static int by_name(const void *a, const void *b) {
    return strcmp(*(const char *const *)a, *(const char *const *)b);
}

/* The names in a folder, sorted, as a list without labels. False after an error. */
static bool read_names(tp_location at, const char *folder, tp_file_list *names) {
    DIR *dir = opendir(folder);
    if (!dir) {
        tp_fail(at, op, TP_ERROR_FILE, tp_text("%.200s: %s", folder, strerror(errno)), NULL, NULL);
        return false;
    }
    bool fine = true;
    for (const struct dirent *entry; fine && (entry = readdir(dir));)
        if (entry->d_name[0] != '.') fine = tp_file_list_add(names, entry->d_name, 0);
    closedir(dir);
    if (!fine) return out_of_memory(at);
    if (names->count > 1) qsort(names->path, (size_t)names->count, sizeof *names->path, by_name);
    return true;
}

static bool join(char path[PATH_MOST], const char *folder, const char *name) {
    return snprintf(path, PATH_MOST, "%s/%s", folder, name) < PATH_MOST;
}

static bool is_folder(const char *path) {
    struct stat info;
    return stat(path, &info) == 0 && S_ISDIR(info.st_mode);
}

/* Adds the pictures of a folder, and then those of the folders inside it. */
static bool add_pictures(tp_location at, const char *folder, int64_t label, int depth,
                         tp_file_list *list) {
    tp_file_list names = {0};
    bool fine = read_names(at, folder, &names);
    for (int inner = 0; inner < 2; inner++)
        for (int64_t i = 0; fine && i < names.count; i++) {
            char path[PATH_MOST];
            if (!join(path, folder, names.path[i]) || is_folder(path) != (inner == 1)) continue;
            if (inner)
                fine = depth >= DEPTH_MOST || add_pictures(at, path, label, depth + 1, list);
            else if (tp_is_picture_name(path))
                fine = tp_file_list_add(list, path, label) || out_of_memory(at);
        }
    tp_file_list_free(&names);
    return fine;
}

/* ---- classes ---- */

/* The class of a folder by its name: the next one, or its number in the data set that gives the classes. -1 after an error. */
static int class_of(tp_location at, const tp_picture_set_args *args, const char *name,
                    tp_file_list *list) {
    if (!args->classes_of) {
        if (tp_file_list_add_class(list, name)) return list->class_count - 1;
        out_of_memory(at);
        return -1;
    }
    int label = tp_file_list_class(list, name);
    if (label < 0)
        tp_fail(at, op, TP_ERROR_VALUE, tp_text("%.150s/%.80s", args->path, name),
                tp_text("folders named like the classes of %s", args->classes_of->name), NULL);
    return label;
}

static bool add_classes(tp_location at, const tp_picture_set_args *args, tp_file_list *list) {
    tp_file_list names = {0};
    bool fine = read_names(at, args->path, &names);
    if (fine && args->classes_of && !tp_file_list_take_classes(list, args->classes_of))
        fine = out_of_memory(at);
    for (int64_t i = 0; fine && i < names.count; i++) {
        char path[PATH_MOST];
        if (!join(path, args->path, names.path[i]) || !is_folder(path)) continue;
        int64_t before = list->count;
        int label = class_of(at, args, names.path[i], list);
        fine = label >= 0 && add_pictures(at, path, label, 0, list);
        if (fine && list->count == before) {
            tp_fail(at, op, TP_ERROR_VALUE, tp_text("no pictures in %.200s", path),
                    "files that end in .png, .jpg, .jpeg, .bmp, .ppm, .pgm, .pbm or .pnm", NULL);
            fine = false;
        }
    }
    tp_file_list_free(&names);
    return fine;
}

tp_dataset *tp_image_folder_at(tp_location at, tp_picture_set_args args) {
    tp_file_list list = {0};
    bool fine = args.path != NULL;
    if (!fine) tp_fail(at, op, TP_ERROR_ARGUMENT, "NULL", "the path of a folder", NULL);
    fine = fine && (!args.classes_of || tp_dataset_usable(at, op, args.classes_of)) &&
           add_classes(at, &args, &list);
    if (fine && list.count == 0) {
        tp_fail(at, op, TP_ERROR_VALUE, tp_text("no folders with pictures in %.200s", args.path),
                "a folder for each class", NULL);
        fine = false;
    }
    if (fine) return tp_picture_files_new(at, op, args.path, &list, &args);
    tp_file_list_free(&list);
    tp_transform_free(args.transform);
    return NULL;
}
