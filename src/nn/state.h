/* What a thread knows about the layer that is running: its path for reports, and the line of the
 * user's tp_call. */
#ifndef TP_NN_STATE_H
#define TP_NN_STATE_H

#include "base/context.h"

struct tp_module;
struct tp_tensor;

/* Sees each layer's input and output, see summary.c. */
typedef void (*tp_module_observer)(struct tp_module *module, tp_tensor *x, tp_tensor *y,
                                   void *user);

/* A path that was used once. Paths outlive their modules: recorded operations point at them. */
typedef struct tp_interned {
    struct tp_interned *next;
    char text[];
} tp_interned;

typedef struct tp_module_state {
    const char *path; /* of the innermost layer that runs, "" for a root; NULL outside of any */
    struct tp_module *running;     /* that layer */
    tp_location at;                /* where the user called it */
    struct tp_tensor *handed_over; /* what the container that is called next may free, see
                                      sequential.c */
    bool skip_init;                /* initialisers leave what they are given as it is */
    bool forecasting;              /* hooks and captures rest */
    tp_module_observer observer;   /* NULL but for a summary */
    void *observer_user;
    tp_interned *interned;
} tp_module_state;

/* This thread's state, made at the first use; NULL when out of memory. */
tp_module_state *tp_module_state_start(void);
static inline tp_module_state *tp_module_state_get(void) {
    tp_module_state *state = tp_ctx()->modules;
    return TP_LIKELY(state != NULL) ? state : tp_module_state_start();
}

/* The path of the layer that runs, "features.0"; "" for a root; NULL outside of any. Good until the
 * thread ends. */
static inline const char *tp_module_path(void) {
    const tp_module_state *state = tp_ctx()->modules;
    return state ? state->path : NULL;
}

/* The place of the user's innermost tp_call, for the operations inside our layers. */
static inline tp_location tp_module_at(void) {
    const tp_module_state *state = tp_ctx()->modules;
    return state ? state->at : TP_MAKE(tp_location, NULL, 0);
}

/* "in layer 2 (Linear)" while a layer runs, else NULL: for tp_fail. A tp_text. */
const char *tp_module_where(void);

/* The one copy of a path; NULL when out of memory. */
const char *tp_module_intern(const char *text);

/* Frees it all; tp_shutdown calls this. */
void tp_module_state_end(void);

#endif
