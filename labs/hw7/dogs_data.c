/* hw7.5: A first look at the dogs */
#include <stdio.h>

#include "lab.h"

enum { BREEDS = 10, SHOWN = 12 };

/* The first pictures of one breed as a figure. */
static void show_breed(lab *l, tp_dataset *set, tp_tensor *labels, int breed) {
    tp_tensor *pictures[SHOWN];
    int count = 0;
    TP_SCOPE {
        for (int64_t i = 0; i < tp_dataset_size(set) && count < SHOWN; i++) {
            if ((int)tp_get(labels, i) != breed) continue;
            tp_batch b;
            tp_dataset_batch(set, &i, 1, &b);
            pictures[count++] = tp_select(b.x, 0, 0);
        }
        tp_figure *f = tp_figure_new(tp_class_name(set, breed));
        tp_plot_images(f, tp_stack(tp_list_of(pictures, (size_t)count), 0), .columns = 6);
        lab_figure(l, f, "breed", "The first pictures of one breed");
    }
}

/* The three pictures that a network which has seen the others is most wrong about. */
static void show_hard(lab *l, tp_dataset *set, tp_tensor *labels) {
    tp_loader *train = tp_loader_new(set, .batch_size = 32, .shuffle = true, .seed = l->seed);
    tp_loader *all = tp_loader_new(set, .batch_size = 256);
    tp_module *net = tp_nn_sequential(tp_nn_flatten(), tp_nn_linear(12288, 64), tp_nn_relu(),
                                      tp_nn_linear(64, BREEDS));
    tp_optim *optim = tp_sgd(net, .lr = 0.01);
    tp_history h = tp_fit(net, train, .optim = optim, .epochs = l->quick ? 1 : 10);
    tp_history_free(&h);
    tp_tensor *outputs[64];
    int count = 0;
    tp_batch b;
    tp_eval(net);
    TP_NO_GRAD {
        while (tp_next(all, &b) && count < 64) outputs[count++] = tp_keep(tp_call(net, b.x));
    }
    TP_SCOPE {
        tp_tensor *p = tp_softmax(tp_cat(tp_list_of(outputs, (size_t)count), 0), 1);
        tp_tensor *right = tp_gather(p, 1, tp_unsqueeze(labels, 1)), *where;
        tp_topk(tp_neg(tp_reshape(right, tp_shape(-1))), 3, .indices = &where);
        tp_tensor *pictures[3];
        const char *captions[3], *cells[9];
        for (int i = 0; i < 3; i++) {
            int64_t at = (int64_t)tp_get(where, i);
            tp_dataset_batch(set, &at, 1, &b);
            pictures[i] = tp_select(b.x, 0, 0);
            captions[i] = tp_class_name(set, (int64_t)tp_get(labels, at));
            cells[3 * i] = captions[i];
            cells[3 * i + 1] = tp_class_name(set, (int64_t)tp_item(tp_argmax(tp_select(p, 0, at))));
            cells[3 * i + 2] = lab_text(l, "%.1f %%", 100 * tp_get(right, at, 0));
        }
        tp_figure *f = tp_figure_new("Three hard pictures");
        tp_plot_images(f, tp_stack(tp_list_of(pictures, 3), 0), .captions = captions, .columns = 3,
                       .size = 180);
        lab_figure(l, f, "hard", "Those that a small network is most wrong about");
        lab_table(l, (const char *const[]){"it is", "taken for", "chance given to the truth"}, 3,
                  cells, 3);
    }
    for (int i = 0; i < count; i++) tp_free(outputs[i]);
    tp_optim_free(optim);
    tp_module_free(net);
    tp_loader_free(train);
    tp_loader_free(all);
}

int main(int argc, char **argv) {
    lab *l = lab_begin(argc, argv, "hw7.5", "A first look at the dogs", NULL);
    const char *folder = lab_folder(l, "dogs");
    if (!folder) return lab_end(l);
    const char *csv = lab_text(l, "%s/dogs.csv", folder),
               *partitions[] = {"train", "valid", "test"};
    const char *cells[3 * 2], *by_class[BREEDS * 2];
    tp_dataset *train = NULL;
    lab_section(l, "Partitions and classes");
    for (int i = 0; i < 3; i++) {
        tp_dataset *part = tp_dataset_keep(tp_image_csv(csv, .partition = partitions[i]));
        cells[2 * i] = partitions[i];
        cells[2 * i + 1] = lab_text(l, "%lld", (long long)tp_dataset_size(part));
        if (i == 0)
            train = part;
        else
            tp_dataset_free(part);
    }
    lab_table(l, (const char *const[]){"partition", "pictures"}, 2, cells, 3);
    tp_tensor *labels = tp_dataset_labels(train),
              *counts = tp_bincount(labels, .minlength = BREEDS);
    for (int c = 0; c < BREEDS; c++) {
        by_class[2 * c] = tp_class_name(train, c);
        by_class[2 * c + 1] = lab_text(l, "%.0f", tp_get(counts, c));
    }
    lab_table(l, (const char *const[]){"breed", "pictures to train on"}, 2, by_class, BREEDS);
    tp_batch b;
    tp_dataset_batch(train, &(int64_t){0}, 1, &b);
    lab_say(
        l,
        "Every picture has %lld channels (red, green, blue: the colour model is RGB) of %lld x %lld pixels, a byte each.",
        (long long)tp_size(b.x, 1), (long long)tp_size(b.x, 2), (long long)tp_size(b.x, 3));

    lab_section(l, "Pictures");
    show_breed(l, train, labels, 0);
    show_hard(l, train, labels);
    tp_dataset_free(train);
    return lab_end(l);
}
