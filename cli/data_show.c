/* taper data show and stats. */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "data_actions.h"
#include "report.h"
#include "show.h"

void data_ignore_error(const tp_error *error, void *user) { (void)error, (void)user; }

bool data_show(const data_settings *s, tp_dataset *dataset) {
    int64_t size = tp_dataset_size(dataset), count = s->count;
    if (s->from >= size) {
        report_failure("there is no picture %lld; the last one is %lld.", (long long)s->from,
                       (long long)size - 1);
        return false;
    }
    if (count > size - s->from) count = size - s->from;
    int64_t *numbers = malloc(sizeof *numbers * (size_t)count);
    show_card *cards = calloc((size_t)count, sizeof *cards);
    bool fine = numbers && cards;
    TP_SCOPE {
        tp_batch b = {0};
        for (int64_t i = 0; fine && i < count; i++) numbers[i] = s->from + i;
        tp_picture_args raw = {.raw = true};
        fine = fine && tp_dataset_batch_at(TP_HERE, dataset, numbers, count, raw, &b);
        for (int64_t i = 0; fine && i < count; i++) {
            cards[i] = (show_card){.channels = dataset->x_shape.dims[0],
                                   .height = dataset->x_shape.dims[1],
                                   .width = dataset->x_shape.dims[2]};
            cards[i].picture = (unsigned char *)tp_data(b.x) +
                               i * cards[i].channels * cards[i].height * cards[i].width;
            snprintf(cards[i].title, sizeof cards[i].title, "#%lld is %.*s", (long long)numbers[i],
                     cards[i].width > 40 ? 28 : 12,
                     tp_class_name(dataset, ((int64_t *)tp_data(b.y))[i]));
        }
        if (fine) show_cards(cards, count);
    }
    free(numbers);
    free(cards);
    return fine;
}

/* ---- contact sheet ---- */

/* The numbers of the first `per` samples of each class, class by class; -1 where a class has fewer. */
static int64_t *choose(const data_settings *s, tp_dataset *dataset, int64_t *classes) {
    enum { MOST_CLASSES = 64 };
    tp_tensor *labels = tp_dataset_labels(dataset);
    const int64_t *label = tp_data(labels);
    *classes = dataset->class_count < MOST_CLASSES ? dataset->class_count : MOST_CLASSES;
    int64_t count = *classes * s->per_class, *chosen = malloc(sizeof *chosen * (size_t)(count + 1));
    if (!label || !chosen || !count) {
        if (label && !count) report_failure("%s has no classes.", s->job.data);
        free(chosen);
        return NULL;
    }
    for (int64_t i = 0; i < count; i++) chosen[i] = -1;
    for (int64_t i = 0; i < tp_dataset_size(dataset); i++)
        for (int64_t k = 0; label[i] < *classes && k < s->per_class; k++)
            if (chosen[label[i] * s->per_class + k] < 0) {
                chosen[label[i] * s->per_class + k] = i;
                break;
            }
    return chosen;
}

/* Grey or coloured pictures (n, 1 or 3, h, w) of those numbers; white where there is none. */
static tp_tensor *collect(tp_dataset *dataset, const int64_t *chosen, int64_t n) {
    tp_shape shape = dataset->x_shape;
    tp_tensor *all =
        tp_full(tp_shape(n, shape.dims[0], shape.dims[1], shape.dims[2]), 255, .dtype = TP_UINT8);
    int64_t bytes = shape.dims[0] * shape.dims[1] * shape.dims[2];
    unsigned char *to = tp_data(all);
    for (int64_t i = 0; to && i < n; i++)
        TP_SCOPE {
            tp_batch b;
            tp_picture_args raw = {.raw = true};
            if (chosen[i] < 0) continue;
            if (tp_dataset_batch_at(TP_HERE, dataset, &chosen[i], 1, raw, &b))
                memcpy(to + i * bytes, tp_data(b.x), (size_t)bytes);
            else
                to = NULL;
        }
    return to ? all : NULL;
}

/* Wide enough for the longest name below a picture. */
static double picture_width(tp_dataset *dataset, int64_t classes) {
    enum { LEAST = 48, MOST = 160, LETTER = 8 };
    size_t longest = 0;
    for (int64_t i = 0; i < classes; i++) {
        size_t length = strlen(tp_class_name(dataset, i));
        if (length > longest) longest = length;
    }
    size_t width = LETTER * longest;
    return width < LEAST ? LEAST : width > MOST ? MOST : (double)width;
}

bool data_sheet(const data_settings *s, tp_dataset *dataset) {
    bool fine = false;
    if (!dataset->pictures || (dataset->x_shape.dims[0] != 1 && dataset->x_shape.dims[0] != 3)) {
        report_failure("a sheet needs pictures of 1 or 3 channels.");
        return false;
    }
    TP_SCOPE {
        int64_t classes = 0, *chosen = choose(s, dataset, &classes), n = classes * s->per_class;
        const char **captions = chosen ? calloc((size_t)n, sizeof *captions) : NULL;
        tp_tensor *pictures = captions ? collect(dataset, chosen, n) : NULL;
        char subtitle[160];
        snprintf(subtitle, sizeof subtitle, "%s: the first pictures of each class", s->split);
        tp_figure *figure = pictures
                                ? tp_figure_new(job_data_name(&s->job), .subtitle = subtitle,
                                                .width = (double)s->per_class *
                                                         (picture_width(dataset, classes) + 16))
                                : NULL;
        for (int64_t i = 0; figure && i < n; i++)
            captions[i] = i % s->per_class ? "" : tp_class_name(dataset, i / s->per_class);
        fine = figure &&
               tp_plot_images(figure, pictures, .captions = captions, .columns = (int)s->per_class,
                              .size = picture_width(dataset, classes)) &&
               tp_plot_save(figure, s->sheet);
        tp_figure_free(figure);
        free(captions);
        free(chosen);
    }
    if (fine) printf("%s\n", s->sheet);
    return fine;
}

/* ---- stats ---- */

typedef struct channel_sums {
    uint64_t sum, squares, count;
} channel_sums;

/* Sums of whole numbers over all pixels, for each channel; and whether all channels are equal, which makes colours grey. */
static bool measure(tp_dataset *dataset, channel_sums sums[TP_MAX_CHANNELS], bool *grey) {
    tp_loader *loader = tp_loader_new(dataset, .batch_size = 128, .raw = true, .workers = 2);
    if (!loader) return false;
    int64_t channels = dataset->x_shape.dims[0];
    int64_t plane = dataset->x_shape.dims[1] * dataset->x_shape.dims[2], seen = 0;
    tp_batch b;
    *grey = channels == 3;
    while (tp_next(loader, &b)) {
        const unsigned char *bytes = tp_data(b.x);
        for (int64_t i = 0; i < b.size * channels; i++, bytes += plane) {
            channel_sums *c = &sums[i % channels];
            for (int64_t k = 0; k < plane; k++)
                c->sum += bytes[k], c->squares += (uint64_t)bytes[k] * bytes[k];
            c->count += (uint64_t)plane;
            if (*grey && i % channels) *grey = memcmp(bytes, bytes - plane, (size_t)plane) == 0;
        }
        seen += b.size;
    }
    tp_loader_free(loader);
    return seen > 0 && seen == tp_dataset_size(dataset);
}

static void print_pixels(tp_dataset *dataset, const channel_sums *sums, bool grey) {
    static const char *const names[2][TP_MAX_CHANNELS] = {{"grey", "alpha", "", ""},
                                                          {"red", "green", "blue", "alpha"}};
    int64_t channels = dataset->x_shape.dims[0];
    printf("%s; 0 is black, 1 is white:\n", channels == 1 ? "grey"
                                            : grey ? "three channels that are equal: grey in truth"
                                                   : "colour, RGB");
    for (int64_t c = 0; c < channels; c++) {
        double n = (double)sums[c].count, mean = (double)sums[c].sum / n / 255;
        double variance = (double)sums[c].squares / n / (255.0 * 255.0) - mean * mean;
        printf("  %-6s mean %.4f, standard deviation %.4f\n", names[channels > 2][c], mean,
               sqrt(variance > 0 ? variance : 0));
    }
    putchar('\n');
}

static void print_classes(tp_dataset *dataset, const int64_t *number, int64_t classes) {
    int64_t most = 1, least = INT64_MAX;
    size_t width = 4;
    for (int64_t i = 0; i < classes; i++) {
        if (number[i] > most) most = number[i];
        if (number[i] < least) least = number[i];
        size_t length = strlen(tp_class_name(dataset, i));
        if (length > width) width = length;
    }
    if (width > 24) width = 24;
    for (int64_t i = 0; i < classes; i++) {
        printf("%-*.*s %6lld  ", (int)width, (int)width, tp_class_name(dataset, i),
               (long long)number[i]);
        show_bar((double)number[i] / (double)most, 40);
        putchar('\n');
    }
    if (least > 0)
        printf("\nthe largest class has %.1f times the pictures of the smallest\n",
               (double)most / (double)least);
}

/* How many pictures each part of the data has that there is. */
static bool print_parts(const job *j) {
    static const char *const splits[] = {"train", "valid", "test"};
    const char *before = "parts: ";
    for (int i = 0; i < 3; i++) {
        if (!job_has_split(j, splits[i])) continue;
        tp_dataset *part = job_open_split(j, splits[i]);
        if (!part) return false;
        printf("%s%s %lld", before, splits[i], (long long)tp_dataset_size(part));
        before = ", ";
        tp_dataset_free(part);
    }
    putchar('\n');
    return true;
}

bool data_stats(const data_settings *s, tp_dataset *dataset) {
    channel_sums sums[TP_MAX_CHANNELS] = {{0}};
    bool fine = false, grey = false;
    if (!dataset->pictures || dataset->x_shape.ndim != 3 ||
        dataset->x_shape.dims[0] > TP_MAX_CHANNELS) {
        report_failure("%s has no pictures in bytes.", s->job.data);
        return false;
    }
    TP_SCOPE {
        tp_tensor *counts =
            tp_bincount(tp_dataset_labels(dataset), .minlength = dataset->class_count);
        fine = tp_data(counts) && measure(dataset, sums, &grey);
        if (fine) {
            printf("%s, %s: %lld pictures of %lld x %lld in %lld classes\n", job_data_name(&s->job),
                   s->split, (long long)tp_dataset_size(dataset),
                   (long long)dataset->x_shape.dims[1], (long long)dataset->x_shape.dims[2],
                   (long long)tp_size(counts, 0));
            fine = print_parts(&s->job);
            print_pixels(dataset, sums, grey);
            print_classes(dataset, tp_data(counts), tp_size(counts, 0));
        }
    }
    return fine;
}
