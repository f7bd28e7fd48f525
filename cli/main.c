/* taper: the command. Finds the verb and hands over. */
#include <locale.h>
#include <string.h>
#include <taper/taper.h>

#include "base/nearest.h"
#include "report.h"
#include "verbs.h"

typedef struct verb {
    const char *name, *line;
    int (*run)(int argc, char **argv);
    void (*help)(FILE *stream);
} verb;

static const verb verbs[] = {
    {"train", "train a network and keep its weights, history and learning curves", cmd_train,
     help_train},
    {"sweep", "train with every combination of some options, and compare", cmd_sweep, help_sweep},
    {"report", "compare runs on one page, or write the report of one again", cmd_report,
     help_report},
    {"eval", "test a trained network: accuracy, scores by class, confusion matrix", cmd_eval,
     help_eval},
    {"predict", "show pictures and what a trained network makes of them", cmd_predict,
     help_predict},
    {"summary", "layers, shapes, parameters and work of a network", cmd_summary, help_summary},
    {"export", "write a network as ONNX or as one C file", cmd_export, help_export},
    {"data", "list, fetch, show, measure and check data sets", cmd_data, help_data},
    {"inspect", "what is in a file of weights: names, shapes, statistics, histograms", cmd_inspect,
     help_inspect},
    {"convert", "weights from one format to another: PyTorch, safetensors, NumPy", cmd_convert,
     help_convert},
    {"compare", "by how much two files of weights differ, layer by layer if wanted", cmd_compare,
     help_compare},
    {"bench", "how fast this machine trains the built-in workloads", cmd_bench, help_bench},
    {"lab", "the course's experiments, each with a report", cmd_lab, help_lab},
    {"version", "version, processor, instruction set, libraries", cmd_version, help_version},
};
enum { VERBS = sizeof verbs / sizeof verbs[0] };

static void help(FILE *stream) {
    fputs("taper: deep learning in C\n\nusage: taper VERB [options]\n\n", stream);
    for (int i = 0; i < VERBS; i++) fprintf(stream, "  %-10s%s\n", verbs[i].name, verbs[i].line);
    fputs("  help VERB what a verb does, with examples and every option; `help models` and\n"
          "            `help layers`: what can stand behind --model\n"
          "\n"
          "A first run, on digits that are drawn at run time, and then a look at it:\n"
          "\n"
          "  taper train --data digits --model mlp --out runs/first\n"
          "  taper predict runs/first\n",
          stream);
}

static const verb *find_verb(const char *name) {
    const char *names[VERBS + 1];
    for (int i = 0; i < VERBS; i++) {
        if (strcmp(verbs[i].name, name) == 0) return &verbs[i];
        names[i] = verbs[i].name;
    }
    names[VERBS] = "help";
    const char *near = tp_nearest_word(name, strlen(name), names, VERBS + 1);
    fprintf(stderr, "taper: there is no verb \"%s\"; ", name);
    if (near)
        fprintf(stderr, "did you mean %s?\n", near);
    else
        fprintf(stderr, "`taper help` lists them.\n");
    return NULL;
}

static bool asks_for_help(const char *text) {
    return strcmp(text, "--help") == 0 || strcmp(text, "-h") == 0;
}

static int print_help(int argc, char **argv) {
    if (argc == 0) {
        help(stdout);
        return EXIT_FINE;
    }
    bool models = strcmp(argv[0], "models") == 0;
    if (models || strcmp(argv[0], "layers") == 0) {
        (models ? help_models : help_layers)(stdout);
        return EXIT_FINE;
    }
    const verb *v = find_verb(argv[0]);
    if (!v) return EXIT_USAGE;
    v->help(stdout);
    return EXIT_FINE;
}

static int run_verb(int argc, char **argv) {
    const verb *v = find_verb(argv[0]);
    if (!v) return EXIT_USAGE;
    for (int i = 1; i < argc && strcmp(argv[i], "--"); i++)
        if (asks_for_help(argv[i])) {
            v->help(stdout);
            return EXIT_FINE;
        }
    return v->run(argc - 1, argv + 1);
}

int main(int argc, char **argv) {
    setlocale(LC_CTYPE, ""); /* only to know whether the terminal takes UTF-8 */
    report_errors();
    int status;
    if (argc < 2) {
        help(stderr);
        status = EXIT_USAGE;
    } else if (asks_for_help(argv[1]) || strcmp(argv[1], "help") == 0) {
        status = print_help(argc - 2, argv + 2);
    } else if (strcmp(argv[1], "--version") == 0) {
        status = cmd_version(0, NULL);
    } else {
        status = run_verb(argc - 1, argv + 1);
    }
    tp_shutdown();
    if (fflush(stdout) != 0 && status == EXIT_FINE) status = EXIT_FAILED;
    return status;
}
