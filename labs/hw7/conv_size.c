/* hw7.10: The size that a convolution gives */
#include <stdio.h>

#include "lab.h"

int main(int argc, char **argv) {
    lab *l = lab_begin(argc, argv, "hw7.10", "The size that a convolution gives", NULL);
    lab_say(
        l,
        "A batch of 16 pictures of 3 channels and 32 x 32 pixels; 3 kernels of 8 x 4; padding (4, 8), dilation "
        "1, stride 2.");

    lab_section(l, "By the formula");
    lab_say(l, "`out = floor((in + 2 padding - dilation (kernel - 1) - 1) / stride) + 1`");
    int64_t height = (32 + 2 * 4 - 1 * (8 - 1) - 1) / 2 + 1;
    int64_t width = (32 + 2 * 8 - 1 * (4 - 1) - 1) / 2 + 1;
    lab_say(
        l,
        "Height: (32 + 8 - 7 - 1) / 2 + 1 = %lld. Width: (32 + 16 - 3 - 1) / 2 + 1 = %lld. The result has shape "
        "(16, 3, %lld, %lld).",
        (long long)height, (long long)width, (long long)height, (long long)width);

    lab_section(l, "Asked of the library, without data");
    tp_shape shape = tp_conv2d_shape(tp_shape(16, 3, 32, 32), 3, .kernel_hw = {8, 4}, .stride = 2,
                                     .padding_hw = {4, 8});
    lab_result(l, "tp_conv2d_shape", "(%lld, %lld, %lld, %lld)", (long long)shape.dims[0],
               (long long)shape.dims[1], (long long)shape.dims[2], (long long)shape.dims[3]);

    lab_section(l, "Run on random pictures");
    bool same = false;
    TP_SCOPE {
        tp_tensor *x = tp_randn(tp_shape(16, 3, 32, 32)), *w = tp_randn(tp_shape(3, 3, 8, 4));
        tp_tensor *y = tp_conv2d(x, w, .stride = 2, .padding_hw = {4, 8});
        same = tp_size(y, 0) == 16 && tp_size(y, 1) == 3 && tp_size(y, 2) == height &&
               tp_size(y, 3) == width;
        lab_say(l, "The result of the convolution itself has shape (%lld, %lld, %lld, %lld): %s.",
                (long long)tp_size(y, 0), (long long)tp_size(y, 1), (long long)tp_size(y, 2),
                (long long)tp_size(y, 3), same ? "all three agree" : "they DIFFER");
    }
    return lab_end(l) || !same;
}
