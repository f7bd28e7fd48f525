/* Where an axis begins and ends, and where it has ticks. */
#include <math.h>
#include <string.h>

#include "plot/figure.h"

enum { MOST_TICKS = 24 };

/* 1, 2 or 5 times a power of ten, so that about `count` steps span the range. */
static double nice_step(double range, int count) {
    double rough = range / count, power = pow(10, floor(log10(rough))), part = rough / power;
    return power * (part < 1.5 ? 1 : part < 3.5 ? 2 : part < 7.5 ? 5 : 10);
}

void tp_number_text(char *buffer, double value, int digits) {
    double size = fabs(value);
    if (value == floor(value) && size < 1e6)
        snprintf(buffer, TP_NUMBER_TEXT, "%.0f", value == 0 ? 0 : value);
    else
        snprintf(buffer, TP_NUMBER_TEXT, "%.*g", digits, value);
    /* 1e-05 is longer than it has to be */
    char *e = strpbrk(buffer, "e");
    if (!e) return;
    char *to = e + 1, *from = e + 1;
    if (*from == '-') to++;
    if (*from == '-' || *from == '+') from++;
    while (*from == '0' && from[1]) from++;
    memmove(to, from, strlen(from) + 1);
}

static void add_tick(tp_axis *axis, double value, int decimals) {
    if (axis->count >= MOST_TICKS) return;
    char *text = axis->text[axis->count];
    axis->ticks[axis->count++] = value;
    double size = fmax(fabs(axis->low), fabs(axis->high));
    if (decimals < 0 || decimals > 6 || size >= 1e6)
        tp_number_text(text, value, 4);
    else
        snprintf(text, TP_NUMBER_TEXT, "%.*f", decimals, value);
}

static void choose_linear(tp_axis *axis, int wanted, bool whole, bool exact) {
    double range = axis->high - axis->low;
    if (!(range > 0)) {
        double room = axis->low != 0 ? fabs(axis->low) * 0.1 : 1;
        if (whole) room = 1;
        axis->low -= room, axis->high += room;
        range = axis->high - axis->low;
    }
    double step = nice_step(range, wanted);
    if (whole && step < 1) step = 1;
    axis->step = step;
    if (!exact) {
        axis->low = floor(axis->low / step + 1e-9) * step;
        axis->high = ceil(axis->high / step - 1e-9) * step;
    }
    int decimals = step >= 1 ? 0 : (int)ceil(-log10(step) - 1e-9);
    double first = ceil(axis->low / step - 1e-9);
    for (int i = 0; i < MOST_TICKS; i++) {
        double value = (first + i) * step;
        if (value > axis->high + 1e-9 * step) break;
        add_tick(axis, fabs(value) < 1e-9 * step ? 0 : value, decimals);
    }
}

/* Decades, with 2 and 5 between them where there are few; every second, third ... decade where there are many. */
static void choose_log(tp_axis *axis, int wanted) {
    if (!(axis->low > 0)) axis->low = axis->high > 0 ? axis->high / 10 : 0.1;
    if (!(axis->high > axis->low)) axis->high = axis->low * 10, axis->low /= 10;
    double first = ceil(log10(axis->low) - 1e-9), last = floor(log10(axis->high) + 1e-9);
    static const double parts[] = {1, 2, 5};
    double decades = log10(axis->high / axis->low);
    int each = decades <= 2.2 ? 3 : 1;
    int stride = (int)fmax(1, ceil((last - first + 1) / fmax(wanted, 2)));
    if (each > 1) first--; /* 2 and 5 of the decade that begins below the axis */
    for (double d = first; d <= last; d += stride)
        for (int i = 0; i < each; i++) {
            double value = parts[i] * pow(10, d);
            if (value >= axis->low * (1 - 1e-9) && value <= axis->high * (1 + 1e-9))
                add_tick(axis, value, -1);
        }
}

void tp_axis_choose(tp_axis *axis, int wanted, bool whole, bool exact) {
    axis->count = 0;
    if (wanted < 2) wanted = 2;
    if (axis->scale == TP_AXIS_LOG)
        choose_log(axis, wanted);
    else
        choose_linear(axis, wanted, whole, exact);
}

double tp_axis_place(const tp_axis *axis, double value) {
    double share;
    if (axis->scale == TP_AXIS_LOG)
        share = log(value / axis->low) / log(axis->high / axis->low);
    else
        share = (value - axis->low) / (axis->high - axis->low);
    return axis->from + share * (axis->to - axis->from);
}
