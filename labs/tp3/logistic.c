/* tp3.5: Multinomial logistic regression */
#include "lab.h"

int main(int argc, char **argv) {
    lab *l = lab_begin(argc, argv, "tp3.5", "Multinomial logistic regression", NULL);
    tp_dataset *parts[2];
    tp_random_split(lab_digits(l, "train"), (double[]){0.8, 0.2}, 2, parts, .seed = l->seed);
    tp_loader *train = tp_loader_new(parts[0], .batch_size = 32, .shuffle = true, .seed = l->seed);
    tp_loader *valid = tp_loader_new(parts[1], .batch_size = 500);
    tp_loader *test = tp_loader_new(lab_digits(l, "test"), .batch_size = 500);
    /* one linear layer; the softmax is in the loss */
    tp_module *net = tp_nn_sequential(tp_nn_flatten(), tp_nn_linear(784, 10));
    tp_optim *optim = tp_sgd(net, .lr = 0.001);
    tp_history h = tp_fit(net, train, .valid = valid, .optim = optim, .epochs = 2,
                          .progress = TP_PROGRESS_AUTO);
    tp_evaluation e = tp_evaluate(net, test);
    lab_result(l, "Test accuracy", "%.2f %%", 100 * e.accuracy);
    lab_result(l, "Test loss", "%.4f", e.loss);
    lab_say(l, "The assignment's authors report 83 %% and 0.983 on MNIST.");

    lab_section(l, "What it looks for");
    TP_SCOPE {
        tp_figure *f = tp_figure_new("The weights of each digit");
        tp_plot_images(f, tp_reshape(tp_get_tensor(net, "1.weight"), tp_shape(10, 28, 28)),
                       .captions =
                           (const char *const[]){"0", "1", "2", "3", "4", "5", "6", "7", "8", "9"},
                       .columns = 5, .scale_each = true);
        lab_figure(l, f, "weights", "Bright: ink here speaks for the digit; dark: against it");
    }
    tp_history_free(&h);
    tp_optim_free(optim);
    tp_module_free(net);
    tp_loader_free(train);
    tp_loader_free(valid);
    tp_loader_free(test);
    return lab_end(l);
}
