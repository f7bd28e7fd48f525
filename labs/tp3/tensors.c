/* tp3.1: A tour of tensors */
#include "lab.h"

int main(int argc, char **argv) {
    lab *l = lab_begin(argc, argv, "tp3.1", "A tour of tensors", NULL);
    lab_section(l, "Making them");
    tp_tensor *random = tp_rand(tp_shape(3, 4)), *ones = tp_ones(tp_shape(3, 4));
    lab_print(l, "rand(3, 4)", random);
    lab_print(l, "ones(3, 4)", ones);
    lab_print(l, "arange(5)", tp_arange(5));

    lab_section(l, "Arithmetic");
    lab_print(l, "random + ones", tp_add(random, ones));
    lab_print(l, "10 * random", tp_mul(10, random));
    lab_print(l, "random * random, element by element", tp_mul(random, random));
    lab_print(l, "random @ random.T, the matrix product", tp_matmul(random, tp_t(random)));
    lab_say(l, "A row is added to every row of a matrix: its shape is broadcast.");
    lab_print(l, "random + (0, 10, 20, 30)", tp_add(random, tp_arange(0, 40, 10)));

    lab_section(l, "Slicing");
    lab_print(l, "the last row, x[-1]", tp_select(random, 0, -1));
    lab_print(l, "the first two columns, x[:, :2]", tp_slice(random, 1, 0, 2, 1));
    lab_print(l, "every other row backwards, x[::-2]", tp_slice(random, 0, TP_END, TP_END, -2));
    lab_say(l, "A slice is a view: it shares the numbers. Writing into it changes the tensor.");
    tp_fill_(tp_select(random, 0, 0), 0);
    lab_print(l, "random, its first row set to 0 through a view", random);

    lab_section(l, "Shape and type");
    lab_print(l, "x.reshape(2, 6)", tp_reshape(random, tp_shape(2, 6)));
    lab_print(l, "x.sum(dim=1)", tp_sum(random, .dims = tp_dims(1)));
    lab_print(l, "x > 0.5", tp_gt(random, 0.5));
    return lab_end(l);
}
