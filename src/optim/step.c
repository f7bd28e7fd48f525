/* The update: flat where neighbours allow, tile by tile where a weight's gradient still waits. */
#include <math.h>
#include <stdatomic.h>

#include "autograd/lazy.h"
#include "base/fail.h"
#include "ops/loop.h"
#include "optim/optim.h"

/* elements that are worth another thread, and one that is awake */
enum { GRAIN = 1 << 14, AWAKE_GRAIN = 1 << 12 };

/* A stretch of the flat blocks that is updated alike. */
typedef struct stretch {
    tp_update_fn update;
    const tp_update_args *options;
    size_t item;
    char *value;
    const char *gradient;
    char *state[TP_OPTIM_STATES];
    int64_t row; /* elements from one row to the next, for tiles */
} stretch;

static char *moved(char *start, int64_t elements, size_t item) {
    return start ? start + elements * (int64_t)item : NULL;
}

static void update_range(void *arg, int64_t begin, int64_t end) {
    const stretch *s = arg;
    s->update(end - begin, moved(s->value, begin, s->item), s->gradient + begin * (int64_t)s->item,
              moved(s->state[0], begin, s->item), moved(s->state[1], begin, s->item),
              moved(s->state[2], begin, s->item), s->options);
}

/* Plain descent needs no gradient at all: p += (-lr dy)^T x, one product that grows in the weight itself. False where it is
 * not plain, or there is no memory for -lr dy: the general way then. */
static bool descend_lazily(tp_context *context, const stretch *s, tp_tensor *x) {
    const tp_update_args *options = s->options;
    if (s->update != context->kernels->update[TP_UPDATE_SGD][tp_float_index(x->dtype)])
        return false;
    if (s->state[0] || options->weight_decay != 0) return false;
    const tp_lazy_grad *lazy = x->lazy;
    tp_scope scope = tp_scope_begin();
    tp_tensor *dy = tp_make_like(TP_MAKE(tp_location, NULL, 0), "step", lazy->dy);
    bool done = !dy->poison;
    if (done) {
        double rate = options->maximize ? options->lr : -options->lr;
        tp_scale_into(dy, lazy->dy, rate);
        tp_gemm_args args = tp_lazy_product(x, dy);
        args.c = x->data;
        args.beta = 1;
        done = context->kernels->gemm[tp_float_index(x->dtype)](tp_context_pool(context), &args);
    }
    tp_scope_end(&scope);
    return done;
}

/* Parts of a weight's rows, one a thread. */
static int parts_of(const tp_tensor *x, const tp_pool *pool) {
    int threads = x->numel < AWAKE_GRAIN ? 1
                  : x->numel < GRAIN     ? tp_pool_awake(pool)
                                         : tp_pool_threads(pool);
    return x->shape[0] >= threads ? threads : (int)x->shape[0];
}

/* Descent with plain momentum uses the gradient while it is in registers. False where it is another descent, or the kernel
 * does not do these sizes. */
static bool descend_with_momentum(tp_context *context, const stretch *s, tp_tensor *x) {
    const tp_update_args *options = s->options;
    int type = tp_float_index(x->dtype);
    if (s->update != context->kernels->update[TP_UPDATE_SGD][type] || !s->state[0]) return false;
    if (options->first || options->nesterov || options->maximize || options->weight_decay != 0 ||
        options->dampening != 0 || !context->kernels->momentum[type])
        return false;
    const tp_lazy_grad *lazy = x->lazy;
    tp_pool *pool = tp_context_pool(context);
    int parts = parts_of(x, pool);
    tp_momentum_args args = {.rows = x->shape[0],
                             .columns = x->shape[1],
                             .depth = lazy->dy->shape[0],
                             .dy = lazy->dy->data,
                             .x = lazy->x->data,
                             .w = s->value,
                             .m = s->state[0],
                             .lr = options->lr,
                             .momentum = options->momentum,
                             .parts = parts};
    return context->kernels->momentum[type](parts > 1 ? pool : NULL, &args);
}

enum { BLOCK_ROWS = 14, BLOCK_COLUMNS = 1024 };

/* A weight whose gradient waits, in blocks that fit the cache. */
typedef struct blocks {
    const stretch *stretch;
    tp_pool *pool;
    tp_gemm_fn gemm;
    tp_gemm_args product;
    int64_t columns; /* of a block */
    int parts;       /* of the rows, one a thread, cut as the products of the layer are cut */
    int64_t in_part; /* blocks of rows in each */
    atomic_bool failed;
} blocks;

/* Where a task's block begins; returns how many rows it has. The tasks of a part follow one another,
 * so that they go to one thread. */
static int64_t block_rows(const blocks *b, int64_t task, int64_t *i, int64_t *j) {
    int64_t column_blocks = (b->product.n + b->columns - 1) / b->columns;
    int part = (int)(task / (b->in_part * column_blocks));
    int64_t within = task % (b->in_part * column_blocks);
    int64_t begin = tp_gemm_row_border(b->product.m, b->parts, part);
    int64_t rows = tp_gemm_row_border(b->product.m, b->parts, part + 1) - begin;
    int64_t share = (rows + b->in_part - 1) / b->in_part, at = within % b->in_part * share;
    *i = begin + at;
    *j = within / b->in_part * b->columns;
    return at >= rows ? 0 : rows - at < share ? rows - at : share;
}

/* Computes one block of the gradient into scratch memory and uses it. */
static void update_block(void *arg, int64_t task, int worker) {
    blocks *b = arg;
    const stretch *s = b->stretch;
    tp_gemm_args args = b->product;
    int64_t width = args.n, i, j = 0;
    args.m = block_rows(b, task, &i, &j);
    if (args.m == 0) return;
    args.n = args.n - j < b->columns ? args.n - j : b->columns;
    args.a = (const char *)args.a + i * args.a_row * (int64_t)s->item;
    args.b = (const char *)args.b + j * (int64_t)s->item;
    args.c_row = args.n;
    args.c =
        tp_pool_scratch_slot(b->pool, worker, TP_SCRATCH_TASK, (size_t)(args.m * args.n) * s->item);
    if (!args.c || !b->gemm(b->pool, &args)) {
        b->failed = true;
        return;
    }
    bool whole = args.n == width; /* then the rows follow one another in the weight as well */
    int64_t runs = whole ? 1 : args.m, length = whole ? args.m * args.n : args.n;
    for (int64_t r = 0; r < runs; r++) {
        int64_t place = (i + r) * width + j;
        s->update(length, moved(s->value, place, s->item),
                  (const char *)args.c + r * args.n * (int64_t)s->item,
                  moved(s->state[0], place, s->item), moved(s->state[1], place, s->item),
                  moved(s->state[2], place, s->item), s->options);
    }
}

/* The gradient is an outer product that nobody has asked for: each block of it is used while it is in the cache. It stays
 * noted, so that tp_grad() can still be asked afterwards. False when out of memory. */
static bool update_lazily(tp_context *context, const stretch *s, tp_tensor *x) {
    if (descend_lazily(context, s, x) || descend_with_momentum(context, s, x)) return true;
    blocks b = {.stretch = s,
                .pool = tp_context_pool(context),
                .gemm = context->kernels->gemm[tp_float_index(x->dtype)],
                .product = tp_lazy_product(x, x->lazy->dy)};
    int64_t rows = x->shape[0], columns = x->shape[1];
    b.parts = parts_of(x, b.pool);
    b.columns = columns <= BLOCK_COLUMNS ? columns : BLOCK_COLUMNS;
    int64_t most = 0; /* rows of a part */
    for (int t = 0; t < b.parts; t++) {
        int64_t part =
            tp_gemm_row_border(rows, b.parts, t + 1) - tp_gemm_row_border(rows, b.parts, t);
        most = part > most ? part : most;
    }
    b.in_part = (most + BLOCK_ROWS - 1) / BLOCK_ROWS;
    int64_t tasks = b.parts * b.in_part * ((columns + b.columns - 1) / b.columns);
    tp_pool_run(b.parts > 1 ? b.pool : NULL, tasks, update_block, &b);
    return !b.failed;
}

/* The options of this slot's next step. */
static tp_update_args options_of(const tp_optim_group *group, int64_t steps) {
    tp_update_args options = group->options;
    options.lr = group->lr / (1 + (double)steps * group->lr_decay);
    options.first = steps == 0;
    options.correction1 = 1 - pow(options.beta1, (double)steps + 1);
    options.correction2 = 1 - pow(options.beta2, (double)steps + 1);
    return options;
}

/* Whether `next` can be updated in one go with what starts at `slot` and has `run` elements, padding included: values and
 * gradients of both have to lie in flat blocks of ours, as far apart as the states do. */
static bool runs_on(const tp_optim_group *group, const tp_optim_slot *slot, int64_t run,
                    const tp_optim_slot *next) {
    const tp_tensor *x = slot->tensor, *y = next->tensor;
    int64_t bytes = run * (int64_t)tp_item_size(group->dtype);
    return y->has_grad && !y->lazy && y->life == TP_ALIVE && next->steps == slot->steps &&
           next->offset == slot->offset + run && y->contiguous && y->storage->parent &&
           y->storage->parent == x->storage->parent && y->data == x->data + bytes &&
           y->grad->storage->parent && y->grad->storage->parent == x->grad->storage->parent &&
           y->grad->data == x->grad->data + bytes;
}

static void edited(tp_optim_slot *slot) {
    slot->steps++;
    slot->tensor->used_grad = true;
    slot->tensor->storage->version++;
}

/* A parameter whose elements are not in reading order is updated in its place in the flat block, which it does not live in. */
static void update_scattered(const tp_optim_group *group, const tp_optim_slot *slot, stretch *s) {
    tp_tensor *x = slot->tensor, flat = *x;
    flat.data = moved(group->values->data, slot->offset, s->item);
    flat.contiguous = true;
    tp_contiguous_strides(flat.ndim, flat.shape, flat.stride);
    s->value = flat.data;
    tp_copy_elements(&flat, x);
    update_range(s, 0, x->numel);
    tp_copy_elements(x, &flat);
}

/* How far the stretch that starts at slot i reaches; *last becomes the first slot after it. */
static int64_t stretch_from(const tp_optim_group *group, size_t i, size_t *last) {
    const tp_optim_slot *slot = &group->slots[i];
    int64_t run = slot->tensor->numel;
    for (*last = i + 1; *last < group->count; ++*last) {
        const tp_optim_slot *next = &group->slots[*last];
        if (!runs_on(group, slot, next->offset - slot->offset, next)) break;
        run = next->offset - slot->offset + next->tensor->numel;
    }
    return run;
}

/* Updates from slot i on as far as one stretch reaches; returns the first slot after it, or -1. */
static int64_t update_from(tp_context *context, const tp_optim *optim, tp_optim_group *group,
                           size_t i) {
    tp_optim_slot *slot = &group->slots[i];
    tp_tensor *x = slot->tensor;
    /* without a gradient, or ended by its owner before the optimiser */
    if ((!x->has_grad && !x->lazy) || x->numel == 0 || x->life != TP_ALIVE) return (int64_t)i + 1;
    tp_update_args options = options_of(group, slot->steps);
    stretch s = {.update =
                     context->kernels->update[optim->kind.update][tp_float_index(group->dtype)],
                 .options = &options,
                 .item = tp_item_size(group->dtype),
                 .value = x->data,
                 .state = {slot->state[0], slot->state[1], slot->state[2]}};
    /* a group without momentum has no use for the state that another one needs */
    if (optim->kind.update == TP_UPDATE_SGD && options.momentum == 0) s.state[0] = NULL;
    if (optim->kind.update == TP_UPDATE_RMSPROP && options.momentum == 0) s.state[2] = NULL;
    size_t last = i + 1;
    if (x->lazy && x->has_grad && !tp_lazy_compute(x)) return -1; /* several backwards: their sum */
    if (x->lazy) {
        if (!update_lazily(context, &s, x)) return -1;
        edited(slot);
        return (int64_t)last;
    }
    s.gradient = x->grad->data;
    if (!x->contiguous) {
        update_scattered(group, slot, &s);
        edited(slot);
        return (int64_t)last;
    }
    int64_t run = stretch_from(group, i, &last);
    for (size_t k = i; k < last; k++) edited(&group->slots[k]);
    if (run < 2 * GRAIN)
        update_range(&s, 0, run);
    else
        tp_parallel_for(tp_context_pool(context), run, GRAIN, update_range, &s);
    return (int64_t)last;
}

/* A gradient that waits may need the values of another parameter: it is computed before they change. */
static void settle(const tp_optim *optim) {
    if (!tp_ctx()->tape.lazies) return;
    for (int g = 0; g < optim->count; g++)
        for (size_t i = 0; i < optim->groups[g]->count; i++)
            tp_lazy_settle(optim->groups[g]->slots[i].tensor->storage);
}

bool tp_step_at(tp_location at, tp_optim *optim) {
    if (!optim) {
        tp_fail(at, "step", TP_ERROR_ARGUMENT, "NULL where an optimiser is needed", NULL, NULL);
        return false;
    }
    tp_context *context = tp_ctx();
    if (context->tape.failed)
        return false; /* gradients are missing or cut short: reported already */
    settle(optim);
    for (int g = 0; g < optim->count; g++) {
        tp_optim_group *group = optim->groups[g];
        for (int64_t i = 0; i < (int64_t)group->count;) {
            i = update_from(context, optim, group, (size_t)i);
            if (i >= 0) continue;
            tp_fail_memory(at, "step", 0);
            return false;
        }
    }
    return true;
}
