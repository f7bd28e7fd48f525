/* From a file's bytes to a picture and back: which kind it is. */
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "vision/image/codec.h"

enum { MOST_FILE_BYTES = 1 << 30 };

/* ---- reading ---- */

static tp_error_code read_all(int file, uint8_t **bytes, size_t *size, tp_why *why) {
    struct stat info;
    if (fstat(file, &info) != 0)
        return tp_picture_problem(why, TP_ERROR_FILE, "%s", strerror(errno));
    if (!S_ISREG(info.st_mode)) return tp_picture_problem(why, TP_ERROR_FILE, "not a file");
    if (info.st_size > MOST_FILE_BYTES)
        return tp_picture_problem(why, TP_ERROR_FORMAT, "%lld bytes are more than is read",
                                  (long long)info.st_size);
    *bytes = malloc((size_t)info.st_size + 1);
    if (!*bytes)
        return tp_picture_problem(why, TP_ERROR_MEMORY, "out of memory for %lld bytes",
                                  (long long)info.st_size);
    for (*size = 0; *size < (size_t)info.st_size;) {
        ssize_t got = read(file, *bytes + *size, (size_t)info.st_size - *size);
        if (got < 0 && errno == EINTR) continue;
        if (got < 0) return tp_picture_problem(why, TP_ERROR_FILE, "%s", strerror(errno));
        if (got == 0) break; /* it became shorter meanwhile */
        *size += (size_t)got;
    }
    return TP_ERROR_NONE;
}

tp_error_code tp_picture_read_file(const char *path, uint8_t **bytes, size_t *size, tp_why *why) {
    *bytes = NULL;
    int file = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
    if (file < 0) return tp_picture_problem(why, TP_ERROR_FILE, "%s", strerror(errno));
    tp_error_code code = read_all(file, bytes, size, why);
    close(file);
    if (!code) return code;
    free(*bytes);
    *bytes = NULL;
    return code;
}

static bool begins(const uint8_t *bytes, size_t size, const char *magic, size_t count) {
    return size >= count && memcmp(bytes, magic, count) == 0;
}

/* What a file that we do not read seems to be. */
static const char *other_kind(const uint8_t *bytes, size_t size) {
    if (size == 0) return "an empty file";
    if (begins(bytes, size, "GIF8", 4)) return "a GIF, which is not read";
    if (begins(bytes, size, "RIFF", 4) && size >= 12 && memcmp(bytes + 8, "WEBP", 4) == 0)
        return "a WebP, which is not read";
    if (begins(bytes, size, "II*\0", 4) || begins(bytes, size, "MM\0*", 4))
        return "a TIFF, which is not read";
    if (size >= 12 && memcmp(bytes + 4, "ftyp", 4) == 0)
        return "an AVIF or HEIF, which is not read";
    if (begins(bytes, size, "<", 1)) return "a text that begins with <, not a picture";
    return "no PNG, JPEG, BMP or PNM";
}

static tp_error_code read_kind(const uint8_t *bytes, size_t size, tp_picture *out,
                               tp_picture_extra *extra, tp_why *why) {
    if (begins(bytes, size, "\x89PNG\r\n\x1a\n", 8))
        return tp_png_read_fast(bytes, size, out) ? TP_ERROR_NONE
                                                  : tp_png_read(bytes, size, out, extra, why);
    if (begins(bytes, size, "\xff\xd8\xff", 3)) return tp_jpeg_read(bytes, size, out, extra, why);
    if (begins(bytes, size, "BM", 2)) return tp_bmp_read(bytes, size, out, why);
    if (size > 2 && bytes[0] == 'P' && bytes[1] >= '1' && bytes[1] <= '6')
        return tp_pnm_read(bytes, size, out, why);
    return tp_picture_problem(why, TP_ERROR_FORMAT, "%s", other_kind(bytes, size));
}

tp_error_code tp_picture_decode(const uint8_t *bytes, size_t size, tp_image_mode mode,
                                bool ignore_orientation, tp_picture *out, tp_why *why) {
    *out = (tp_picture){0};
    tp_picture_extra extra = {0};
    tp_error_code code = read_kind(bytes, size, out, &extra, why);
    if (!code) code = tp_picture_to_mode(out, mode, why);
    if (!code && !ignore_orientation) code = tp_picture_orient(out, extra.orientation, why);
    if (code) tp_picture_free(out);
    return code;
}

tp_error_code tp_picture_load(const char *path, tp_image_mode mode, bool ignore_orientation,
                              tp_picture *out, tp_why *why) {
    uint8_t *bytes;
    size_t size;
    *out = (tp_picture){0};
    tp_error_code code = tp_picture_read_file(path, &bytes, &size, why);
    if (!code) code = tp_picture_decode(bytes, size, mode, ignore_orientation, out, why);
    free(bytes);
    return code;
}

/* ---- writing ---- */

void tp_picture_file_put(tp_picture_file *file, const void *bytes, size_t count) {
    if (file->failed || count == 0) return;
    if (count > file->room - file->size) {
        size_t room = file->room + file->room / 2 + count + 1024;
        uint8_t *grown = realloc(file->bytes, room);
        if (!grown) {
            file->failed = true;
            return;
        }
        file->bytes = grown;
        file->room = room;
    }
    memcpy(file->bytes + file->size, bytes, count);
    file->size += count;
}

void tp_picture_file_free(tp_picture_file *file) {
    free(file->bytes);
    *file = (tp_picture_file){0};
}

tp_error_code tp_picture_encode(const tp_picture *picture, tp_image_format format,
                                const tp_picture_options *options, tp_picture_file *out,
                                tp_why *why) {
    if (format != TP_IMAGE_PNG && picture->channels != 1 && picture->channels != 3)
        return tp_picture_problem(why, TP_ERROR_SHAPE,
                                  "%d channels; only PNG holds other than 1 and 3",
                                  picture->channels);
    switch (format) {
    case TP_IMAGE_JPEG: return tp_jpeg_write(picture, options, out, why);
    case TP_IMAGE_BMP: return tp_bmp_write(picture, out, why);
    case TP_IMAGE_PNM: return tp_pnm_write(picture, out, why);
    default: return tp_png_write(picture, options, out, why);
    }
}
