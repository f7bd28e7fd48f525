/* *** A network leaves as one C file: trained here, compiled and run there, where no Taper is. */
#include <stdio.h>
#include <stdlib.h>
#include <taper/taper.h>

/* The program on the other machine: it includes the file and calls its one function. */
static const char *const program =
    "#include <stdio.h>\n"
    "#include \"digits.c\"\n"
    "int main(void) {\n"
    "    float picture[digits_inputs] = {0}, score[digits_outputs];\n"
    "    int i, best = 0;\n"
    "    for (i = 4; i < 24; i++) picture[i * 28 + 14] = 1; /* a stroke from top to bottom */\n"
    "    digits_run(picture, score);\n"
    "    for (i = 1; i < digits_outputs; i++) best = score[i] > score[best] ? i : best;\n"
    "    printf(\"on its own: this is a %d\\n\", best);\n"
    "    return 0;\n"
    "}\n";

int main(void) {
    tp_manual_seed(1);
    tp_loader *train = tp_loader_new(tp_digits("train", .count = 3000), .batch_size = 32,
                                     .shuffle = true, .seed = 1);
    tp_module *net = tp_nn_from_text(
        "conv:8,k=3,p=1 relu maxpool:2 flatten linear:32 relu linear:10", tp_shape(1, 28, 28));
    tp_optim *opt = tp_adam(net);
    tp_history h = tp_fit(net, train, .optim = opt, .epochs = 2);
    printf("trained: loss %.3f\n", h.epochs[h.count - 1].train_loss);
    fflush(stdout);
    tp_history_free(&h);

    bool fine = tp_export_c("digits.c", net, tp_shape(1, 28, 28), .name = "digits");
    FILE *file = fopen("on_its_own.c", "w");
    fine = fine && file && fputs(program, file) >= 0;
    if (file) fclose(file);
    tp_loader_free(train);
    tp_optim_free(opt);
    tp_module_free(net);

    if (system("cc --version > /dev/null 2>&1") != 0) return 77; /* no compiler: nothing to show */
    fine = fine && system("cc -std=c99 -O2 on_its_own.c -o on_its_own && ./on_its_own") == 0;
    fine = fine && system("cc -std=c99 -O2 -DTAPER_SELF_TEST digits.c -o check && ./check") == 0;
    return !fine;
}
