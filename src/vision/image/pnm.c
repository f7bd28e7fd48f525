/* PNM: P1 to P6, bits, greys and colours, as text or bytes. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "vision/image/codec.h"

typedef struct pnm {
    const uint8_t *bytes;
    size_t size, at;
    int kind; /* 1 to 6 */
    int channels;
    int64_t width, height, most;
} pnm;

static tp_error_code damaged(const pnm *p, tp_why *why, const char *reason) {
    return tp_picture_problem(why, TP_ERROR_FORMAT, "PNM, at byte %zu: %s", p->at, reason);
}

static bool is_space(int c) { return c == ' ' || (c >= '\t' && c <= '\r'); }

static void skip_space(pnm *p) {
    while (p->at < p->size) {
        if (p->bytes[p->at] == '#')
            while (p->at < p->size && p->bytes[p->at] != '\n') p->at++;
        else if (is_space(p->bytes[p->at]))
            p->at++;
        else
            return;
    }
}

/* A whole number of at most 1,000,000,000; -1 where there is none. */
static int64_t number(pnm *p) {
    skip_space(p);
    int64_t value = -1;
    while (p->at < p->size && p->bytes[p->at] >= '0' && p->bytes[p->at] <= '9') {
        value = (value < 0 ? 0 : value) * 10 + (p->bytes[p->at] - '0');
        if (value > 1000000000) return -1;
        p->at++;
    }
    return value;
}

static bool is_text(const pnm *p) { return p->kind <= 3; }
static bool is_bits(const pnm *p) { return p->kind == 1 || p->kind == 4; }

static tp_error_code read_header(pnm *p, tp_why *why) {
    p->kind = p->bytes[1] - '0';
    p->channels = p->kind % 3 == 0 ? 3 : 1;
    p->at = 2;
    p->width = number(p);
    p->height = number(p);
    p->most = is_bits(p) ? 1 : number(p);
    if (p->width < 1 || p->height < 1) return damaged(p, why, "no width and height");
    if (p->most < 1 || p->most > 65535) return damaged(p, why, "no largest value from 1 to 65535");
    if (!is_text(p)) {
        if (p->at >= p->size || !is_space(p->bytes[p->at]))
            return damaged(p, why, "no space before the pixels");
        p->at++;
    }
    return TP_ERROR_NONE;
}

/* Bytes of a row, at least: text has a digit for each value. */
static int64_t row_bytes(const pnm *p) {
    int64_t values = p->width * p->channels;
    if (p->kind == 4) return (p->width + 7) / 8;
    return is_text(p) || p->most < 256 ? values : 2 * values;
}

static uint8_t scaled(const pnm *p, int64_t value) {
    if (p->most == 255) return (uint8_t)value;
    return (uint8_t)((value * 255 + p->most / 2) / p->most);
}

/* One value of a text; a bit needs no space around it. */
static int64_t text_value(pnm *p) {
    if (p->kind != 1) return number(p);
    skip_space(p);
    if (p->at >= p->size || p->bytes[p->at] < '0' || p->bytes[p->at] > '1') return -1;
    return p->bytes[p->at++] == '0'; /* 1 is black */
}

static tp_error_code read_text_row(pnm *p, uint8_t *row, tp_why *why) {
    for (int64_t i = 0; i < p->width * p->channels; i++) {
        int64_t value = text_value(p);
        if (value < 0 || value > p->most)
            return damaged(p, why, p->at >= p->size ? "the file ends too early" : "no such value");
        row[i] = scaled(p, value);
    }
    return TP_ERROR_NONE;
}

static tp_error_code read_row(pnm *p, uint8_t *row, tp_why *why) {
    if (is_text(p)) return read_text_row(p, row, why);
    const uint8_t *in = p->bytes + p->at;
    for (int64_t i = 0; i < p->width * p->channels; i++) {
        int64_t value;
        if (p->kind == 4)
            value = !(in[i / 8] >> (7 - i % 8) & 1);
        else
            value = p->most < 256 ? in[i] : in[2 * i] << 8 | in[2 * i + 1];
        if (value > p->most) return damaged(p, why, "a value above the largest one");
        row[i] = scaled(p, value);
    }
    p->at += (size_t)row_bytes(p);
    return TP_ERROR_NONE;
}

tp_error_code tp_pnm_read(const uint8_t *bytes, size_t size, tp_picture *out, tp_why *why) {
    *out = (tp_picture){0};
    pnm p = {.bytes = bytes, .size = size};
    tp_error_code code = read_header(&p, why);
    if (code) return code;
    if (row_bytes(&p) > (int64_t)(size - p.at) / p.height)
        return tp_picture_problem(why, TP_ERROR_FORMAT,
                                  "PNM, at byte 2: %lld x %lld pixels cannot be in %zu bytes",
                                  (long long)p.width, (long long)p.height, size - p.at);
    code = tp_picture_new(out, p.channels, p.height, p.width, why);
    if (code) return code;
    uint8_t *row = malloc((size_t)(p.width * p.channels));
    if (!row) code = tp_picture_problem(why, TP_ERROR_MEMORY, "out of memory for a row");
    for (int64_t y = 0; !code && y < p.height; y++) {
        code = read_row(&p, row, why);
        if (!code) tp_picture_put_row(out, y, row);
    }
    free(row);
    if (code) tp_picture_free(out);
    return code;
}

tp_error_code tp_pnm_write(const tp_picture *picture, tp_picture_file *out, tp_why *why) {
    char head[80];
    int length =
        snprintf(head, sizeof head, "P%d\n%lld %lld\n255\n", picture->channels == 1 ? 5 : 6,
                 (long long)picture->width, (long long)picture->height);
    tp_picture_file_put(out, head, (size_t)length);
    size_t bytes = (size_t)picture->channels * (size_t)picture->width;
    uint8_t *row = malloc(bytes);
    for (int64_t y = 0; row && y < picture->height; y++) {
        tp_picture_get_row(picture, y, row);
        tp_picture_file_put(out, row, bytes);
    }
    bool fine = row && !out->failed;
    free(row);
    return fine ? TP_ERROR_NONE : tp_picture_problem(why, TP_ERROR_MEMORY, "out of memory");
}
