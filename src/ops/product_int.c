/* Products of integer matrices: plain loops, wrapping as the types do. */
#include "ops/product.h"

/* One matrix: c = alpha a b + beta c. Unsigned arithmetic, for which running over is no error. */
#define INTEGER_PRODUCT(name, type, unsigned_type)                                                 \
    static void name(const tp_product *p, const type *a, const type *b, type *c) {                 \
        unsigned_type alpha = (unsigned_type)(int64_t)p->alpha;                                    \
        unsigned_type beta = (unsigned_type)(int64_t)p->beta;                                      \
        for (int64_t i = 0; i < p->m; i++) {                                                       \
            type *row = c + i * p->c.row;                                                          \
            for (int64_t j = 0; j < p->n; j++)                                                     \
                row[j] = beta ? (type)((unsigned_type)row[j] * beta) : 0;                          \
            for (int64_t l = 0; l < p->k; l++) {                                                   \
                unsigned_type left = (unsigned_type)a[i * p->a.row + l * p->a.col] * alpha;        \
                const type *right = b + l * p->b.row;                                              \
                for (int64_t j = 0; j < p->n; j++)                                                 \
                    row[j] =                                                                       \
                        (type)((unsigned_type)row[j] + left * (unsigned_type)right[j * p->b.col]); \
            }                                                                                      \
        }                                                                                          \
    }
INTEGER_PRODUCT(product_int64, int64_t, uint64_t)
INTEGER_PRODUCT(product_int32, int32_t, uint32_t)
INTEGER_PRODUCT(product_uint8, uint8_t, uint32_t)
#undef INTEGER_PRODUCT

void tp_product_run_integer(const tp_product *p) {
    int64_t place[TP_MAX_DIMS] = {0}, item = (int64_t)tp_item_size(p->dtype);
    for (;;) {
        tp_product one = *p;
        int64_t a = 0, b = 0, c = 0;
        for (int d = 0; d < p->batch_dims; d++) {
            a += place[d] * p->a.batch[d];
            b += place[d] * p->b.batch[d];
            c += place[d] * p->c.batch[d];
            if (p->c.batch[d] == 0 && place[d] > 0) one.beta = 1; /* written before */
        }
        void *pa = p->a.data + a * item, *pb = p->b.data + b * item, *pc = p->c.data + c * item;
        if (p->dtype == TP_INT64)
            product_int64(&one, pa, pb, pc);
        else if (p->dtype == TP_INT32)
            product_int32(&one, pa, pb, pc);
        else
            product_uint8(&one, pa, pb, pc);
        int d = p->batch_dims - 1;
        while (d >= 0 && ++place[d] == p->batch[d]) place[d--] = 0;
        if (d < 0) return;
    }
}
