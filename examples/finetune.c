/* **** Fine-tuning: a network that has learnt the digits 0 to 4 learns 5 to 9 from few pictures, with its first layers frozen
 * and a head of its own. An argument sets the number of epochs of the first training. */
#include <stdio.h>
#include <stdlib.h>
#include <taper/taper.h>

enum { CLASSES = 5 };

/* The first `count` pictures whose labels are first ... first + 4, labelled from 0. */
static tp_dataset *digits_from(const char *split, int first, int64_t count) {
    tp_dataset *part = NULL;
    TP_SCOPE {
        tp_dataset *all = tp_digits(split, .count = 3 * count);
        int64_t *index = malloc((size_t)(3 * count) * sizeof *index), found = 0;
        for (int64_t i = 0; i < 3 * count; i++) index[i] = i;
        tp_batch b;
        if (tp_dataset_batch(all, index, 3 * count, &b)) {
            for (int64_t i = 0; i < 3 * count && found < count; i++) {
                int64_t label = (int64_t)tp_get(b.y, i) - first;
                if (label >= 0 && label < CLASSES) index[found++] = i;
            }
            tp_tensor *keep = tp_from_data(index, tp_shape(found), .dtype = TP_INT64);
            part = tp_tensor_dataset(tp_index_select(b.x, 0, keep),
                                     tp_sub(tp_index_select(b.y, 0, keep), first));
        }
        free(index);
        tp_dataset_free(all);
    }
    return part;
}

static void learn(tp_module *net, int first, int64_t count, int epochs, double lr) {
    tp_loader *train = tp_loader_new(digits_from("train", first, count), .batch_size = 20,
                                     .shuffle = true, .seed = 1);
    tp_loader *test = tp_loader_new(digits_from("test", first, 400), .batch_size = 200);
    tp_optim *opt = tp_adam(net, .lr = lr); /* frozen parameters are left out */
    tp_history h = tp_fit(net, train, .optim = opt, .epochs = epochs);
    printf("digits %d to %d, %4lld pictures: test accuracy %.1f %%\n", first, first + 4,
           (long long)count, 100 * tp_evaluate(net, test).accuracy);
    tp_history_free(&h);
    tp_optim_free(opt);
    tp_loader_free(train);
    tp_loader_free(test);
}

int main(int argc, char **argv) {
    int epochs = argc > 1 ? atoi(argv[1]) : 2;
    tp_manual_seed(1);
    tp_module *features =
        tp_nn_from_text("conv:8,k=5,p=2 relu maxpool:2 conv:16,k=3,p=1 relu maxpool:2 flatten",
                        tp_shape(1, 28, 28));
    tp_module *source = tp_nn_sequential(features, tp_nn_linear(784, CLASSES));
    learn(source, 0, 2000, epochs, 0.002);

    /* The same layers with their values, and a head that has yet to learn. */
    tp_module *target = tp_nn_sequential(
        tp_nn_from_text("conv:8,k=5,p=2 relu maxpool:2 conv:16,k=3,p=1 relu maxpool:2 flatten",
                        tp_shape(1, 28, 28)),
        tp_nn_linear(784, CLASSES));
    tp_named_list learnt = tp_state_dict(features);
    tp_load_state(tp_child_get(target, 0), learnt.items, learnt.count);
    printf("%d tensors are frozen\n", tp_freeze(target, "0"));
    learn(target, 5, 100, 10, 0.01); /* the head alone */
    tp_unfreeze(target, "0");
    learn(target, 5, 100, 10, 0.002); /* and then all of it, gently */

    tp_module_free(source);
    tp_module_free(target);
    return 0;
}
