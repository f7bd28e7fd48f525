/* The readers and writers of the kinds of files, and what they share. Each reader gives the channels that the file has. */
#ifndef TP_VISION_IMAGE_CODEC_H
#define TP_VISION_IMAGE_CODEC_H

#include "vision/image/picture.h"

/* What a reader found beside the pixels. */
typedef struct tp_picture_extra {
    int orientation; /* of EXIF, 1 to 8; 0 where the file says nothing */
} tp_picture_extra;

tp_error_code tp_png_read(const uint8_t *bytes, size_t size, tp_picture *out,
                          tp_picture_extra *extra, tp_why *why);
tp_error_code tp_png_write(const tp_picture *picture, const tp_picture_options *options,
                           tp_picture_file *out, tp_why *why);
/* The common kinds of PNG (8 bits, not interlaced) faster than libpng does them. False, with nothing said, for all else and
 * for damaged files: then tp_png_read is asked. */
bool tp_png_read_fast(const uint8_t *bytes, size_t size, tp_picture *out);

tp_error_code tp_jpeg_read(const uint8_t *bytes, size_t size, tp_picture *out,
                           tp_picture_extra *extra, tp_why *why);
tp_error_code tp_jpeg_write(const tp_picture *picture, const tp_picture_options *options,
                            tp_picture_file *out, tp_why *why);

tp_error_code tp_bmp_read(const uint8_t *bytes, size_t size, tp_picture *out, tp_why *why);
tp_error_code tp_bmp_write(const tp_picture *picture, tp_picture_file *out, tp_why *why);

tp_error_code tp_pnm_read(const uint8_t *bytes, size_t size, tp_picture *out, tp_why *why);
tp_error_code tp_pnm_write(const tp_picture *picture, tp_picture_file *out, tp_why *why);

/* The orientation in EXIF data, which begin with a TIFF header; 0 where there is none or it makes no sense. */
int tp_exif_orientation(const uint8_t *bytes, size_t size);

#endif
