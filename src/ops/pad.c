/* pad: every element of the result has one source, or the constant. The dimensions without a border are planes, dealt to
 * threads; the gradient of a plane is gathered in the order of the result. */
#include <string.h>
#include <taper/ops/pad.h>

#include "ops/loop.h"
#include "ops/noted.h"
#include "ops/shape.h"
#include "tensor/access.h"

enum {
    MODE = TP_NOTED_PAD_MODE,
    COUNT = TP_NOTED_PAD_COUNT,
    BEFORE = TP_NOTED_PAD_BEFORE
}; /* node->integer: from BEFORE on one number for each padded dimension */
enum { GRAIN = 1 << 14 };
extern const tp_op tp_op_pad;

/* The last `dims` dimensions of x and of the result, outermost first. block[d]: elements of one place of dimension d. */
typedef struct pad_plan {
    int dims;
    tp_pad_mode mode;
    int64_t planes;
    int64_t in[TP_MAX_DIMS], out[TP_MAX_DIMS], before[TP_MAX_DIMS];
    int64_t in_block[TP_MAX_DIMS + 1], out_block[TP_MAX_DIMS + 1];
    size_t item;
    double fill;
    tp_dtype dtype;
    char *x, *y;
} pad_plan;

/* Where place o of a dimension comes from; -1: the constant. */
static int64_t source_of(const pad_plan *p, int d, int64_t o) {
    int64_t i = o - p->before[d], n = p->in[d];
    if (i >= 0 && i < n) return i;
    switch (p->mode) {
    case TP_PAD_REFLECT: return i < 0 ? -i : 2 * (n - 1) - i;
    case TP_PAD_REPLICATE: return i < 0 ? 0 : n - 1;
    case TP_PAD_CIRCULAR: return i < 0 ? i + n : i - n;
    default: return -1;
    }
}

static void fill_block(const pad_plan *p, char *y, int64_t count) {
    if (count <= 0) return;
    tp_write_element(y, p->dtype, p->fill);
    for (size_t done = p->item, all = (size_t)count * p->item; done < all;) {
        size_t next = done < all - done ? done : all - done;
        memcpy(y + done, y, next);
        done += next;
    }
}

/* The part of a dimension that is x itself: [*low, *high) of the result. */
static void middle_of(const pad_plan *p, int d, int64_t *low, int64_t *high) {
    *low = p->before[d] > 0 ? p->before[d] : 0;
    *high = p->before[d] + p->in[d] < p->out[d] ? p->before[d] + p->in[d] : p->out[d];
    if (*low > p->out[d]) *low = p->out[d];
    if (*high < *low) *high = *low;
}

static void fill_edge(const pad_plan *p, const char *x, char *y, int64_t begin, int64_t end) {
    int d = p->dims - 1;
    if (p->mode == TP_PAD_ZEROS) {
        fill_block(p, y + (size_t)begin * p->item, end - begin);
        return;
    }
    for (int64_t o = begin; o < end; o++)
        memcpy(y + (size_t)o * p->item, x + (size_t)source_of(p, d, o) * p->item, p->item);
}

/* Dimension d of one plane and all inside of it. */
static void pad_forward(const pad_plan *p, int d, const char *x, char *y) {
    if (d == p->dims - 1) {
        int64_t low, high;
        middle_of(p, d, &low, &high);
        fill_edge(p, x, y, 0, low);
        if (high > low)
            memcpy(y + (size_t)low * p->item, x + (size_t)(low - p->before[d]) * p->item,
                   (size_t)(high - low) * p->item);
        fill_edge(p, x, y, high, p->out[d]);
        return;
    }
    for (int64_t o = 0; o < p->out[d]; o++) {
        int64_t i = source_of(p, d, o);
        char *to = y + (size_t)(o * p->out_block[d]) * p->item;
        if (i < 0)
            fill_block(p, to, p->out_block[d]);
        else
            pad_forward(p, d + 1, x + (size_t)(i * p->in_block[d]) * p->item, to);
    }
}

/* gx += g of a row. */
static void add_row(const pad_plan *p, char *gx, const char *g) {
    int d = p->dims - 1;
    for (int64_t o = 0; o < p->out[d]; o++) {
        int64_t i = source_of(p, d, o);
        if (i < 0) continue;
        if (p->dtype == TP_FLOAT32)
            ((float *)(void *)gx)[i] += ((const float *)(const void *)g)[o];
        else
            ((double *)(void *)gx)[i] += ((const double *)(const void *)g)[o];
    }
}

static void pad_backward_plane(const pad_plan *p, int d, char *gx, const char *g) {
    if (d == p->dims - 1) {
        add_row(p, gx, g);
        return;
    }
    for (int64_t o = 0; o < p->out[d]; o++) {
        int64_t i = source_of(p, d, o);
        if (i >= 0)
            pad_backward_plane(p, d + 1, gx + (size_t)(i * p->in_block[d]) * p->item,
                               g + (size_t)(o * p->out_block[d]) * p->item);
    }
}

static void run_forward(void *arg, int64_t begin, int64_t end) {
    const pad_plan *p = arg;
    int64_t in = p->in[0] * p->in_block[0], out = p->out[0] * p->out_block[0];
    for (int64_t i = begin; i < end; i++)
        pad_forward(p, 0, p->x + (size_t)(i * in) * p->item, p->y + (size_t)(i * out) * p->item);
}

static void run_backward(void *arg, int64_t begin, int64_t end) {
    const pad_plan *p = arg;
    int64_t in = p->in[0] * p->in_block[0], out = p->out[0] * p->out_block[0];
    for (int64_t i = begin; i < end; i++) {
        memset(p->x + (size_t)(i * in) * p->item, 0, (size_t)in * p->item);
        pad_backward_plane(p, 0, p->x + (size_t)(i * in) * p->item,
                           p->y + (size_t)(i * out) * p->item);
    }
}

static void run_planes(pad_plan *p, tp_range_fn run) {
    int64_t plane = p->out[0] * p->out_block[0] + 1;
    if (p->planes > 0)
        tp_parallel_for(tp_context_pool(tp_ctx()), p->planes, (GRAIN + plane - 1) / plane, run, p);
}

/* For x and the borders before and sizes of the last `dims` dimensions of the result y. */
static pad_plan make_plan(const tp_tensor *x, const tp_tensor *y, int dims, tp_pad_mode mode,
                          const int64_t *before) {
    pad_plan p = {.dims = dims, .mode = mode, .planes = 1, .dtype = x->dtype};
    p.item = tp_item_size(x->dtype);
    int outer = x->ndim - dims;
    for (int d = 0; d < outer; d++) p.planes *= x->shape[d];
    for (int d = 0; d < dims; d++) {
        p.in[d] = x->shape[outer + d];
        p.out[d] = y->shape[outer + d];
        p.before[d] = before[d];
    }
    p.in_block[dims - 1] = p.out_block[dims - 1] = 1;
    for (int d = dims - 2; d >= 0; d--) {
        p.in_block[d] = p.in_block[d + 1] * p.in[d + 1];
        p.out_block[d] = p.out_block[d + 1] * p.out[d + 1];
    }
    return p;
}

/* ---- forward ---- */

static bool side_fits(const tp_pad_args *args, int64_t size, int64_t border) {
    if (border <= 0 || args->mode == TP_PAD_ZEROS) return true;
    if (args->mode == TP_PAD_REFLECT) return border < size;
    return args->mode == TP_PAD_CIRCULAR ? border <= size : size > 0;
}

/* The shape of the result; ndim -1 after an error. */
static tp_shape padded_shape(tp_location at, const tp_pad_args *args) {
    const tp_shape none = {.ndim = -1};
    const tp_tensor *x = args->x;
    int count = args->sides.ndim;
    tp_shape shape = tp_shape_copy(x);
    if (count < 2 || count % 2 || count / 2 > x->ndim) {
        tp_fail(at, "pad", TP_ERROR_ARGUMENT, TP_GOT(x, "and %d sides", count),
                "two sides for each of the last dimensions, the last one first", NULL);
        return none;
    }
    for (int k = 0; k < count / 2; k++) {
        int d = x->ndim - 1 - k;
        int64_t size = x->shape[d], before = args->sides.dims[2 * k],
                after = args->sides.dims[2 * k + 1];
        shape.dims[d] = size + before + after;
        if (side_fits(args, size, before) && side_fits(args, size, after) && shape.dims[d] >= 0)
            continue;
        tp_fail(at, "pad", TP_ERROR_SHAPE,
                TP_GOT(x, "and borders of %lld and %lld at dimension %d", (long long)before,
                       (long long)after, d),
                args->mode == TP_PAD_REFLECT    ? "borders below the size"
                : args->mode == TP_PAD_CIRCULAR ? "borders up to the size"
                                                : "a size of at least 0",
                NULL);
        return none;
    }
    return shape;
}

tp_tensor *tp_pad_at(tp_location at, tp_pad_args args) {
    TP_CHECK(at, "pad", args.x);
    tp_shape shape = padded_shape(at, &args);
    tp_tensor *x = shape.ndim < 0 ? tp_poison() : tp_dense(at, "pad", args.x);
    if (x->poison) return x;
    tp_tensor *out = tp_make_shape(at, "pad", x->dtype, shape);
    if (out->poison) return out;
    int dims = args.sides.ndim / 2;
    int64_t before[TP_MAX_DIMS];
    for (int d = 0; d < dims; d++) before[d] = args.sides.dims[2 * (dims - 1 - d)];
    pad_plan p = make_plan(x, out, dims, args.mode, before);
    p.fill = args.value;
    p.x = x->data;
    p.y = out->data;
    if (out->numel > 0) run_planes(&p, run_forward);
    tp_node *node = tp_record(at, &tp_op_pad, out, 1, &x);
    if (node) {
        node->integer[MODE] = (int64_t)args.mode;
        node->integer[COUNT] = dims;
        node->number[TP_NOTED_FILL] = args.value;
        for (int d = 0; d < dims; d++) node->integer[BEFORE + d] = before[d];
    }
    return out;
}

static void pad_backward(tp_node *node, tp_tensor *const *grads) {
    const tp_tensor *x = node->inputs[0];
    tp_tensor *g = tp_dense(node->at, "pad", grads[0]);
    tp_tensor *gx = tp_make(node->at, "pad", x->dtype, x->ndim, x->shape);
    if (!g->poison && !gx->poison && gx->numel > 0) {
        pad_plan p = make_plan(x, g, (int)node->integer[COUNT], (tp_pad_mode)node->integer[MODE],
                               &node->integer[BEFORE]);
        p.x = gx->data;
        p.y = g->data;
        run_planes(&p, run_backward);
    }
    tp_send(node, 0, g->poison ? g : gx);
}

/* ---- descriptor ---- */

static tp_tensor *pad_apply(tp_tensor *const *inputs, int variant) {
    tp_tensor *x = inputs[0];
    switch (variant) {
    case 1: return tp_pad(x, tp_shape(2, 1, 1, 2), .mode = TP_PAD_REFLECT);
    case 2: return tp_pad(x, tp_shape(2, 5, 4, 0), .mode = TP_PAD_REPLICATE);
    case 3: return tp_pad(x, tp_shape(3, 1, 2, 1), .mode = TP_PAD_CIRCULAR);
    case 4: return tp_pad(x, tp_shape(-1, 2, 1, -1, 0, 1), .value = 0.5);
    default: return tp_pad(x, tp_shape(1, 2));
    }
}

static const tp_op_sample pad_samples[] = {
    {0, 1, {TP_SHAPE_OF(2, 3)}, 0, 0, 0},       {0, 1, {TP_SHAPE_OF(0)}, 0, 0, 0},
    {1, 1, {TP_SHAPE_OF(2, 2, 3, 4)}, 0, 0, 0}, {2, 1, {TP_SHAPE_OF(1, 2, 3)}, 0, 0, 0},
    {3, 1, {TP_SHAPE_OF(2, 2, 3)}, 0, 0, 0},    {4, 1, {TP_SHAPE_OF(2, 3, 4)}, 0, 0, 0},
    {0, 1, {TP_SHAPE_OF(0, 3)}, 0, 0, 0},       {0},
};
const tp_op tp_op_pad = {
    .name = "pad", .backward = pad_backward, .apply = pad_apply, .samples = pad_samples};
