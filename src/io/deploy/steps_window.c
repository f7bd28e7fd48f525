/* Steps that look at neighbours: pooling, other sizes, borders. */
#include <string.h>

#include "base/alloc.h"
#include "io/deploy/window.h"
#include "ops/interpolate.h"

static void fill(const tp_graph_node *node, const char *name, int dims, int64_t *to) {
    size_t count;
    const int64_t *list = tp_graph_ints(node, name, &count);
    for (int i = 0; list && i < dims; i++) to[2 - dims + i] = list[i];
}

window tp_step_window(const tp_deploy *d, const tp_graph_node *node) {
    const tp_shape *x = shape_in(d, node), *y = shape_out(d, node);
    int dims = x->ndim - 2;
    window v = {
        .c = x->dims[1], .h = 1, .oh = 1, .kernel = {1, 1}, .stride = {1, 1}, .dilation = {1, 1}};
    v.w = x->dims[x->ndim - 1];
    v.ow = y->dims[y->ndim - 1];
    if (dims == 2) v.h = x->dims[2], v.oh = y->dims[2];
    fill(node, "kernel_shape", dims, v.kernel);
    fill(node, "strides", dims, v.stride);
    fill(node, "dilations", dims, v.dilation);
    fill(node, "pads", dims, v.before);
    return v;
}

/* ---- pooling ---- */

void tp_step_max_pool(tp_deploy *d, const tp_graph_node *node) {
    window v = tp_step_window(d, node);
    use(d, TP_DEPLOY_MAX_POOL);
    fprintf(
        d->body,
        "    max_pool(%s, %s, %lld, %lld, %lld, %lld, %lld, %lld, %lld, %lld, %lld, %lld, %lld, %lld, %lld);\n",
        tp_step_operand(d, node, 0), out(d, node), (long long)v.c, (long long)v.h, (long long)v.w,
        (long long)v.oh, (long long)v.ow, (long long)v.kernel[0], (long long)v.kernel[1],
        (long long)v.stride[0], (long long)v.stride[1], (long long)v.dilation[0],
        (long long)v.dilation[1], (long long)v.before[0], (long long)v.before[1]);
}

void tp_step_average_pool(tp_deploy *d, const tp_graph_node *node) {
    window v = tp_step_window(d, node);
    use(d, TP_DEPLOY_AVERAGE_POOL);
    fprintf(
        d->body,
        "    average_pool(%s, %s, %lld, %lld, %lld, %lld, %lld, %lld, %lld, %lld, %lld, %lld, %lld, %d);\n",
        tp_step_operand(d, node, 0), out(d, node), (long long)v.c, (long long)v.h, (long long)v.w,
        (long long)v.oh, (long long)v.ow, (long long)v.kernel[0], (long long)v.kernel[1],
        (long long)v.stride[0], (long long)v.stride[1], (long long)v.before[0],
        (long long)v.before[1], tp_graph_int(node, "count_include_pad", 0) == 0);
}

void tp_step_global_pool(tp_deploy *d, const tp_graph_node *node) {
    bool largest = strcmp(node->op, "GlobalMaxPool") == 0;
    int64_t c = shape_in(d, node)->dims[1], n = tp_deploy_count(d, node->input[0]) / c;
    use(d, largest ? TP_DEPLOY_GLOBAL_MAX : TP_DEPLOY_GLOBAL_AVERAGE);
    fprintf(d->body, "    %s(%s, %s, %lld, %lld);\n", largest ? "global_max" : "global_average",
            tp_step_operand(d, node, 0), out(d, node), (long long)c, (long long)n);
}

void tp_step_adaptive_pool(tp_deploy *d, const tp_graph_node *node) {
    bool largest = strstr(node->op, "max") != NULL;
    window v = tp_step_window(d, node);
    use(d, largest ? TP_DEPLOY_ADAPTIVE_MAX : TP_DEPLOY_ADAPTIVE_AVERAGE);
    fprintf(d->body, "    %s(%s, %s, %lld, %lld, %lld, %lld, %lld);\n",
            largest ? "adaptive_max" : "adaptive_average", tp_step_operand(d, node, 0),
            out(d, node), (long long)v.c, (long long)v.h, (long long)v.w, (long long)v.oh,
            (long long)v.ow);
}

/* ---- other sizes ---- */

typedef struct table {
    int taps, from, weight; /* numbers of arrays */
} table;

/* The table of one direction, as the library has it. */
static bool write_table(tp_deploy *d, tp_interpolate_mode mode, bool align, double places,
                        int64_t in, int64_t size, table *t) {
    t->taps = tp_interpolate_tap_count(mode);
    int64_t count = size * t->taps;
    int64_t *from = tp_new((size_t)count * sizeof *from + 1);
    float *weight = tp_new((size_t)count * sizeof *weight + 1);
    bool fine = from && weight;
    for (int64_t o = 0; fine && o < size; o++) {
        int32_t places_of[4];
        double weights_of[4];
        tp_interpolate_taps(mode, align, places, in, o, places_of, weights_of);
        for (int k = 0; k < t->taps; k++) {
            from[o * t->taps + k] = places_of[k];
            weight[o * t->taps + k] = (float)weights_of[k];
        }
    }
    if (fine) {
        t->from = tp_deploy_ints(d, from, count);
        t->weight = tp_deploy_floats(d, weight, count);
    } else {
        tp_fail_memory(d->at, "export_c", (size_t)count * sizeof *from);
        d->failed = true;
    }
    tp_delete(from);
    tp_delete(weight);
    return fine;
}

void tp_step_interpolate(tp_deploy *d, const tp_graph_node *node) {
    window v = tp_step_window(d, node);
    tp_interpolate_mode mode = (tp_interpolate_mode)tp_graph_int(node, "mode", 0);
    bool align = tp_graph_int(node, "align", 0) != 0, line = shape_in(d, node)->ndim == 3;
    table down, across;
    if (!write_table(d, line ? TP_NEAREST : mode, align, tp_step_exact(node, "places_h", 1), v.h,
                     v.oh, &down) ||
        !write_table(d, mode, align, tp_step_exact(node, "places_w", 1), v.w, v.ow, &across))
        return;
    use(d, TP_DEPLOY_RESAMPLE);
    fprintf(d->body,
            "    resample(%s, %s, %lld, %lld, %lld, %lld, %lld, %d, a%d, a%d, %d, a%d, a%d);\n",
            tp_step_operand(d, node, 0), out(d, node), (long long)v.c, (long long)v.h,
            (long long)v.w, (long long)v.oh, (long long)v.ow, down.taps, down.from, down.weight,
            across.taps, across.from, across.weight);
}

/* ---- borders ---- */

void tp_step_pad(tp_deploy *d, const tp_graph_node *node) {
    size_t count;
    const int64_t *before = tp_graph_ints(node, "before", &count);
    const tp_shape *x = shape_in(d, node), *y = shape_out(d, node);
    int in = tp_deploy_ints(d, x->dims, x->ndim), to = tp_deploy_ints(d, y->dims, y->ndim);
    int first = tp_deploy_ints(d, before, x->ndim);
    use(d, TP_DEPLOY_PAD);
    fprintf(d->body, "    pad(%s, %s, %lld, %d, a%d, a%d, a%d, %d, (float)%.17g);\n",
            tp_step_operand(d, node, 0), out(d, node), size_out(d, node), x->ndim, in, to, first,
            (int)tp_graph_int(node, "mode", 0), tp_step_exact(node, "fill", 0));
}
