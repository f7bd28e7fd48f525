/* A loader inside. */
#ifndef TP_DATA_LOADER_H
#define TP_DATA_LOADER_H

#include "data/dataset.h"
#include "tensor/tensor.h"

struct tp_crew;

/* A batch's bytes: the loader holds one count of each storage, tensors that were delivered the
 * others. */
typedef struct tp_slot {
    tp_storage *x, *y; /* NULL where there are no bytes */
    bool ready, fine;
    tp_why why;
} tp_slot;

struct tp_loader {
    tp_loader_args args;
    tp_gather_plan plan;
    int64_t batches, size; /* of an epoch; samples of the data set */
    /* where it stands */
    int64_t epoch;      /* epochs begun */
    int64_t delivered;  /* batches of the epoch under way */
    bool running;       /* inside an epoch */
    tp_generator own;   /* with a seed of the loader's own */
    tp_generator start; /* what the order of the epoch under way was drawn from, as it was before */
    int64_t *order;     /* (size) */
    /* the step under way */
    tp_scope scope;
    tp_tensor *sentinel;  /* an empty tensor in the scope: ends when someone closes it */
    void *scratch;        /* for gathering on the caller's thread */
    struct tp_crew *crew; /* the workers, or NULL */
    bool crew_running;    /* on the epoch under way */
};

/* First sample and number of samples of a batch. */
static inline int64_t tp_batch_begin(const tp_loader *ld, int64_t batch) {
    return batch * ld->args.batch_size;
}
static inline int64_t tp_batch_count(const tp_loader *ld, int64_t batch) {
    int64_t left = ld->size - tp_batch_begin(ld, batch);
    return left < ld->args.batch_size ? left : ld->args.batch_size;
}

/* Starts the workers; NULL where none could be started: the caller then does the work. */
struct tp_crew *tp_crew_new(tp_loader *ld);
void tp_crew_free(struct tp_crew *crew);
/* Begins an epoch at a batch, in the loader's order; ends one. The order stays as it is in between.
 */
bool tp_crew_begin(struct tp_crew *crew, int64_t first_batch);
void tp_crew_end(struct tp_crew *crew);
/* Waits for a batch. The slot stays as it is until tp_crew_give_back. */
tp_slot *tp_crew_take(struct tp_crew *crew, int64_t batch);
/* All batches before `next` are done with: their slots may be filled again. False when out of
 * memory. */
bool tp_crew_give_back(struct tp_crew *crew, int64_t next);

/* Draws the order of an epoch. */
void tp_loader_draw_order(tp_loader *ld, tp_generator *generator);

#endif
