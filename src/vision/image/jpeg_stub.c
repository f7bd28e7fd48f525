/* In the place of jpeg.c where libjpeg is absent. */
#include "vision/image/codec.h"

static tp_error_code absent(tp_why *why) {
    return tp_picture_problem(why, TP_ERROR_UNSUPPORTED, "JPEG: this build has no libjpeg");
}

tp_error_code tp_jpeg_read(const uint8_t *bytes, size_t size, tp_picture *out,
                           tp_picture_extra *extra, tp_why *why) {
    (void)bytes, (void)size, (void)out, (void)extra;
    return absent(why);
}

tp_error_code tp_jpeg_write(const tp_picture *picture, const tp_picture_options *options,
                            tp_picture_file *out, tp_why *why) {
    (void)picture, (void)options, (void)out;
    return absent(why);
}
