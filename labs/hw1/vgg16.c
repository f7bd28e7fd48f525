/* hw1.7, hw1.8: VGG16 on photographs, its first filters and what they answer */
#include <stdio.h>
#include <string.h>

#include "lab.h"

enum { CLASSES = 1000, TOP = 3, PHOTOS = 5 };

/* As torchvision prepares pictures for it: the shorter side 256, the middle 224 x 224, the mean and deviation of ImageNet. */
static tp_tensor *prepare(const char *path) {
    tp_transform *t = tp_transforms_compose(
        tp_transforms_resize(256), tp_transforms_center_crop(224, 224), tp_transforms_to_float(),
        tp_transforms_normalize({0.485, 0.456, 0.406}, .std = {0.229, 0.224, 0.225}));
    tp_tensor *x = tp_transform_apply(t, tp_image_read(path));
    tp_transform_free(t);
    return x;
}

/* The names of the classes, a line each. */
static void read_names(const char *path, char names[CLASSES][64]) {
    FILE *f = fopen(path, "r");
    for (int i = 0; f && i < CLASSES && fgets(names[i], 64, f); i++)
        names[i][strcspn(names[i], "\r\n")] = 0;
    if (f) fclose(f);
}

/* The top classes of each photograph, below it. */
static void classify(lab *l, tp_module *net, const char *folder, char names[CLASSES][64]) {
    static const char *const photos[PHOTOS] = {"dog", "eagle", "giraffe", "horses", "person"};
    tp_tensor *pictures[PHOTOS], *classes;
    const char *found[PHOTOS];
    TP_SCOPE {
        TP_NO_GRAD {
            for (int i = 0; i < PHOTOS; i++) {
                pictures[i] = prepare(lab_text(l, "%s/%s.jpg", folder, photos[i]));
                tp_tensor *y = tp_call(net, tp_unsqueeze(pictures[i], 0));
                tp_tensor *top =
                    tp_topk(tp_softmax(tp_select(y, 0, 0), 0), TOP, .indices = &classes);
                found[i] = "";
                for (int k = 0; k < TOP; k++)
                    found[i] = lab_text(l, "%s%s %.1f %%\n", found[i],
                                        names[(int)tp_get(classes, k)], 100 * tp_get(top, k));
                printf("%s:\n%s", photos[i], found[i]);
            }
            tp_figure *f = tp_figure_new("What VGG16 takes them for");
            tp_plot_images(f, tp_stack(tp_list_of(pictures, PHOTOS), 0), .captions = found,
                           .size = 150, .scale_each = true);
            lab_figure(l, f, "photographs", NULL);
        }
    }
}

/* The first three filters of the first layer, and their answers to x (1, C, H, W). */
static void show_filters(lab *l, tp_tensor *weight, tp_tensor *x, int64_t padding) {
    TP_SCOPE {
        TP_NO_GRAD {
            static const char *const captions[] = {"filter 1", "filter 2", "filter 3"};
            tp_tensor *three = tp_slice(weight, 0, 0, 3, 1);
            tp_figure *f = tp_figure_new("The first three filters of the first layer");
            tp_plot_images(f, three, .captions = captions, .columns = 3, .size = 120,
                           .scale_each = true);
            lab_figure(l, f, "filters", NULL);
            tp_tensor *answer = tp_select(tp_conv2d(x, three, .padding = padding), 0, 0);
            f = tp_figure_new("Their responses");
            tp_plot_images(f, answer, .captions = captions, .columns = 3, .size = 180,
                           .scale_each = true);
            lab_figure(l, f, "responses",
                       "Bright: the filter answers; dark: it answers with the opposite sign");
        }
    }
}

/* Without the weights of VGG16: the same pictures on a small network trained here. */
static void on_a_network_of_ours(lab *l) {
    tp_loader *train =
        tp_loader_new(lab_digits(l, "train"), .batch_size = 32, .shuffle = true, .seed = l->seed);
    tp_module *net =
        tp_nn_from_text("conv:8,k=5,p=2 relu maxpool:2 flatten linear:10", tp_shape(1, 28, 28));
    tp_optim *optim = tp_adam(net);
    tp_history h = tp_fit(net, train, .optim = optim, .epochs = 1, .max_steps = l->quick ? 100 : 0);
    tp_history_free(&h);
    TP_SCOPE {
        tp_batch b;
        tp_dataset *digits = lab_digits(l, "test");
        tp_dataset_batch(digits, &(int64_t){0}, 1, &b);
        tp_dataset_free(digits);
        show_filters(l, tp_get_tensor(net, "0.weight"), b.x, 2);
    }
    tp_optim_free(optim);
    tp_module_free(net);
    tp_loader_free(train);
}

int main(int argc, char **argv) {
    static char names[CLASSES][64];
    lab *l = lab_begin(argc, argv, "hw1.7",
                       "VGG16 on photographs, its first filters and what they answer", "weights");
    const char *weights = lab_option(l, "weights", NULL),
               *folder = weights ? lab_folder(l, "photos") : NULL;
    if (!weights) {
        lab_say(
            l,
            "VGG16's weights are 528 MB and come from PyTorch: `vgg16-397923af.pth`, which "
            "`torchvision.models.vgg16(weights=\"IMAGENET1K_V1\")` leaves in `~/.cache/torch/hub/checkpoints`. With "
            "`--weights FILE` this lab names what is on the photographs. Without them, the same pictures of filters "
            "and responses on a network trained here:");
        on_a_network_of_ours(l);
        return lab_end(l);
    }
    if (!folder) return lab_end(l);
    tp_module *net = tp_vgg16(.no_init = true);
    tp_load(weights, net);
    tp_eval(net);
    read_names(lab_text(l, "%s/imagenet_classes.txt", folder), names);
    lab_section(l, "What it sees");
    double start = lab_clock();
    classify(l, net, folder, names);
    lab_result(l, "Time a photograph", "%.2f s", (lab_clock() - start) / PHOTOS);
    lab_section(l, "The first layer");
    TP_SCOPE {
        tp_tensor *x = tp_unsqueeze(prepare(lab_text(l, "%s/eagle.jpg", folder)), 0);
        show_filters(l, tp_get_tensor(net, "features.0.weight"), x, 1);
    }
    tp_module_free(net);
    return lab_end(l);
}
