/* ** What random transforms make of one picture: the same for the same (seed, epoch, sample), another one in each epoch. Takes the
 * path of a picture; without one it draws a disc. Leaves augment.png. */
#include <stdio.h>
#include <taper/taper.h>

enum { SIDE = 96, SHOWN = 12 };

/* A red disc on a blue ground that grows lighter downwards: (3, SIDE, SIDE). */
static tp_tensor *draw_disc(void) {
    tp_tensor *picture = tp_empty(tp_shape(3, SIDE, SIDE), .dtype = TP_UINT8);
    unsigned char *red = tp_data(picture), *green = red + SIDE * SIDE, *blue = green + SIDE * SIDE;
    for (int y = 0; y < SIDE; y++)
        for (int x = 0; x < SIDE; x++) {
            int at = y * SIDE + x;
            int inside = (x - 60) * (x - 60) + (y - 40) * (y - 40) < 30 * 30;
            red[at] = inside ? 220 : 40;
            green[at] = (unsigned char)(inside ? 60 : y);
            blue[at] = (unsigned char)(inside ? 40 : 120 + y);
        }
    return picture;
}

int main(int argc, char **argv) {
    tp_transform *chain = tp_transforms_compose(
        tp_transforms_random_resized_crop(SIDE, SIDE, .scale = {0.4, 1}),
        tp_transforms_random_horizontal_flip(0.5),
        tp_transforms_random_rotation(15, .interpolation = TP_INTERPOLATION_BILINEAR),
        tp_transforms_color_jitter(.brightness = 0.3, .saturation = 0.3, .hue = 0.05));
    tp_tensor *picture = argc > 1 ? tp_image_read(argv[1]) : draw_disc();
    printf("%lld x %lld pixels in %lld channels\n", (long long)tp_size(picture, 2),
           (long long)tp_size(picture, 1), (long long)tp_size(picture, 0));

    tp_tensor *made[SHOWN];
    char text[SHOWN][24];
    const char *captions[SHOWN];
    for (int epoch = 0; epoch < SHOWN; epoch++) {
        made[epoch] = tp_transform_apply(chain, picture, .seed = 1, .epoch = (uint32_t)epoch + 1);
        snprintf(text[epoch], sizeof text[epoch], "epoch %d", epoch + 1);
        captions[epoch] = text[epoch];
    }
    tp_figure *figure = tp_figure_new("One picture in twelve epochs");
    bool fine =
        tp_plot_images(figure, tp_stack(tp_list_of(made, SHOWN), 0), .captions = captions) &&
        tp_plot_save(figure, "augment.png");
    tp_figure_free(figure);
    tp_transform_free(chain);

    /* In a data set the loader says which epoch it is:
     *     tp_dataset *pets = tp_image_folder("pets/train", .image_size = 112, .transform = chain, .seed = 1);
     *     tp_loader *loader = tp_loader_new(pets, .batch_size = 32, .shuffle = true, .workers = 2);
     */
    return fine ? 0 : 1;
}
