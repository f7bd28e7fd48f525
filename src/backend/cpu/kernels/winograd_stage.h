/* Pixels on their way between images, where those of one channel are neighbours, and stages, where the LANES channels of one
 * pixel are. A template, see winograd.c. */

/* What lies where of a run of pixels: `count` pixels that are neighbours in the image, of `channels` (at most LANES) channels
 * `channel_step` apart; in the stage every `width` pixels are followed by a gap of `gap` elements. */
typedef struct NAME(run) {
    int64_t count, width, gap, channel_step;
    int channels;
} NAME(run);
#define RUN NAME(run)

/* LANES pixels of every channel; the first `count` of them where that is less, and zeros. */
TP_ALWAYS_INLINE void NAME(load_pixels)(const RUN *run, const REAL *from, int64_t count, VEC *v) {
    if (count >= LANES && run->channels == LANES) {
        TP_UNROLL for (int c = 0; c < LANES; c++) v[c] = NAME(load)(from + c * run->channel_step);
        return;
    }
    TP_UNROLL for (int c = 0; c < LANES; c++) {
        v[c] = (VEC){0};
        if (c < run->channels)
            v[c] = NAME(load_part)(from + c * run->channel_step, count < LANES ? count : LANES);
    }
}

/* The pixels into the stage at `to`; lanes beyond the last channel become zero. */
static void NAME(stage_run)(const RUN *run, const REAL *from, REAL *to) {
    int64_t column = 0;
    for (int64_t i = 0; i < run->count; i += LANES, from += LANES) {
        VEC v[LANES];
        int64_t count = run->count - i;
        /* the next channels, which the processor cannot guess */
        TP_UNROLL for (int c = 0; c < LANES; c++)
            __builtin_prefetch(from + (LANES + c) * run->channel_step, 0, 2);
        NAME(load_pixels)(run, from, count, v);
        NAME(transpose)(v);
        if (count >= LANES && column + LANES < run->width) { /* no gap among them */
            TP_UNROLL for (int p = 0; p < LANES; p++) NAME(store)(to + p * LANES, v[p]);
            to += LANES * LANES;
            column += LANES;
            continue;
        }
        TP_UNROLL for (int p = 0; p < LANES; p++) {
            if (p >= count) break;
            NAME(store)(to, v[p]);
            to += LANES;
            if (++column == run->width) to += run->gap, column = 0;
        }
    }
}

/* What happens to pixels on their way out. */
typedef struct NAME(finish) {
    const REAL *bias; /* of the first channel, or NULL */
    tp_epilogue activation;
    REAL slope;
    bool accumulate;
} NAME(finish);
#define FINISH NAME(finish)

TP_ALWAYS_INLINE void NAME(activate_pixels)(tp_epilogue kind, REAL slope, VEC bias, VEC *v) {
    TP_UNROLL for (int p = 0; p < LANES; p++) v[p] = NAME(activate)(kind, slope, v[p] + bias);
}

/* Those that take so long themselves that choosing among them does not matter. */
static void NAME(activate_any)(const FINISH *finish, VEC bias, VEC *v) {
    for (int p = 0; p < LANES; p++)
        v[p] = NAME(activate)(finish->activation, finish->slope, v[p] + bias);
}

/* LANES pixels, v, of every channel; the first `count` of them where that is less. */
TP_ALWAYS_INLINE void NAME(finish_pixels)(const RUN *run, const FINISH *finish, VEC bias, VEC *v,
                                          REAL *to, int64_t count) {
    if (finish->activation == TP_EPILOGUE_RELU)
        NAME(activate_pixels)(TP_EPILOGUE_RELU, 0, bias, v);
    else if (finish->activation == TP_EPILOGUE_LEAKY_RELU)
        NAME(activate_pixels)(TP_EPILOGUE_LEAKY_RELU, finish->slope, bias, v);
    else if (finish->activation == TP_EPILOGUE_NONE)
        NAME(activate_pixels)(TP_EPILOGUE_NONE, 0, bias, v);
    else
        NAME(activate_any)(finish, bias, v);
    NAME(transpose)(v);
    if (count >= LANES && run->channels == LANES && !finish->accumulate) {
        TP_UNROLL for (int c = 0; c < LANES; c++) NAME(store)(to + c * run->channel_step, v[c]);
        return;
    }
    if (count > LANES) count = LANES;
    TP_UNROLL for (int c = 0; c < LANES; c++) {
        if (c >= run->channels) break;
        REAL *at = to + c * run->channel_step;
        VEC pixels = v[c];
        if (finish->accumulate) pixels += NAME(load_part)(at, count);
        NAME(store_part)(at, pixels, count);
    }
}

/* The pixels from the stage at `from` into the image. */
static void NAME(unstage_run)(const RUN *run, const FINISH *finish, const REAL *from, REAL *to) {
    VEC bias = {0};
    if (finish->bias) bias = NAME(load_part)(finish->bias, run->channels);
    int64_t column = 0;
    for (int64_t i = 0; i < run->count; i += LANES, to += LANES) {
        VEC v[LANES];
        int64_t count = run->count - i;
        if (count >= LANES && column + LANES < run->width) { /* no gap among them */
            TP_UNROLL for (int p = 0; p < LANES; p++) v[p] = NAME(load)(from + p * LANES);
            from += LANES * LANES;
            column += LANES;
        } else {
            TP_UNROLL for (int p = 0; p < LANES; p++) {
                v[p] = (VEC){0};
                if (p >= count) continue;
                v[p] = NAME(load)(from);
                from += LANES;
                if (++column == run->width) from += run->gap, column = 0;
            }
        }
        NAME(finish_pixels)(run, finish, bias, v, to, count);
    }
}

/* Adds the pixels' sum, and the sum of their squares, of every channel. */
static void NAME(count_run)(const RUN *run, const REAL *from, VEC *sum, VEC *squares) {
    for (int64_t i = 0; i < run->count; i += run->width, from += run->gap) {
        for (int64_t j = 0; j < run->width; j++, from += LANES) {
            VEC v = NAME(load)(from);
            *sum += v;
            *squares += v * v;
        }
    }
}
