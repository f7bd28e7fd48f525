/* Worker threads that fill batches ahead of the caller.
 *
 * Batch k goes to slot k mod slots. Workers claim batches in order; the caller takes them in order;
 * so what is delivered never depends on how many there are or who is faster. Workers only gather
 * bytes: tensors are made by the caller, and so is every piece of memory, which comes from the
 * owner's free lists. */
#include <pthread.h>
#include <signal.h>
#include <string.h>

#include "base/alloc.h"
#include "data/loader.h"

typedef struct tp_crew {
    tp_loader *loader;
    pthread_mutex_t lock;
    pthread_cond_t work, done;
    int64_t next, limit; /* the next batch to be claimed; those below the limit may be */
    int64_t released;    /* batches that the caller is done with */
    int busy;            /* workers that are filling one */
    bool stop;
    int asked;   /* threads that were started */
    int threads; /* of those, that have begun to run */
    int slot_count;
    tp_slot *slots;
    pthread_t *thread;
    char *scratch; /* plan.scratch_bytes for each worker */
} tp_crew;

/* ---- the workers ---- */

static void fill(tp_crew *crew, int64_t batch, void *scratch) {
    const tp_loader *ld = crew->loader;
    tp_slot *slot = &crew->slots[batch % crew->slot_count];
    slot->why.text[0] = 0;
    slot->fine = tp_gather(&ld->plan, ld->order + tp_batch_begin(ld, batch),
                           tp_batch_count(ld, batch), slot->x ? slot->x->data : NULL,
                           slot->y ? slot->y->data : NULL, scratch, &slot->why);
}

/* The number of the worker comes in as the claim of a place: threads are started one by one. */
static void *run_worker(void *arg) {
    tp_crew *crew = arg;
    pthread_mutex_lock(&crew->lock);
    size_t stride = (crew->loader->plan.scratch_bytes + 63) / 64 * 64;
    void *scratch = crew->scratch + stride * (size_t)crew->threads++;
    while (!crew->stop) {
        if (crew->next >= crew->limit) {
            pthread_cond_wait(&crew->work, &crew->lock);
            continue;
        }
        int64_t batch = crew->next++;
        crew->busy++;
        pthread_mutex_unlock(&crew->lock);
        fill(crew, batch, scratch);
        pthread_mutex_lock(&crew->lock);
        crew->slots[batch % crew->slot_count].ready = true;
        crew->busy--;
        pthread_cond_broadcast(&crew->done);
    }
    pthread_mutex_unlock(&crew->lock);
    return NULL;
}

/* ---- making ---- */

static void free_contents(tp_crew *crew) {
    for (int i = 0; crew->slots && i < crew->slot_count; i++) {
        tp_storage_release(crew->slots[i].x);
        tp_storage_release(crew->slots[i].y);
    }
    tp_delete(crew->slots);
    tp_delete(crew->thread);
    tp_delete(crew->scratch);
    pthread_cond_destroy(&crew->work);
    pthread_cond_destroy(&crew->done);
    pthread_mutex_destroy(&crew->lock);
    tp_delete(crew);
}

/* Signals such as Ctrl-C are for the caller's thread. */
static void start_threads(tp_crew *crew) {
    sigset_t all, before;
    sigfillset(&all);
    pthread_sigmask(SIG_SETMASK, &all, &before);
    while (crew->asked < crew->loader->args.workers &&
           pthread_create(&crew->thread[crew->asked], NULL, run_worker, crew) == 0)
        crew->asked++;
    pthread_sigmask(SIG_SETMASK, &before, NULL);
}

tp_crew *tp_crew_new(tp_loader *ld) {
    tp_crew *crew = tp_new(sizeof *crew);
    if (!crew) return NULL;
    crew->loader = ld;
    pthread_mutex_init(&crew->lock, NULL);
    pthread_cond_init(&crew->work, NULL);
    pthread_cond_init(&crew->done, NULL);
    int64_t slots = (int64_t)ld->args.workers * ld->args.prefetch + 1; /* one is with the caller */
    crew->slot_count = (int)(slots < ld->batches ? slots : ld->batches);
    crew->slots = tp_new(sizeof(tp_slot) * (size_t)crew->slot_count);
    crew->thread = tp_new(sizeof(pthread_t) * (size_t)ld->args.workers);
    crew->scratch = tp_new((ld->plan.scratch_bytes + 63) / 64 * 64 * (size_t)ld->args.workers + 1);
    if (crew->slots && crew->thread && crew->scratch) start_threads(crew);
    if (crew->asked) return crew;
    free_contents(crew);
    return NULL;
}

void tp_crew_free(tp_crew *crew) {
    if (!crew) return;
    pthread_mutex_lock(&crew->lock);
    crew->stop = true;
    pthread_cond_broadcast(&crew->work);
    pthread_mutex_unlock(&crew->lock);
    for (int i = 0; i < crew->asked; i++) pthread_join(crew->thread[i], NULL);
    free_contents(crew);
}

/* ---- the caller's side ---- */

/* Bytes that nobody else looks at: new ones where a tensor that was delivered is still alive. */
static bool renew(tp_storage **storage, size_t bytes) {
    if (bytes == 0 || (*storage && (*storage)->refs == 1)) return true;
    tp_storage_release(*storage);
    *storage = tp_storage_new(bytes);
    return *storage != NULL;
}

static bool renew_slot(tp_crew *crew, int64_t batch) {
    tp_slot *slot = &crew->slots[batch % crew->slot_count];
    const tp_gather_plan *plan = &crew->loader->plan;
    size_t n = (size_t)tp_batch_count(crew->loader, 0); /* the first is the largest */
    slot->ready = false;
    return renew(&slot->x, n * plan->x_bytes) && renew(&slot->y, n * plan->y_bytes);
}

static void allow(tp_crew *crew, int64_t limit) {
    pthread_mutex_lock(&crew->lock);
    crew->limit = limit < crew->loader->batches ? limit : crew->loader->batches;
    pthread_cond_broadcast(&crew->work);
    pthread_mutex_unlock(&crew->lock);
}

bool tp_crew_begin(tp_crew *crew, int64_t first_batch) {
    for (int i = 0; i < crew->slot_count; i++)
        if (!renew_slot(crew, i)) return false;
    pthread_mutex_lock(&crew->lock);
    crew->next = crew->limit = crew->released = first_batch;
    pthread_mutex_unlock(&crew->lock);
    allow(crew, first_batch + crew->slot_count);
    return true;
}

void tp_crew_end(tp_crew *crew) {
    pthread_mutex_lock(&crew->lock);
    crew->limit = crew->next;
    while (crew->busy) pthread_cond_wait(&crew->done, &crew->lock);
    pthread_mutex_unlock(&crew->lock);
}

tp_slot *tp_crew_take(tp_crew *crew, int64_t batch) {
    tp_slot *slot = &crew->slots[batch % crew->slot_count];
    pthread_mutex_lock(&crew->lock);
    while (!slot->ready) pthread_cond_wait(&crew->done, &crew->lock);
    pthread_mutex_unlock(&crew->lock);
    return slot;
}

bool tp_crew_give_back(tp_crew *crew, int64_t next) {
    for (; crew->released < next; crew->released++)
        if (!renew_slot(crew, crew->released)) return false;
    allow(crew, next + crew->slot_count);
    return true;
}
