/* Weights in the order in which the tiles read them. A template, see conv_tmpl.h.
 *
 * Groups follow each other, in each the blocks of depth, in each the tiles of rows: packed[(c * taps + t) * height + r] of a tile
 * is the weight of its row r, source channel c and tap t. */

/* Where the tile of rows from `row` on in the block of `channels` channels from `channel` on begins. */
static const REAL *NAME(tile_weights)(const PLAN *plan, int64_t group, int64_t row, int64_t channel,
                                      int64_t channels) {
    return plan->packed +
           plan->taps * ((group * plan->depth + channel) * plan->rows + row * channels);
}

static void NAME(pack_tile)(const PLAN *plan, REAL *to, const REAL *from, int64_t height,
                            int64_t channels) {
    const int64_t *down = plan->h.which, *across = plan->w.which;
    int64_t wide = plan->args->shape.kernel_w;
    for (int64_t c = 0; c < channels; c++, from += plan->weight_depth) {
        for (int64_t a = 0; a < plan->h.taps; a++) {
            for (int64_t b = 0; b < plan->w.taps; b++, to += height) {
                const REAL *element = from + down[a] * wide + across[b];
                for (int64_t r = 0; r < height; r++) to[r] = element[r * plan->weight_row];
            }
        }
    }
}

/* One task: the tiles of one block of depth in one group. */
static void NAME(pack_weights)(void *arg, int64_t task, int worker) {
    (void)worker;
    const PLAN *plan = arg;
    int64_t blocks = NAME(ceil_div)(plan->depth, plan->block_depth);
    int64_t group = task / blocks, channel = task % blocks * plan->block_depth;
    int64_t channels = NAME(least)(plan->block_depth, plan->depth - channel);
    const REAL *from = plan->weight + group * plan->weight_group + channel * plan->weight_depth;
    for (int64_t row = 0; row < plan->rows; row += plan->tile) {
        NAME(pack_tile)
        (plan, (REAL *)NAME(tile_weights)(plan, group, row, channel, channels),
         from + row * plan->weight_row, NAME(least)(plan->tile, plan->rows - row), channels);
    }
}
