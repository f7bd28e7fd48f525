/* In the place of png.c where libpng is absent. */
#include "vision/image/codec.h"

static tp_error_code absent(tp_why *why) {
    return tp_picture_problem(why, TP_ERROR_UNSUPPORTED, "PNG: this build has no libpng");
}

tp_error_code tp_png_read(const uint8_t *bytes, size_t size, tp_picture *out,
                          tp_picture_extra *extra, tp_why *why) {
    (void)bytes, (void)size, (void)out, (void)extra;
    return absent(why);
}

tp_error_code tp_png_write(const tp_picture *picture, const tp_picture_options *options,
                           tp_picture_file *out, tp_why *why) {
    (void)picture, (void)options, (void)out;
    return absent(why);
}
