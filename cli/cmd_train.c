/* taper train */
#include <dirent.h>
#include <errno.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <taper/train_report.h>
#include <unistd.h>

#include "job.h"
#include "precision.h"
#include "report.h"
#include "result.h"
#include "run_folder.h"
#include "show.h"
#include "trial.h"
#include "verbs.h"

void help_train(FILE *stream) {
    fputs(
        "usage: taper train [options]\n"
        "\n"
        "Trains a network on pictures and leaves a folder with everything about the run.\n"
        "\n"
        "  taper train                                  an MLP on the built-in digits\n"
        "  taper train --data mnist --epochs 10         real digits, downloaded where needed\n"
        "  taper train --data mnist --model convnet     a convolutional network\n"
        "  taper train --data ~/dogs --image-size 64    pictures in a folder for each class, or a CSV list\n"
        "  taper train --data ~/fashion --model \"flatten linear:256 relu dropout:0.2 linear:10\"\n"
        "  taper train --optimizer sgd --lr 0.1 --momentum 0.9 --schedule cosine\n"
        "  taper train --find-lr                        which learning rate?\n"
        "  taper train --epochs 100 --patience 5        stop when validation no longer improves\n"
        "  taper train --out runs/digits-mlp --resume   go on after Ctrl-C, or with more --epochs\n",
        stream);
    options_help(stream, job_options, job_option_count);
    fputs(
        "\n"
        "`taper help models` lists the networks by name, `taper help layers` the layers that --model\n"
        "may write out.\n"
        "\n"
        "Options are written --name value or --name=value. The environment variable TAPER_DATA may\n"
        "name a folder in which mnist, fashion and kmnist are looked for.\n"
        "\n"
        "The folder of the run gets config.json, history.csv, history.jsonl, checkpoint.safetensors,\n"
        "model.safetensors, confusion.csv, curves.svg, curves.png, and report.html with all there is\n"
        "to see: curves, confusion matrix, mistakes, filters. It opens offline in any browser.\n"
        "With --events it also gets the folder events, which `tensorboard --logdir` shows.\n"
        "\n"
        "Exit status: 0 trained, 1 failed, 2 an option is wrong, 130 interrupted by Ctrl-C.\n",
        stream);
}

/* All that a run holds. */
typedef struct run {
    job job;
    job_data data;
    tp_module *model;
    tp_optim *optim;
    tp_schedule *schedule;
    bool schedule_per_step;
    tp_loader *train, *valid, *test;
    tp_history history;
    char out[PATH_SIZE], command[1024];
} run;

/* "runs/digits-mlp", or "runs/NAME-layers" for a folder of data and layers written out. */
static void default_folder(const job *j, char *out) {
    const char *slash = strrchr(j->data, '/');
    snprintf(out, PATH_SIZE, "runs/%s-%s", slash && slash[1] ? slash + 1 : j->data,
             strpbrk(j->model, " :") ? "layers" : j->model);
}

/* Reads the options; for --resume those of the run first, and then again those that are given here. */
static int read_job(run *r, int argc, char **argv) {
    positional rest;
    r->job = job_defaults();
    if (!options_read(job_options, job_option_count, "train", argc, argv, &r->job, &rest))
        return EXIT_USAGE;
    if (rest.count) {
        fprintf(stderr,
                "taper train: what is \"%s\"? Options begin with two dashes, and layers need"
                " quotes around all of them.\n",
                rest.text[0]);
        return EXIT_USAGE;
    }
    if (!r->job.out) default_folder(&r->job, r->out);
    if (r->job.out) snprintf(r->out, sizeof r->out, "%s", r->job.out);
    if (r->job.resume) {
        r->job = job_defaults();
        if (!run_read_config(&r->job, r->out)) return EXIT_FAILED;
        options_read(job_options, job_option_count, "train", argc, argv, &r->job, &rest);
    }
    return job_check("train", &r->job) ? EXIT_FINE : EXIT_USAGE;
}

static void remove_old_events(const char *folder) {
    DIR *dir = opendir(folder);
    char path[2 * PATH_SIZE];
    for (struct dirent *entry; dir && (entry = readdir(dir));) {
        if (strncmp(entry->d_name, "events.out.tfevents.", 20) != 0) continue;
        snprintf(path, sizeof path, "%s/%s", folder, entry->d_name);
        unlink(path);
    }
    if (dir) closedir(dir);
}

/* A fresh run must not end up beside files of an older one. */
static void remove_old_files(const char *folder) {
    static const char *const names[] = {"checkpoint.safetensors",
                                        "model.safetensors",
                                        "confusion.csv",
                                        "curves.svg",
                                        "curves.png",
                                        "report.html",
                                        "history.csv",
                                        "history.jsonl",
                                        "result.json"};
    char path[PATH_SIZE];
    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++)
        unlink(run_path(path, folder, names[i]));
    remove_old_events(run_path(path, folder, "events"));
}

/* The command as it was typed, with quotes where a word needs them. */
static void note_command(run *r, int argc, char **argv) {
    size_t used = (size_t)snprintf(r->command, sizeof r->command, "taper train");
    for (int i = 0; i < argc && used < sizeof r->command; i++) {
        const char *quote = argv[i][strcspn(argv[i], " \"'$&|;<>()*?")] || !*argv[i] ? "'" : "";
        used += (size_t)snprintf(r->command + used, sizeof r->command - used, " %s%s%s", quote,
                                 argv[i], quote);
    }
}

static bool prepare(run *r) {
    job *j = &r->job;
    if (j->threads > 0) tp_set_num_threads((int)j->threads);
    precision_use("train", j->precision);
    job_settle_size(j);
    j->workers = job_workers(j);
    if (!job_open_data(j, &r->data)) return false;
    j->sample = r->data.train->x_shape;
    j->classes = r->data.train->class_count;
    tp_manual_seed((uint64_t)j->seed);
    r->model = job_model(j, j->sample, (int)j->classes);
    r->optim = r->model ? job_optim(j, r->model) : NULL;
    if (!r->optim) return false;
    r->train = tp_loader_new(r->data.train, .batch_size = j->batch_size, .shuffle = true,
                             .workers = (int)j->workers);
    r->test = tp_loader_new(r->data.test, .batch_size = 250, .workers = (int)j->workers);
    if (r->data.valid)
        r->valid = tp_loader_new(r->data.valid, .batch_size = 250, .workers = (int)j->workers);
    if (!r->train || !r->test || (r->data.valid && !r->valid)) return false;
    return job_schedule(j, r->optim, tp_loader_batches(r->train), &r->schedule,
                        &r->schedule_per_step);
}

static void introduce(const run *r) {
    const job *j = &r->job;
    printf("%s: %lld pictures to train on", r->data.name, (long long)tp_loader_samples(r->train));
    if (r->valid) printf(", %lld for validation", (long long)tp_loader_samples(r->valid));
    printf(", %lld to test\n", (long long)tp_loader_samples(r->test));
    printf("model %s: %lld parameters; %s, learning rate %g, batches of %lld\n", j->model,
           (long long)tp_parameter_count(r->model), tp_optim_name(r->optim),
           tp_optim_lr(r->optim, 0), (long long)j->batch_size);
    if (tp_get_float32_matmul_precision() == TP_PRECISION_BF16)
        printf("products in bfloat16, sums and weights in float32\n");
    fflush(stdout);
}

/* tp_fit() takes a function of (output, target) alone, so what else it needs stands beside it. */
static double label_smoothing;
static tp_tensor *smoothed_loss(tp_tensor *output, tp_tensor *target) {
    return tp_cross_entropy(output, target, .label_smoothing = label_smoothing);
}

static tp_loss_function loss_of(const job *j) {
    label_smoothing = j->label_smoothing;
    return label_smoothing > 0 ? smoothed_loss : (tp_loss_function)tp_cross_entropy;
}

static void fit(run *r) {
    const job *j = &r->job;
    char checkpoint[PATH_SIZE], csv[PATH_SIZE], jsonl[PATH_SIZE], events[PATH_SIZE],
        hint[PATH_SIZE + 64];
    snprintf(hint, sizeof hint, "taper train --out %s --resume", r->out);
    r->history = tp_fit(
        r->model, r->train, .valid = r->valid, .optim = r->optim, .loss = loss_of(j),
        .epochs = j->epochs, .schedule = r->schedule, .schedule_per_step = r->schedule_per_step,
        .clip_norm = j->clip_norm, .patience = j->patience, .min_delta = j->min_delta,
        .restore_best = j->keep_best, .resume = j->resume, .handle_interrupt = true,
        .doctor = strcmp(j->doctor, "off") == 0 ? TP_DOCTOR_OFF : TP_DOCTOR_ON, .resume_hint = hint,
        .checkpoint_seconds = 60,
        .checkpoint = run_path(checkpoint, r->out, "checkpoint.safetensors"),
        .history_csv = run_path(csv, r->out, "history.csv"),
        .history_jsonl = run_path(jsonl, r->out, "history.jsonl"),
        .events = j->events ? run_path(events, r->out, "events") : NULL, .events_histograms = true,
        .progress = j->quiet || !j->progress ? TP_PROGRESS_NONE : TP_PROGRESS_AUTO);
}

static void draw_curves(const run *r) {
    char path[PATH_SIZE], title[256];
    if (!r->job.plots || r->history.count == 0) return;
    snprintf(title, sizeof title, "%s on %s", r->job.model, r->data.name);
    tp_plot_history(run_path(path, r->out, "curves.svg"), &r->history, .subtitle = title);
    tp_plot_history(run_path(path, r->out, "curves.png"), &r->history, .subtitle = title);
}

static void write_report(const run *r) {
    char path[PATH_SIZE], title[256];
    if (!r->job.plots) return;
    snprintf(title, sizeof title, "%s on %s", r->job.model, r->data.name);
    tp_train_report(run_path(path, r->out, "report.html"), .title = title,
                    .subtitle = "Training run", .command = r->command, .history = &r->history,
                    .module = r->model, .optim = r->optim, .train = r->train, .valid = r->valid,
                    .test = r->test, .seed = (uint64_t)r->job.seed, .has_seed = true);
}

/* Saves the model, tests it, draws. */
static int finish(run *r) {
    const job *j = &r->job;
    char path[PATH_SIZE];
    if (!run_save_model(j, r->data.train, r->model, run_path(path, r->out, "model.safetensors")))
        return EXIT_FAILED;
    draw_curves(r);
    write_report(r);
    int status = EXIT_FAILED;
    TP_SCOPE {
        tp_evaluation test = tp_evaluate(r->model, r->test, .confusion = true);
        result res = {.job = j,
                      .history = &r->history,
                      .test = &test,
                      .parameters = tp_parameter_count(r->model),
                      .data = r->data.name,
                      .out = r->out};
        if (test.ok &&
            show_write_confusion(test.confusion, r->data.test,
                                 run_path(path, r->out, "confusion.csv")) &&
            result_write(&res, run_path(path, r->out, "result.json")))
            status = EXIT_FINE;
        if (test.ok && !j->quiet) result_print(&res);
        if (test.ok && j->json) result_print_json(&res, stdout);
    }
    return status;
}

static void end(run *r) {
    tp_history_free(&r->history);
    tp_loader_free(r->train);
    tp_loader_free(r->valid);
    tp_loader_free(r->test);
    tp_schedule_free(r->schedule);
    tp_optim_free(r->optim);
    tp_module_free(r->model);
    job_release(&r->job);
}

static int train(run *r) {
    if (!prepare(r)) return EXIT_FAILED;
    const job *j = &r->job;
    if (j->find_lr) return trial_find_lr(j, r->model, r->train, r->optim, loss_of(j), r->out);
    if (j->overfit) return trial_overfit(j, r->model, r->train, r->optim, loss_of(j));
    if (!run_make_folder(r->out)) return EXIT_FAILED;
    if (!r->job.resume) remove_old_files(r->out);
    if (!run_write_config(&r->job, r->out)) return EXIT_FAILED;
    if (!r->job.quiet) introduce(r);
    fit(r);
    if (r->history.stop == TP_STOP_INTERRUPTED) return EXIT_INTERRUPTED;
    if (r->history.stop == TP_STOP_ERROR || r->history.stop == TP_STOP_NUMBER) return EXIT_FAILED;
    return finish(r);
}

int cmd_train(int argc, char **argv) {
    run r = {0};
    int status = read_job(&r, argc, argv);
    note_command(&r, argc, argv);
    if (status == EXIT_FINE) status = train(&r);
    end(&r);
    return status;
}
