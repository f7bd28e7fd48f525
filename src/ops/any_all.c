/* any and all: bool, without gradient. */
#include "ops/reduce.h"

static tp_tensor *run(tp_location at, const char *op, tp_reduce_kind kind, tp_reduce_args args) {
    unsigned mask;
    if (!tp_reduce_mask(at, op, args.x, args.dims, &mask)) return tp_poison();
    return tp_reduce_run(at, op, kind, args.x, mask, args.keepdim, 1);
}

tp_tensor *tp_any_at(tp_location at, tp_reduce_args args) {
    TP_CHECK(at, "any", args.x);
    return run(at, "any", TP_REDUCE_ANY, args);
}

tp_tensor *tp_all_at(tp_location at, tp_reduce_args args) {
    TP_CHECK(at, "all", args.x);
    return run(at, "all", TP_REDUCE_ALL, args);
}
