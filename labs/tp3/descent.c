/* tp3.2: Gradient descent on (1 - x'w)^2 */
#include <math.h>
#include <stdio.h>

#include "lab.h"

int main(int argc, char **argv) {
    lab *l = lab_begin(argc, argv, "tp3.2", "Gradient descent on (1 - x'w)^2", NULL);
    enum { STEPS = 150 };
    double curve[STEPS], last = 0;
    const double rate = 0.01;
    tp_tensor *x = tp_ones(tp_shape(5));
    tp_tensor *w = tp_zeros(tp_shape(5), .requires_grad = true);
    lab_say(l, "x = (1, 1, 1, 1, 1), w begins at 0, the rate is 0.01.");
    lab_section(l, "Descent");
    for (int i = 0; i < STEPS; i++) {
        TP_SCOPE {
            tp_tensor *loss = tp_square(tp_sub(1, tp_dot(x, w)));
            curve[i] = last = tp_item(loss);
            if (i % 10 == 9) printf("iteration %3d  loss %.9g\n", i + 1, last);
            tp_backward(loss);
            TP_NO_GRAD { tp_sub_(w, tp_mul(tp_grad(w), rate)); }
            tp_clear_grad(w);
        }
    }
    tp_figure *f = tp_figure_new("Loss", .x_label = "iteration", .y_scale = TP_AXIS_LOG);
    tp_plot_line(f, NULL, curve, STEPS);
    lab_figure(l, f, "loss",
               "A straight line on a logarithmic axis: each step takes the same share off");
    lab_print(l, "w", w);
    lab_result(l, "Loss in iteration 150", "%.6g", last);
    lab_say(
        l,
        "With r = 1 - x'w a step changes w by 0.02 r x, hence r by the factor 1 - 0.02 * 5 = 0.9, and the loss by 0.81: "
        "149 of them make 0.81^149 = %.3g of 1; float32 stops at %.3g, its own rounding. w ends at 1/5 in every place, since all began alike.",
        pow(0.81, STEPS - 1), last);
    bool fine = fabs(tp_get(w, 0) - 0.2) < 1e-5 && last < 1e-12;
    return lab_end(l) || !fine;
}
