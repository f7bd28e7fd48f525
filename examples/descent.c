/* *  Gradient descent on (1 - x'w)^2 with x = ones(5), from w = 0: autograd in ten lines. */
#include <stdio.h>
#include <taper/taper.h>

int main(void) {
    tp_tensor *x = tp_ones(tp_shape(5));
    tp_tensor *w = tp_zeros(tp_shape(5), .requires_grad = true);
    for (int i = 0; i < 150; i++) {
        TP_SCOPE { /* what a step makes goes away with it */
            tp_tensor *loss = tp_square(tp_sub(1, tp_dot(x, w)));
            tp_backward(loss);
            TP_NO_GRAD { tp_sub_(w, tp_mul(tp_grad(w), 0.01)); }
            tp_clear_grad(w);
            if (i % 10 == 0) printf("step %3d  loss %.6g\n", i, tp_item(loss));
        }
    }
    printf("w = ");
    tp_print(w); /* 1/5 each */
    return 0;
}
