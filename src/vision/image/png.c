/* PNG by libpng. Its errors come back by longjmp to the setjmp in the functions below and no further; what must survive
 * the jump lives in a struct. */
#include <math.h>
#include <png.h>
#include <setjmp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "vision/image/codec.h"

/* Deflate packs at most 1032 bytes into one: a header that claims more is lying. */
enum { DEFLATE_MOST = 1032 };

typedef struct reader {
    const uint8_t *bytes;
    size_t size, at;
    tp_why *why;
    tp_error_code code;
    tp_picture *out;
    tp_picture_extra *extra;
    png_structp png;
    png_infop info, end;
    uint8_t *pixels; /* one row, or all of an interlaced picture */
} reader;

static void on_error(png_structp png, png_const_charp text) {
    reader *r = png_get_error_ptr(png);
    if (!r->code)
        r->code = tp_picture_problem(r->why, TP_ERROR_FORMAT, "PNG, at byte %zu: %s", r->at, text);
    png_longjmp(png, 1);
}

static void on_warning(png_structp png, png_const_charp text) { (void)png, (void)text; }

static void give_bytes(png_structp png, png_bytep out, size_t count) {
    reader *r = png_get_io_ptr(png);
    if (count > r->size - r->at) png_error(png, "the file ends too early");
    memcpy(out, r->bytes + r->at, count);
    r->at += count;
}

/* Sets a kind of error of our own and leaves. */
static void leave(reader *r, tp_error_code code) {
    r->code = code;
    png_longjmp(r->png, 1);
}

static void check_sizes(reader *r) {
    uint64_t width = png_get_image_width(r->png, r->info);
    uint64_t height = png_get_image_height(r->png, r->info);
    double bits = (double)png_get_channels(r->png, r->info) * png_get_bit_depth(r->png, r->info);
    if (ceil((double)width * bits / 8) * (double)height > DEFLATE_MOST * (double)r->size)
        leave(r,
              tp_picture_problem(r->why, TP_ERROR_FORMAT,
                                 "PNG, at byte 16: %llu x %llu pixels cannot be in %zu bytes",
                                 (unsigned long long)width, (unsigned long long)height, r->size));
}

/* Everything as 8 bits a channel, palettes and transparent colours written out. */
static void ask_for_bytes(reader *r) {
    png_set_expand(r->png);
    png_set_strip_16(r->png);
    png_set_interlace_handling(r->png);
    png_read_update_info(r->png, r->info);
}

static void read_rows(reader *r) {
    int64_t height = png_get_image_height(r->png, r->info);
    int64_t width = png_get_image_width(r->png, r->info);
    tp_error_code code =
        tp_picture_new(r->out, png_get_channels(r->png, r->info), height, width, r->why);
    if (code) leave(r, code);
    size_t row = png_get_rowbytes(r->png, r->info);
    bool interlaced = png_get_interlace_type(r->png, r->info) != PNG_INTERLACE_NONE;
    r->pixels = malloc(interlaced ? row * (size_t)height : row);
    if (!r->pixels)
        leave(r, tp_picture_problem(r->why, TP_ERROR_MEMORY, "out of memory for %zu bytes",
                                    interlaced ? row * (size_t)height : row));
    int passes = interlaced ? png_set_interlace_handling(r->png) : 1;
    for (int pass = 0; pass < passes; pass++)
        for (int64_t y = 0; y < height; y++) {
            uint8_t *pixels = r->pixels + (interlaced ? (size_t)y * row : 0);
            png_read_row(r->png, pixels, NULL);
            if (pass == passes - 1) tp_picture_put_row(r->out, y, pixels);
        }
}

static void read_orientation(reader *r, png_infop info) {
    png_uint_32 size = 0;
    png_bytep exif = NULL;
    if (!r->extra->orientation && png_get_eXIf_1(r->png, info, &size, &exif))
        r->extra->orientation = tp_exif_orientation(exif, size);
}

static bool read_all(reader *r) {
    if (setjmp(png_jmpbuf(r->png))) return false;
    png_set_read_fn(r->png, r, give_bytes);
    png_read_info(r->png, r->info);
    check_sizes(r);
    ask_for_bytes(r);
    read_rows(r);
    png_read_end(r->png, r->end);
    read_orientation(r, r->info);
    read_orientation(r, r->end);
    return true;
}

/* Whether every chunk lies in the file: libpng allocates what an eXIf chunk says before it sees that the file is shorter. */
static tp_error_code check_chunks(const uint8_t *bytes, size_t size, tp_why *why) {
    enum { SIGNATURE = 8, CHUNK = 12 }; /* length, name and checksum */
    for (size_t at = SIGNATURE; size >= CHUNK && at <= size - CHUNK;) {
        const uint8_t *b = bytes + at;
        size_t length = (size_t)b[0] << 24 | (size_t)b[1] << 16 | (size_t)b[2] << 8 | b[3];
        if (length > size - at - CHUNK)
            return tp_picture_problem(
                why, TP_ERROR_FORMAT,
                "PNG, at byte %zu: a chunk of %zu bytes, of which %zu are there", at, length,
                size - at - CHUNK);
        if (memcmp(b + 4, "IEND", 4) == 0) break;
        at += CHUNK + length;
    }
    return TP_ERROR_NONE;
}

tp_error_code tp_png_read(const uint8_t *bytes, size_t size, tp_picture *out,
                          tp_picture_extra *extra, tp_why *why) {
    *out = (tp_picture){0};
    tp_error_code code = check_chunks(bytes, size, why);
    if (code) return code;
    reader r = {.bytes = bytes, .size = size, .why = why, .out = out, .extra = extra};
    r.png = png_create_read_struct(PNG_LIBPNG_VER_STRING, &r, on_error, on_warning);
    r.info = r.png ? png_create_info_struct(r.png) : NULL;
    r.end = r.info ? png_create_info_struct(r.png) : NULL;
    if (!r.end)
        r.code = tp_picture_problem(why, TP_ERROR_MEMORY, "out of memory for libpng");
    else if (!read_all(&r) && !r.code)
        r.code = tp_picture_problem(why, TP_ERROR_FORMAT, "PNG, at byte %zu: damaged", r.at);
    png_destroy_read_struct(&r.png, &r.info, &r.end);
    free(r.pixels);
    if (r.code) tp_picture_free(out);
    return r.code;
}

/* ---- writing ---- */

typedef struct writer {
    const tp_picture *picture;
    int compression;
    tp_picture_file *file;
    tp_why *why;
    png_structp png;
    png_infop info;
    uint8_t *row;
} writer;

static void on_write_error(png_structp png, png_const_charp text) {
    writer *w = png_get_error_ptr(png);
    snprintf(w->why->text, sizeof w->why->text, "PNG: %s", text);
    png_longjmp(png, 1);
}

static void take_bytes(png_structp png, png_bytep bytes, size_t count) {
    writer *w = png_get_io_ptr(png);
    tp_picture_file_put(w->file, bytes, count);
    if (w->file->failed) png_error(png, "out of memory");
}

static void flush(png_structp png) { (void)png; }

static bool write_all(writer *w) {
    static const int kinds[] = {PNG_COLOR_TYPE_GRAY, PNG_COLOR_TYPE_GRAY_ALPHA, PNG_COLOR_TYPE_RGB,
                                PNG_COLOR_TYPE_RGB_ALPHA};
    if (setjmp(png_jmpbuf(w->png))) return false;
    const tp_picture *p = w->picture;
    png_set_write_fn(w->png, w, take_bytes, flush);
    png_set_compression_level(w->png, w->compression);
    png_set_IHDR(w->png, w->info, (png_uint_32)p->width, (png_uint_32)p->height, 8,
                 kinds[p->channels - 1], PNG_INTERLACE_NONE, PNG_COMPRESSION_TYPE_DEFAULT,
                 PNG_FILTER_TYPE_DEFAULT);
    png_write_info(w->png, w->info);
    for (int64_t y = 0; y < p->height; y++) {
        tp_picture_get_row(p, y, w->row);
        png_write_row(w->png, w->row);
    }
    png_write_end(w->png, NULL);
    return true;
}

tp_error_code tp_png_write(const tp_picture *picture, const tp_picture_options *options,
                           tp_picture_file *out, tp_why *why) {
    writer w = {.picture = picture, .compression = options->compression, .file = out, .why = why};
    w.row = malloc((size_t)picture->channels * (size_t)picture->width);
    w.png = png_create_write_struct(PNG_LIBPNG_VER_STRING, &w, on_write_error, on_warning);
    w.info = w.png ? png_create_info_struct(w.png) : NULL;
    tp_error_code code = TP_ERROR_NONE;
    if (!w.info || !w.row)
        code = tp_picture_problem(why, TP_ERROR_MEMORY, "out of memory for libpng");
    else if (!write_all(&w))
        code = out->failed ? TP_ERROR_MEMORY : TP_ERROR_VALUE;
    png_destroy_write_struct(&w.png, &w.info);
    free(w.row);
    return code;
}
