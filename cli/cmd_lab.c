/* taper lab: the course's experiments. Each is a program under labs/, compiled into the command under a name of its own; which
 * there are stands in labs_table.h, which the build makes of their first lines. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/nearest.h"
#include "lab.h"
#include "report.h"
#include "verbs.h"

typedef struct entry {
    const char *name, *title;
    int (*run)(int argc, char **argv);
} entry;

#define LAB(name, title, function) int function(int argc, char **argv);
#include "labs_table.h"
#undef LAB

static const entry programs[] = {
#define LAB(name, title, function) {name, title, function},
#include "labs_table.h"
#undef LAB
};
enum { LABS = sizeof programs / sizeof programs[0] };

void help_lab(FILE *stream) {
    fputs(
        "usage: taper lab list\n"
        "       taper lab run NAME|all [--quick] [--data DIR] [--out DIR] [--seed N]\n\n"
        "Runs the experiments of the five assignments: prints what each asks and leaves a report,\n"
        "runs/labs/NAME/report.html. Their programs are in labs/, made to be read.\n\n"
        "  taper lab list                        what there is\n"
        "  taper lab run hw7.12 --table 0110     perceptrons that compute XOR\n"
        "  taper lab run tp3.4 --data ../data    on the real MNIST\n"
        "  taper lab run all --quick             all of them, some seconds each\n\n"
        "Options\n"
        "  --quick       a few seconds instead of the full setting\n"
        "  --data DIR    where mnist/, dogs/, grocery/ and photos/ are (TAPER_DATA)\n"
        "  --out DIR     where the report goes (runs/labs/NAME)\n"
        "  --seed N      of everything random (42)\n",
        stream);
}

static int list(void) {
    for (int i = 0; i < LABS; i++) {
        bool first = i == 0 || programs[i].run != programs[i - 1].run;
        printf("  %-8s%s\n", programs[i].name, first ? programs[i].title : "(the same program)");
    }
    return EXIT_FINE;
}

static const entry *find(const char *name) {
    const char *names[LABS + 1];
    for (int i = 0; i < LABS; i++) {
        if (strcmp(programs[i].name, name) == 0) return &programs[i];
        names[i] = programs[i].name;
    }
    const char *near = tp_nearest_word(name, strlen(name), names, LABS);
    fprintf(stderr, "taper lab: there is no lab \"%s\"; ", name);
    if (near)
        fprintf(stderr, "did you mean %s?\n", near);
    else
        fprintf(stderr, "`taper lab list` shows them.\n");
    return NULL;
}

/* Each in a process of its own, so that none sees what another left. --out DIR stands for the folder of all of them. */
static int run_all(int argc, char **argv) {
    int failed = 0;
    for (int i = 0; i < LABS; i++) {
        if (i > 0 && programs[i].run == programs[i - 1].run) continue;
        char out[1024];
        char **arguments = calloc((size_t)argc + 1, sizeof *arguments);
        if (!arguments) return EXIT_FAILED;
        for (int k = 0; k < argc; k++) arguments[k] = argv[k];
        for (int k = 1; k + 1 < argc; k++) {
            if (strcmp(argv[k], "--out") != 0) continue;
            snprintf(out, sizeof out, "%s/%s", argv[k + 1], programs[i].name);
            arguments[++k] = out;
        }
        fflush(NULL);
        pid_t child = fork();
        if (child == 0) exit(programs[i].run(argc, arguments));
        int status = 1;
        bool ended = child > 0 && waitpid(child, &status, 0) == child && WIFEXITED(status);
        if (!ended || (WEXITSTATUS(status) != 0 && WEXITSTATUS(status) != LAB_LACKING)) {
            fprintf(stderr, "taper lab: %s failed\n", programs[i].name);
            failed++;
        }
        free(arguments);
        putchar('\n');
    }
    return failed ? EXIT_FAILED : EXIT_FINE;
}

int cmd_lab(int argc, char **argv) {
    if (argc >= 1 && strcmp(argv[0], "list") == 0) return list();
    if (argc < 2 || strcmp(argv[0], "run") != 0) {
        help_lab(stderr);
        return EXIT_USAGE;
    }
    /* What stands behind `run` is the program's: its name, then its options. */
    if (strcmp(argv[1], "all") == 0) return run_all(argc - 1, argv + 1);
    const entry *chosen = find(argv[1]);
    return chosen ? chosen->run(argc - 1, argv + 1) : EXIT_USAGE;
}
