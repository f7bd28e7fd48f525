/* Sorting rows of one type by merging, which is stable. A template: TYPE, NAME, LESS(a, b) with NaN as the largest. */

/* Merges the neighbours [0, middle) and [middle, n): b goes first only where it is truly less (descending: greater). */
static void NAME(merge)(TYPE *to, int64_t *to_index, const TYPE *from, const int64_t *index,
                        int64_t middle, int64_t n, bool descending) {
    int64_t a = 0, b = middle;
    for (int64_t i = 0; i < n; i++) {
        bool second = a == middle ||
                      (b < n && (descending ? LESS(from[a], from[b]) : LESS(from[b], from[a])));
        int64_t chosen = second ? b++ : a++;
        to[i] = from[chosen];
        to_index[i] = index[chosen];
    }
}

/* Short stretches by insertion. */
static void NAME(insert)(TYPE *x, int64_t *index, int64_t n, bool descending) {
    for (int64_t i = 1; i < n; i++) {
        TYPE value = x[i];
        int64_t place = index[i], k = i;
        for (; k > 0 && (descending ? LESS(x[k - 1], value) : LESS(value, x[k - 1])); k--) {
            x[k] = x[k - 1];
            index[k] = index[k - 1];
        }
        x[k] = value;
        index[k] = place;
    }
}

static void NAME(sort)(void *to, int64_t *index, const void *from, int64_t rows, int64_t n,
                       bool descending, void *scratch) {
    enum { SHORT = 16 };
    TYPE *out = to;
    const TYPE *x = from;
    int64_t *other_index = scratch;
    TYPE *other = (TYPE *)(void *)(other_index + n);
    for (int64_t r = 0; r < rows; r++, x += n, out += n, index += n) {
        for (int64_t i = 0; i < n; i++) out[i] = x[i], index[i] = i;
        for (int64_t i = 0; i < n; i += SHORT)
            NAME(insert)(out + i, index + i, n - i < SHORT ? n - i : SHORT, descending);
        TYPE *here = out, *there = other;
        int64_t *here_index = index, *there_index = other_index;
        for (int64_t width = SHORT; width < n; width *= 2) {
            for (int64_t i = 0; i < n; i += 2 * width) {
                int64_t count = n - i < 2 * width ? n - i : 2 * width;
                NAME(merge)
                (there + i, there_index + i, here + i, here_index + i,
                 count < width ? count : width, count, descending);
            }
            TYPE *swap = here;
            int64_t *swap_index = here_index;
            here = there, there = swap;
            here_index = there_index, there_index = swap_index;
        }
        for (int64_t i = 0; here != out && i < n; i++) out[i] = here[i], index[i] = here_index[i];
    }
}

#undef TYPE
#undef NAME
#undef LESS
