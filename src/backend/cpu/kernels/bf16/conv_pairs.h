/* Copies of operands in pairs: planes that follow each other in memory are rounded and woven together, two by two. */

/* from (groups, count, size) to (groups, (count + 1) / 2, size) of pairs; an odd last plane is paired with zeros. */
typedef struct planes {
    float *to;
    const float *from;
    int64_t groups, count, size;
} planes;

static void pair_plane(float *to, const float *first, const float *second, int64_t size) {
    for (int64_t i = 0; i < size; i += 16) {
        int64_t left = size - i;
        __mmask16 mask = left < 16 ? (__mmask16)((1U << left) - 1) : (__mmask16)0xffff;
        __m512 a = _mm512_maskz_loadu_ps(mask, first + i);
        __m512 b = second ? _mm512_maskz_loadu_ps(mask, second + i) : _mm512_setzero_ps();
        _mm512_mask_storeu_ps(to + i, mask, pair_across(a, b));
    }
}

static void pair_range(void *arg, int64_t begin, int64_t end) {
    const planes *p = arg;
    int64_t pairs = (p->count + 1) / 2;
    for (int64_t i = begin; i < end; i++) {
        int64_t plane = i % pairs * 2;
        const float *first = p->from + (i / pairs * p->count + plane) * p->size;
        pair_plane(p->to + i * p->size, first, plane + 1 < p->count ? first + p->size : NULL,
                   p->size);
    }
}

static void pair_planes(tp_pool *pool, const planes *p) {
    enum { GRAIN = 8192 }; /* pairs that are worth a task */
    int64_t grain = GRAIN / (p->size > 0 ? p->size : 1);
    tp_parallel_for(pool, p->groups * ((p->count + 1) / 2), grain > 1 ? grain : 1, pair_range,
                    (void *)p);
}
