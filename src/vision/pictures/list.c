/* Lists of files and of classes. */
#include <stdlib.h>
#include <string.h>

#include "base/alloc.h"
#include "vision/pictures/files.h"

/* Makes room for one more in both arrays; keeps the old ones when out of memory. */
static bool grow(void **a, size_t a_size, void **b, size_t b_size, int64_t count, int64_t *room) {
    if (count < *room) return true;
    int64_t more = *room ? 2 * *room : 64;
    void *new_a = tp_resize(*a, a_size * (size_t)more);
    if (!new_a) return false;
    *a = new_a;
    void *new_b = b ? tp_resize(*b, b_size * (size_t)more) : NULL;
    if (b && !new_b) return false;
    if (b) *b = new_b;
    *room = more;
    return true;
}

bool tp_file_list_add(tp_file_list *list, const char *path, int64_t label) {
    if (!grow((void **)&list->path, sizeof *list->path, (void **)&list->label, sizeof *list->label,
              list->count, &list->room))
        return false;
    char *copy = tp_string_copy(path);
    if (!copy) return false;
    list->path[list->count] = copy;
    list->label[list->count++] = label;
    return true;
}

bool tp_file_list_add_class(tp_file_list *list, const char *name) {
    int64_t room = list->class_room;
    if (!grow((void **)&list->classes, sizeof *list->classes, NULL, 0, list->class_count, &room))
        return false;
    list->class_room = (int)room;
    char *copy = tp_string_copy(name);
    if (!copy) return false;
    list->classes[list->class_count++] = copy;
    return true;
}

bool tp_file_list_rename_class(tp_file_list *list, int number, const char *name) {
    char *copy = tp_string_copy(name);
    if (!copy) return false;
    tp_delete(list->classes[number]);
    list->classes[number] = copy;
    return true;
}

/* A class and its number before sorting. */
typedef struct named {
    char *name;
    int number;
} named;

static int by_name(const void *a, const void *b) {
    return strcmp(((const named *)a)->name, ((const named *)b)->name);
}

bool tp_file_list_sort_classes(tp_file_list *list) {
    size_t count = (size_t)list->class_count;
    named *sorted = tp_new(count * (sizeof *sorted + sizeof(int)) + 1);
    if (!sorted) return false;
    int *now = (int *)(sorted + count);
    for (int i = 0; i < list->class_count; i++) sorted[i] = (named){list->classes[i], i};
    if (count > 1) qsort(sorted, count, sizeof *sorted, by_name);
    for (int i = 0; i < list->class_count; i++) {
        list->classes[i] = sorted[i].name;
        now[sorted[i].number] = i;
    }
    for (int64_t i = 0; i < list->count; i++) list->label[i] = now[list->label[i]];
    tp_delete(sorted);
    return true;
}

int tp_file_list_class(const tp_file_list *list, const char *name) {
    for (int i = 0; i < list->class_count; i++)
        if (strcmp(list->classes[i], name) == 0) return i;
    return -1;
}

bool tp_file_list_take_classes(tp_file_list *list, const tp_dataset *from) {
    for (int i = 0; i < from->class_count; i++)
        if (!tp_file_list_add_class(list, tp_class_name(from, i))) return false;
    return true;
}

void tp_file_list_free(tp_file_list *list) {
    for (int64_t i = 0; i < list->count; i++) tp_delete(list->path[i]);
    for (int i = 0; i < list->class_count; i++) tp_delete(list->classes[i]);
    tp_delete(list->path);
    tp_delete(list->label);
    tp_delete(list->classes);
    *list = (tp_file_list){0};
}
