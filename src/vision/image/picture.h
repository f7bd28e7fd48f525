/* Pictures while they are decoded, changed and encoded. Their bytes come from malloc and nothing here touches the context
 * of the thread, so that workers of a loader can do all of it. What fails says so in a kind of error and a sentence. */
#ifndef TP_VISION_IMAGE_PICTURE_H
#define TP_VISION_IMAGE_PICTURE_H

#include <taper/data.h>
#include <taper/image.h>

typedef struct tp_picture {
    int channels; /* 1 grey, 2 grey and alpha, 3 RGB, 4 RGBA */
    int64_t height, width;
    uint8_t *bytes; /* (channels, height, width) */
} tp_picture;

/* Room for a picture of those sizes, at least 1 each; MEMORY, or FORMAT where it would be too large. */
tp_error_code tp_picture_new(tp_picture *picture, int channels, int64_t height, int64_t width,
                             tp_why *why);
void tp_picture_free(tp_picture *picture);
static inline int64_t tp_picture_bytes(const tp_picture *picture) {
    return picture->channels * picture->height * picture->width;
}
/* Sets row y from pixels whose channels lie side by side. */
void tp_picture_put_row(tp_picture *picture, int64_t y, const uint8_t *pixels);
/* The other way round. */
void tp_picture_get_row(const tp_picture *picture, int64_t y, uint8_t *pixels);
/* Puts `made` in the place of the picture. */
void tp_picture_replace(tp_picture *picture, tp_picture made);
/* The channels that the mode asks for. */
tp_error_code tp_picture_to_mode(tp_picture *picture, tp_image_mode mode, tp_why *why);
/* Channels of a mode, 0 for TP_IMAGE_UNCHANGED. */
int tp_image_mode_channels(tp_image_mode mode);
/* Grey of a pixel as Pillow computes it. */
static inline uint8_t tp_grey(unsigned red, unsigned green, unsigned blue) {
    return (uint8_t)((red * 19595 + green * 38470 + blue * 7471 + 0x8000) >> 16);
}
/* Turns and mirrors a picture as an EXIF orientation from 1 to 8 asks for. */
tp_error_code tp_picture_orient(tp_picture *picture, int orientation, tp_why *why);

/* Writes a sentence and returns the kind. */
tp_error_code tp_picture_problem(tp_why *why, tp_error_code code, const char *format, ...)
    TP_PRINTF(3, 4);

/* ---- files ---- */

/* All bytes of a file, from malloc. */
tp_error_code tp_picture_read_file(const char *path, uint8_t **bytes, size_t *size, tp_why *why);
/* Decodes a file's bytes, whatever kind they are of. The picture holds nothing after an error. */
tp_error_code tp_picture_decode(const uint8_t *bytes, size_t size, tp_image_mode mode,
                                bool ignore_orientation, tp_picture *out, tp_why *why);
/* Both. */
tp_error_code tp_picture_load(const char *path, tp_image_mode mode, bool ignore_orientation,
                              tp_picture *out, tp_why *why);

/* A growing file in memory, from malloc. */
typedef struct tp_picture_file {
    uint8_t *bytes;
    size_t size, room;
    bool failed; /* out of memory */
} tp_picture_file;
void tp_picture_file_put(tp_picture_file *file, const void *bytes, size_t count);
void tp_picture_file_free(tp_picture_file *file);

typedef struct tp_picture_options {
    int quality, compression;
} tp_picture_options;
tp_error_code tp_picture_encode(const tp_picture *picture, tp_image_format format,
                                const tp_picture_options *options, tp_picture_file *out,
                                tp_why *why);

#endif
