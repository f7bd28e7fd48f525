/* Included once for each of float and double by linear.c: T, its MASK type and the names F(x). */

enum { F(LANES) = TP_VECTOR_BYTES / sizeof(T) };
typedef T F(vec) __attribute__((vector_size(TP_VECTOR_BYTES)));
typedef MASK F(lanes) __attribute__((vector_size(TP_VECTOR_BYTES)));

TP_ALWAYS_INLINE F(vec) F(load)(const T *p) {
    F(vec) v;
    memcpy(&v, p, sizeof v);
    return v;
}

TP_ALWAYS_INLINE void F(store)(T *p, F(vec) v) { memcpy(p, &v, sizeof v); }

/* g times the derivative of the activation, from its output y. */
TP_ALWAYS_INLINE F(vec) F(derive)(F(vec) g, F(vec) y, T slope, tp_epilogue kind) {
    F(lanes) positive = y > (T)0;
    switch (kind) {
    case TP_EPILOGUE_RELU: return (F(vec))((F(lanes))g & positive);
    case TP_EPILOGUE_LEAKY_RELU:
        return (F(vec))(((F(lanes))g & positive) | ((F(lanes))(g * slope) & ~positive));
    case TP_EPILOGUE_SIGMOID: return g * (y * ((T)1 - y));
    case TP_EPILOGUE_TANH: return g * ((T)1 - y * y);
    default: return g;
    }
}

TP_ALWAYS_INLINE T F(derive_one)(T g, T y, T slope, tp_epilogue kind) {
    switch (kind) {
    case TP_EPILOGUE_RELU: return y > 0 ? g : 0;
    case TP_EPILOGUE_LEAKY_RELU: return y > 0 ? g : g * slope;
    case TP_EPILOGUE_SIGMOID: return g * (y * ((T)1 - y));
    case TP_EPILOGUE_TANH: return g * ((T)1 - y * y);
    default: return g;
    }
}

/* `rows` rows of `vectors` vectors of columns, from column j on; sum grows by what they give. */
TP_ALWAYS_INLINE void F(strip)(const tp_linear_grad_args *args, int64_t first, int64_t rows,
                               int64_t j, int vectors, tp_epilogue kind) {
    int64_t n = args->columns, start = first * n + j;
    const T *g = (const T *)args->g + start;
    const T *y = kind == TP_EPILOGUE_NONE ? g : (const T *)args->y + start;
    T *gz = args->gz ? (T *)args->gz + start : NULL, *total = args->sum ? (T *)args->sum + j : NULL;
    T slope = (T)args->slope;
    F(vec) sum[STRIP] = {0};
    for (int64_t i = 0; i < rows; i++) {
        TP_UNROLL
        for (int v = 0; v < vectors; v++) {
            F(vec) d = F(load)(g + i * n + v * F(LANES));
            if (kind != TP_EPILOGUE_NONE)
                d = F(derive)(d, F(load)(y + i * n + v * F(LANES)), slope, kind);
            if (gz) F(store)(gz + i * n + v * F(LANES), d);
            sum[v] += d;
        }
    }
    if (!total) return;
    TP_UNROLL
    for (int v = 0; v < vectors; v++)
        F(store)(total + v * F(LANES), F(load)(total + v * F(LANES)) + sum[v]);
}

/* The columns from j on that fill no vector. */
TP_ALWAYS_INLINE void F(rest)(const tp_linear_grad_args *args, int64_t first, int64_t rows,
                              int64_t j, tp_epilogue kind) {
    int64_t n = args->columns;
    const T *g = (const T *)args->g + first * n;
    const T *y = kind == TP_EPILOGUE_NONE ? g : (const T *)args->y + first * n;
    T *gz = args->gz ? (T *)args->gz + first * n : NULL;
    T slope = (T)args->slope;
    for (; j < n; j++) {
        T sum = 0;
        for (int64_t i = 0; i < rows; i++) {
            T d = F(derive_one)(g[i * n + j], y[i * n + j], slope, kind);
            if (gz) gz[i * n + j] = d;
            sum += d;
        }
        if (args->sum) ((T *)args->sum)[j] += sum;
    }
}

TP_ALWAYS_INLINE void F(all)(const tp_linear_grad_args *args, tp_epilogue kind) {
    int64_t n = args->columns;
    for (int64_t i = 0; i < args->rows; i += ROW_BLOCK) {
        int64_t rows = args->rows - i < ROW_BLOCK ? args->rows - i : ROW_BLOCK, j = 0;
        for (; j + STRIP * F(LANES) <= n; j += STRIP * F(LANES))
            F(strip)(args, i, rows, j, STRIP, kind);
        for (; j + F(LANES) <= n; j += F(LANES)) F(strip)(args, i, rows, j, 1, kind);
        if (j < n) F(rest)(args, i, rows, j, kind);
    }
}

static void F(linear_grad)(const tp_linear_grad_args *args) {
    if (args->sum && !args->accumulate) memset(args->sum, 0, sizeof(T) * (size_t)args->columns);
    switch (args->activation) {
    case TP_EPILOGUE_RELU: F(all)(args, TP_EPILOGUE_RELU); break;
    case TP_EPILOGUE_LEAKY_RELU: F(all)(args, TP_EPILOGUE_LEAKY_RELU); break;
    case TP_EPILOGUE_SIGMOID: F(all)(args, TP_EPILOGUE_SIGMOID); break;
    case TP_EPILOGUE_TANH: F(all)(args, TP_EPILOGUE_TANH); break;
    default: F(all)(args, TP_EPILOGUE_NONE); break;
    }
}
