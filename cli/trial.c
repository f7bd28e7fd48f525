#include "trial.h"

#include <math.h>
#include <taper/tune.h>

#include "report.h"
#include "run_folder.h"

static bool save(tp_figure *figure, const char *folder, const char *name) {
    char path[PATH_SIZE];
    return tp_plot_save(figure, run_path(path, folder, name));
}

int trial_find_lr(const job *j, tp_module *model, tp_loader *train, tp_optim *optim,
                  tp_loss_function loss, const char *folder) {
    tp_rate_curve curve = tp_find_lr(model, train, .optim = optim, .loss = loss);
    tp_figure *figure = curve.ok ? tp_rate_curve_figure(&curve) : NULL;
    bool fine = figure && run_make_folder(folder) && save(figure, folder, "find-lr.svg") &&
                save(figure, folder, "find-lr.csv");
    if (fine && !j->quiet) {
        int columns = terminal_width();
        tp_plot_show(figure, stdout, .no_colour = !shows_colour(stdout),
                     .columns = columns < 100 ? columns : 100,
                     .kind = shows_blocks() ? TP_TERMINAL_TEXT : TP_TERMINAL_ASCII);
    }
    if (fine && isfinite(curve.suggestion))
        printf("suggestion: --lr %g, where the loss falls fastest; %s/find-lr.svg has the curve\n",
               curve.suggestion, folder);
    else if (fine)
        printf("The loss falls at no learning rate from %g to %g; try --overfit-one-batch.\n",
               curve.rates[0], curve.rates[curve.count - 1]);
    if (fine && j->json)
        printf(isfinite(curve.suggestion) ? "{\"lr\": %.9g}\n" : "{\"lr\": null}\n",
               curve.suggestion);
    tp_figure_free(figure);
    tp_rate_curve_free(&curve);
    return fine ? EXIT_FINE : EXIT_FAILED;
}

int trial_overfit(const job *j, tp_module *model, tp_loader *train, tp_optim *optim,
                  tp_loss_function loss) {
    tp_overfit_result r = tp_overfit_batch(model, train, .optim = optim, .loss = loss);
    if (!r.ok) return EXIT_FAILED;
    printf("one batch of %lld, %lld steps: loss from %.4g to %.4g", (long long)j->batch_size,
           (long long)r.steps, r.first_loss, r.last_loss);
    if (isfinite(r.accuracy)) printf(", accuracy %.1f %%", 100 * r.accuracy);
    printf("\n%s\n", r.learned
                         ? "It can be learned by heart: model, loss and labels fit together."
                         : "It cannot be learned by heart. Look for a mistake in the layers, the"
                           " loss or the labels, or\ntry another learning rate (--find-lr).");
    if (j->json)
        printf("{\"learned\": %s, \"steps\": %lld, \"first_loss\": %.9g, \"last_loss\": %.9g}\n",
               r.learned ? "true" : "false", (long long)r.steps, r.first_loss, r.last_loss);
    return r.learned ? EXIT_FINE : EXIT_FAILED;
}
