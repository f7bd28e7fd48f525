/* Sums for batch normalisation. A template, see conv_tmpl.h. */

/* total[c] and total[channels + c] = the sums over blocks of counts[block][c][0] and [1], in their order. */
static void NAME(add_counts)(double *total, const REAL *counts, int64_t channels, int64_t blocks) {
    for (int64_t i = 0; i < 2 * channels; i++) total[i] = 0;
    for (int64_t block = 0; block < blocks; block++) {
        for (int64_t c = 0; c < channels; c++, counts += 2) {
            total[c] += (double)counts[0];
            total[channels + c] += (double)counts[1];
        }
    }
}
