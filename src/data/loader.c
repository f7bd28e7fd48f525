/* Batches, epoch after epoch. */
#include "data/loader.h"

#include <string.h>

#include "base/alloc.h"
#include "tensor/scope.h"

/* ---- making ---- */

static bool options_fit(tp_location at, tp_loader_args *args) {
    if (!args->batch_size) args->batch_size = 1;
    if (!args->prefetch) args->prefetch = 2;
    const char *got = NULL;
    if (args->batch_size < 0)
        got = tp_text("batch_size %lld", (long long)args->batch_size);
    else if (args->workers < 0 || args->workers > 256)
        got = tp_text("%d workers", args->workers);
    else if (args->prefetch < 0 || args->prefetch > 1024)
        got = tp_text("prefetch %d", args->prefetch);
    if (got) {
        tp_fail(at, "loader_new", TP_ERROR_ARGUMENT, got,
                "batch_size > 0, at most 256 workers, at most 1024 batches ahead", NULL);
        return false;
    }
    int64_t size = args->dataset->size;
    if (args->drop_last && size < args->batch_size) {
        tp_fail(
            at, "loader_new", TP_ERROR_VALUE,
            tp_text("batch_size %lld for the %lld samples of %s", (long long)args->batch_size,
                    (long long)size, args->dataset->name),
            "at least one whole batch",
            "drop_last leaves out what does not fill a batch: make batches smaller, or keep the last one");
        return false;
    }
    return true;
}

static bool make_contents(tp_location at, tp_loader *ld) {
    tp_picture_args pictures = {.raw = ld->args.raw};
    memcpy(pictures.mean, ld->args.mean, sizeof pictures.mean);
    memcpy(pictures.std, ld->args.std, sizeof pictures.std);
    if (!tp_gather_prepare(at, "loader_new", &ld->plan, ld->args.dataset, &pictures)) return false;
    size_t bytes = sizeof(int64_t) * (size_t)ld->size;
    ld->order = tp_new(bytes + 1);
    ld->scratch = tp_new(ld->plan.scratch_bytes + 1);
    if (ld->order && ld->scratch) return true;
    tp_fail_memory(at, "loader_new", bytes + ld->plan.scratch_bytes);
    return false;
}

tp_loader *tp_loader_new_at(tp_location at, tp_loader_args args) {
    if (!tp_dataset_given(at, "loader_new", args.dataset)) return NULL;
    tp_dataset_use(args.dataset);
    tp_loader *ld = NULL;
    if (options_fit(at, &args)) {
        ld = tp_new(sizeof *ld);
        if (!ld) tp_fail_memory(at, "loader_new", sizeof *ld);
    }
    if (!ld) {
        tp_dataset_leave(args.dataset);
        return NULL;
    }
    ld->args = args;
    ld->size = args.dataset->size;
    ld->batches = args.drop_last ? ld->size / args.batch_size
                                 : (ld->size + args.batch_size - 1) / args.batch_size;
    tp_generator_seed(&ld->own, args.seed);
    if (make_contents(at, ld)) return ld;
    tp_loader_free(ld);
    return NULL;
}

/* ---- the scope of a step ---- */

static bool scope_is_open(const tp_loader *ld) {
    return ld->sentinel && ld->sentinel->life == TP_ALIVE && ld->sentinel->owner == TP_OWNER_SCOPE;
}

/* Closes the last step's scope, unless whoever opened one around it has done so. Of the scopes
 * inside it, those of loaders whose loop was left by a break go along; one that the user has open
 * stays, and then ours stays too, empty. */
static void close_scope(tp_loader *ld) {
    if (!ld->sentinel) return;
    if (scope_is_open(ld)) {
        const tp_scope_stack *stack = &tp_ctx()->scope;
        bool innermost = true;
        for (int depth = ld->scope.depth + 1; depth <= stack->depth; depth++)
            innermost = innermost && stack->lists[depth].step;
        if (innermost)
            tp_scope_end(&ld->scope);
        else
            tp_scope_clear(ld->scope.depth);
    }
    tp_drop(ld->sentinel);
    ld->sentinel = NULL;
}

static bool open_scope(tp_location at, tp_loader *ld) {
    tp_scope_stack *stack = &tp_ctx()->scope;
    /* Steps that could not be closed in their time: a live one is never empty. */
    while (stack->depth > 0 && stack->lists[stack->depth].step && !stack->lists[stack->depth].first)
        stack->depth--;
    ld->scope = tp_scope_begin();
    tp_tensor *sentinel = tp_make(at, "next", TP_BOOL, 1, (const int64_t[]){0});
    if (tp_is_poison(sentinel) || ld->scope.depth != stack->depth) {
        tp_scope_end(&ld->scope);
        return false;
    }
    stack->lists[stack->depth].step = true;
    tp_hold(sentinel);
    ld->sentinel = sentinel;
    return true;
}

static void stop_crew(tp_loader *ld) {
    if (ld->crew_running) tp_crew_end(ld->crew);
    ld->crew_running = false;
}

void tp_loader_reset(tp_loader *ld) {
    if (!ld) return;
    close_scope(ld);
    stop_crew(ld);
    ld->running = false;
}

void tp_loader_free(tp_loader *ld) {
    if (!ld) return;
    tp_loader_reset(ld);
    tp_crew_free(ld->crew);
    tp_dataset_leave(ld->args.dataset);
    tp_delete(ld->order);
    tp_delete(ld->scratch);
    tp_delete(ld);
}

/* ---- epochs ---- */

void tp_loader_draw_order(tp_loader *ld, tp_generator *generator) {
    ld->start = *generator;
    if (!ld->args.shuffle || ld->size == 0) {
        /* PyTorch's iterator draws a seed for its workers whether it has any or not. */
        tp_generator_discard(generator, 2);
        for (int64_t i = 0; i < ld->size; i++) ld->order[i] = i;
    } else if (ld->args.seed) {
        tp_random_epoch_own(generator, ld->order, ld->size);
    } else {
        tp_random_epoch_default(generator, ld->order, ld->size);
    }
}

static void begin_epoch(tp_loader *ld) {
    tp_loader_draw_order(ld, ld->args.seed ? &ld->own : &tp_ctx()->generator);
    ld->epoch++;
    ld->plan.epoch = (uint32_t)ld->epoch;
    ld->delivered = 0;
    ld->running = true;
}

/* The epoch is over: as PyTorch's sampler, which draws once more to see that nothing is left. */
static bool end_epoch(tp_loader *ld) {
    if (ld->args.shuffle && ld->args.seed && ld->size) tp_random_epoch_own_end(&ld->own, ld->size);
    stop_crew(ld);
    ld->running = false;
    return false;
}

/* ---- batches ---- */

static bool sample_error(tp_location at, const tp_loader *ld, const tp_why *why) {
    tp_fail(at, "next", TP_ERROR_VALUE, tp_text("%s of %s", why->text, ld->args.dataset->name),
            NULL, NULL);
    return false;
}

static bool make_batch(tp_location at, tp_loader *ld, tp_batch *b) {
    const tp_gather_plan *plan = &ld->plan;
    const tp_dataset *set = ld->args.dataset;
    b->x = tp_make_shape(at, "next", plan->x_dtype, tp_batch_shape(b->size, set->x_shape));
    b->y = plan->y_dtype
               ? tp_make_shape(at, "next", plan->y_dtype, tp_batch_shape(b->size, set->y_shape))
               : NULL;
    if (tp_is_poison(b->x) || (b->y && tp_is_poison(b->y))) return false;
    tp_why why = {""};
    if (!tp_gather(plan, b->index, b->size, b->x->data, b->y ? b->y->data : NULL, ld->scratch,
                   &why))
        return sample_error(at, ld, &why);
    /* The next batch's bytes come from anywhere in memory: let them be on their way while this one
     * is computed. */
    int64_t next = b->number + 1;
    if (next < ld->batches)
        tp_gather_announce(plan, ld->order + tp_batch_begin(ld, next), tp_batch_count(ld, next));
    return true;
}

static tp_tensor *over_storage(tp_location at, tp_storage *storage, tp_dtype dtype,
                               tp_shape shape) {
    if (!storage) return tp_make_shape(at, "next", dtype, shape);
    storage->refs++;
    tp_tensor *x = tp_make_over(at, "next", storage, storage->data, dtype, shape);
    return x;
}

static bool take_batch(tp_location at, tp_loader *ld, tp_batch *b) {
    const tp_gather_plan *plan = &ld->plan;
    const tp_dataset *set = ld->args.dataset;
    tp_slot *slot = tp_crew_take(ld->crew, b->number);
    if (!slot->fine) return sample_error(at, ld, &slot->why);
    b->x = over_storage(at, slot->x, plan->x_dtype, tp_batch_shape(b->size, set->x_shape));
    b->y = plan->y_dtype
               ? over_storage(at, slot->y, plan->y_dtype, tp_batch_shape(b->size, set->y_shape))
               : NULL;
    return !tp_is_poison(b->x) && (!b->y || !tp_is_poison(b->y));
}

/* Has the workers ready for the batch that comes next. False when out of memory (reported). */
static bool drive_crew(tp_location at, tp_loader *ld) {
    if (!ld->args.workers || ld->delivered >= ld->batches) return true;
    if (!ld->crew) ld->crew = tp_crew_new(ld);
    if (!ld->crew) {
        ld->args.workers = 0; /* no thread to be had: the caller does the work */
        return true;
    }
    bool fine;
    if (!ld->crew_running)
        fine = ld->crew_running = tp_crew_begin(ld->crew, ld->delivered);
    else
        fine = tp_crew_give_back(ld->crew, ld->delivered);
    if (!fine) tp_fail_memory(at, "next", ld->plan.x_bytes * (size_t)ld->args.batch_size);
    return fine;
}

/* After an error the loader stands where it stood, and leaves no scope open. */
static bool give_up(tp_loader *ld, tp_batch *b) {
    close_scope(ld);
    *b = (tp_batch){0};
    return false;
}

bool tp_next_at(tp_location at, tp_loader *ld, tp_batch *b) {
    if (!ld || !b) {
        tp_fail(at, "next", TP_ERROR_ARGUMENT,
                ld ? "no batch to fill" : "NULL where a loader is needed", NULL, NULL);
        return false;
    }
    close_scope(ld);
    if (!ld->running) begin_epoch(ld);
    if (ld->delivered >= ld->batches) {
        *b = (tp_batch){0};
        return end_epoch(ld);
    }
    if (!drive_crew(at, ld)) return give_up(ld, b);
    if (!open_scope(at, ld)) return give_up(ld, b);
    *b = (tp_batch){.size = tp_batch_count(ld, ld->delivered), .number = ld->delivered};
    b->index = ld->order + tp_batch_begin(ld, ld->delivered);
    if (!(ld->crew ? take_batch(at, ld, b) : make_batch(at, ld, b))) return give_up(ld, b);
    ld->delivered++;
    return true;
}

/* ---- questions ---- */

int64_t tp_loader_batches(const tp_loader *ld) { return ld ? ld->batches : 0; }

int64_t tp_loader_samples(const tp_loader *ld) {
    if (!ld) return 0;
    int64_t whole = ld->batches * ld->args.batch_size;
    return whole < ld->size ? whole : ld->size;
}

int64_t tp_loader_epoch(const tp_loader *ld) { return ld ? ld->epoch : 0; }

tp_dataset *tp_loader_dataset(const tp_loader *ld) { return ld ? ld->args.dataset : NULL; }

/* ---- a batch by hand ---- */

bool tp_dataset_batch_at(tp_location at, tp_dataset *dataset, const int64_t *indices, int64_t count,
                         tp_picture_args pictures, tp_batch *b) {
    if (!tp_dataset_usable(at, "dataset_batch", dataset)) return false;
    tp_gather_plan plan;
    if (!tp_gather_prepare(at, "dataset_batch", &plan, dataset, &pictures)) return false;
    if (!b || count < 0 || (count && !indices)) {
        tp_fail(at, "dataset_batch", TP_ERROR_ARGUMENT, "no batch to fill, or no numbers", NULL,
                NULL);
        return false;
    }
    for (int64_t i = 0; i < count; i++)
        if (indices[i] < 0 || indices[i] >= dataset->size) {
            tp_fail(at, "dataset_batch", TP_ERROR_INDEX,
                    tp_text("sample %lld", (long long)indices[i]),
                    tp_text("0 to %lld of %s", (long long)dataset->size - 1, dataset->name), NULL);
            return false;
        }
    *b = (tp_batch){.index = indices, .size = count};
    b->x =
        tp_make_shape(at, "dataset_batch", plan.x_dtype, tp_batch_shape(count, dataset->x_shape));
    b->y = plan.y_dtype ? tp_make_shape(at, "dataset_batch", plan.y_dtype,
                                        tp_batch_shape(count, dataset->y_shape))
                        : NULL;
    void *scratch = tp_new(plan.scratch_bytes + 1);
    if (!scratch) tp_fail_memory(at, "dataset_batch", plan.scratch_bytes);
    tp_why why = {""};
    bool fine = scratch && !tp_is_poison(b->x) && (!b->y || !tp_is_poison(b->y));
    if (fine &&
        !tp_gather(&plan, indices, count, b->x->data, b->y ? b->y->data : NULL, scratch, &why)) {
        tp_fail(at, "dataset_batch", TP_ERROR_VALUE, tp_text("%s of %s", why.text, dataset->name),
                NULL, NULL);
        fine = false;
    }
    tp_delete(scratch);
    return fine;
}
