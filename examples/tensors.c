/* *  A tour of tensors: making, slicing, broadcasting, reducing, printing. */
#include <stdio.h>
#include <taper/taper.h>

int main(void) {
    tp_manual_seed(0);
    tp_tensor *a =
        tp_rand(tp_shape(3, 4)); /* the same numbers as torch.manual_seed(0); torch.rand(3, 4) */
    tp_tensor *b = tp_ones(tp_shape(3, 4));
    printf("a = ");
    tp_print(a);

    printf("a * 2 + b = ");
    tp_print(tp_add(tp_mul(a, 2), b));

    printf("last row: ");
    tp_print(tp_select(a, 0, -1));
    printf("first two columns: ");
    tp_print(tp_narrow(a, 1, 0, 2));
    printf("every second column, backwards: ");
    tp_print(tp_slice(a, 1, -1, TP_END, -2));

    tp_tensor *means = tp_mean(a, .dims = tp_dims(0));
    printf("column means: ");
    tp_print(means);
    printf("centred, its column means are 0 again: ");
    tp_print(tp_mean(tp_sub(a, means), .dims = tp_dims(0))); /* (3, 4) - (4) broadcasts */

    tp_tensor *labels = tp_argmax(a, 1);
    printf("largest of each row at: ");
    tp_print(labels);
    printf("a @ a^T = ");
    tp_print(tp_matmul(a, tp_t(a)));
    printf("the sum of all is %.4f\n", tp_item(tp_sum(a)));
    return 0; /* temporaries belong to the thread's scope: nothing to free */
}
