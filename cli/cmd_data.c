/* taper data */
#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "report.h"
#include "run_folder.h"
#include "show.h"
#include "verbs.h"
#include "words.h"

typedef struct settings {
    job job;
    const char *split;
    int64_t count, from;
} settings;

static const option table[] = {
    {"Options", OPTION_HEADING, NULL, NULL, 0, 0},
    {"split", OPTION_TEXT, "NAME", "train or test (train)", offsetof(settings, split), 0},
    {"count", OPTION_COUNT, "N", "how many pictures to show (6)", offsetof(settings, count), 1},
    {"from", OPTION_COUNT, "N", "the first one, counted from 0 (0)", offsetof(settings, from), 0},
};
enum { OPTIONS = sizeof table / sizeof table[0] };

void help_data(FILE *stream) {
    fputs(
        "usage: taper data list\n"
        "       taper data show NAME|DIR [options]\n"
        "       taper data stats NAME|DIR [options]\n\n"
        "Lists the data sets, shows pictures on the terminal, or counts classes and measures mean and\n"
        "standard deviation of the pixels (0 is black, 1 is white).\n\n"
        "  taper data show digits --count 10\n"
        "  taper data show mnist --split test --from 100\n"
        "  taper data stats ~/mnist\n",
        stream);
    options_help(stream, table, OPTIONS);
}

static int list(void) {
    printf(
        "digits   synthetic digits, drawn at run time from stroke models: no files needed\n"
        "mnist    MNIST: handwritten digits\n"
        "fashion  Fashion-MNIST: clothes\n"
        "kmnist   KMNIST: cursive Japanese\n"
        "DIR      a folder with the four IDX files, plain or gzipped\n\n"
        "Each has 60000 pictures to train on and 10000 to test, 28 x 28 bytes, in 10 classes.\n"
        "mnist, fashion and kmnist are looked for in folders of those names below $TAPER_DATA%s%s%s\n"
        "and in the cache, and downloaded there where they are missing.\n",
        getenv("TAPER_DATA") ? " (" : "", getenv("TAPER_DATA") ? getenv("TAPER_DATA") : "",
        getenv("TAPER_DATA") ? ")" : "");
    return EXIT_FINE;
}

static bool show_pictures(const settings *s, tp_dataset *dataset) {
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
            cards[i] =
                (show_card){.height = dataset->x_shape.dims[1], .width = dataset->x_shape.dims[2]};
            cards[i].picture = (unsigned char *)tp_data(b.x) + i * cards[i].height * cards[i].width;
            snprintf(cards[i].title, sizeof cards[i].title, "#%lld is %.12s", (long long)numbers[i],
                     tp_class_name(dataset, ((int64_t *)tp_data(b.y))[i]));
        }
        if (fine) show_cards(cards, count);
    }
    free(numbers);
    free(cards);
    return fine;
}

/* Mean and deviation of all pixels, from sums of whole numbers. */
static bool measure(tp_dataset *dataset, double *mean, double *deviation) {
    tp_loader *loader = tp_loader_new(dataset, .batch_size = 500, .raw = true);
    if (!loader) return false;
    uint64_t sum = 0, squares = 0, count = 0;
    tp_batch b;
    while (tp_next(loader, &b)) {
        const unsigned char *bytes = tp_data(b.x);
        int64_t numel = tp_numel(b.x);
        for (int64_t i = 0; i < numel; i++)
            sum += bytes[i], squares += (uint64_t)bytes[i] * bytes[i];
        count += (uint64_t)numel;
    }
    tp_loader_free(loader);
    double n = (double)count;
    *mean = (double)sum / n / 255;
    *deviation = sqrt((double)squares / n / (255.0 * 255.0) - *mean * *mean);
    return count > 0;
}

static bool show_stats(const settings *s, tp_dataset *dataset) {
    double mean, deviation;
    tp_dataset_keep(dataset); /* beyond the loader */
    bool fine = false;
    TP_SCOPE {
        tp_tensor *labels = tp_dataset_labels(dataset), *counts;
        counts = tp_bincount(labels);
        fine = tp_data(counts) && measure(dataset, &mean, &deviation);
        if (fine) {
            int64_t classes = tp_size(counts, 0), most = 1;
            const int64_t *number = tp_data(counts);
            for (int64_t i = 0; i < classes; i++)
                if (number[i] > most) most = number[i];
            printf("%s, %s: %lld pictures of %lld x %lld in %lld classes\n", job_data_name(&s->job),
                   s->split, (long long)tp_dataset_size(dataset),
                   (long long)dataset->x_shape.dims[1], (long long)dataset->x_shape.dims[2],
                   (long long)classes);
            printf("pixels: mean %.4f, standard deviation %.4f (0 black, 1 white)\n\n", mean,
                   deviation);
            for (int64_t i = 0; i < classes; i++) {
                printf("%-12.12s %6lld  ", tp_class_name(dataset, i), (long long)number[i]);
                show_bar((double)number[i] / (double)most, 40);
                putchar('\n');
            }
        }
    }
    tp_dataset_free(dataset);
    return fine;
}

int cmd_data(int argc, char **argv) {
    static const char *const actions[] = {"list", "show", "stats"};
    settings s = {.job = job_defaults(), .split = "train", .count = 6};
    positional rest;
    if (!options_read(table, OPTIONS, "data", argc, argv, &s, &rest)) return EXIT_USAGE;
    if (rest.count == 0) return list();
    if (!word_known("data", "action", rest.text[0], actions, 3)) return EXIT_USAGE;
    int action = word_index(rest.text[0], actions, 3);
    if (action == 0) return list();
    if (rest.count != 2) {
        fprintf(stderr, "taper data %s: which data set? For instance: taper data %s digits\n",
                rest.text[0], rest.text[0]);
        return EXIT_USAGE;
    }
    s.job.data = rest.text[1];
    if (strcmp(s.split, "train") != 0 && strcmp(s.split, "test") != 0) {
        fprintf(stderr, "taper data: --split is train or test, not \"%s\".\n", s.split);
        return EXIT_USAGE;
    }
    if (!job_check_data("data", s.job.data)) return EXIT_USAGE;
    tp_dataset *dataset = job_open_split(&s.job, s.split);
    if (!dataset) return EXIT_FAILED;
    bool fine;
    if (action == 1) {
        fine = show_pictures(&s, dataset);
        tp_dataset_free(dataset);
    } else {
        fine = show_stats(&s, dataset);
    }
    return fine ? EXIT_FINE : EXIT_FAILED;
}
