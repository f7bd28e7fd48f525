#include "io/flat.h"

#include "base/alloc.h"

bool tp_writable(tp_location at, const char *op, const tp_tensor *x) {
    if (tp_poisoned(x)) {
        tp_surface();
        return false;
    }
    return tp_usable(at, op, x);
}

bool tp_flat_begin(tp_flat *flat, tp_location at, const char *op, tp_tensor *x) {
    *flat = (tp_flat){.data = x->data, .bytes = (size_t)x->numel * tp_item_size(x->dtype)};
    if (x->contiguous || !flat->bytes) return true;
    flat->data = flat->copy = tp_block_allocate(flat->bytes);
    if (!flat->copy) {
        tp_fail_memory(at, op, flat->bytes);
        return false;
    }
    if (tp_copy_out_at(at, x, flat->copy)) return true;
    tp_flat_end(flat);
    return false;
}

void tp_flat_end(tp_flat *flat) {
    if (flat->copy) tp_block_release(flat->copy, flat->bytes);
    flat->copy = NULL;
}
