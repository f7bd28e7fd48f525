/* taper eval */
#include <string.h>

#include "precision.h"
#include "report.h"
#include "run_folder.h"
#include "show.h"
#include "verbs.h"

typedef struct settings {
    job job;
    const char *split, *confusion;
    int64_t topk;
    bool scores;
} settings;

static const option table[] = {
    {"Options", OPTION_HEADING, NULL, NULL, 0, 0},
    {"data", OPTION_TEXT, "NAME|DIR", "test on another data set (the one it was trained on)",
     offsetof(settings, job.data), 0},
    {"split", OPTION_TEXT, "NAME", "test, valid or train (test)", offsetof(settings, split), 0},
    {"limit", OPTION_COUNT, "N", "the first N pictures only (all)",
     offsetof(settings, job.test_limit), 1},
    {"model", OPTION_TEXT, "NAME|LAYERS", "for a file of weights that does not say it",
     offsetof(settings, job.model), 0},
    {"topk", OPTION_COUNT, "K", "also: how often the label is among the K likeliest classes",
     offsetof(settings, topk), 1},
    {"confusion", OPTION_TEXT, "FILE", "write the confusion matrix as CSV",
     offsetof(settings, confusion), 0},
    {"threads", OPTION_COUNT, "N", "threads of the kernels (all processors)",
     offsetof(settings, job.threads), 1},
    PRECISION_OPTION(offsetof(settings, job.precision)),
    {"scores", OPTION_FLAG, NULL, "scores by class (on; --no-scores)", offsetof(settings, scores),
     0},
    {"quiet", OPTION_FLAG, NULL, "print the accuracy and loss only", offsetof(settings, job.quiet),
     0},
    {"json", OPTION_FLAG, NULL, "end with one line of JSON; accuracies are from 0 to 1",
     offsetof(settings, job.json), 0},
};
enum { OPTIONS = sizeof table / sizeof table[0] };

void help_eval(FILE *stream) {
    fputs(
        "usage: taper eval RUN|FILE [options]\n\n"
        "Tests a network that was trained before: the folder of a run, or a file of weights. Prints\n"
        "accuracy and loss, precision, recall and F1 of each class, and the confusion matrix.\n\n"
        "  taper eval runs/digits-mlp\n"
        "  taper eval runs/digits-mlp --data mnist      how well it carries over to real digits\n"
        "  taper eval model.safetensors --data ~/mnist --json\n",
        stream);
    options_help(stream, table, OPTIONS);
}

static void print_json(const settings *s, const tp_evaluation *e, tp_module *model) {
    printf("{\"test_accuracy\": %.9g, \"test_loss\": %.9g, ", e->accuracy, e->loss);
    if (s->topk) printf("\"top%lld_accuracy\": %.9g, ", (long long)s->topk, e->topk_accuracy);
    printf("\"pictures\": %lld, \"correct\": %lld, \"seconds\": %.6g, \"parameters\": %lld}\n",
           (long long)e->samples, (long long)e->correct, e->seconds,
           (long long)tp_parameter_count(model));
}

static bool evaluate(const settings *s, tp_module *model, tp_dataset *dataset) {
    tp_loader *loader = tp_loader_new(dataset, .batch_size = 250, .workers = job_workers(&s->job));
    bool fine = false;
    if (!loader) return false;
    TP_SCOPE {
        tp_evaluation e = tp_evaluate(model, loader, .topk = s->topk, .confusion = true);
        if (e.ok) {
            printf("%s, %s: accuracy %.2f %% (%lld of %lld pictures), loss %.4f\n",
                   job_data_name(&s->job), s->split, 100 * e.accuracy, (long long)e.correct,
                   (long long)e.samples, e.loss);
            if (s->topk)
                printf("among the likeliest %lld: %.2f %%\n", (long long)s->topk,
                       100 * e.topk_accuracy);
            if (!s->job.quiet) {
                putchar('\n');
                if (s->scores) {
                    show_scores(e.confusion, dataset);
                    putchar('\n');
                }
                show_confusion(e.confusion, dataset);
            }
            fine = !s->confusion || show_write_confusion(e.confusion, dataset, s->confusion);
            if (s->job.json) print_json(s, &e, model);
        }
    }
    tp_loader_free(loader);
    return fine;
}

int cmd_eval(int argc, char **argv) {
    settings s = {.job.workers = -1, .split = "test", .scores = true};
    positional rest;
    if (!options_read(table, OPTIONS, "eval", argc, argv, &s, &rest)) return EXIT_USAGE;
    if (rest.count != 1) {
        fprintf(stderr, "taper eval: which run? For instance: taper eval runs/digits-mlp\n");
        return EXIT_USAGE;
    }
    if (!job_check_split("eval", s.split)) return EXIT_USAGE;
    if (s.job.data && !job_check_data("eval", s.job.data)) return EXIT_USAGE;
    if (!precision_check("eval", s.job.precision)) return EXIT_USAGE;
    if (s.job.threads > 0) tp_set_num_threads((int)s.job.threads);
    precision_use("eval", s.job.precision);
    tp_module *model = run_load_model(&s.job, rest.text[0]);
    tp_dataset *dataset =
        model ? job_first(job_open_split(&s.job, s.split), s.job.test_limit) : NULL;
    bool fine = dataset && evaluate(&s, model, dataset);
    tp_module_free(model);
    job_release(&s.job);
    return fine ? EXIT_FINE : EXIT_FAILED;
}
