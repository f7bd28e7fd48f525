/* One change of one picture, as tensors. */
#include "backend/backend.h"
#include "tensor/tensor.h"
#include "vision/image/tensor.h"
#include "vision/transforms/resize.h"

static bool takes_bytes(tp_location at, const char *op, const tp_tensor *image) {
    if (!tp_usable(at, op, image)) return false;
    if (image->dtype == TP_UINT8) return true;
    tp_fail(at, op, TP_ERROR_DTYPE, tp_tensor_text(image), "a picture in bytes, uint8", NULL);
    return false;
}

static tp_tensor *finish(tp_location at, const char *op, tp_picture *picture, tp_error_code code,
                         const tp_why *why) {
    if (!code) return tp_picture_to_tensor(at, op, picture);
    tp_picture_free(picture);
    return tp_fail(at, op, code, why->text, NULL, NULL);
}

tp_tensor *tp_image_resize_at(tp_location at, tp_image_resize_args args) {
    const char *op = "image_resize";
    if (!args.interpolation) args.interpolation = TP_INTERPOLATION_BILINEAR;
    if (args.height < 1 || args.height > TP_IMAGE_MOST_BYTES || args.width < 0 ||
        args.interpolation > TP_INTERPOLATION_LANCZOS)
        return tp_fail(at, op, TP_ERROR_ARGUMENT,
                       tp_text("height %lld, width %lld, interpolation %d", (long long)args.height,
                               (long long)args.width, (int)args.interpolation),
                       "sizes of at least 1", NULL);
    tp_picture picture;
    tp_why why = {""};
    if (!takes_bytes(at, op, args.image) || !tp_picture_from_tensor(at, op, args.image, &picture))
        return tp_poison();
    if (!args.width) tp_size_of_shorter(&picture, args.height, 0, &args.height, &args.width);
    tp_error_code code = tp_picture_resize(&picture, args.height, args.width, args.interpolation,
                                           tp_ctx()->kernels, &why);
    return finish(at, op, &picture, code, &why);
}
