/* Winograd's transforms of one line with eight points: 0, P, -P, Q, -Q, R, -R and infinity. F(4, 5), and for the gradient of the
 * weight F(5, 4). A template, see winograd_lines.h, which says how the matrices come about. */

#define P    ((REAL)0.5)
#define Q    ((REAL)1)
#define R    ((REAL)2)
#define P2   (P * P)
#define Q2   (Q * Q)
#define R2   (R * R)
#define AT_0 (-1 / (P2 * Q2 * R2))
#define AT_P (1 / (2 * P2 * (P2 - Q2) * (P2 - R2)))
#define AT_Q (1 / (2 * Q2 * (Q2 - P2) * (Q2 - R2)))
#define AT_R (1 / (2 * R2 * (R2 - P2) * (R2 - Q2)))

/* That of 0, from d, and that of infinity, from d + 1: the product of (t^2 - q^2) over the three pairs. */
TP_ALWAYS_INLINE VEC NAME(input_end8)(const VEC *d) {
    return d[6] - (P2 + Q2 + R2) * d[4] +
           ((P2 * Q2 + P2 * R2 + Q2 * R2) * d[2] - P2 * Q2 * R2 * d[0]);
}
/* B^T, 8x8 */
TP_ALWAYS_INLINE void NAME(input_line8)(const VEC *d, VEC *t) {
    t[0] = NAME(input_end8)(d);
    /* those of p and -p have a factor t more than with seven points */
    NAME(input_pair5)(d + 1, P, Q2 + R2, Q2 * R2, t + 1);
    NAME(input_pair5)(d + 1, Q, P2 + R2, P2 * R2, t + 3);
    NAME(input_pair5)(d + 1, R, P2 + Q2, P2 * Q2, t + 5);
    t[7] = NAME(input_end8)(d + 1);
}

/* The rows of G of p and -p from the taps with even and with odd powers, `at` being AT_P. */
TP_ALWAYS_INLINE void NAME(kernel_pair8)(VEC even, VEC odd, REAL at, REAL p, VEC *u) {
    u[0] = at * even + at * p * odd;
    u[1] = at * even - at * p * odd;
}
/* G, 8x5 */
TP_ALWAYS_INLINE void NAME(kernel_line8)(const VEC *g, VEC *u) {
    u[0] = AT_0 * g[0];
    NAME(kernel_pair8)(g[0] + P2 * (g[2] + P2 * g[4]), g[1] + P2 * g[3], AT_P, P, u + 1);
    NAME(kernel_pair8)(g[0] + Q2 * (g[2] + Q2 * g[4]), g[1] + Q2 * g[3], AT_Q, Q, u + 3);
    NAME(kernel_pair8)(g[0] + R2 * (g[2] + R2 * g[4]), g[1] + R2 * g[3], AT_R, R, u + 5);
    u[7] = g[4];
}
/* G of the weight's gradient, 8x4 */
TP_ALWAYS_INLINE void NAME(gradient_line8)(const VEC *g, VEC *u) {
    u[0] = AT_0 * g[0];
    NAME(kernel_pair8)(g[0] + P2 * g[2], g[1] + P2 * g[3], AT_P, P, u + 1);
    NAME(kernel_pair8)(g[0] + Q2 * g[2], g[1] + Q2 * g[3], AT_Q, Q, u + 3);
    NAME(kernel_pair8)(g[0] + R2 * g[2], g[1] + R2 * g[3], AT_R, R, u + 5);
    u[7] = g[3];
}

/* The first four rows of A^T, without infinity. */
TP_ALWAYS_INLINE void NAME(four_powers8)(const VEC *sum, const VEC *difference, VEC *y) {
    y[0] = sum[0] + (sum[1] + sum[2]);
    y[1] = P * difference[0] + Q * difference[1] + R * difference[2];
    y[2] = P2 * sum[0] + Q2 * sum[1] + R2 * sum[2];
    y[3] = P * P2 * difference[0] + Q * Q2 * difference[1] + R * R2 * difference[2];
}
/* A^T, 4x8 */
TP_ALWAYS_INLINE void NAME(output_line8)(const VEC *m, VEC *y) {
    VEC sum[3] = {m[1] + m[2], m[3] + m[4], m[5] + m[6]};
    VEC difference[3] = {m[1] - m[2], m[3] - m[4], m[5] - m[6]};
    NAME(four_powers8)(sum, difference, y);
    y[0] += m[0];
    y[3] += m[7];
}
/* A^T of the weight's gradient, 5x8 */
TP_ALWAYS_INLINE void NAME(weight_line8)(const VEC *m, VEC *w) {
    VEC sum[3] = {m[1] + m[2], m[3] + m[4], m[5] + m[6]};
    VEC difference[3] = {m[1] - m[2], m[3] - m[4], m[5] - m[6]};
    NAME(four_powers8)(sum, difference, w);
    w[0] += m[0];
    w[4] = m[7] + P2 * P2 * sum[0] + Q2 * Q2 * sum[1] + R2 * R2 * sum[2];
}

#undef P
#undef Q
#undef R
#undef P2
#undef Q2
#undef R2
#undef AT_0
#undef AT_P
#undef AT_Q
#undef AT_R
