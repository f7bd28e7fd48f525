/* A data set of pictures in files, one a sample, each with a label. */
#ifndef TP_VISION_PICTURES_FILES_H
#define TP_VISION_PICTURES_FILES_H

#include <taper/vision.h>

/* Files and their labels, and the names of the classes; all from tp_new. */
typedef struct tp_file_list {
    char **path;
    int64_t *label;
    int64_t count, room;
    char **classes;
    int class_count, class_room;
} tp_file_list;
/* False when out of memory (not reported). Paths and names are copied. */
bool tp_file_list_add(tp_file_list *list, const char *path, int64_t label);
bool tp_file_list_add_class(tp_file_list *list, const char *name);
bool tp_file_list_rename_class(tp_file_list *list, int number, const char *name);
/* Sorts the classes by name; labels follow. */
bool tp_file_list_sort_classes(tp_file_list *list);
/* The number of a class by its name, -1 where there is none. */
int tp_file_list_class(const tp_file_list *list, const char *name);
/* The classes of another data set, in its order. */
bool tp_file_list_take_classes(tp_file_list *list, const tp_dataset *from);
void tp_file_list_free(tp_file_list *list);

/* Makes the data set; takes over the list and options->transform, whatever comes of it. */
tp_dataset *tp_picture_files_new(tp_location at, const char *op, const char *name,
                                 tp_file_list *list, const tp_picture_set_args *options);
/* Whether a name ends as pictures do that can be read. */
bool tp_is_picture_name(const char *name);
/* The path of a sample's file where the data set is one of these or a subset of one; NULL else. */
const char *tp_picture_file_path(const tp_dataset *dataset, int64_t index);

#endif
