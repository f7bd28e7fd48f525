/* How long it takes to open a file of weights, beside a plain read of it, and how much memory that needs.
 *
 * usage: weights [--rounds N] [FILE]
 *
 * Without FILE one with the tensors of VGG16 (528 MB) and random values is written to the temporary folder and removed at the end. Each
 * measurement runs in a process of its own, in turn: read() of all bytes into memory that is there already; read() into memory that
 * is allocated for it; opening the file; opening it and adding up every element of every tensor. The file is warm: in the page cache,
 * as after a download. Times are medians. */
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <taper/taper.h>
#include <time.h>
#include <unistd.h>

#include "common.h"

enum { MAX_ROUNDS = 101, PIECE = 1 << 20 };

/* ---- the file ---- */

/* The tensors of torchvision's vgg16. */
static bool write_vgg16(const char *path) {
    static const int64_t widths[] = {3,   64,  64,  128, 128, 256, 256,
                                     256, 512, 512, 512, 512, 512, 512};
    static const int places[] = {0, 2, 5, 7, 10, 12, 14, 17, 19, 21, 24, 26, 28};
    static const int64_t linear[] = {25088, 4096, 4096, 1000};
    bool fine = false;
    TP_SCOPE {
        tp_named_tensor items[32];
        static char names[32][32];
        int n = 0;
        for (int i = 0; i < 13; i++, n += 2) {
            snprintf(names[n], sizeof names[n], "features.%d.weight", places[i]);
            snprintf(names[n + 1], sizeof names[n], "features.%d.bias", places[i]);
            items[n].tensor = tp_randn(tp_shape(widths[i + 1], widths[i], 3, 3));
            items[n + 1].tensor = tp_randn(tp_shape(widths[i + 1]));
        }
        for (int i = 0; i < 3; i++, n += 2) {
            snprintf(names[n], sizeof names[n], "classifier.%d.weight", 3 * i);
            snprintf(names[n + 1], sizeof names[n], "classifier.%d.bias", 3 * i);
            items[n].tensor = tp_randn(tp_shape(linear[i + 1], linear[i]));
            items[n + 1].tensor = tp_randn(tp_shape(linear[i + 1]));
        }
        for (int i = 0; i < n; i++) items[i].name = names[i];
        double start = now();
        fine = tp_save_tensors(path, items, (size_t)n);
        printf("written and synced in %.0f ms\n", 1e3 * (now() - start));
    }
    return fine;
}

/* ---- what is measured; each gives a number that depends on all bytes it read ---- */

/* Pieces over and over into the same memory: what the kernel's copying alone costs. */
static double read_pieces(const char *path) {
    static char piece[PIECE];
    double sum = 0;
    int file = open(path, O_RDONLY);
    for (ssize_t n; (n = read(file, piece, sizeof piece)) > 0;) sum += piece[n - 1];
    close(file);
    return sum;
}

/* All of it into one block: the plain read that a program does which wants the file in memory. */
static double read_whole(const char *path) {
    int file = open(path, O_RDONLY);
    off_t size = lseek(file, 0, SEEK_END), done = 0;
    char *bytes = malloc((size_t)size);
    ssize_t n = 1;
    while (bytes && n > 0 && done < size) {
        n = pread(file, bytes + done, (size_t)(size - done), done);
        done += n;
    }
    double sum = bytes ? bytes[size / 2] : 0;
    free(bytes);
    close(file);
    return sum;
}

static double open_only(const char *path) {
    tp_tensor_file *file = tp_load_tensors(path);
    double count = (double)tp_tensor_file_list(file).count;
    tp_tensor_file_close(file);
    return count;
}

/* One element of every page: from then on nothing has to be fetched. */
static double open_and_touch(const char *path) {
    enum { STEP = 1024 };
    tp_tensor_file *file = tp_load_tensors(path);
    tp_named_list list = tp_tensor_file_list(file);
    double sum = 0;
    for (size_t i = 0; i < list.count; i++) {
        const float *x = tp_data(list.items[i].tensor);
        for (int64_t k = 0; k < tp_numel(list.items[i].tensor); k += STEP) sum += (double)x[k];
    }
    tp_tensor_file_close(file);
    return sum;
}

static double open_and_sum(const char *path) {
    tp_tensor_file *file = tp_load_tensors(path);
    tp_named_list list = tp_tensor_file_list(file);
    double sum = 0;
    for (size_t i = 0; i < list.count; i++)
        TP_SCOPE
            sum += tp_item(tp_sum(list.items[i].tensor));
    tp_tensor_file_close(file);
    return sum;
}

/* The same sum over what a plain read brought, so that the work on the numbers is on both sides. */
static double read_and_sum(const char *path) {
    int file = open(path, O_RDONLY);
    off_t size = lseek(file, 0, SEEK_END) / 4 * 4, done = 0;
    float *values = malloc((size_t)size);
    double sum = 0;
    for (ssize_t n = 1; values && n > 0 && done < size; done += n)
        n = pread(file, (char *)values + done, (size_t)(size - done), done);
    TP_SCOPE
        sum = tp_item(tp_sum(tp_from_blob(values, tp_shape(size / 4))));
    free(values);
    close(file);
    return sum;
}

static const struct task {
    const char *name;
    double (*run)(const char *path);
} tasks[] = {
    {"read() in pieces of 1 MB", read_pieces},
    {"read() into one block", read_whole},
    {"open", open_only},
    {"open, touch every page", open_and_touch},
    {"read() into one block and add up", read_and_sum},
    {"open and add up", open_and_sum},
};
enum { TASKS = sizeof tasks / sizeof tasks[0] };

/* ---- measuring ---- */

typedef struct visit {
    double seconds, peak; /* resident memory, KB */
} visit;

/* Runs a task in a process of its own, so that memory and mappings of one do not help another. */
static visit visit_task(const struct task *task, const char *path) {
    int ends[2];
    visit v = {0, 0};
    if (pipe(ends) != 0) return v;
    pid_t child = fork();
    if (child == 0) {
        struct rusage usage;
        double start = now();
        volatile double result = task->run(path);
        (void)result;
        v.seconds = now() - start;
        getrusage(RUSAGE_SELF, &usage);
        v.peak = (double)usage.ru_maxrss;
        _exit(write(ends[1], &v, sizeof v) != (ssize_t)sizeof v);
    }
    close(ends[1]);
    if (read(ends[0], &v, sizeof v) != (ssize_t)sizeof v) v = (visit){0, 0};
    close(ends[0]);
    waitpid(child, NULL, 0);
    return v;
}

static int by_value(const void *a, const void *b) {
    double x = *(const double *)a, y = *(const double *)b;
    return x < y ? -1 : x > y;
}

static void measure(const char *path, int rounds) {
    static double seconds[TASKS][MAX_ROUNDS];
    double peak[TASKS] = {0};
    for (int r = 0; r < rounds; r++)
        for (int t = 0; t < TASKS; t++) {
            visit v = visit_task(&tasks[t], path);
            seconds[t][r] = v.seconds;
            if (v.peak > peak[t]) peak[t] = v.peak;
        }
    printf("%-34s %10s %12s\n", "", "ms", "peak, MB");
    for (int t = 0; t < TASKS; t++) {
        qsort(seconds[t], (size_t)rounds, sizeof(double), by_value);
        printf("%-34s %10.2f %12.1f\n", tasks[t].name, 1e3 * seconds[t][rounds / 2],
               1.024e-3 * peak[t]);
    }
}

int main(int argc, char **argv) {
    char folder[] = "/tmp/taper_weights_XXXXXX", path[64];
    const char *given = NULL;
    int rounds = 9;
    for (int i = 1; i < argc; i++)
        if (strcmp(argv[i], "--rounds") == 0 && i + 1 < argc)
            rounds = atoi(argv[++i]);
        else
            given = argv[i];
    if (rounds < 1 || rounds > MAX_ROUNDS) rounds = 9;
    if (!given) {
        if (!mkdtemp(folder)) return 1;
        snprintf(path, sizeof path, "%s/vgg16.pth", folder);
        if (!write_vgg16(path)) return 1;
        tp_memory_trim(); /* so that the children do not inherit it */
    }
    measure(given ? given : path, rounds);
    if (!given) {
        unlink(path);
        rmdir(folder);
    }
    return 0;
}
