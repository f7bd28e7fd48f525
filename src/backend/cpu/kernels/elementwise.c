/* Runs a kernel for contiguous blocks over operands of any stride. */
#include "backend/cpu/kernels/elementwise.h"

#define MOVE(type)                                                      \
    do {                                                                \
        type *to = out;                                                 \
        const type *from = in;                                          \
        for (int64_t i = 0; i < n; i++) to[i * step] = from[i * pitch]; \
    } while (0)

/* Copies n elements of `item` bytes, every pitch-th of in to every step-th of out. */
static void move(int64_t n, size_t item, void *out, int64_t step, const void *in, int64_t pitch) {
    if (item == 4)
        MOVE(uint32_t);
    else if (item == 8)
        MOVE(uint64_t);
    else
        MOVE(uint8_t);
}

static inline char *element(void *data, int64_t index, int64_t stride, size_t item) {
    return (char *)data + index * stride * (int64_t)item;
}

typedef union buffer {
    _Alignas(64) char bytes[TP_BUFFER * 8];
} buffer;

/* Elements [begin, n) in pieces that fit in the buffers. */
static void run_buffered(tp_flat_fn fn, tp_flat_items items, int operands, int64_t begin, int64_t n,
                         void *const *pointer, const int64_t *stride, const double *p) {
    buffer buffers[TP_MAX_OPERANDS];
    void *here[TP_MAX_OPERANDS] = {NULL};
    for (int64_t at = begin; at < n; at += TP_BUFFER) {
        int64_t count = n - at < TP_BUFFER ? n - at : TP_BUFFER;
        int64_t whole = (count + TP_BLOCK - 1) & ~(int64_t)(TP_BLOCK - 1);
        for (int i = 0; i < operands; i++) {
            if (!pointer[i]) continue;
            size_t item = items.of[i];
            here[i] = element(pointer[i], at, stride[i], item);
            if (stride[i] == 1 && count == whole) continue;
            if (i > 0 && (stride[i] || at == begin)) {
                move(count, item, buffers[i].bytes, 1, here[i], stride[i]);
                memset(buffers[i].bytes + count * (int64_t)item, 0, (size_t)(whole - count) * item);
            }
            here[i] = buffers[i].bytes;
        }
        fn(whole, here, p);
        if (here[0] == buffers[0].bytes)
            move(count, items.of[0], element(pointer[0], at, stride[0], items.of[0]), stride[0],
                 here[0], 1);
    }
}

#define WIDEN(type)                                                                   \
    do {                                                                              \
        type *to = out;                                                               \
        const type *from = in;                                                        \
        for (int i = 0; i < TP_BLOCK; i++) to[i] = from[(i < n ? i : n - 1) * pitch]; \
    } while (0)

/* n < TP_BLOCK elements become a whole block, the last one repeated. */
static void widen(int64_t n, size_t item, void *out, const void *in, int64_t pitch) {
    if (item == 4)
        WIDEN(uint32_t);
    else if (item == 8)
        WIDEN(uint64_t);
    else
        WIDEN(uint8_t);
}

/* Elements [begin, n), fewer than a block */
static void run_few(tp_flat_fn fn, tp_flat_items items, int operands, int64_t begin, int64_t n,
                    void *const *pointer, const int64_t *stride, const double *p) {
    _Alignas(64) char block[TP_MAX_OPERANDS][TP_BLOCK * 8];
    void *here[TP_MAX_OPERANDS] = {NULL};
    for (int i = 0; i < operands; i++) {
        if (!pointer[i]) continue;
        here[i] = block[i];
        if (i > 0)
            widen(n - begin, items.of[i], block[i],
                  element(pointer[i], begin, stride[i], items.of[i]), stride[i]);
    }
    fn(TP_BLOCK, here, p);
    move(n - begin, items.of[0], element(pointer[0], begin, stride[0], items.of[0]), stride[0],
         block[0], 1);
}

void TP_ISA_NAME(tp_flat_run)(tp_flat_fn fn, tp_flat_items items, int operands, int64_t n,
                              void *const *pointer, const int64_t *stride, const double *p) {
    static const double none[2] = {0, 0};
    bool flat = true;
    for (int i = 0; i < operands; i++) flat = flat && (stride[i] == 1 || !pointer[i]);
    int64_t whole = flat ? n & ~(int64_t)(TP_BLOCK - 1) : 0;
    if (!p) p = none;
    if (whole) fn(whole, pointer, p);
    if (n - whole <= 0) return;
    if (n - whole < TP_BLOCK)
        run_few(fn, items, operands, whole, n, pointer, stride, p);
    else
        run_buffered(fn, items, operands, whole, n, pointer, stride, p);
}

void TP_ISA_NAME(tp_register_elementwise)(tp_kernels *table) {
    TP_ISA_NAME(tp_register_unary)(table);
    TP_ISA_NAME(tp_register_binary)(table);
    TP_ISA_NAME(tp_register_cast)(table);
}
