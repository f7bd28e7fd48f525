#include "ops/normalise.h"

enum { GRAIN = 1 << 14, LEAST_BLOCK = 64 }; /* elements worth a thread; rows of a part */

tp_norm_layout tp_norm_layout_of(int64_t batch, int64_t channels, int64_t inner) {
    if (inner != 1)
        return (tp_norm_layout){
            .rows = batch * channels, .n = inner, .period = channels, .parts = batch};
    tp_norm_layout layout = {.rows = batch, .n = channels, .period = channels, .columns = true};
    layout.block = channels ? GRAIN / channels : 1;
    if (layout.block < LEAST_BLOCK) layout.block = LEAST_BLOCK;
    layout.parts = (batch + layout.block - 1) / layout.block;
    return layout;
}

int64_t tp_norm_part(const tp_norm_layout *layout, int64_t part) {
    if (!layout->columns) return layout->n;
    int64_t left = layout->rows - part * layout->block;
    return left < layout->block ? left : layout->block;
}

typedef struct pass_task {
    const tp_norm_layout *layout;
    tp_norm_fn kernel;
    tp_normalise_args args;
    int64_t row_bytes;
} pass_task;

static void run_rows(void *arg, int64_t begin, int64_t end) {
    const pass_task *task = arg;
    const tp_norm_layout *layout = task->layout;
    tp_normalise_args args = task->args;
    int64_t offset = begin * task->row_bytes;
    int64_t sums = layout->columns ? begin / layout->block * layout->n : begin;
    args.rows = end - begin;
    args.first_row = begin;
    if (args.x) args.x = (const char *)args.x + offset;
    if (args.g) args.g = (const char *)args.g + offset;
    if (args.y) args.y = (char *)args.y + offset;
    if (args.first) args.first += sums;
    if (args.second) args.second += sums;
    task->kernel(&args);
}

void tp_norm_run(const tp_norm_layout *layout, tp_norm_fn kernel, tp_dtype dtype,
                 tp_normalise_args args) {
    if (layout->rows == 0 || layout->n == 0) return;
    args.n = layout->n;
    args.period = layout->period;
    pass_task task = {layout, kernel, args, layout->n * (int64_t)tp_item_size(dtype)};
    int64_t grain = layout->columns ? layout->block : (GRAIN + layout->n - 1) / layout->n;
    tp_parallel_for(tp_context_pool(tp_ctx()), layout->rows, grain, run_rows, &task);
}

void tp_norm_join_moments(const tp_norm_layout *layout, const double *first, const double *second,
                          double *mean, double *square) {
    int64_t sets = layout->period;
    double total = 0;
    for (int64_t c = 0; c < sets; c++) mean[c] = square[c] = 0;
    for (int64_t p = 0; p < layout->parts; p++) total += (double)tp_norm_part(layout, p);
    for (int64_t p = 0; p < layout->parts; p++) {
        double share = (double)tp_norm_part(layout, p) / total;
        for (int64_t c = 0; c < sets; c++) mean[c] += share * first[p * sets + c];
    }
    for (int64_t p = 0; p < layout->parts; p++) {
        double count = (double)tp_norm_part(layout, p);
        for (int64_t c = 0; c < sets; c++) {
            double far = first[p * sets + c] - mean[c];
            square[c] += second[p * sets + c] + count * far * far;
        }
    }
}

void tp_norm_join_sums(const tp_norm_layout *layout, const double *parts, double *sum) {
    int64_t sets = layout->period;
    for (int64_t c = 0; c < sets; c++) sum[c] = 0;
    for (int64_t p = 0; p < layout->parts; p++)
        for (int64_t c = 0; c < sets; c++) sum[c] += parts[p * sets + c];
}

bool tp_norm_fits(tp_location at, const char *op, const tp_tensor *x, const char *name,
                  const tp_tensor *parameter, int64_t size) {
    if (!parameter) return true;
    bool shaped = parameter->ndim == 1 && parameter->shape[0] == size;
    if (shaped && parameter->dtype == x->dtype) return true;
    tp_fail(at, op, shaped ? TP_ERROR_DTYPE : TP_ERROR_SHAPE,
            tp_text("x %s and %s %s", tp_tensor_text(x), name, tp_tensor_text(parameter)),
            tp_text("%s (%lld) of x's type", name, (long long)size), NULL);
    return false;
}
