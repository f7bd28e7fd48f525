#include "show.h"

#include <errno.h>
#include <inttypes.h>
#include <math.h>
#include <string.h>

#include "report.h"

#define BOLD   "\033[1m"
#define DIM    "\033[2m"
#define RED    "\033[31m"
#define NORMAL "\033[0m"

enum { NAME = 14, WIDEST_MATRIX = 20 };

static int64_t at(const tp_tensor *matrix, int64_t row, int64_t column) {
    int64_t classes = tp_size(matrix, 1);
    return ((const int64_t *)tp_data(matrix))[row * classes + column];
}

static int name_width(tp_dataset *dataset, int64_t classes) {
    int width = 1;
    for (int64_t i = 0; i < classes; i++) {
        int length = (int)strlen(tp_class_name(dataset, i));
        if (length > width) width = length;
    }
    return width < NAME ? width : NAME;
}

/* One count: the diagonal stands out, and so do errors, the more the more of the row they are. */
static void show_cell(int64_t count, bool diagonal, double share, int width, bool colour) {
    char text[24];
    snprintf(text, sizeof text, "%" PRId64, count);
    if (!diagonal && count == 0) snprintf(text, sizeof text, ".");
    const char *on = "", *off = colour ? NORMAL : "";
    if (colour && diagonal)
        on = BOLD;
    else if (colour && count == 0)
        on = DIM;
    else if (colour && share >= 0.02)
        on = BOLD RED;
    else if (colour && share >= 0.005)
        on = RED;
    printf(" %s%*s%s", on, width, text, *on ? off : "");
}

void show_confusion(const tp_tensor *confusion, tp_dataset *dataset) {
    int64_t classes = tp_size(confusion, 0), largest = 0;
    if (classes > WIDEST_MATRIX) {
        printf("%" PRId64 " classes are too many for a matrix on the terminal.\n", classes);
        return;
    }
    for (int64_t i = 0; i < classes * classes; i++) {
        int64_t value = at(confusion, i / classes, i % classes);
        if (value > largest) largest = value;
    }
    int left = name_width(dataset, classes), width = snprintf(NULL, 0, "%" PRId64, largest);
    bool numbers = left > width, colour = shows_colour(stdout);
    if (width < 3) width = 3;
    printf("%*s  taken for\n", left + 6, "");
    printf("%-*s", left + 6, "label");
    for (int64_t j = 0; j < classes; j++) {
        if (numbers)
            printf(" %*" PRId64, width, j);
        else
            printf(" %*s", width, tp_class_name(dataset, j));
    }
    putchar('\n');
    for (int64_t i = 0; i < classes; i++) {
        int64_t sum = 0;
        for (int64_t j = 0; j < classes; j++) sum += at(confusion, i, j);
        if (numbers)
            printf("  %2" PRId64 " %-*.*s ", i, left, left, tp_class_name(dataset, i));
        else
            printf("  %*s%*s", left, tp_class_name(dataset, i), 4, "");
        for (int64_t j = 0; j < classes; j++)
            show_cell(at(confusion, i, j), i == j,
                      sum ? (double)at(confusion, i, j) / (double)sum : 0, width, colour);
        putchar('\n');
    }
}

void show_scores(const tp_tensor *confusion, tp_dataset *dataset) {
    int64_t classes = tp_size(confusion, 0);
    int left = name_width(dataset, classes);
    if (left < 5) left = 5;
    printf("%-*s  precision  recall      F1  pictures\n", left, "class");
    for (int64_t i = 0; i < classes; i++) {
        tp_class_scores s = tp_class_scores_of(confusion, i);
        printf("%-*.*s   %6.2f %%  %5.1f %%  %6.4f  %8" PRId64 "\n", left, left,
               tp_class_name(dataset, i), 100 * s.precision, 100 * s.recall, s.f1, s.support);
    }
    tp_class_scores s = tp_class_scores_of(confusion, -1);
    printf("%-*s   %6.2f %%  %5.1f %%  %6.4f  %8" PRId64 "\n", left, "mean", 100 * s.precision,
           100 * s.recall, s.f1, s.support);
}

bool show_write_confusion(const tp_tensor *confusion, tp_dataset *dataset, const char *path) {
    FILE *stream = fopen(path, "w");
    if (stream) {
        int64_t classes = tp_size(confusion, 0);
        fputs("label", stream);
        for (int64_t j = 0; j < classes; j++) fprintf(stream, ",\"%s\"", tp_class_name(dataset, j));
        fputc('\n', stream);
        for (int64_t i = 0; i < classes; i++) {
            fprintf(stream, "\"%s\"", tp_class_name(dataset, i));
            for (int64_t j = 0; j < classes; j++) fprintf(stream, ",%" PRId64, at(confusion, i, j));
            fputc('\n', stream);
        }
        bool written = !ferror(stream);
        if (fclose(stream) == 0 && written) return true;
    }
    report_failure("cannot write %s: %s.", path, strerror(errno));
    return false;
}

int show_bar(double value, int width) {
    static const char *const eighths[] = {"", "▏", "▎", "▍", "▌", "▋", "▊", "▉"};
    int parts = (int)lround(value * width * 8), printed = 0;
    bool blocks = shows_blocks();
    for (; printed < parts / 8; printed++) fputs(blocks ? "█" : "#", stdout);
    if (blocks && parts % 8) fputs(eighths[parts % 8], stdout);
    return printed + (blocks && parts % 8);
}

/* ---- pictures ---- */

/* The colour of a pixel; below the picture it is black. */
static void pixel(const show_card *card, int64_t row, int64_t column, unsigned rgb[3]) {
    int64_t plane = card->height * card->width, at = row * card->width + column;
    for (int c = 0; c < 3; c++)
        rgb[c] = row < card->height ? card->picture[(card->channels >= 3 ? c * plane : 0) + at] : 0;
}

static unsigned brightness(const unsigned rgb[3]) {
    return (299 * rgb[0] + 587 * rgb[1] + 114 * rgb[2]) / 1000;
}

/* Two pixels, one above the other, as one character in their colours. */
static void show_pair(const show_card *card, const unsigned a[3], const unsigned b[3]) {
    if (card->channels >= 3)
        printf("\033[38;2;%u;%u;%u;48;2;%u;%u;%um▀", a[0], a[1], a[2], b[0], b[1], b[2]);
    else /* 232 to 255 are shades of grey from black to white */
        printf("\033[38;5;%u;48;5;%um▀", 232 + a[0] * 23 / 255, 232 + b[0] * 23 / 255);
}

/* Two rows of pixels in one line of text. In colour each pixel is half a character; else their mean is a shade. */
static void show_pixels(const show_card *card, int64_t row, bool colour) {
    static const char *const ascii[] = {" ", ".", ":", "-", "=", "+", "*", "#", "%", "@"};
    static const char *const shades[] = {" ", "░", "▒", "▓", "█"};
    bool blocks = shows_blocks();
    for (int64_t x = 0; x < card->width; x++) {
        unsigned a[3], b[3];
        pixel(card, row, x, a);
        pixel(card, row + 1, x, b);
        unsigned sum = brightness(a) + brightness(b);
        if (colour && blocks)
            show_pair(card, a, b);
        else if (blocks)
            fputs(shades[sum * 4 / 510], stdout);
        else
            fputs(ascii[sum * 9 / 510], stdout);
    }
    if (colour && blocks) fputs(NORMAL, stdout);
}

/* "7  ████████▏  99.3 %" in exactly `width` columns. */
static void show_share(const show_card *card, int line, int width) {
    char number[16];
    int name = 1;
    for (int i = 0; i < card->lines; i++)
        if ((int)strlen(card->name[i]) > name) name = (int)strlen(card->name[i]);
    if (name > 11) name = 11;
    printf("%-*.*s ", name, name, card->name[line]);
    snprintf(number, sizeof number, " %5.1f %%", 100 * card->share[line]);
    int room = width - name - 1 - (int)strlen(number);
    int used = show_bar(card->share[line], room);
    printf("%*s%s", room - used, "", number);
}

/* One line of one card. */
static void show_line(const show_card *card, int64_t line, int64_t rows, int width, bool colour) {
    if (line == 0) {
        bool mark = colour && card->wrong;
        printf("%s%-*.*s%s", mark ? BOLD RED : "", width, width, card->title, mark ? NORMAL : "");
    } else if (line <= rows) {
        show_pixels(card, 2 * (line - 1), colour);
        printf("%*s", width - (int)card->width, "");
    } else if (line - rows - 1 < card->lines) {
        show_share(card, (int)(line - rows - 1), width);
    } else {
        printf("%*s", width, "");
    }
}

void show_cards(const show_card *cards, int64_t count) {
    enum { GAP = 3 };
    if (count == 0) return;
    bool colour = shows_colour(stdout);
    int64_t rows = (cards[0].height + 1) / 2;
    int width = (int)cards[0].width < 24 ? 24 : (int)cards[0].width;
    int64_t beside = (terminal_width() + GAP) / (width + GAP);
    if (beside < 1) beside = 1;
    for (int64_t first = 0; first < count; first += beside) {
        int64_t end = first + beside < count ? first + beside : count;
        for (int64_t line = 0; line <= rows + cards[first].lines; line++) {
            for (int64_t i = first; i < end; i++) {
                show_line(&cards[i], line, rows, width, colour);
                if (i + 1 < end) printf("%*s", GAP, "");
            }
            putchar('\n');
        }
        putchar('\n');
    }
}
