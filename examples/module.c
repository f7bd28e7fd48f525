/* *** A module of one's own: two layers with a skip connection, and a look at what one of them gave. */
#include <stdio.h>
#include <taper/taper.h>

typedef struct {
    tp_module base; /* first */
    tp_module *in, *middle, *out;
} skip_net;

static tp_tensor *skip_forward(tp_module *m, tp_tensor *x) {
    skip_net *n = (skip_net *)m;
    tp_tensor *h = tp_relu(tp_call(n->in, x));
    h = tp_add(h, tp_relu(tp_call(n->middle, h)));
    return tp_call(n->out, h);
}

static skip_net *skip_new(void) {
    skip_net *n = tp_module_new(skip_net, skip_forward);
    n->in = tp_child(
        n, "in", tp_nn_linear(2, 16)); /* owns it and names its parameters: in.weight, in.bias */
    n->middle = tp_child(n, "middle", tp_nn_linear(16, 16));
    n->out = tp_child(n, "out", tp_nn_linear(16, 1));
    return n;
}

int main(void) {
    tp_manual_seed(0);
    tp_tensor *x = tp_from_data(((float[]){0, 0, 0, 1, 1, 0, 1, 1}), tp_shape(4, 2));
    tp_tensor *y = tp_from_data(((float[]){0, 1, 1, 0}), tp_shape(4, 1)); /* exclusive or */
    skip_net *net = skip_new();
    tp_optim *opt = tp_adam(net, .lr = 0.02);
    tp_summary(net, tp_shape(2), stdout);

    tp_capture(net, "middle"); /* from now on the layer keeps its last value */
    for (int step = 0; step < 300; step++) {
        TP_SCOPE {
            tp_tensor *loss = tp_binary_cross_entropy_with_logits(tp_call(net, x), y);
            tp_zero_grad(opt);
            tp_backward(loss);
            tp_step(opt);
            if (step % 100 == 0) printf("step %3d  loss %.4f\n", step, tp_item(loss));
        }
    }
    TP_NO_GRAD {
        printf("x1 xor x2 = ");
        tp_print(tp_sigmoid(tp_call(net, x)));
        printf("what `middle` gave has mean %.4f\n", tp_item(tp_mean(tp_capture(net, "middle"))));
    }
    tp_optim_free(opt);
    tp_module_free(net);
    return 0;
}
