/* A foreign program in C: a sum, and a gradient, through the installed library. */
#include <stdio.h>
#include <taper/taper.h>

int main(void) {
    const float values[] = {1, 2, 3, 4};
    tp_tensor *x = tp_from_data(values, tp_shape(4), .requires_grad = true);
    tp_tensor *y = tp_add(tp_mul(x, tp_scalar(10)), x);
    tp_backward(tp_sum(y));
    for (int i = 0; i < 4; i++) {
        if (tp_get(tp_grad(x), i) != 11) return 1;
        printf("%s%g", i ? " " : "", tp_get(y, i));
    }
    printf("\n");
    tp_shutdown();
    return 0;
}
