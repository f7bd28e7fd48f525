#include "nn/quiet.h"

#include <stdio.h>

static void note_first(const tp_error *error, void *user) {
    tp_quiet *quiet = user;
    if (quiet->seen) return;
    quiet->seen = true;
    quiet->code = error->code;
    snprintf(quiet->problem, sizeof quiet->problem, "%s", error->got);
    snprintf(quiet->want, sizeof quiet->want, "%s", error->want);
    snprintf(quiet->hint, sizeof quiet->hint, "%s", error->hint);
}

void tp_quiet_begin(tp_quiet *quiet) {
    const tp_error_state *errors = &tp_ctx()->error;
    *quiet = (tp_quiet){.handler = errors->handler,
                        .user = errors->user,
                        .clean = errors->first.code == TP_ERROR_NONE};
    tp_set_error_handler(note_first, quiet);
}

void tp_quiet_end(tp_quiet *quiet) {
    tp_set_error_handler(quiet->handler, quiet->user);
    if (quiet->clean) tp_ctx()->error.first.code = TP_ERROR_NONE;
}
