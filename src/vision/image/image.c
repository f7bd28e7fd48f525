/* Pictures in files as tensors. */
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "io/file.h"
#include "ops/loop.h"
#include "tensor/tensor.h"
#include "vision/image/tensor.h"

/* ---- reading ---- */

static void release(void *data, void *user) {
    (void)user;
    free(data);
}

tp_tensor *tp_picture_to_tensor(tp_location at, const char *op, tp_picture *picture) {
    size_t bytes = (size_t)tp_picture_bytes(picture);
    tp_storage *storage = tp_storage_external(picture->bytes, bytes, release, NULL);
    if (!storage) {
        tp_picture_free(picture);
        return tp_fail_memory(at, op, sizeof *storage);
    }
    uint8_t *data = picture->bytes;
    tp_shape shape = tp_shape(picture->channels, picture->height, picture->width);
    *picture = (tp_picture){0};
    return tp_make_over(at, op, storage, data, TP_UINT8, shape);
}

static tp_tensor *decode(tp_location at, const char *op, const char *name, const uint8_t *bytes,
                         size_t size, tp_image_mode mode, bool ignore_orientation) {
    tp_picture picture;
    tp_why why = {""};
    tp_error_code code = tp_picture_decode(bytes, size, mode, ignore_orientation, &picture, &why);
    if (!code) return tp_picture_to_tensor(at, op, &picture);
    return tp_fail(at, op, code, tp_text("%.200s: %s", name, why.text), NULL, NULL);
}

static bool mode_fits(tp_location at, const char *op, tp_image_mode mode) {
    if (mode == TP_IMAGE_UNCHANGED || tp_image_mode_channels(mode)) return true;
    tp_fail(at, op, TP_ERROR_ARGUMENT, tp_text("mode %d", (int)mode),
            "TP_IMAGE_RGB, TP_IMAGE_GRAY, TP_IMAGE_UNCHANGED, ...", NULL);
    return false;
}

tp_tensor *tp_image_read_at(tp_location at, tp_image_read_args args) {
    if (!mode_fits(at, "image_read", args.mode)) return tp_poison();
    if (!args.path)
        return tp_fail(at, "image_read", TP_ERROR_ARGUMENT, "NULL", "the path of a file", NULL);
    uint8_t *bytes;
    size_t size;
    tp_why why = {""};
    tp_error_code code = tp_picture_read_file(args.path, &bytes, &size, &why);
    if (code)
        return tp_fail(at, "image_read", code, tp_text("%.200s: %s", args.path, why.text), NULL,
                       NULL);
    tp_tensor *x =
        decode(at, "image_read", args.path, bytes, size, args.mode, args.ignore_orientation);
    free(bytes);
    return x;
}

tp_tensor *tp_image_decode_at(tp_location at, tp_image_decode_args args) {
    if (!mode_fits(at, "image_decode", args.mode)) return tp_poison();
    if (!args.bytes)
        return tp_fail(at, "image_decode", TP_ERROR_ARGUMENT, "NULL", "the bytes of a file", NULL);
    return decode(at, "image_decode", "bytes", args.bytes, args.size, args.mode,
                  args.ignore_orientation);
}

/* ---- writing ---- */

/* Floats from 0 to 1 as torchvision's save_image rounds them. */
static uint8_t byte_of(double value) {
    double scaled = value * 255 + 0.5;
    return scaled >= 255 ? 255 : scaled > 0 ? (uint8_t)scaled : 0; /* NaN is black */
}

static void copy_bytes(const tp_tensor *dense, uint8_t *out) {
    for (int64_t i = 0; dense->dtype != TP_UINT8 && i < dense->numel; i++)
        out[i] = byte_of(dense->dtype == TP_FLOAT32 ? ((const float *)dense->data)[i]
                                                    : ((const double *)dense->data)[i]);
    if (dense->dtype == TP_UINT8) memcpy(out, dense->data, (size_t)dense->numel);
}

bool tp_picture_from_tensor(tp_location at, const char *op, const tp_tensor *image,
                            tp_picture *out) {
    *out = (tp_picture){0};
    if (!tp_usable(at, op, image)) {
        if (tp_poisoned(image)) tp_surface();
        return false;
    }
    int64_t channels = image->ndim == 3 ? image->shape[0] : 1;
    if (image->ndim < 2 || image->ndim > 3 || channels < 1 || channels > 4 || image->numel == 0) {
        tp_fail(at, op, TP_ERROR_SHAPE, tp_tensor_text(image),
                "(channels, height, width) with 1 to 4 channels, or (height, width)", NULL);
        return false;
    }
    if (image->dtype != TP_UINT8 && !tp_is_float_type(image->dtype)) {
        tp_fail(at, op, TP_ERROR_DTYPE, tp_tensor_text(image), "uint8, or floats from 0 to 1",
                NULL);
        return false;
    }
    tp_why why = {""};
    tp_error_code code = tp_picture_new(out, (int)channels, image->shape[image->ndim - 2],
                                        image->shape[image->ndim - 1], &why);
    if (code) {
        tp_fail(at, op, code, why.text, NULL, NULL);
        return false;
    }
    tp_grad_mode mode = tp_grad_mode_begin(false);
    tp_tensor *dense = tp_dense(at, op, (tp_tensor *)image);
    tp_grad_mode_end(&mode);
    bool fine = !tp_is_poison(dense);
    if (fine) copy_bytes(dense, out->bytes);
    if (fine && dense != image) tp_free(dense);
    if (!fine) tp_picture_free(out);
    return fine;
}

static bool options_fit(tp_location at, const char *op, tp_picture_options *options) {
    if (!options->quality) options->quality = 75;
    if (!options->compression) options->compression = 6;
    if (options->quality >= 1 && options->quality <= 100 && options->compression >= 1 &&
        options->compression <= 9)
        return true;
    tp_fail(at, op, TP_ERROR_ARGUMENT,
            tp_text("quality %d, compression %d", options->quality, options->compression),
            "quality from 1 to 100, compression from 1 to 9", NULL);
    return false;
}

/* The whole file in memory. */
static bool encode(tp_location at, const char *op, const char *name, const tp_tensor *image,
                   tp_image_format format, tp_picture_options options, tp_picture_file *file) {
    tp_picture picture;
    tp_why why = {""};
    if (!options_fit(at, op, &options) || !tp_picture_from_tensor(at, op, image, &picture))
        return false;
    tp_error_code code = tp_picture_encode(&picture, format, &options, file, &why);
    tp_picture_free(&picture);
    if (code)
        tp_fail(at, op, code,
                name ? tp_text("%.200s: %s", name, why.text) : tp_text("%s", why.text), NULL, NULL);
    return !code;
}

/* By the ending of a path; DEFAULT where that says nothing. */
static tp_image_format format_of(const char *path) {
    static const struct {
        const char *ending;
        tp_image_format format;
    } endings[] = {{".png", TP_IMAGE_PNG}, {".jpg", TP_IMAGE_JPEG}, {".jpeg", TP_IMAGE_JPEG},
                   {".bmp", TP_IMAGE_BMP}, {".ppm", TP_IMAGE_PNM},  {".pgm", TP_IMAGE_PNM},
                   {".pnm", TP_IMAGE_PNM}};
    const char *dot = strrchr(path, '.');
    for (size_t i = 0; dot && i < sizeof endings / sizeof endings[0]; i++)
        if (strcasecmp(dot, endings[i].ending) == 0) return endings[i].format;
    return TP_IMAGE_FORMAT_DEFAULT;
}

bool tp_image_write_at(tp_location at, tp_image_write_args args) {
    tp_image_format format = args.format;
    if (args.path && !format) format = format_of(args.path);
    if (!format || format > TP_IMAGE_PNM) {
        tp_fail(at, "image_write", TP_ERROR_ARGUMENT, args.path ? args.path : "NULL",
                "a path that ends in .png, .jpg, .bmp, .ppm or .pgm, or a .format", NULL);
        return false;
    }
    tp_picture_file file = {0};
    tp_picture_options options = {args.quality, args.compression};
    tp_file_writer writer;
    bool fine = encode(at, "image_write", args.path, args.image, format, options, &file) &&
                tp_file_write_begin(&writer, at, "image_write", args.path);
    if (fine) {
        tp_file_write(&writer, file.bytes, file.size);
        fine = tp_file_write_end(&writer);
    }
    tp_picture_file_free(&file);
    return fine;
}

tp_tensor *tp_image_encode_at(tp_location at, tp_image_encode_args args) {
    tp_picture_file file = {0};
    tp_picture_options options = {args.quality, args.compression};
    if (args.format > TP_IMAGE_PNM)
        return tp_fail(at, "image_encode", TP_ERROR_ARGUMENT,
                       tp_text("format %d", (int)args.format),
                       "TP_IMAGE_PNG, TP_IMAGE_JPEG, TP_IMAGE_BMP or TP_IMAGE_PNM", NULL);
    tp_tensor *bytes = tp_poison();
    if (encode(at, "image_encode", NULL, args.image, args.format, options, &file))
        bytes = tp_from_data_at(at, (tp_data_args){.data = file.bytes,
                                                   .shape = tp_shape((int64_t)file.size),
                                                   .dtype = TP_UINT8});
    tp_picture_file_free(&file);
    return bytes;
}
