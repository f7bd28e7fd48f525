/* JPEG by libjpeg-turbo. Its errors come back by longjmp to the setjmp in the functions below and no further; what must
 * survive the jump lives in a struct. */
#include <setjmp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <jpeglib.h>

#include <jerror.h>

#include "vision/image/codec.h"

enum {
    EXIF_MARKER = JPEG_APP0 + 1,
    MOST_SCANS = 100, /* a progressive file with more is made to keep a reader busy */
    PIXELS_PER_BYTE =
        2048 /* a block of 64 takes a bit at least; colour is often halved both ways */
};

typedef struct reader {
    struct jpeg_error_mgr errors; /* first: the library hands this back */
    struct jpeg_progress_mgr progress;
    struct jpeg_decompress_struct info;
    jmp_buf jump;
    const uint8_t *bytes;
    size_t size;
    tp_why *why;
    tp_error_code code;
    tp_picture *out;
    tp_picture_extra *extra;
    uint8_t *row;
} reader;

static void leave(reader *r, tp_error_code code) {
    r->code = code;
    longjmp(r->jump, 1);
}

static void on_error(j_common_ptr common) {
    reader *r = (reader *)common->err;
    char text[JMSG_LENGTH_MAX];
    common->err->format_message(common, text);
    size_t at = r->info.src ? r->size - r->info.src->bytes_in_buffer : 0;
    tp_error_code code =
        common->err->msg_code == JERR_OUT_OF_MEMORY ? TP_ERROR_MEMORY : TP_ERROR_FORMAT;
    leave(r, tp_picture_problem(r->why, code, "JPEG, at byte %zu: %s", at > r->size ? r->size : at,
                                text));
}

/* Of what the library only warns, some means that pixels are made up. */
static void on_message(j_common_ptr common, int level) {
    if (level >= 0) return;
    switch (common->err->msg_code) {
    case JWRN_ARITH_BAD_CODE:
    case JWRN_HIT_MARKER:
    case JWRN_HUFF_BAD_CODE:
    case JWRN_JPEG_EOF:
    case JWRN_MUST_RESYNC: on_error(common); break;
    default: break;
    }
}

static void say_nothing(j_common_ptr common) { (void)common; }

static void on_progress(j_common_ptr common) {
    reader *r = (reader *)common->err;
    if (r->info.input_scan_number > MOST_SCANS)
        leave(r,
              tp_picture_problem(r->why, TP_ERROR_FORMAT, "JPEG: more than %d scans", MOST_SCANS));
}

static void read_orientation(reader *r) {
    static const char head[] = "Exif\0"; /* and another zero */
    for (jpeg_saved_marker_ptr m = r->info.marker_list; m; m = m->next)
        if (m->marker == EXIF_MARKER && m->data_length > sizeof head &&
            memcmp(m->data, head, sizeof head) == 0 && !r->extra->orientation)
            r->extra->orientation =
                tp_exif_orientation(m->data + sizeof head, m->data_length - sizeof head);
}

static void check_sizes(reader *r) {
    uint64_t pixels = (uint64_t)r->info.image_width * r->info.image_height;
    if (pixels / PIXELS_PER_BYTE > r->size)
        leave(r, tp_picture_problem(r->why, TP_ERROR_FORMAT,
                                    "JPEG: %u x %u pixels cannot be in %zu bytes",
                                    r->info.image_width, r->info.image_height, r->size));
}

/* Ink on white paper to light. Photoshop's files, which have an Adobe marker, hold 255 - ink. */
static void ink_to_rgb(const uint8_t *ink, bool inverted, int64_t width, uint8_t *rgb) {
    unsigned turn = inverted ? 0 : 255;
    for (int64_t x = 0; x < width; x++) {
        unsigned light = ink[4 * x + 3] ^ turn;
        for (int c = 0; c < 3; c++) {
            unsigned product = (ink[4 * x + c] ^ turn) * light + 128;
            rgb[3 * x + c] = (uint8_t)((product + (product >> 8)) >> 8);
        }
    }
}

static void choose_colours(reader *r) {
    switch (r->info.jpeg_color_space) {
    case JCS_GRAYSCALE: r->info.out_color_space = JCS_GRAYSCALE; break;
    case JCS_CMYK:
    case JCS_YCCK: r->info.out_color_space = JCS_CMYK; break;
    case JCS_RGB:
    case JCS_YCbCr: r->info.out_color_space = JCS_RGB; break;
    default:
        leave(r, tp_picture_problem(r->why, TP_ERROR_FORMAT, "JPEG of %d unknown channels",
                                    r->info.num_components));
    }
}

static void read_rows(reader *r) {
    int channels = r->info.output_components;
    bool ink = r->info.out_color_space == JCS_CMYK;
    int64_t width = r->info.output_width;
    tp_error_code code =
        tp_picture_new(r->out, ink ? 3 : channels, r->info.output_height, width, r->why);
    if (code) leave(r, code);
    size_t room = (size_t)width * (size_t)(channels + (ink ? 3 : 0));
    r->row = malloc(room);
    if (!r->row)
        leave(r, tp_picture_problem(r->why, TP_ERROR_MEMORY, "out of memory for %zu bytes", room));
    while (r->info.output_scanline < r->info.output_height) {
        int64_t y = r->info.output_scanline;
        JSAMPROW row = r->row;
        jpeg_read_scanlines(&r->info, &row, 1);
        uint8_t *pixels = ink ? r->row + (size_t)width * (size_t)channels : r->row;
        if (ink) ink_to_rgb(r->row, r->info.saw_Adobe_marker, width, pixels);
        tp_picture_put_row(r->out, y, pixels);
    }
}

static bool read_all(reader *r) {
    if (setjmp(r->jump)) return false;
    jpeg_create_decompress(&r->info);
    r->info.progress = &r->progress;
    jpeg_mem_src(&r->info, r->bytes, (unsigned long)r->size);
    jpeg_save_markers(&r->info, EXIF_MARKER, 0xffff);
    jpeg_read_header(&r->info, TRUE);
    check_sizes(r);
    read_orientation(r);
    choose_colours(r);
    jpeg_start_decompress(&r->info);
    read_rows(r);
    jpeg_finish_decompress(&r->info);
    return true;
}

tp_error_code tp_jpeg_read(const uint8_t *bytes, size_t size, tp_picture *out,
                           tp_picture_extra *extra, tp_why *why) {
    *out = (tp_picture){0};
    reader r = {.bytes = bytes, .size = size, .why = why, .out = out, .extra = extra};
    r.info.err = jpeg_std_error(&r.errors);
    r.errors.error_exit = on_error;
    r.errors.emit_message = on_message;
    r.errors.output_message = say_nothing;
    r.progress.progress_monitor = on_progress;
    bool fine = read_all(&r);
    jpeg_destroy_decompress(&r.info);
    free(r.row);
    if (fine) return TP_ERROR_NONE;
    tp_picture_free(out);
    return r.code ? r.code : tp_picture_problem(why, TP_ERROR_FORMAT, "JPEG: damaged");
}

/* ---- writing ---- */

typedef struct writer {
    struct jpeg_error_mgr errors; /* first: the library hands this back */
    struct jpeg_compress_struct info;
    jmp_buf jump;
    const tp_picture *picture;
    int quality;
    tp_why *why;
    unsigned char *bytes;
    unsigned long size;
    uint8_t *row;
} writer;

static void on_write_error(j_common_ptr common) {
    writer *w = (writer *)common->err;
    char text[JMSG_LENGTH_MAX];
    common->err->format_message(common, text);
    snprintf(w->why->text, sizeof w->why->text, "JPEG: %s", text);
    longjmp(w->jump, 1);
}

static bool write_all(writer *w) {
    if (setjmp(w->jump)) return false;
    const tp_picture *p = w->picture;
    jpeg_create_compress(&w->info);
    jpeg_mem_dest(&w->info, &w->bytes, &w->size);
    w->info.image_width = (JDIMENSION)p->width;
    w->info.image_height = (JDIMENSION)p->height;
    w->info.input_components = p->channels;
    w->info.in_color_space = p->channels == 1 ? JCS_GRAYSCALE : JCS_RGB;
    jpeg_set_defaults(&w->info);
    jpeg_set_quality(&w->info, w->quality, TRUE);
    jpeg_start_compress(&w->info, TRUE);
    for (int64_t y = 0; y < p->height; y++) {
        JSAMPROW row = w->row;
        tp_picture_get_row(p, y, w->row);
        jpeg_write_scanlines(&w->info, &row, 1);
    }
    jpeg_finish_compress(&w->info);
    return true;
}

tp_error_code tp_jpeg_write(const tp_picture *picture, const tp_picture_options *options,
                            tp_picture_file *out, tp_why *why) {
    if (picture->height > JPEG_MAX_DIMENSION || picture->width > JPEG_MAX_DIMENSION)
        return tp_picture_problem(why, TP_ERROR_SHAPE, "JPEG has at most %ld rows and columns",
                                  JPEG_MAX_DIMENSION);
    writer w = {.picture = picture, .quality = options->quality, .why = why};
    w.row = malloc((size_t)picture->channels * (size_t)picture->width);
    if (!w.row) return tp_picture_problem(why, TP_ERROR_MEMORY, "out of memory for a row");
    w.info.err = jpeg_std_error(&w.errors);
    w.errors.error_exit = on_write_error;
    w.errors.output_message = say_nothing;
    bool fine = write_all(&w);
    jpeg_destroy_compress(&w.info);
    if (fine) tp_picture_file_put(out, w.bytes, w.size);
    free(w.bytes);
    free(w.row);
    if (fine && !out->failed) return TP_ERROR_NONE;
    return out->failed ? TP_ERROR_MEMORY : TP_ERROR_VALUE;
}
