/* hw7.15: Tensors and autograd, as PyTorch has them */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>

#include "lab.h"

/* The recorded graph as text, into terminal and report. */
static void show_graph(lab *l, const tp_tensor *x) {
    char *text = NULL;
    size_t size = 0;
    FILE *stream = open_memstream(&text, &size);
    if (!stream) return;
    tp_graph_print(stream, x);
    fclose(stream);
    printf("%s\n", text);
    tp_report_pre(l->report, text);
    free(text);
}

int main(int argc, char **argv) {
    lab *l = lab_begin(argc, argv, "hw7.15", "Tensors and autograd, as PyTorch has them", NULL);
    bool fine = true;

    lab_section(l, "requires_grad and the recorded graph");
    tp_tensor *x = tp_requires_grad(tp_from_data(((float[]){1, 2, 3}), tp_shape(3)));
    tp_tensor *y = tp_sum(tp_mul(tp_square(x), 2)); /* y = 2 (x1^2 + x2^2 + x3^2) */
    lab_print(l, "x", x);
    lab_print(l, "y = sum(2 x^2)", y);
    lab_say(l, "Each operation on `x` was recorded as it ran, with the line it stands on:");
    show_graph(l, y);

    lab_section(l, "backward");
    tp_backward(y);
    lab_print(l, "x.grad = 4 x", tp_grad(x));
    fine = fine && tp_get(tp_grad(x), 2) == 12;

    lab_section(l, "Gradients accumulate");
    tp_backward(tp_sum(tp_mul(x, 3))); /* adds 3 to each */
    lab_print(l, "x.grad after another backward of sum(3 x)", tp_grad(x));
    fine = fine && tp_get(tp_grad(x), 0) == 7;
    lab_say(
        l,
        "That is why a training loop clears them before each step, `tp_zero_grad(optim)`, or of one tensor "
        "`tp_clear_grad(x)`.");
    tp_clear_grad(x);

    lab_section(l, "backward with a gradient argument");
    tp_tensor *v = tp_exp(x); /* three numbers: backward has to be told how much each counts */
    tp_backward(v, .gradient = tp_from_data(((float[]){1, 0, 10}), tp_shape(3)));
    lab_print(l, "x.grad = (1, 0, 10) * exp(x)", tp_grad(x));
    fine = fine && fabs(tp_get(tp_grad(x), 2) - 10 * exp(3)) < 1e-3;
    tp_clear_grad(x);

    lab_section(l, "detach and no_grad");
    tp_tensor *cut = tp_mul(tp_detach(tp_square(x)), x); /* the square counts as a constant */
    tp_backward(tp_sum(cut));
    lab_print(l, "x.grad of sum(detach(x^2) x) = x^2, not 3 x^2", tp_grad(x));
    fine = fine && tp_get(tp_grad(x), 1) == 4;
    TP_NO_GRAD {
        bool recorded = tp_wants_grad(tp_mul(x, 2));
        lab_say(l, "Inside `TP_NO_GRAD` nothing is recorded: `x * 2` wants a gradient: %s.",
                recorded ? "yes" : "no");
        fine = fine && !recorded;
    }
    lab_result(l, "All values as expected", "%s", fine ? "yes" : "no");
    return lab_end(l) || !fine;
}
