/* **** A residual block of one's own (He and others, 2016), and a network made of it. An argument sets the number of epochs. */
#include <stdio.h>
#include <stdlib.h>
#include <taper/taper.h>

typedef struct {
    tp_module base; /* first */
    tp_module *conv1, *bn1, *relu, *conv2, *bn2;
    tp_module *shortcut; /* brings x into shape where the block changes it */
} block;

static tp_tensor *block_forward(tp_module *m, tp_tensor *x) {
    block *b = (block *)m;
    /* As in a Sequential: what can be one operation is, and values in between go at once. */
    tp_tensor *y = tp_call_chain(x, b->conv1, b->bn1, b->relu, b->conv2, b->bn2);
    return tp_add_relu(y, tp_call(b->shortcut, x)); /* relu(y + shortcut) in one pass */
}

static block *block_new(int64_t in, int64_t out, int64_t stride) {
    block *b = tp_module_new(block, block_forward);
    b->conv1 = tp_child(b, "conv1",
                        tp_nn_conv2d(in, out, 3, .stride = stride, .padding = 1, .no_bias = true));
    b->bn1 = tp_child(b, "bn1", tp_nn_batch_norm2d(out));
    b->relu = tp_child(b, "relu", tp_nn_relu());
    b->conv2 = tp_child(b, "conv2", tp_nn_conv2d(out, out, 3, .padding = 1, .no_bias = true));
    b->bn2 = tp_child(b, "bn2", tp_nn_batch_norm2d(out));
    b->shortcut =
        tp_child(b, "shortcut",
                 stride == 1 && in == out
                     ? tp_nn_identity()
                     : tp_nn_sequential(tp_nn_conv2d(in, out, 1, .stride = stride, .no_bias = true),
                                        tp_nn_batch_norm2d(out)));
    tp_init_zeros(tp_get_tensor(b->bn2, "weight")); /* the block begins as its shortcut */
    return b;
}

int main(int argc, char **argv) {
    int epochs = argc > 1 ? atoi(argv[1]) : 2;
    tp_manual_seed(1);
    tp_module *net = tp_nn_sequential(
        tp_nn_conv2d(1, 8, 3, .stride = 2, .padding = 1), tp_nn_relu(), /* (N, 8, 14, 14) */
        &block_new(8, 8, 1)->base, &block_new(8, 16, 2)->base,          /* (N, 16, 7, 7) */
        tp_nn_adaptive_avg_pool2d(1, 1), tp_nn_flatten(), tp_nn_linear(16, 10));
    tp_print_module(net, stdout);

    tp_loader *train = tp_loader_new(tp_digits("train", .count = 6000), .batch_size = 32,
                                     .shuffle = true, .seed = 1);
    tp_optim *opt = tp_adam(net, .lr = 0.01);
    tp_history h = tp_fit(net, train, .optim = opt, .epochs = epochs, .progress = TP_PROGRESS_AUTO);
    printf("loss %.4f\n", h.best_loss);
    tp_history_free(&h);

    /* The same network in one line of text. */
    tp_module *text = tp_nn_from_text(
        "conv:8,k=3,s=2,p=1 relu (conv:8,k=3,p=1,bias=0 bn relu conv:8,k=3,p=1,bias=0 bn)+ relu "
        "(conv:16,k=3,s=2,p=1,bias=0 bn relu conv:16,k=3,p=1,bias=0 bn)+(conv:16,k=1,s=2,bias=0 bn) "
        "relu adaptive_avgpool:1 flatten linear:10",
        tp_shape(1, 28, 28));
    printf("%lld parameters, %lld in the one of text\n", (long long)tp_parameter_count(net),
           (long long)tp_parameter_count(text));

    tp_module_free(text);
    tp_optim_free(opt);
    tp_module_free(net);
    tp_loader_free(train);
    return 0;
}
