/* Resize and its forerunner, as far as they are PyTorch's interpolate. */
#include <math.h>
#include <string.h>
#include <taper/ops.h>
#include <taper/ops/resample.h>

#include "io/graph/rows.h"
#include "ops/loop.h"

const char *tp_refuse_resize(const tp_graph *graph, const tp_graph_node *node) {
    const char *mode = tp_graph_text(node, "mode", "nearest");
    const char *place = tp_graph_text(node, "coordinate_transformation_mode",
                                      graph->opset < 11 ? "asymmetric" : "half_pixel");
    bool half = strcmp(place, "half_pixel") == 0 || strcmp(place, "pytorch_half_pixel") == 0;
    bool corners = strcmp(place, "align_corners") == 0;
    bool nearest = strcmp(mode, "nearest") == 0, cubic = strcmp(mode, "cubic") == 0;
    if (!nearest && !cubic && strcmp(mode, "linear") != 0) return tp_text("mode %.40s", mode);
    if (tp_graph_int(node, "antialias", 0)) return "antialias";
    if (tp_graph_int(node, "exclude_outside", 0)) return "exclude_outside";
    if (nearest ? strcmp(place, "asymmetric") != 0 && !half : !half && !corners)
        return tp_text("%.40s with %.40s", mode, place);
    if (cubic && tp_graph_float(node, "cubic_coeff_a", -0.75) != -0.75) return "cubic_coeff_a";
    return NULL;
}

/* The factors of the spatial dimensions and the sizes that they make. */
typedef struct target {
    int dims;
    int64_t size[2];
    double scale[2];
    bool scaled; /* by factors, rather than to sizes */
} target;

static bool find_target(const tp_graph_step *s, const tp_tensor *x, const double *numbers,
                        int count, bool scaled, target *t) {
    *t = (target){.dims = x->ndim - 2, .scaled = scaled};
    bool fine = (t->dims == 1 || t->dims == 2) && count == x->ndim;
    for (int d = 0; fine && d < x->ndim; d++) {
        double size = scaled ? floor((double)x->shape[d] * numbers[d]) : numbers[d];
        fine = size >= 1 && size < 1 << 20 && (d > 1 || size == (double)x->shape[d]);
        if (!fine || d < 2) continue;
        t->size[d - 2] = (int64_t)size;
        t->scale[d - 2] = scaled ? numbers[d] : 1;
    }
    if (!fine)
        tp_graph_fail(s, TP_ERROR_SHAPE, tp_tensor_text(x),
                      "(N, C, L) or (N, C, H, W) and factors or sizes for L, or H and W alone");
    return fine;
}

/* ONNX's half_pixel with round_prefer_floor gives the same places as PyTorch's nearest where the factor is whole. */
static bool whole_factors(const target *t, const tp_tensor *x) {
    for (int d = 0; d < t->dims; d++)
        if (t->size[d] % x->shape[2 + d]) return false;
    return true;
}

static tp_tensor *resize(const tp_graph_step *s, tp_tensor *x, const target *t, const char *mode,
                         bool align) {
    tp_interpolate_args args = {.x = x, .align_corners = align};
    args.mode = strcmp(mode, "nearest") == 0 ? TP_NEAREST
                : strcmp(mode, "cubic") == 0 ? TP_BICUBIC
                : t->dims == 1               ? TP_LINEAR
                                             : TP_BILINEAR;
    if (t->scaled) {
        args.scale_hw[0] = t->scale[0];
        args.scale_hw[1] = t->scale[1];
        if (t->dims == 1)
            args = (tp_interpolate_args){
                .x = x, .scale = t->scale[0], .mode = args.mode, .align_corners = align};
    } else if (t->dims == 1) {
        args.size = t->size[0];
    } else {
        args.size_hw[0] = t->size[0];
        args.size_hw[1] = t->size[1];
    }
    return tp_interpolate_at(s->at, args);
}

tp_tensor *tp_run_resize(const tp_graph_step *s) {
    tp_tensor *x = tp_graph_input(s, 0);
    double numbers[TP_MAX_DIMS];
    int count = 0;
    bool old = s->graph->opset < 11;
    bool fine = tp_graph_numbers(s, old ? 1 : 2, numbers, TP_MAX_DIMS, &count);
    bool scaled = count > 0;
    if (fine && !scaled) fine = tp_graph_numbers(s, 3, numbers, TP_MAX_DIMS, &count);
    target t;
    if (!fine || !find_target(s, x, numbers, count, scaled, &t)) return tp_poison();
    const char *mode = tp_graph_text(s->node, "mode", "nearest");
    const char *place =
        tp_graph_text(s->node, "coordinate_transformation_mode", old ? "asymmetric" : "half_pixel");
    const char *round =
        tp_graph_text(s->node, "nearest_mode", old ? "floor" : "round_prefer_floor");
    bool asymmetric = strcmp(place, "asymmetric") == 0;
    bool floors = asymmetric && strcmp(round, "floor") == 0;
    if (strcmp(mode, "nearest") == 0 && !floors &&
        (asymmetric || strcmp(round, "round_prefer_floor") != 0 || !whole_factors(&t, x)))
        return tp_graph_fail(s, TP_ERROR_UNSUPPORTED,
                             tp_text("nearest with %.40s and %.40s", place, round),
                             "asymmetric and floor, or whole factors");
    return resize(s, x, &t, mode, strcmp(place, "align_corners") == 0);
}

/* Up to version 9; "linear" lies otherwise than PyTorch's there. */
tp_tensor *tp_run_upsample(const tp_graph_step *s) {
    tp_tensor *x = tp_graph_input(s, 0);
    double numbers[TP_MAX_DIMS];
    int count = 0;
    const tp_graph_attribute *scales = tp_graph_attribute_of(s->node, "scales");
    if (!tp_graph_numbers(s, 1, numbers, TP_MAX_DIMS, &count)) return tp_poison();
    for (size_t i = 0; scales && i < scales->count && i < TP_MAX_DIMS && scales->floats; i++)
        numbers[count++] = (double)scales->floats[i];
    target t;
    if (!find_target(s, x, numbers, count, true, &t)) return tp_poison();
    if (strcmp(tp_graph_text(s->node, "mode", "nearest"), "nearest") != 0)
        return tp_graph_fail(s, TP_ERROR_UNSUPPORTED, "linear", "nearest");
    return resize(s, x, &t, "nearest", false);
}
