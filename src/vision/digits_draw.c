/* From knots to pixels: pick a model, shake its knots, lay a smooth curve through them, bend and
 * place it, ink it with an anti-aliased distance field, then soften and add dirt.
 *
 * Lengths are in pixels once placed. Every number is float; nothing calls the mathematics library
 * but for sqrtf, which is exact. */
#include "vision/digits_draw.h"

#include <math.h>
#include <stdbool.h>

#include "base/random.h"
#include "vision/digits_strokes.h"

#if defined(__clang__)
#pragma STDC FP_CONTRACT OFF
#elif defined(__GNUC__)
#pragma GCC optimize("fp-contract=off", "no-math-errno")
#endif

#define SOFTEST 1.7f /* the widest edge of a stroke, in pixels */

enum {
    SIDE = TP_DIGITS_SIDE,
    STEPS = 5, /* straight pieces between two knots */
    PATH_POINTS = TP_DIGIT_KNOTS * (STEPS + 1),
    /* Streams of the counter-based generator that this file uses. */
    STREAM_LABEL = 0x64676c62,
    STREAM_SHAPE = 0x64677368,
    STREAM_GRAIN = 0x64676772
};

/* ---- dice ---- */

enum { DICE_WORDS = 128 };

/* Random words of one image; a drawing takes fewer than DICE_WORDS. */
typedef struct dice {
    uint32_t words[DICE_WORDS];
    int used;
} dice;

static uint32_t roll(dice *d) { return d->words[d->used++ % DICE_WORDS]; }

/* Uniform in [low, high). */
static float roll_between(dice *d, float low, float high) {
    return low + (high - low) * ((float)(int32_t)(roll(d) >> 8) * 0x1p-24f);
}

/* Bell-shaped about 0 with deviation 1, never beyond 3.46: the sum of the four bytes of a word. */
static float roll_bell(dice *d) {
    uint32_t word = roll(d);
    int sum = (int)((word & 255) + (word >> 8 & 255) + (word >> 16 & 255) + (word >> 24));
    return (float)(sum - 510) * (1.0f / 147.8f);
}

static bool roll_chance(dice *d, float p) { return roll_between(d, 0.0f, 1.0f) < p; }

/* How hastily somebody writes: most neatly, 0.74 at the median, a few up to 1.45. */
static float roll_haste(dice *d) {
    float u = roll_between(d, 0.0f, 1.0f);
    return 0.5f + 0.95f * u * u;
}

int tp_digits_label(uint64_t seed, uint64_t index) {
    uint32_t words[12];
    int order[10] = {0};
    tp_philox_words(seed, STREAM_LABEL, index / 10, 0, words, 12);
    for (int i = 0; i < 10; i++) { /* a permutation, built from the inside out */
        int other = (int)(words[i] % (uint32_t)(i + 1));
        order[i] = order[other];
        order[other] = i;
    }
    return order[index % 10];
}

/* ---- the path of the pen ---- */

typedef struct path_point {
    float x, y, radius;
    bool down; /* ink from the point before to this one */
} path_point;

typedef struct pen_path {
    path_point points[PATH_POINTS];
    int count;
} pen_path;

static const tp_digit_model *choose_model(dice *d, int label) {
    const tp_digit_model *model = tp_digit_models[label];
    int ticket = (int)(roll(d) % 100u);
    while (ticket >= model->share) {
        ticket -= model->share;
        model++;
    }
    return model;
}

/* The knots of the model in units of its height, the box's middle at (0, 0), each shaken. */
static void shake_knots(dice *d, const tp_digit_model *model, float haste, float *x, float *y) {
    float morph = roll_between(d, -1.1f, 1.1f), wobble = haste * roll_between(d, 1.0f, 4.8f);
    float width = (float)model->width * 1e-4f;
    for (int i = 0; i < model->count; i++) {
        const tp_digit_knot *k = &model->knots[i];
        float kx = (float)k->x + morph * (float)k->dx + wobble * roll_bell(d);
        float ky = (float)k->y + morph * (float)k->dy + wobble * roll_bell(d);
        x[i] = (kx - 50.0f) * width;
        y[i] = (ky - 50.0f) * 0.01f;
    }
}

/* Catmull and Rom's cubic from p1 to p2 with neighbours p0 and p3, at t in [0, 1]. */
static float spline(float p0, float p1, float p2, float p3, float t) {
    float a = 2.0f * p1, b = p2 - p0;
    float c = 2.0f * p0 - 5.0f * p1 + 4.0f * p2 - p3;
    float e = 3.0f * (p1 - p2) + p3 - p0;
    return 0.5f * (a + (b + (c + e * t) * t) * t);
}

/* The curve through knots first .. last, whose ends are free: a corner is an end on both sides. */
static void trace_run(pen_path *path, const float *x, const float *y, int first, int last) {
    for (int i = first; i < last; i++) {
        float x0 = i > first ? x[i - 1] : 2.0f * x[i] - x[i + 1];
        float y0 = i > first ? y[i - 1] : 2.0f * y[i] - y[i + 1];
        float x3 = i + 1 < last ? x[i + 2] : 2.0f * x[i + 1] - x[i];
        float y3 = i + 1 < last ? y[i + 2] : 2.0f * y[i + 1] - y[i];
        for (int step = i == first ? 0 : 1; step <= STEPS; step++) {
            float t = (float)step * (1.0f / STEPS);
            path_point *p = &path->points[path->count++];
            p->x = spline(x0, x[i], x[i + 1], x3, t);
            p->y = spline(y0, y[i], y[i + 1], y3, t);
            p->radius = 0.0f;
            p->down = !(i == first && step == 0);
        }
    }
}

static void trace(dice *d, const tp_digit_model *model, float haste, pen_path *path) {
    float x[TP_DIGIT_KNOTS], y[TP_DIGIT_KNOTS];
    shake_knots(d, model, haste, x, y);
    path->count = 0;
    int first = 0;
    for (int i = 0; i < model->count; i++) {
        if (model->knots[i].kind == TP_KNOT_SMOOTH) continue;
        trace_run(path, x, y, first, i);
        first = model->knots[i].kind == TP_KNOT_CORNER ? i : i + 1;
    }
}

/* A bell-shaped number with deviation `usual` for a hand of ordinary haste. */
static float stray(dice *d, float haste, float usual) { return haste * usual * roll_bell(d); }

/* Bends the path, then slants, stretches, turns and moves it: all of it keeps a digit readable. */
static void place(dice *d, float haste, pen_path *path) {
    float bow = stray(d, haste, 0.18f), wave = stray(d, haste, 0.34f);
    float fan = stray(d, haste, 0.18f), sag = stray(d, haste, 0.18f);
    float lean = stray(d, haste, 0.14f), slant = 0.07f + stray(d, haste, 0.22f);
    float height = roll_between(d, 15.0f, 22.0f);
    float width = height * (1.0f + stray(d, haste, 0.15f));
    /* A turn by half-angle tangent h: (1 - h^2, 2 h) / (1 + h^2) are cosine and sine. */
    float h = stray(d, haste, 0.06f);
    float cosine = (1.0f - h * h) / (1.0f + h * h), sine = 2.0f * h / (1.0f + h * h);
    float minus_sine =
        -sine; /* sums only: GCC 12 fuses paired sums and differences in spite of us */
    float shift_x = 14.0f + stray(d, haste, 1.6f), shift_y = 14.0f + stray(d, haste, 1.4f);
    for (int i = 0; i < path->count; i++) {
        path_point *p = &path->points[i];
        float x = p->x, y = p->y;
        float u = x + bow * (y * y - 0.1f) + wave * y * (y * y - 0.15f) + fan * x * y;
        float v = y + sag * (x * x - 0.04f) + lean * x * y;
        u = (u - slant * v) * width;
        v = v * height;
        p->x = cosine * u + minus_sine * v + shift_x;
        p->y = sine * u + cosine * v + shift_y;
    }
}

/* The width of the stroke, heavier and lighter along the way; now and then the ink fails. */
static void press(dice *d, pen_path *path) {
    enum { PLACES = 4 };
    float base = 1.25f + 0.36f * roll_bell(d), uneven = roll_between(d, 0.0f, 0.26f);
    base = base < 0.62f ? 0.62f : base;
    float force[PLACES + 1];
    for (int i = 0; i <= PLACES; i++) force[i] = base * (1.0f + uneven * roll_bell(d));
    for (int i = 0; i < path->count; i++) {
        float t = (float)(i * PLACES) / (float)path->count;
        int at = (int)t;
        float radius = force[at] + (force[at + 1] - force[at]) * (t - (float)at);
        path->points[i].radius = radius < 0.5f ? 0.5f : radius;
    }
    bool skips = roll_chance(d, 0.2f);
    int start = (int)(roll(d) % (uint32_t)path->count), length = 1 + (int)(roll(d) % 2u);
    for (int i = start; skips && i < start + length && i < path->count; i++)
        path->points[i].down = false;
}

/* ---- ink ---- */

/* The first and last pixel whose middle lies within `reach` of the stretch from a to b; none (first
 * beyond last) where it is off the image. */
static void pixel_range(float a, float b, float reach, int *first, int *last) {
    float low = (a < b ? a : b) - reach + 0.5f, high = (a < b ? b : a) + reach + 0.5f;
    low = low < 0.0f ? 0.0f : low;
    low = low > (float)SIDE ? (float)SIDE : low;
    high = high < 0.0f ? 0.0f : high;
    high = high > (float)SIDE ? (float)SIDE : high;
    *first = (int)low;
    *last = (int)high - 1;
}

/* Lowers field, the distance of every pixel's middle to the edge of the ink (negative inside), to
 * that of the stroke from p to q. */
static void stroke(float field[SIDE][SIDE], const path_point *p, const path_point *q) {
    float reach = (p->radius > q->radius ? p->radius : q->radius) + 0.5f * SOFTEST;
    int x0, x1, y0, y1;
    pixel_range(p->x, q->x, reach, &x0, &x1);
    pixel_range(p->y, q->y, reach, &y0, &y1);
    float dx = q->x - p->x, dy = q->y - p->y;
    float inverse = 1.0f / (dx * dx + dy * dy + 1e-12f);
    float swell = q->radius - p->radius;
    for (int row = y0; row <= y1; row++) {
        float py = (float)row + 0.5f - p->y;
        for (int column = x0; column <= x1; column++) {
            float px = (float)column + 0.5f - p->x;
            float t = (px * dx + py * dy) * inverse;
            t = t < 0.0f ? 0.0f : t;
            t = t > 1.0f ? 1.0f : t;
            float rx = px - t * dx, ry = py - t * dy;
            float edge = sqrtf(rx * rx + ry * ry) - (p->radius + t * swell);
            field[row][column] = edge < field[row][column] ? edge : field[row][column];
        }
    }
}

/* Small stray marks near the digit, as of a dirty scanner or a resting pen. */
static void add_specks(dice *d, float field[SIDE][SIDE]) {
    int count = roll_chance(d, 0.2f) ? 1 + (int)(roll(d) % 2u) : 0;
    for (int i = 0; i < count; i++) {
        path_point p = {0.0f, 0.0f, 0.0f, true};
        p.x = roll_between(d, 3.0f, 25.0f);
        p.y = roll_between(d, 3.0f, 25.0f);
        p.radius = roll_between(d, 0.3f, 0.8f);
        path_point q = p;
        q.x += roll_bell(d);
        q.y += roll_bell(d);
        stroke(field, &p, &q);
    }
}

/* Distances become ink in [0, 1]: an edge `soft` pixels wide. The frame of zeros serves the blur. */
static void ink_field(float field[SIDE][SIDE], float ink[SIDE + 2][SIDE + 2], float soft) {
    float steep = 1.0f / soft;
    for (int row = 0; row < SIDE; row++) {
        for (int column = 0; column < SIDE; column++) {
            float value = 0.5f - field[row][column] * steep;
            value = value < 0.0f ? 0.0f : value;
            ink[row + 1][column + 1] = value > 1.0f ? 1.0f : value;
        }
    }
}

/* A share of each pixel comes from its neighbours, weighted 1 2 1 both ways. */
static void blur(const float ink[SIDE + 2][SIDE + 2], float out[SIDE][SIDE], float share) {
    float sums[SIDE + 2][SIDE];
    for (int row = 0; row < SIDE + 2; row++)
        for (int column = 0; column < SIDE; column++)
            sums[row][column] =
                ink[row][column] + 2.0f * ink[row][column + 1] + ink[row][column + 2];
    for (int row = 0; row < SIDE; row++) {
        for (int column = 0; column < SIDE; column++) {
            float sharp = ink[row + 1][column + 1];
            float soft = sums[row][column] + 2.0f * sums[row + 1][column] + sums[row + 2][column];
            out[row][column] = sharp + share * (soft * (1.0f / 16.0f) - sharp);
        }
    }
}

/* To bytes, through the level of the ink and the grain of paper and sensor: a random byte a pixel. */
static void develop(dice *d, uint64_t seed, uint64_t index, float ink[SIDE][SIDE],
                    uint8_t out[TP_DIGITS_PIXELS]) {
    float level = roll_between(d, 0.72f, 1.08f);
    bool grainy = roll_chance(d, 0.6f);
    float grain = roll_between(d, 0.0f, 0.17f), dust = grain * roll_between(d, 0.0f, 0.7f);
    uint32_t words[TP_DIGITS_PIXELS / 4] = {0};
    float noise[TP_DIGITS_PIXELS];
    if (grainy) tp_philox_words(seed, STREAM_GRAIN, index, 0, words, TP_DIGITS_PIXELS / 4);
    float unit = grainy ? 1.0f / 74.0f : 0.0f;
    for (int i = 0; i < TP_DIGITS_PIXELS / 4; i++)
        for (int k = 0; k < 4; k++)
            noise[4 * i + k] = (float)((int)(words[i] >> (8 * k) & 255) - 128) * unit;
    for (int row = 0; row < SIDE; row++) {
        for (int column = 0; column < SIDE; column++) {
            int i = SIDE * row + column;
            float value = ink[row][column] * level;
            value += noise[i] * (dust + (grain - dust) * value);
            int byte = (int)(value * 255.0f + 0.5f);
            byte = byte < 0 ? 0 : byte;
            out[i] = (uint8_t)(byte > 255 ? 255 : byte);
        }
    }
}

void tp_digits_draw(uint64_t seed, uint64_t index, int label, uint8_t out[TP_DIGITS_PIXELS]) {
    dice d = {{0}, 0};
    pen_path path;
    float field[SIDE][SIDE], ink[SIDE + 2][SIDE + 2] = {{0}};
    tp_philox_words(seed, STREAM_SHAPE, index, 0, d.words, DICE_WORDS);
    const tp_digit_model *model = choose_model(&d, label);
    float haste = roll_haste(&d);
    trace(&d, model, haste, &path);
    place(&d, haste, &path);
    press(&d, &path);
    for (int row = 0; row < SIDE; row++)
        for (int column = 0; column < SIDE; column++) field[row][column] = 1e9f;
    for (int i = 1; i < path.count; i++)
        if (path.points[i].down) stroke(field, &path.points[i - 1], &path.points[i]);
    add_specks(&d, field);
    ink_field(field, ink, roll_between(&d, 1.0f, SOFTEST));
    blur((const float(*)[SIDE + 2]) ink, field, roll_between(&d, 0.0f, 0.6f));
    develop(&d, seed, index, field, out);
}
