/* How a convolution is cut up. A template, see winograd.c.
 *
 * The image that is made is covered by tiles. A unit is a row of tiles of one image (a stretch of such a row where it is
 * long), a strip is one or several units below each other that go through the stage together, a block is what is
 * transformed, multiplied and transformed back at a time: many units, of several images where these are small. */

enum {
    NAME(SEGMENT) = 64,    /* most tiles of a unit */
    NAME(STAGE) = 24576,   /* elements of the stage, where one unit does not need more */
    NAME(BLOCK) = 1 << 20, /* elements of the transformed tiles of a block */
    NAME(GROUP_TILES) =
        56, /* tiles that are multiplied at a time: their products stay in the second-level cache */
    NAME(FEW_TILES) = 28, /* a block of fewer is not worth the transform of the weight */
};

/* One of the two images: x or y, the operand or the result. */
typedef struct NAME(image) {
    int64_t channels, h, w;
} NAME(image);
#define IMAGE NAME(image)

typedef struct NAME(plan) {
    int side; /* of the kernel */
    const METHOD *method;
    int64_t images;
    IMAGE in, out; /* what the tiles are made from, with a border of zeros, and what they cover */
    int64_t top, left;              /* of that border */
    int64_t tile_rows, tile_cols;   /* of an image */
    int64_t segments, segment_cols; /* of a row of tiles; the last one may be shorter */
    int64_t units;
    int64_t strip_rows;  /* most units of a strip */
    int64_t block_units; /* most units of a block */
    int64_t stage_space; /* elements */
} NAME(plan);
#define PLAN NAME(plan)

typedef struct NAME(strip) {
    int64_t image, row, rows, col, cols; /* in tiles */
} NAME(strip);
#define STRIP NAME(strip)

TP_ALWAYS_INLINE int64_t NAME(least)(int64_t a, int64_t b) { return a < b ? a : b; }
TP_ALWAYS_INLINE int64_t NAME(most)(int64_t a, int64_t b) { return a > b ? a : b; }
TP_ALWAYS_INLINE int64_t NAME(parts_of)(int64_t n, int64_t part) { return (n + part - 1) / part; }

/* The smallest number of elements, at least n, that is an odd number of cache lines: what lies so far apart does not
 * crowd into a few sets of the cache. */
static int64_t NAME(odd_step)(int64_t n) {
    const int64_t line = 64 / (int64_t)sizeof(REAL);
    return (NAME(parts_of)(n, line) | 1) * line;
}

/* Where part t of `parts` of [0, n) begins. */
static int64_t NAME(part_begin)(int64_t n, int64_t parts, int64_t t) {
    return n / parts * t + NAME(least)(n % parts, t);
}

/* Needs side, images, in, out, top and left; block_channels: channels whose tiles a block holds. */
static void NAME(cut_up)(PLAN *plan, int64_t block_channels) {
    plan->method = NAME(choose_method)(plan->side, plan->out.h, plan->out.w);
    const int64_t tile = plan->method->tile, points = plan->method->points;
    plan->tile_rows = NAME(parts_of)(plan->out.h, tile);
    plan->tile_cols = NAME(parts_of)(plan->out.w, tile);
    plan->segments = NAME(parts_of)(plan->tile_cols, NAME(SEGMENT));
    plan->segment_cols = NAME(parts_of)(plan->tile_cols, plan->segments);
    plan->segments = NAME(parts_of)(plan->tile_cols, plan->segment_cols);
    plan->units = plan->images * plan->tile_rows * plan->segments;
    int64_t pixels = NAME(STAGE) / LANES, halo = plan->side - 1;
    int64_t cols = plan->segment_cols * tile + halo;
    plan->strip_rows = plan->segments > 1 ? 1 : NAME(most)(1, (pixels / cols - halo) / tile);
    plan->strip_rows = NAME(least)(plan->strip_rows, plan->tile_rows);
    plan->stage_space = (plan->strip_rows * tile + halo) * cols * LANES;
    int64_t panels = NAME(most)(1, NAME(parts_of)(block_channels, LANES));
    int64_t tiles = NAME(BLOCK) / (points * points * panels * LANES);
    plan->block_units = NAME(most)(1, tiles / plan->segment_cols);
}

/* Tiles of all the units before this one. */
static int64_t NAME(tiles_before)(const PLAN *plan, int64_t unit) {
    return unit / plan->segments * plan->tile_cols + unit % plan->segments * plan->segment_cols;
}

/* The strip that begins with that unit and ends before `end` at the latest; returns the unit after it. */
static int64_t NAME(take_strip)(const PLAN *plan, int64_t unit, int64_t end, STRIP *strip) {
    int64_t row = unit / plan->segments, left = plan->tile_rows - row % plan->tile_rows;
    strip->image = row / plan->tile_rows;
    strip->row = row % plan->tile_rows;
    strip->col = unit % plan->segments * plan->segment_cols;
    strip->cols = NAME(least)(plan->segment_cols, plan->tile_cols - strip->col);
    strip->rows = 1;
    if (plan->segments == 1)
        strip->rows = NAME(least)(NAME(least)(plan->strip_rows, left), end - unit);
    return unit + strip->rows;
}

/* Tiles, transformed: for each point, panels of LANES channels, each (tiles, LANES). */
typedef struct NAME(panels) {
    REAL *at;
    int64_t tiles;
    int64_t step; /* from one point to the next */
} NAME(panels);
#define PANELS NAME(panels)

static int64_t NAME(panels_step)(int64_t tiles, int64_t channels) {
    return NAME(odd_step)(tiles * NAME(parts_of)(channels, LANES) * LANES);
}

/* Makes panels from channels of an image. */
typedef struct NAME(source) {
    const REAL *pixels; /* of the first channel of the first image */
    IMAGE image;
    int64_t first, channels; /* those wanted */
    int64_t top, left;       /* where tiles begin above and to the left of the image */
    int64_t halo;            /* rows and columns that a tile reads beyond its own */
    NAME(transform_fn) transform;
} NAME(source);
#define SOURCE NAME(source)

/* The pixels of LANES channels from `channel` on that the strip reads, (rows, cols, LANES) with `cols` of the stage; what
 * lies outside of the image is left alone. */
static void NAME(stage_strip)(const PLAN *plan, const SOURCE *from, const STRIP *strip,
                              int64_t channel, REAL *stage, int64_t cols) {
    const int64_t tile = plan->method->tile, h = from->image.h, w = from->image.w;
    int64_t y = strip->row * tile - from->top, x = strip->col * tile - from->left;
    int64_t y0 = NAME(most)(y, 0), y1 = NAME(least)(h, y + strip->rows * tile + from->halo);
    int64_t x0 = NAME(most)(x, 0), x1 = NAME(least)(w, x + cols);
    if (y0 >= y1 || x0 >= x1) return;
    const REAL *pixels =
        from->pixels + ((strip->image * from->image.channels + channel) * h + y0) * w + x0;
    REAL *to = stage + ((y0 - y) * cols + (x0 - x)) * LANES;
    RUN run = {.channel_step = h * w};
    run.channels = (int)NAME(least)(LANES, from->first + from->channels - channel);
    run.width = x1 - x0;
    run.gap = (cols - run.width) * LANES;
    int64_t rows = run.width == w ? y1 - y0 : 1; /* whole rows are neighbours */
    run.count = rows * run.width;
    for (; y0 < y1; y0 += rows, pixels += rows * w, to += rows * cols * LANES)
        NAME(stage_run)(&run, pixels, to);
}

/* Whether two strips cover the same part of an image, so that the same places of the stage lie outside of it. */
static bool NAME(alike)(const STRIP *a, const STRIP *b) {
    return a->row == b->row && a->rows == b->rows && a->col == b->col && a->cols == b->cols;
}

/* The tiles of units [begin, end). */
static void NAME(fill_panels)(const PLAN *plan, const SOURCE *from, int64_t begin, int64_t end,
                              REAL *stage, const PANELS *panels) {
    const int64_t tile = plan->method->tile, points = plan->method->points;
    int64_t first_tile = NAME(tiles_before)(plan, begin);
    STRIP last = {.row = -1};
    while (begin < end) {
        STRIP strip;
        int64_t tiles = NAME(tiles_before)(plan, begin) - first_tile;
        begin = NAME(take_strip)(plan, begin, end, &strip);
        int64_t cols = strip.cols * tile + from->halo;
        size_t space = (size_t)((strip.rows * tile + from->halo) * cols * LANES) * sizeof(REAL);
        if (!NAME(alike)(&strip, &last)) memset(stage, 0, space);
        last = strip;
        for (int64_t c = 0; c < from->channels; c += LANES) {
            NAME(stage_strip)(plan, from, &strip, from->first + c, stage, cols);
            REAL *to = panels->at + (c * panels->tiles + tiles * LANES);
            for (int64_t i = 0; i < strip.rows; i++) {
                for (int64_t j = 0; j < strip.cols; j++, to += LANES)
                    from->transform(stage + (i * cols + j) * tile * LANES, cols * LANES, LANES, to,
                                    points * panels->step, panels->step);
            }
        }
    }
}
