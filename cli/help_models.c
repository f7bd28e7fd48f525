/* What can stand behind --model: networks by name, and the language of layers. */
#include <string.h>
#include <taper/taper.h>

#include "job.h"
#include "verbs.h"

void help_models(FILE *stream) {
    fputs("Networks by name, with the shape of a sample and the number of classes that they were\n"
          "published for. --data has its own say about both.\n\n",
          stream);
    const tp_model_info *info;
    for (size_t i = 0; (info = tp_model_listing(i)) != NULL; i++) {
        char shape[64];
        fprintf(stream, "  %-18s%-11s%5lld  %s\n", info->name,
                job_shape_text(info->sample, shape, sizeof shape), (long long)info->num_classes,
                info->text);
    }
    fputs(
        "\n"
        "Options stand behind a colon, as in resnet18:small or mobilenet_v2:width=0.5,dropout=0:\n"
        "\n"
        "  small          for pictures of 32 to 64 pixels: ResNet and MobileNetV2 shrink them less\n"
        "  dropout=P      probability of every dropout layer (as published)\n"
        "  width=FACTOR   of all channel counts of MobileNetV2 (1)\n"
        "  classes=N      outputs (as --data has, or as published)\n",
        stream);
}

/* The words of the language, in lines of at most 78 characters. */
static void list_words(FILE *stream) {
    int column = 1;
    fputc(' ', stream);
    for (size_t i = 0; tp_layer_text_usage(i); i++) {
        int width = (int)strlen(tp_layer_text_usage(i)) + 1;
        column += width;
        if (column > 78) {
            fputs("\n ", stream);
            column = 1 + width;
        }
        fprintf(stream, " %s", tp_layer_text_usage(i));
    }
    fputc('\n', stream);
}

void help_layers(FILE *stream) {
    fputs(
        "Layers written out, as in --model \"flatten linear:128 relu linear:10\": separated by\n"
        "spaces, in quotes, since the shell has plans of its own for spaces and parentheses. How many\n"
        "features or channels reach a layer is found out.\n"
        "\n"
        "Settings stand behind a colon, in the order shown or by name; those in brackets may be left\n"
        "out. A size is one number, or 3x5 for height and width.\n"
        "\n",
        stream);
    list_words(stream);
    fputs("\n"
          "Groups:\n"
          "\n"
          "  (linear:64 relu)               layers in a group of their own\n"
          "  3*(linear:64 relu)             three such groups, one after the other\n"
          "  (linear:64 tanh)+              a residual block: what went in is added at the end\n"
          "  (linear:64 tanh)+(linear:64)   the same where shapes differ: what the second group\n"
          "                                 makes of the input is added\n",
          stream);
}
