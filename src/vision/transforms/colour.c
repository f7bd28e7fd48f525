/* Colours as Pillow's ImageEnhance and its HSV change them. */
#include <math.h>
#include <string.h>

#include "vision/transforms/picture_ops.h"

static int colour_channels(const tp_picture *picture) { return picture->channels < 3 ? 1 : 3; }

/* from + factor (to - from), cut to a byte. */
static inline uint8_t blend(int from, int to, float factor) {
    float mixed = (float)from + factor * (float)(to - from);
    return (uint8_t)(mixed <= 0 ? 0 : mixed >= 255 ? 255 : mixed);
}

/* Mixes every colour channel with one value. */
static void blend_with(tp_picture *picture, int value, float factor) {
    uint8_t table[256];
    for (int i = 0; i < 256; i++) table[i] = blend(value, i, factor);
    int64_t count = colour_channels(picture) * picture->height * picture->width;
    for (int64_t i = 0; i < count; i++) picture->bytes[i] = table[picture->bytes[i]];
}

void tp_picture_brightness(tp_picture *picture, double factor) {
    if (factor != 1) blend_with(picture, 0, (float)factor);
}

static inline uint8_t grey_at(const tp_picture *picture, int64_t plane, int64_t i) {
    const uint8_t *b = picture->bytes;
    return picture->channels < 3 ? b[i] : tp_grey(b[i], b[plane + i], b[2 * plane + i]);
}

void tp_picture_contrast(tp_picture *picture, double factor) {
    if (factor == 1) return;
    int64_t plane = picture->height * picture->width;
    uint64_t sum = 0;
    for (int64_t i = 0; i < plane; i++) sum += grey_at(picture, plane, i);
    blend_with(picture, (int)((double)sum / (double)plane + 0.5), (float)factor);
}

void tp_picture_saturation(tp_picture *picture, double factor) {
    if (factor == 1 || picture->channels < 3) return;
    int64_t plane = picture->height * picture->width;
    for (int64_t i = 0; i < plane; i++) {
        int grey = grey_at(picture, plane, i);
        for (int c = 0; c < 3; c++) {
            uint8_t *value = picture->bytes + c * plane + i;
            *value = blend(grey, *value, (float)factor);
        }
    }
}

/* ---- hue ---- */

typedef struct hsv {
    uint8_t h, s, v;
} hsv;

static hsv to_hsv(int r, int g, int b) {
    int most = r > g ? (r > b ? r : b) : (g > b ? g : b);
    int least = r < g ? (r < b ? r : b) : (g < b ? g : b);
    if (most == least) return (hsv){0, 0, (uint8_t)most};
    float range = (float)(most - least), saturation = range / (float)most;
    float rc = (float)(most - r) / range, gc = (float)(most - g) / range,
          bc = (float)(most - b) / range;
    float hue;
    if (r == most)
        hue = bc - gc;
    else if (g == most)
        hue = (float)(2.0 + rc - bc);
    else
        hue = (float)(4.0 + gc - rc);
    hue = (float)fmod(hue / 6.0 + 1.0, 1.0);
    return (hsv){(uint8_t)(hue * 255.0), (uint8_t)(saturation * 255.0), (uint8_t)most};
}

static void to_rgb(hsv in, uint8_t out[3]) {
    if (in.s == 0) {
        out[0] = out[1] = out[2] = in.v;
        return;
    }
    float sixth = (float)in.h * 6.0F / 255.0F, s = (float)in.s / 255.0F;
    int part = (int)floorf(sixth);
    float f = sixth - (float)part;
    uint8_t v = in.v, p = (uint8_t)roundf((float)v * (1.0F - s)),
            q = (uint8_t)roundf((float)v * (1.0F - s * f)),
            t = (uint8_t)roundf((float)v * (1.0F - s * (1.0F - f)));
    const uint8_t parts[6][3] = {{v, t, p}, {q, v, p}, {p, v, t}, {p, q, v}, {t, p, v}, {v, p, q}};
    memcpy(out, parts[part % 6], 3);
}

void tp_picture_hue(tp_picture *picture, double turn) {
    if (picture->channels < 3) return;
    int64_t plane = picture->height * picture->width;
    uint8_t *r = picture->bytes, *g = r + plane, *b = g + plane;
    int step = (int)(turn * 255);
    for (int64_t i = 0; i < plane; i++) {
        hsv colour = to_hsv(r[i], g[i], b[i]);
        uint8_t out[3];
        colour.h = (uint8_t)(colour.h + step);
        to_rgb(colour, out);
        r[i] = out[0], g[i] = out[1], b[i] = out[2];
    }
}

/* ---- grey ---- */

tp_error_code tp_picture_grey(tp_picture *picture, int channels, tp_why *why) {
    tp_picture made;
    tp_error_code code = tp_picture_new(&made, channels, picture->height, picture->width, why);
    if (code) return code;
    int64_t plane = picture->height * picture->width;
    for (int64_t i = 0; i < plane; i++) made.bytes[i] = grey_at(picture, plane, i);
    for (int c = 1; c < channels; c++) memcpy(made.bytes + c * plane, made.bytes, (size_t)plane);
    tp_picture_replace(picture, made);
    return TP_ERROR_NONE;
}
