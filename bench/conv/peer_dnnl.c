/* oneDNN 2.x through its C interface. */
#include <omp.h>
#include <oneapi/dnnl/dnnl.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "base/alloc.h"
#include "peer.h"

enum { OPERANDS = 4, MOST_ALGORITHMS = 3 };

struct peer {
    dnnl_engine_t engine;
    dnnl_stream_t stream;
    dnnl_primitive_t primitive;
    dnnl_exec_arg_t arg[OPERANDS];
    void *data[OPERANDS];
    int args, threads;
};

bool peer_here(void) { return true; }

/* Memory of whatever layout the primitive wants for an argument, filled with small numbers; from where ours comes, so that both have huge
 * pages. */
static bool add_argument(peer *p, const_dnnl_primitive_desc_t pd, int which) {
    const dnnl_memory_desc_t *md = dnnl_primitive_desc_query_md(pd, dnnl_query_exec_arg_md, which);
    size_t bytes = dnnl_memory_desc_get_size(md);
    float *data = tp_system_allocate(bytes + 64);
    if (!data) return false;
    for (size_t i = 0; i < bytes / sizeof(float); i++) data[i] = (float)(i * 7 % 13) * 0.1f - 0.6f;
    dnnl_memory_t memory;
    if (dnnl_memory_create(&memory, md, p->engine, data) != dnnl_success) {
        tp_system_release(data);
        return false;
    }
    p->data[p->args] = data;
    p->arg[p->args].arg = which;
    p->arg[p->args++].memory = memory;
    return true;
}

static bool describe(dnnl_convolution_desc_t *desc, const tp_conv_shape *s, tp_conv_kind kind,
                     dnnl_alg_kind_t algorithm) {
    dnnl_dims_t x = {s->images, s->in_channels, s->in_h, s->in_w};
    dnnl_dims_t w = {s->out_channels, s->in_channels, s->kernel_h, s->kernel_w};
    dnnl_dims_t y = {s->images, s->out_channels, s->out_h, s->out_w}, b = {s->out_channels};
    dnnl_dims_t strides = {s->stride_h, s->stride_w}, before = {s->top, s->left}, after;
    after[0] = (s->out_h - 1) * s->stride_h + s->kernel_h - s->in_h - s->top;
    after[1] = (s->out_w - 1) * s->stride_w + s->kernel_w - s->in_w - s->left;
    dnnl_memory_desc_t mx, mw, my, mb;
    dnnl_memory_desc_init_by_tag(&mx, 4, x, dnnl_f32, dnnl_format_tag_any);
    dnnl_memory_desc_init_by_tag(&mw, 4, w, dnnl_f32, dnnl_format_tag_any);
    dnnl_memory_desc_init_by_tag(&my, 4, y, dnnl_f32, dnnl_format_tag_any);
    dnnl_memory_desc_init_by_tag(&mb, 1, b, dnnl_f32, dnnl_a);
    dnnl_status_t status;
    if (kind == TP_CONV_FORWARD)
        status = dnnl_convolution_forward_desc_init(desc, dnnl_forward_training, algorithm, &mx,
                                                    &mw, &mb, &my, strides, before, after);
    else if (kind == TP_CONV_GRAD_INPUT)
        status = dnnl_convolution_backward_data_desc_init(desc, algorithm, &mx, &mw, &my, strides,
                                                          before, after);
    else
        status = dnnl_convolution_backward_weights_desc_init(desc, algorithm, &mx, &mw, &mb, &my,
                                                             strides, before, after);
    return status == dnnl_success;
}

/* One algorithm; NULL where there is none for this shape. */
static peer *make(const tp_conv_shape *s, tp_conv_kind kind, dnnl_alg_kind_t algorithm) {
    static const int arguments[TP_CONV_COUNT][OPERANDS] = {
        {DNNL_ARG_SRC, DNNL_ARG_WEIGHTS, DNNL_ARG_BIAS, DNNL_ARG_DST},
        {DNNL_ARG_DIFF_SRC, DNNL_ARG_WEIGHTS, DNNL_ARG_DIFF_DST, 0},
        {DNNL_ARG_SRC, DNNL_ARG_DIFF_WEIGHTS, DNNL_ARG_DIFF_BIAS, DNNL_ARG_DIFF_DST}};
    peer *p = calloc(1, sizeof *p);
    dnnl_convolution_desc_t desc, hint_desc;
    dnnl_primitive_desc_t hint = NULL, pd = NULL;
    bool fine =
        p && dnnl_engine_create(&p->engine, dnnl_cpu, 0) == dnnl_success &&
        dnnl_stream_create(&p->stream, p->engine, dnnl_stream_default_flags) == dnnl_success &&
        describe(&hint_desc, s, TP_CONV_FORWARD, algorithm) &&
        describe(&desc, s, kind, algorithm) &&
        dnnl_primitive_desc_create(&hint, &hint_desc, NULL, p->engine, NULL) == dnnl_success &&
        dnnl_primitive_desc_create(&pd, &desc, NULL, p->engine, hint) == dnnl_success &&
        dnnl_primitive_create(&p->primitive, pd) == dnnl_success;
    for (int i = 0; i < OPERANDS && fine; i++)
        if (arguments[kind][i]) fine = add_argument(p, pd, arguments[kind][i]);
    if (hint) dnnl_primitive_desc_destroy(hint);
    if (pd) dnnl_primitive_desc_destroy(pd);
    if (fine) return p;
    peer_free(p);
    return NULL;
}

static double seconds(void) {
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (double)t.tv_sec + 1e-9 * (double)t.tv_nsec;
}

static double time_of(peer *p) {
    double best = 1e9;
    for (int i = 0; i < 4; i++) {
        double start = seconds();
        peer_run(p);
        double taken = seconds() - start;
        if (taken < best) best = taken;
    }
    return best;
}

/* The fastest of its algorithms. */
peer *peer_new(const tp_conv_shape *shape, tp_conv_kind kind, int threads) {
    static const dnnl_alg_kind_t algorithms[MOST_ALGORITHMS] = {
        dnnl_convolution_auto, dnnl_convolution_direct, dnnl_convolution_winograd};
    peer *best = NULL;
    double least = 0;
    omp_set_num_threads(threads);
    for (int i = 0; i < MOST_ALGORITHMS; i++) {
        peer *p = make(shape, kind, algorithms[i]);
        if (p) p->threads = threads;
        double taken = p ? time_of(p) : 0;
        if (p && (!best || taken < least)) {
            peer *slower = best;
            best = p, p = slower;
            least = taken;
        }
        if (p) peer_free(p);
    }
    return best;
}

void peer_run(peer *p) {
    omp_set_num_threads(p->threads);
    dnnl_primitive_execute(p->primitive, p->stream, p->args, p->arg);
    dnnl_stream_wait(p->stream);
}

void peer_free(peer *p) {
    if (!p) return;
    for (int i = 0; i < p->args; i++) {
        dnnl_memory_destroy(p->arg[i].memory);
        tp_system_release(p->data[i]);
    }
    if (p->primitive) dnnl_primitive_destroy(p->primitive);
    if (p->stream) dnnl_stream_destroy(p->stream);
    if (p->engine) dnnl_engine_destroy(p->engine);
    free(p);
}
