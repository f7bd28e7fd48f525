/* taper predict */
#include <stdlib.h>
#include <string.h>

#include "precision.h"
#include "report.h"
#include "run_folder.h"
#include "show.h"
#include "verbs.h"
#include "vision/idx.h"
#include "vision/pictures/files.h"

typedef struct settings {
    job job;
    const char *split, *pictures;
    int64_t count;
    bool wrong;
} settings;

static const option table[] = {
    {"Options", OPTION_HEADING, NULL, NULL, 0, 0},
    {"data", OPTION_TEXT, "NAME|DIR", "pictures of another data set (the one it was trained on)",
     offsetof(settings, job.data), 0},
    {"split", OPTION_TEXT, "NAME", "test, valid or train (test)", offsetof(settings, split), 0},
    {"pictures", OPTION_TEXT, "FILE", "pictures of an IDX file of bytes, plain or gzipped, instead",
     offsetof(settings, pictures), 0},
    {"count", OPTION_COUNT, "N", "how many, where no numbers are given (6)",
     offsetof(settings, count), 1},
    {"wrong", OPTION_FLAG, NULL, "only those that are taken for something else",
     offsetof(settings, wrong), 0},
    {"model", OPTION_TEXT, "NAME|LAYERS", "for a file of weights that does not say it",
     offsetof(settings, job.model), 0},
    PRECISION_OPTION(offsetof(settings, job.precision)),
    {"json", OPTION_FLAG, NULL,
     "a line of JSON for each picture instead; probabilities are from 0 to 1",
     offsetof(settings, job.json), 0},
};
enum { OPTIONS = sizeof table / sizeof table[0] };

void help_predict(FILE *stream) {
    fputs(
        "usage: taper predict RUN|FILE [NUMBER|PICTURE ...] [options]\n\n"
        "Shows pictures on the terminal and what a trained network takes them for, with the three\n"
        "likeliest classes. Pictures of the data are numbered from 0; others are files, PNG, JPEG, BMP\n"
        "or PNM, which are brought to the network's size. For files the run alone is needed: it has the\n"
        "layers, the size and the names of the classes.\n\n"
        "  taper predict runs/digits-mlp                the first six test pictures\n"
        "  taper predict runs/digits-mlp 7 42 1000\n"
        "  taper predict runs/dogs-mlp rex.jpg          a picture of one's own\n"
        "  taper predict runs/digits-mlp --wrong        what it gets wrong\n"
        "  taper predict runs/digits-mlp --pictures t10k-images-idx3-ubyte.gz --json\n",
        stream);
    options_help(stream, table, OPTIONS);
}

/* Where the pictures come from: a data set with labels, an IDX file without, or files of one picture each. */
typedef struct pictures {
    tp_dataset *
        dataset; /* whose classes have names; NULL for an IDX file, and where the model has the names */
    const char *const *names; /* of the classes, from the model */
    int64_t name_count;
    tp_idx file;
    const char *const *paths;
    int64_t size, channels, height, width;
} pictures;

/* What is known of one picture. */
typedef struct prediction {
    int64_t number, label, top[3]; /* label -1 where there is none */
    double share[3];
    tp_tensor *bytes; /* (channels, height, width) */
} prediction;

/* Pictures of that shape, (channels, height, width). */
static bool take_shape(pictures *p, tp_shape shape) {
    bool fine = shape.ndim == 3 && (!p->paths || shape.dims[0] == 1 || shape.dims[0] == 3);
    if (!fine) {
        char text[128];
        report_failure("this network takes no pictures, but samples of %s.",
                       job_shape_text(shape, text, sizeof text));
        return false;
    }
    p->channels = shape.dims[0], p->height = shape.dims[1], p->width = shape.dims[2];
    return true;
}

static bool open_pictures(const settings *s, const positional *rest, pictures *p) {
    p->names = s->job.names;
    p->name_count = s->job.classes;
    if (rest->count > 1 && tp_is_picture_name(rest->text[1])) {
        p->paths = rest->text + 1;
        p->size = rest->count - 1;
        if (p->names && s->job.sample.ndim == 3) return take_shape(p, s->job.sample);
    }
    if (s->pictures) {
        if (!tp_idx_read(TP_HERE, "predict", s->pictures, 3, &p->file)) return false;
        p->size = p->file.dims[0], p->height = p->file.dims[1], p->width = p->file.dims[2];
        p->channels = 1;
        return true;
    }
    p->dataset = job_open_split(&s->job, s->split);
    if (!p->dataset) return false;
    p->size = tp_dataset_size(p->dataset);
    return take_shape(p, p->dataset->x_shape);
}

/* Pictures in files, made alike. */
static tp_tensor *read_pictures(const pictures *p, const int64_t *numbers, int64_t count) {
    tp_tensor *x = tp_empty(tp_shape(count, p->channels, p->height, p->width), .dtype = TP_UINT8);
    int64_t bytes = p->channels * p->height * p->width;
    unsigned char *to = tp_data(x);
    for (int64_t i = 0; to && i < count; i++) {
        tp_tensor *picture = tp_image_read(p->paths[numbers[i]],
                                           .mode = p->channels == 1 ? TP_IMAGE_GRAY : TP_IMAGE_RGB);
        const void *from = tp_data(tp_image_resize(picture, p->height, p->width));
        if (!from) return NULL;
        memcpy(to + i * bytes, from, (size_t)bytes);
    }
    return to ? x : NULL;
}

/* Pictures of those numbers as bytes (n, channels, height, width), and their labels or NULL. */
static tp_tensor *fetch(const pictures *p, const int64_t *numbers, int64_t count,
                        tp_tensor **labels) {
    *labels = NULL;
    if (p->paths) return read_pictures(p, numbers, count);
    if (p->dataset) {
        tp_batch b;
        tp_picture_args raw = {.raw = true};
        if (!tp_dataset_batch_at(TP_HERE, p->dataset, numbers, count, raw, &b)) return NULL;
        *labels = b.y;
        return b.x;
    }
    int64_t bytes = p->height * p->width;
    tp_tensor *x = tp_empty(tp_shape(count, 1, p->height, p->width), .dtype = TP_UINT8);
    unsigned char *to = tp_data(x);
    for (int64_t i = 0; to && i < count; i++)
        memcpy(to + i * bytes, p->file.bytes + numbers[i] * bytes, (size_t)bytes);
    return to ? x : NULL;
}

/* Runs the model on some pictures. The tensors belong to the innermost scope. */
static bool predict(tp_module *model, const pictures *p, const int64_t *numbers, int64_t count,
                    prediction *out) {
    tp_tensor *labels, *bytes = fetch(p, numbers, count, &labels), *top;
    if (!bytes) return false;
    TP_NO_GRAD {
        tp_tensor *x = tp_div(tp_to(bytes, TP_FLOAT32), 255);
        tp_tensor *share = tp_softmax(tp_call(model, x), 1);
        int64_t classes = tp_size(share, 1), shown = classes < 3 ? classes : 3;
        share = tp_to(tp_topk(share, shown, 1, .indices = &top), TP_FLOAT64);
        const double *values = tp_data(share);
        const int64_t *indices = values ? tp_data(top) : NULL;
        for (int64_t i = 0; indices && i < count; i++) {
            out[i] = (prediction){.number = numbers[i],
                                  .label = labels ? ((int64_t *)tp_data(labels))[i] : -1,
                                  .bytes = tp_select(bytes, 0, i)};
            for (int64_t k = 0; k < shown; k++) {
                out[i].top[k] = indices[i * shown + k];
                out[i].share[k] = values[i * shown + k];
            }
        }
        if (!indices) bytes = NULL;
    }
    return bytes != NULL;
}

static const char *class_name(const pictures *p, int64_t label, char *buffer) {
    if (p->dataset) return tp_class_name(p->dataset, label);
    if (p->names && label < p->name_count) return p->names[label];
    snprintf(buffer, 24, "%lld", (long long)label);
    return buffer;
}

/* The name of a picture's file, without its folders. */
static const char *file_name(const pictures *p, int64_t number) {
    const char *slash = strrchr(p->paths[number], '/');
    return slash ? slash + 1 : p->paths[number];
}

static void print_json(const pictures *p, const prediction *r) {
    char name[24];
    if (p->paths) {
        fputs("{\"file\": ", stdout);
        report_json_string(stdout, p->paths[r->number]);
        fputs(", ", stdout);
    } else
        printf("{\"index\": %lld, ", (long long)r->number);
    if (r->label >= 0) printf("\"label\": %lld, ", (long long)r->label);
    printf("\"prediction\": %lld, \"name\": ", (long long)r->top[0]);
    report_json_string(stdout, class_name(p, r->top[0], name));
    printf(", \"probability\": %.6g}\n", r->share[0]);
}

static void print_cards(const pictures *p, const prediction *all, int64_t count) {
    show_card *cards = calloc((size_t)count, sizeof *cards);
    if (!cards) {
        report_failure("out of memory.");
        return;
    }
    for (int64_t i = 0; i < count; i++) {
        const prediction *r = &all[i];
        show_card *card = &cards[i];
        char name[24];
        *card = (show_card){.picture = tp_data(r->bytes),
                            .channels = p->channels,
                            .height = p->height,
                            .width = p->width};
        card->wrong = r->label >= 0 && r->top[0] != r->label;
        if (r->label >= 0)
            snprintf(card->title, sizeof card->title, "#%lld is %.12s%s", (long long)r->number,
                     class_name(p, r->label, name), card->wrong ? ", wrong" : "");
        else if (p->paths)
            snprintf(card->title, sizeof card->title, "%.60s", file_name(p, r->number));
        else
            snprintf(card->title, sizeof card->title, "#%lld", (long long)r->number);
        for (int k = 0; k < 3 && (k == 0 || r->share[k] > 0); k++, card->lines++) {
            card->share[k] = r->share[k];
            snprintf(card->name[k], sizeof card->name[k], "%s", class_name(p, r->top[k], name));
        }
    }
    for (int64_t i = 0; i < count; i++) cards[i].lines = 3;
    show_cards(cards, count);
    free(cards);
}

static bool show(const settings *s, const pictures *p, const prediction *all, int64_t count) {
    if (!s->job.json)
        print_cards(p, all, count);
    else
        for (int64_t i = 0; i < count; i++) print_json(p, &all[i]);
    return true;
}

/* Goes through the data until enough wrong ones are found, a few hundred at a time. */
static bool show_wrong(const settings *s, tp_module *model, const pictures *p) {
    enum { AT_ONCE = 250 };
    int64_t found = 0, numbers[AT_ONCE];
    prediction all[AT_ONCE];
    bool fine = true;
    for (int64_t first = 0; fine && first < p->size && found < s->count; first += AT_ONCE) {
        int64_t n = p->size - first < AT_ONCE ? p->size - first : AT_ONCE, wrong = 0;
        for (int64_t i = 0; i < n; i++) numbers[i] = first + i;
        TP_SCOPE {
            fine = predict(model, p, numbers, n, all);
            for (int64_t i = 0; fine && i < n && found + wrong < s->count; i++)
                if (all[i].top[0] != all[i].label) all[wrong++] = all[i];
            if (fine) show(s, p, all, wrong);
        }
        found += wrong;
    }
    if (fine && found == 0 && !s->job.json) printf("All %lld are right.\n", (long long)p->size);
    return fine;
}

static bool show_numbers(const settings *s, tp_module *model, const pictures *p,
                         const int64_t *numbers, int64_t count) {
    bool fine = true;
    enum { AT_ONCE = 64 };
    prediction all[AT_ONCE];
    for (int64_t first = 0; fine && first < count; first += AT_ONCE)
        TP_SCOPE {
            int64_t n = count - first < AT_ONCE ? count - first : AT_ONCE;
            fine = predict(model, p, numbers + first, n, all) && show(s, p, all, n);
        }
    return fine;
}

/* The numbers on the command line, or the first ones. NULL after a sentence. */
static int64_t *read_numbers(const settings *s, const pictures *p, const positional *rest,
                             int64_t *count) {
    bool numbered = rest->count > 1 && !p->paths;
    *count = rest->count > 1 ? rest->count - 1 : s->count < p->size ? s->count : p->size;
    int64_t *numbers = malloc(sizeof *numbers * (size_t)(*count + 1));
    for (int64_t i = 0; numbers && i < *count; i++) {
        char *stop = NULL;
        numbers[i] = numbered ? strtoll(rest->text[i + 1], &stop, 10) : i;
        if ((!stop || !*stop) && numbers[i] >= 0 && numbers[i] < p->size) continue;
        report_failure("there is no picture \"%s\"; they are numbered from 0 to %lld.",
                       rest->text[i + 1], (long long)p->size - 1);
        free(numbers);
        return NULL;
    }
    return numbers;
}

static bool run(const settings *s, const char *what, const positional *rest) {
    settings own = *s;
    pictures p = {0};
    tp_module *model = run_load_model(&own.job, what);
    bool fine = model && open_pictures(&own, rest, &p);
    if (fine) {
        tp_eval(model);
        int64_t count = 0, *numbers = s->wrong ? NULL : read_numbers(&own, &p, rest, &count);
        if (s->wrong)
            fine = show_wrong(&own, model, &p);
        else
            fine = numbers && show_numbers(&own, model, &p, numbers, count);
        free(numbers);
    }
    tp_idx_free(&p.file);
    tp_dataset_free(p.dataset);
    tp_module_free(model);
    job_release(&own.job);
    return fine;
}

int cmd_predict(int argc, char **argv) {
    settings s = {.split = "test", .count = 6};
    positional rest;
    if (!options_read(table, OPTIONS, "predict", argc, argv, &s, &rest)) return EXIT_USAGE;
    if (rest.count == 0) {
        fprintf(stderr, "taper predict: which run? For instance: taper predict runs/digits-mlp\n");
        return EXIT_USAGE;
    }
    const char *wrong = NULL;
    if (s.wrong && s.pictures) wrong = "--wrong needs labels, which --pictures has not";
    if (s.wrong && rest.count > 1)
        wrong = "--wrong looks through all pictures; leave out the numbers";
    if (wrong) {
        fprintf(stderr, "taper predict: %s.\n", wrong);
        return EXIT_USAGE;
    }
    if (!job_check_split("predict", s.split)) return EXIT_USAGE;
    if (s.job.data && !job_check_data("predict", s.job.data)) return EXIT_USAGE;
    if (!precision_check("predict", s.job.precision)) return EXIT_USAGE;
    precision_use("predict", s.job.precision);
    return run(&s, rest.text[0], &rest) ? EXIT_FINE : EXIT_FAILED;
}
