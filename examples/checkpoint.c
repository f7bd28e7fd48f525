/* *** A checkpoint of PyTorch's: what is in it, and how a network with another last layer starts from it. An argument names a file of
 * that kind (dogs_source_epoch23.pth.tar); without one such a file is written first. */
#include <stdio.h>
#include <taper/taper.h>

typedef struct {
    tp_module base; /* first */
    tp_module *conv[3], *fc1;
} dog_net;

/* (N, 3, 64, 64) gives (N, classes). */
static tp_tensor *dog_forward(tp_module *m, tp_tensor *x) {
    dog_net *n = (dog_net *)m;
    for (int i = 0; i < 3; i++) {
        x = tp_relu(tp_call(n->conv[i], x));
        if (i < 2) x = tp_max_pool2d(x, 2);
    }
    return tp_call(n->fc1, tp_flatten(x, 1));
}

static dog_net *dog_new(int classes) {
    dog_net *n = tp_module_new(dog_net, dog_forward);
    n->conv[0] = tp_child(n, "conv1", tp_nn_conv2d(3, 16, 5, .stride = 2, .padding = 2));
    n->conv[1] = tp_child(n, "conv2", tp_nn_conv2d(16, 64, 5, .stride = 2, .padding = 2));
    n->conv[2] = tp_child(n, "conv3", tp_nn_conv2d(64, 8, 5, .stride = 2, .padding = 2));
    n->fc1 = tp_child(n, "fc1", tp_nn_linear(32, classes));
    return n;
}

/* As torch.save({"epoch": 23, "state_dict": net.state_dict(), "stats": []}, path) writes it. */
static void write_checkpoint(const char *path) {
    dog_net *net = dog_new(8);
    tp_values *values = tp_values_new();
    tp_value *root = tp_value_dict(values);
    tp_value_set(root, "epoch", tp_value_of_int(values, 23));
    tp_value_set(root, "state_dict", tp_value_state_dict(values, net));
    tp_value_set(root, "stats", tp_value_list(values));
    tp_save_values(path, root);
    tp_values_free(values);
    tp_module_free(net);
}

int main(int argc, char **argv) {
    const char *path = argc > 1 ? argv[1] : "dogs.pth";
    tp_manual_seed(1);
    if (argc <= 1) write_checkpoint(path);

    tp_tensor_file *file = tp_load_tensors(path); /* nothing in it is run */
    const tp_value *root = tp_tensor_file_value(file);
    printf("trained for %lld epochs; ", (long long)tp_value_int(tp_value_get(root, "epoch")));
    tp_value_print(tp_value_get(root, "stats"), stdout);
    printf("\n%zu tensors\n", tp_tensor_file_list(file).count);
    tp_tensor_file_close(file);

    dog_net *net = dog_new(2); /* two classes where the checkpoint has eight */
    tp_load_report report;
    tp_load(path, (tp_module *)net, .skip_mismatched = true, .report = &report);
    printf("%zu tensors loaded; left alone:\n", report.loaded);
    for (size_t i = 0; i < report.mismatched_count; i++) printf("  %s\n", report.mismatched[i]);
    tp_load_report_free(&report);

    for (int i = 0; i < 3; i++) tp_freeze(net->conv[i], NULL); /* only the last layer learns */
    tp_optim *opt = tp_adam(net, .lr = 0.05);
    for (int step = 0; step < 60; step++) {
        TP_SCOPE { /* stand-ins for pictures: bright ones are class 1 */
            tp_tensor *y = tp_randint(0, 2, tp_shape(16));
            tp_tensor *light = tp_reshape(tp_to(y, TP_FLOAT32), tp_shape(16, 1, 1, 1));
            tp_tensor *x = tp_add(tp_rand(tp_shape(16, 3, 64, 64)), light);
            tp_tensor *loss = tp_cross_entropy(tp_call(net, x), y);
            tp_zero_grad(opt);
            tp_backward(loss);
            tp_step(opt);
            if (step % 59 == 0) printf("step %d: loss %.3f\n", step + 1, tp_item(loss));
        }
    }
    tp_optim_free(opt);
    tp_module_free(net);
    if (argc <= 1) remove(path);
    return 0;
}
