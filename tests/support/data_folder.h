/* A folder of a test's own where data are looked for (TAPER_DATA, the cache), emptied before each test, and the path of the real
 * data beside the project. One test program names it once: DATA_FOLDER("vision"). Include behind noted.h. */
#ifndef TAPER_TESTS_DATA_FOLDER_H
#define TAPER_TESTS_DATA_FOLDER_H

#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <taper/memory.h>
#include <unistd.h>

#include "support/noted.h"

static char folder[64], shared[300];

static void empty_folder(const char *name) {
    DIR *dir = opendir(name);
    for (struct dirent *entry; dir && (entry = readdir(dir));) {
        char path[600];
        snprintf(path, sizeof path, "%s/%s", name, entry->d_name);
        if (strcmp(entry->d_name, ".") && strcmp(entry->d_name, "..") && unlink(path) != 0) {
            empty_folder(path);
            rmdir(path);
        }
    }
    if (dir) closedir(dir);
}

static inline int start_in(const char *name) {
    const char *data = getenv("TAPER_DATA");
    snprintf(shared, sizeof shared, "%s", data && data[0] ? data : TP_SOURCE_DIR "/../shared/data");
    snprintf(folder, sizeof folder, "/tmp/taper-%s-XXXXXX", name);
    return mkdtemp(folder) ? 0 : -1;
}

#define DATA_FOLDER(name)            \
    static int start(void **state) { \
        (void)state;                 \
        return start_in(name);       \
    }

static inline int stop(void **state) {
    (void)state;
    empty_folder(folder);
    return rmdir(folder);
}

static inline int set_up(void **state) {
    (void)state;
    empty_folder(folder);
    note_errors();
    setenv("TAPER_DATA", folder, 1);
    setenv("XDG_CACHE_HOME", folder, 1);
    unsetenv("TAPER_MIRROR");
    return 0;
}

static inline int tear_down(void **state) {
    (void)state;
    tp_shutdown();
    size_t bytes = tp_memory_get_stats().live_bytes;
    tp_shutdown();
    return bytes != 0;
}

/* Four paths are good at a time. */
static inline const char *in_folder(const char *name) {
    static char path[4][400];
    static int next;
    next = (next + 1) % 4;
    snprintf(path[next], sizeof path[next], "%s/%s", folder, name);
    return path[next];
}

static inline void write_file(const char *name, const void *bytes, size_t count) {
    FILE *file = fopen(in_folder(name), "wb");
    assert_non_null(file);
    assert_int_equal(fwrite(bytes, 1, count, file), count);
    fclose(file);
}

#define FOLDER_TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

#endif
