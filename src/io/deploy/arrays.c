/* Constant arrays. */
#include <math.h>
#include <string.h>
#include <taper/ops.h>

#include "base/alloc.h"
#include "io/deploy/deploy.h"
#include "ops/loop.h"

enum { PER_LINE = 8 };

/* The shortest text that reads back as the same float. */
static void print_float(FILE *to, float value) {
    char text[32];
    for (int digits = 6; digits <= 9; digits++) {
        snprintf(text, sizeof text, "%.*g", digits, (double)value);
        float again = 0;
        if (sscanf(text, "%f", &again) == 1 && memcmp(&again, &value, sizeof value) == 0) break;
    }
    fprintf(to, "%s%sf", text, strpbrk(text, ".e") ? "" : ".0");
}

void tp_deploy_print_floats(FILE *to, const float *values, int64_t count) {
    for (int64_t i = 0; i < count; i++) {
        fputs(i % PER_LINE ? " " : "\n    ", to);
        print_float(to, values[i]);
        if (i + 1 < count) fputc(',', to);
    }
}

int tp_deploy_floats(tp_deploy *d, const float *values, int64_t count) {
    fprintf(d->data, "static const float a%d[%lld] = {", d->arrays, (long long)count);
    tp_deploy_print_floats(d->data, values, count);
    fputs("};\n", d->data);
    return d->arrays++;
}

int tp_deploy_bytes(tp_deploy *d, const int8_t *values, int64_t count) {
    fprintf(d->data, "static const signed char a%d[%lld] = {", d->arrays, (long long)count);
    for (int64_t i = 0; i < count; i++)
        fprintf(d->data, "%s%d%s", i % (2 * PER_LINE) ? "" : "\n    ", values[i],
                i + 1 < count ? "," : "");
    fputs("};\n", d->data);
    return d->arrays++;
}

int tp_deploy_ints(tp_deploy *d, const int64_t *values, int64_t count) {
    fprintf(d->data, "static const int a%d[%lld] = {", d->arrays, (long long)count);
    for (int64_t i = 0; i < count; i++)
        fprintf(d->data, "%s%lld%s", i % PER_LINE ? " " : "\n    ", (long long)values[i],
                i + 1 < count ? "," : "");
    fputs("};\n", d->data);
    return d->arrays++;
}

float *tp_deploy_values(tp_deploy *d, const tp_graph_node *node, int value) {
    tp_tensor *x = value < 0 ? NULL : d->graph->values[d->root[value]].tensor;
    if (!x || x->dtype != TP_FLOAT32) {
        tp_deploy_refuse(d, node,
                         x ? "values of another type than float32" : "weights that are computed");
        return NULL;
    }
    float *values = tp_new((size_t)x->numel * sizeof *values + 1);
    if (!values) tp_fail_memory(d->at, "export_c", (size_t)x->numel * sizeof *values);
    bool fine = values && (!x->numel || tp_copy_out_at(d->at, x, values));
    for (int64_t i = 0; fine && i < x->numel; i++) fine = isfinite(values[i]);
    if (fine) return values;
    if (values) tp_deploy_refuse(d, node, "a weight that is no finite number");
    d->failed = true;
    tp_delete(values);
    return NULL;
}
