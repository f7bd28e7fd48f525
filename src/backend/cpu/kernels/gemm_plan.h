/* How a product is to be computed: which kernels, what is packed, how it is cut into blocks and
 * shared out. A template, see gemm_tmpl.h. Nothing here that changes the order of additions may
 * depend on the number of threads. */

typedef struct NAME(plan) {
    tp_gemm_args args;
    /* The product as computed: (m, k) times (k, n). Where swapped, it is the transposed result, b^T
     * a^T. */
    int64_t m, n, k;
    const REAL *a, *b;
    int64_t a_row, a_col, b_row, b_col;
    bool swapped;
    bool dot;      /* dot-product kernels instead of outer-product ones */
    bool in_place; /* sums grow in c itself */
    bool add;      /* .. on top of what is there */
    bool plain;    /* sums are the result */
    bool read_c;   /* beta c remains to be added at the end */
    bool one_bias; /* the bias is one number */
    bool pack_a, pack_b;
    int vectors;  /* of a panel of b, for the outer form */
    int max_rows; /* of a register tile */
    int64_t block_rows, block_cols, block_k;
    int64_t group_cols;                  /* of b that are copied at a time */
    int64_t fetch_rows;                  /* of the next group, to ask for at each tile */
    int row_parts, col_parts;            /* the grid of tasks */
    int most_parts;                      /* that there may be another time, when others are awake */
    REAL *scratch[TP_GEMM_MAX_PARTS];    /* by worker */
    int64_t a_space, b_space, sum_space; /* elements of the parts of scratch */
} NAME(plan);
#define PLAN NAME(plan)

static void NAME(swap_operands)(PLAN *plan) {
    const tp_gemm_args *g = &plan->args;
    plan->swapped = true;
    plan->m = g->n, plan->n = g->m;
    plan->a = g->b, plan->a_row = g->b_col, plan->a_col = g->b_row;
    plan->b = g->a, plan->b_row = g->a_col, plan->b_col = g->a_row;
}

static void NAME(choose_finish)(PLAN *plan) {
    const tp_gemm_args *g = &plan->args;
    bool scaled = g->alpha != 1;
    plan->add = g->beta == 1 && !scaled;
    plan->in_place = !plan->swapped && !g->tile && (g->beta == 0 || plan->add);
    if (g->mask && g->mask == g->c) plan->in_place = false;
    plan->add = plan->add && plan->in_place;
    plan->plain =
        plan->in_place && !scaled && !g->bias && !g->mask && g->activation == TP_EPILOGUE_NONE;
    plan->read_c = g->beta != 0 && !plan->in_place;
}

/* n cut into the fewest equal blocks of at most `most`, each a multiple of unit (but for the last
 * one). */
static int64_t NAME(even_block)(int64_t n, int64_t most, int64_t unit) {
    if (n <= 0) return unit;
    int64_t count = (n + most - 1) / most;
    int64_t block = (n + count - 1) / count;
    return (block + unit - 1) / unit * unit;
}

/* How many of so many threads are worth it, each of which has to do that much. */
static int NAME(share_out)(double work, double least, int threads) {
    return work < least * threads ? (int)(work / least) : threads;
}

/* Threads that may work on it, those of them that are awake and near, and whether the others are far. */
typedef struct NAME(crew) {
    int threads, awake;
    bool far;
} NAME(crew);

static NAME(crew) NAME(crew_of)(const tp_pool *pool, bool alone) {
    if (alone) return (NAME(crew)){1, 1, false};
    return (NAME(crew)){tp_pool_threads(pool), tp_pool_awake(pool), tp_pool_far(pool)};
}

static void NAME(choose_parts)(PLAN *plan, NAME(crew) crew) {
    double work = (double)plan->m * (double)plan->n * (double)(plan->k + 1);
    int most = NAME(share_out)(work, crew.far ? FAR_WORK : PARALLEL_WORK, crew.threads);
    int eager = NAME(share_out)(work, AWAKE_WORK, crew.awake);
    if (most < eager) most = eager;
    if (most < 1) most = 1;
    if (most > TP_GEMM_MAX_PARTS) most = TP_GEMM_MAX_PARTS;
    plan->most_parts = NAME(share_out)(work, AWAKE_WORK, crew.threads);
    if (plan->most_parts > TP_GEMM_MAX_PARTS) plan->most_parts = TP_GEMM_MAX_PARTS;
    int64_t unit_cols = plan->dot ? DOT_COLUMNS : plan->vectors * LANES;
    int64_t rows = (plan->m + 3) / 4, cols = (plan->n + unit_cols - 1) / unit_cols;
    /* The rows of a weight matrix stay with their thread in all of the products of a layer: they
     * are the columns of b in the forward product, and rows of the result (a transposed) in the
     * product that makes the weight's gradient. Very long ones do so where threads are far: near, it takes longer to read all
     * of x than to pass lines of the weight on. */
    int64_t longest = crew.far ? 1024 : 16; /* times as long as there are rows */
    bool weight_rows = (plan->a_row == 1 && plan->a_col != 1 && plan->n < longest * plan->m) ||
                       (plan->swapped && plan->n < 4 * plan->m);
    bool weight_cols = plan->dot && plan->m < 4 * plan->n && plan->n >= DOT_LIMIT;
    /* Where b is small beside a and the result, it does not matter who has it: rows are images, and
     * stay with the thread that has them in the layers before and after. */
    bool small_b = plan->b_col == 1 && plan->a_col == 1 && plan->k < plan->m;
    bool rows_first = weight_rows || small_b || (!weight_cols && plan->m >= plan->n);
    int64_t first = rows_first ? rows : cols, second = rows_first ? cols : rows;
    int first_parts = first < most ? (int)first : most;
    int second_parts = second < most / first_parts ? (int)second : most / first_parts;
    plan->row_parts = rows_first ? first_parts : second_parts;
    plan->col_parts = rows_first ? second_parts : first_parts;
}

static void NAME(choose_outer_blocks)(PLAN *plan) {
    int64_t budget = TP_VECTOR_REGISTERS == 32 ? 28 : 12;
    int64_t m = (plan->m + plan->row_parts - 1) / plan->row_parts,
            n = (plan->n + plan->col_parts - 1) / plan->col_parts;
    plan->max_rows = (int)(budget / plan->vectors);
    plan->block_k = NAME(even_block)(plan->k, OUTER_K, 8);
    plan->block_rows = NAME(even_block)(m, OUTER_ROWS, plan->max_rows);
    int64_t width = plan->vectors * LANES, tiles = (m + plan->max_rows - 1) / plan->max_rows;
    plan->pack_b = plan->b_col != 1 || (tiles >= 4 && plan->k > 64) ||
                   (tiles >= 2 && NAME(crowded)(plan->b_row));
    bool unit = plan->a_row == 1 || plan->a_col == 1;
    bool far = plan->a_row == 1 && plan->a_col != 1 ? plan->k > 64 && NAME(crowded)(plan->a_col)
                                                    : NAME(crowded)(plan->a_row);
    plan->pack_a = !unit || (plan->a_row == 1 && plan->a_col != 1 && n >= 8 * width) ||
                   (far && n >= 2 * width) || (n >= 512 && m >= 64 && plan->k >= 128);
    bool many = plan->k > plan->block_k; /* sums of several blocks of k meet in memory */
    plan->block_cols = plan->in_place || !many
                           ? plan->n
                           : NAME(even_block)(n, SUM_SPACE / plan->block_rows, width);
    plan->a_space = plan->pack_a ? NAME(pack_rows_size)(plan->block_rows, plan->block_k) : 0;
    plan->group_cols = !plan->pack_b       ? width
                       : n < GROUP_COLUMNS ? (n + width - 1) / width * width
                                           : GROUP_COLUMNS;
    if (plan->pack_b && plan->b_col == 1 && n > plan->group_cols &&
        plan->k * n * (int64_t)sizeof(REAL) > FETCH_BYTES)
        plan->fetch_rows =
            1 + plan->block_k * width * plan->max_rows / (plan->group_cols * plan->block_rows);
    plan->b_space = (plan->block_k + LANES) * plan->group_cols;
    plan->sum_space =
        plan->block_rows * (many && !plan->in_place ? plan->block_cols + width : width);
}
