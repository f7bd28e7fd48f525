/* Layers in whole numbers: y = sum of round(x / sx) round(w / sw), times sx sw, plus the bias. sx is one number for each input, the
 * largest magnitude that calibration met over 127; sw one for each output. */
#include <math.h>
#include <string.h>
#include <taper/autograd.h>
#include <taper/ops.h>

#include "base/alloc.h"
#include "io/deploy/deploy.h"
#include "io/graph/module.h"

enum { MOST_PRODUCTS = 130000 }; /* 127 * 127 times so many still fits into 32 bits */

static bool in_integers(const tp_graph_node *node) {
    return strcmp(node->op, "Conv") == 0 || strcmp(node->op, "Gemm") == 0;
}

/* ---- calibration ---- */

/* The largest magnitudes that the inputs of these layers take for one sample (1, ...). */
static bool run_sample(tp_deploy *d, tp_tensor *x, tp_tensor **values) {
    const tp_graph *graph = d->graph;
    memset(values, 0, graph->value_count * sizeof *values);
    values[graph->inputs[0]] = x;
    tp_graph_step step = {.at = d->at, .graph = graph, .values = values};
    if (!tp_graph_run(&step, graph->node_count)) return false;
    for (size_t i = 0; i < graph->node_count; i++) {
        if (!in_integers(&graph->nodes[i])) continue;
        int v = graph->nodes[i].input[0];
        double most = tp_item_at(d->at, tp_max_at(d->at, tp_abs_at(d->at, values[v])));
        if (!isfinite(most)) return false;
        if ((float)(most / 127) > d->scale[v]) d->scale[v] = (float)(most / 127);
    }
    return true;
}

static bool calibration_fits(const tp_deploy *d) {
    const tp_tensor *all = d->args->calibration;
    if (!all || tp_is_poison(all)) return false;
    const tp_shape *sample = &d->args->sample;
    bool fits = tp_ndim(all) == sample->ndim + 1 && tp_size(all, 0) > 0;
    for (int i = 0; fits && i < sample->ndim; i++) fits = tp_size(all, i + 1) == sample->dims[i];
    return fits;
}

bool tp_deploy_calibrate(tp_deploy *d) {
    tp_tensor *all = d->args->calibration;
    if (!calibration_fits(d)) {
        tp_fail(d->at, "export_c", TP_ERROR_ARGUMENT,
                all ? tp_tensor_text(all) : ".int8 without .calibration",
                tp_text("typical inputs (N, ...), ... being %s", tp_shape_text(d->args->sample)),
                NULL);
        return false;
    }
    tp_tensor **values = tp_new((d->graph->value_count + 1) * sizeof *values);
    bool fine = values != NULL;
    if (!fine) tp_fail_memory(d->at, "export_c", d->graph->value_count * sizeof *values);
    for (int64_t i = 0; fine && i < tp_size(all, 0); i++)
        TP_SCOPE
            TP_NO_GRAD { fine = run_sample(d, tp_narrow_at(d->at, all, 0, i, 1), values); }
    tp_delete(values);
    if (!fine && values)
        tp_fail(d->at, "export_c", TP_ERROR_VALUE, "calibration that gives no finite numbers", NULL,
                NULL);
    return fine;
}

/* ---- layers ---- */

static int8_t rounded(float x, float scale) {
    float v = roundf(x / scale);
    return (int8_t)(v > 127 ? 127 : v < -127 ? -127 : v);
}

/* Fills q and the scale of each output, which is multiplied by that of the input. */
static void quantise(const tp_deploy_product *p, int8_t *q, float *scale, float input_scale) {
    for (int64_t o = 0; o < p->outputs; o++) {
        const float *weight = p->weight + o * p->each;
        float most = 0;
        for (int64_t i = 0; i < p->each; i++) most = fmaxf(most, fabsf(weight[i]));
        float step = most > 0 ? most / 127 : 1;
        for (int64_t i = 0; i < p->each; i++) q[o * p->each + i] = rounded(weight[i], step);
        scale[o] = step * input_scale;
    }
}

void tp_deploy_int8(tp_deploy *d, const tp_deploy_product *p) {
    int input = p->node->input[0];
    int64_t count = tp_deploy_count(d, input);
    float input_scale = d->scale[input] > 0 ? d->scale[input] : 1;
    if (p->each > MOST_PRODUCTS) {
        tp_deploy_refuse(d, p->node, "sums that may leave 32 bits");
        return;
    }
    int8_t *q = tp_new((size_t)(p->outputs * p->each) + 1);
    float *scale = tp_new((size_t)p->outputs * sizeof *scale + 1);
    if (q && scale) {
        quantise(p, q, scale, input_scale);
        int w = tp_deploy_bytes(d, q, p->outputs * p->each);
        int s = tp_deploy_floats(d, scale, p->outputs),
            b = tp_deploy_floats(d, p->bias, p->outputs);
        fprintf(d->body, "    quantize(%s, whole, (float)%.17g, %lld);\n",
                tp_deploy_place(d, input), 1 / (double)input_scale, (long long)count);
        fprintf(d->body, "    %s_int8(whole, %s, a%d, a%d, a%d, %s);\n", p->name,
                tp_deploy_place(d, p->node->output[0]), w, s, b, p->sizes);
        if (count > d->bytes) d->bytes = count;
    } else {
        tp_fail_memory(d->at, "export_c", (size_t)(p->outputs * p->each));
        d->failed = true;
    }
    tp_delete(q);
    tp_delete(scale);
}
