/* A stretch of work whose errors are nobody's business but ours: they are noted in place of reported. */
#ifndef TP_NN_QUIET_H
#define TP_NN_QUIET_H

#include "base/context.h"

typedef struct tp_quiet {
    bool seen;                               /* there was an error */
    tp_error_code code;                      /* of the first */
    char problem[512], want[512], hint[512]; /* likewise */
    tp_error_handler handler;                /* what was there before */
    void *user;
    bool clean; /* nothing was poisoned before */
} tp_quiet;

void tp_quiet_begin(tp_quiet *quiet);
void tp_quiet_end(tp_quiet *quiet);

#endif
