/** @file image.h
 *  Pictures in files: PNG, JPEG, BMP and PNM (PPM, PGM, PBM).
 *
 *      tp_tensor *x = tp_image_read("dog.jpg");                    // (3, height, width) uint8
 *      tp_tensor *g = tp_image_read("scan.png", .mode = TP_IMAGE_GRAY);
 *      tp_image_write("copy.png", x);
 *
 *  A picture is a tensor of bytes, (channels, height, width): 1 channel is grey, 2 grey and alpha, 3 RGB, 4 RGBA.
 *  A file that is damaged, or whose header asks for more than the file can hold, is an error that names it.
 */
#ifndef TAPER_IMAGE_H
#define TAPER_IMAGE_H

#include <taper/tensor.h>

TP_BEGIN_DECLS

/** The channels that a picture gets, as torchvision's ImageReadMode. */
typedef enum tp_image_mode {
    TP_IMAGE_RGB,       /**< 3 channels; alpha is left out, grey is repeated */
    TP_IMAGE_GRAY,      /**< 1 channel: 0.299 red + 0.587 green + 0.114 blue, as Pillow rounds it */
    TP_IMAGE_UNCHANGED, /**< as many as the file has; palettes become RGB or RGBA */
    TP_IMAGE_GRAY_ALPHA, /**< 2 channels; alpha 255 where the file has none */
    TP_IMAGE_RGB_ALPHA   /**< 4 channels */
} tp_image_mode;

/** Kinds of files. */
typedef enum tp_image_format {
    TP_IMAGE_FORMAT_DEFAULT, /**< by the ending of the path; PNG where there is no path */
    TP_IMAGE_PNG,
    TP_IMAGE_JPEG,
    TP_IMAGE_BMP,
    TP_IMAGE_PNM /**< PGM for one channel, PPM for three */
} tp_image_format;

/** Most bytes that a decoded picture may take, (channels * height * width): 512 MiB. */
#define TP_IMAGE_MOST_BYTES ((int64_t)1 << 29)

/** Arguments of tp_image_read. */
typedef struct tp_image_read_args {
    const char *path;
    tp_image_mode mode;
    bool ignore_orientation; /**< leave the picture as it is stored, whatever its EXIF data say */
} tp_image_read_args;
/** Reads a picture: (channels, height, width) uint8, owned by the innermost scope. Samples of 16 bits give their upper
 *  byte. The kind of file is found from its first bytes, not from its name. Errors: FILE, FORMAT (naming the file,
 *  the byte and the reason), UNSUPPORTED for a kind that this build cannot read, MEMORY. */
TP_API tp_tensor *tp_image_read_at(tp_location at, tp_image_read_args args);
#define tp_image_read(...) \
    tp_image_read_at(TP_HERE, TP_MAKE(tp_image_read_args, .path = __VA_ARGS__))

/** Arguments of tp_image_decode. */
typedef struct tp_image_decode_args {
    const void *bytes;
    size_t size;
    tp_image_mode mode;
    bool ignore_orientation;
} tp_image_decode_args;
/** The same from memory: tp_image_decode(bytes, .size = n). */
TP_API tp_tensor *tp_image_decode_at(tp_location at, tp_image_decode_args args);
#define tp_image_decode(...) \
    tp_image_decode_at(TP_HERE, TP_MAKE(tp_image_decode_args, .bytes = __VA_ARGS__))

/** Arguments of tp_image_write. */
typedef struct tp_image_write_args {
    const char *path;
    const tp_tensor *image;
    tp_image_format format; /**< by the ending: .png, .jpg or .jpeg, .bmp, .ppm, .pgm, .pnm */
    int quality;            /**< of JPEG, 1 to 100: 75 */
    int compression;        /**< of PNG, 1 (fast) to 9 (small): 6 */
} tp_image_write_args;
/** Writes a picture, (channels, height, width) or (height, width): bytes, or floats from 0 to 1, which are rounded and
 *  clamped. JPEG, BMP and PNM take 1 or 3 channels, PNG 1 to 4. False after an error: SHAPE, DTYPE, ARGUMENT, FILE,
 *  UNSUPPORTED, MEMORY. */
TP_API bool tp_image_write_at(tp_location at, tp_image_write_args args);
#define tp_image_write(path, ...) \
    tp_image_write_at(TP_HERE, TP_MAKE(tp_image_write_args, path, .image = __VA_ARGS__))

/** Arguments of tp_image_encode. */
typedef struct tp_image_encode_args {
    const tp_tensor *image;
    tp_image_format format; /**< PNG */
    int quality;            /**< of JPEG, 1 to 100: 75 */
    int compression;        /**< of PNG, 1 to 9: 6 */
} tp_image_encode_args;
/** The bytes of such a file, (n) uint8. */
TP_API tp_tensor *tp_image_encode_at(tp_location at, tp_image_encode_args args);
#define tp_image_encode(...) \
    tp_image_encode_at(TP_HERE, TP_MAKE(tp_image_encode_args, .image = __VA_ARGS__))

TP_END_DECLS

#endif
