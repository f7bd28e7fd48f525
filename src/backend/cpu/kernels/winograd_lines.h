/* Winograd's transforms of one line. A template, see winograd.c.
 *
 * Multiplying two polynomials is multiplying their values at enough points. F(4, 3) makes four outputs of a filter of three
 * taps from six products: at 0, 3/4, -3/4, 3/2, -3/2 and infinity. The usual points 0, 1, -1, 2, -2 need no fewer
 * operations where multiply-adds are one instruction, and lose two and a half times as many digits. F(2, 3) needs four
 * points: 0, 1, -1, infinity. The filter of F(m, 3) for the gradient of the weight has m taps and three outputs: F(3, m), with
 * the same points and hence the same transform of x.
 *
 * In matrices: out = A^T ((G filter) * (B^T in)). For a point p, the row of B^T holds the coefficients of the product of
 * (t - q) over the other points q, the row of G is 1, p, p^2, .. over that product's value at p, the column of A^T is 1, p,
 * p^2, ..; infinity stands for the leading coefficients. */

/* the four points other than 0 and infinity of F(4, 3): P, -P, Q, -Q; all of these are exact in binary */
#define P  ((REAL)0.75)
#define Q  ((REAL)1.5)
#define P2 (P * P)
#define Q2 (Q * Q)
/* one over the product of the differences to the other points: at 0, at P and -P, at Q and -Q */
#define AT_0 (1 / (P2 * Q2))
#define AT_P (1 / (2 * P2 * (P2 - Q2)))
#define AT_Q (1 / (2 * Q2 * (Q2 - P2)))

/* B^T, 6x6 */
TP_ALWAYS_INLINE void NAME(input_line4)(const VEC *d, VEC *t) {
    VEC even_p = d[4] - Q2 * d[2], odd_p = d[3] - Q2 * d[1];
    VEC even_q = d[4] - P2 * d[2], odd_q = d[3] - P2 * d[1];
    t[0] = d[4] + (P2 * Q2 * d[0] - (P2 + Q2) * d[2]);
    t[1] = even_p + P * odd_p;
    t[2] = even_p - P * odd_p;
    t[3] = even_q + Q * odd_q;
    t[4] = even_q - Q * odd_q;
    t[5] = d[5] + (P2 * Q2 * d[1] - (P2 + Q2) * d[3]);
}

/* A^T, 4x6 */
TP_ALWAYS_INLINE void NAME(output_line4)(const VEC *m, VEC *y) {
    VEC sum_p = m[1] + m[2], sum_q = m[3] + m[4];
    VEC difference_p = m[1] - m[2], difference_q = m[3] - m[4];
    y[0] = m[0] + (sum_p + sum_q);
    y[1] = P * difference_p + Q * difference_q;
    y[2] = P2 * sum_p + Q2 * sum_q;
    y[3] = m[5] + P * P2 * difference_p + Q * Q2 * difference_q;
}

/* G, 6x3 */
TP_ALWAYS_INLINE void NAME(kernel_line4)(const VEC *g, VEC *u) {
    VEC even_p = AT_P * g[0] + AT_P * P2 * g[2], odd_p = AT_P * P * g[1];
    VEC even_q = AT_Q * g[0] + AT_Q * Q2 * g[2], odd_q = AT_Q * Q * g[1];
    u[0] = AT_0 * g[0];
    u[1] = even_p + odd_p;
    u[2] = even_p - odd_p;
    u[3] = even_q + odd_q;
    u[4] = even_q - odd_q;
    u[5] = g[2];
}

/* G of the weight's gradient, 6x4 */
TP_ALWAYS_INLINE void NAME(gradient_line4)(const VEC *g, VEC *u) {
    VEC even_p = AT_P * g[0] + AT_P * P2 * g[2], odd_p = AT_P * P * g[1] + AT_P * P * P2 * g[3];
    VEC even_q = AT_Q * g[0] + AT_Q * Q2 * g[2], odd_q = AT_Q * Q * g[1] + AT_Q * Q * Q2 * g[3];
    u[0] = AT_0 * g[0];
    u[1] = even_p + odd_p;
    u[2] = even_p - odd_p;
    u[3] = even_q + odd_q;
    u[4] = even_q - odd_q;
    u[5] = g[3];
}

/* A^T of the weight's gradient, 3x6 */
TP_ALWAYS_INLINE void NAME(weight_line4)(const VEC *m, VEC *w) {
    VEC sum_p = m[1] + m[2], sum_q = m[3] + m[4];
    w[0] = m[0] + (sum_p + sum_q);
    w[1] = P * (m[1] - m[2]) + Q * (m[3] - m[4]);
    w[2] = m[5] + P2 * sum_p + Q2 * sum_q;
}

/* F(2, 5) has as many points, hence the same B^T. A^T, 2x6 */
TP_ALWAYS_INLINE void NAME(output_line4_5)(const VEC *m, VEC *y) {
    y[0] = m[0] + ((m[1] + m[2]) + (m[3] + m[4]));
    y[1] = m[5] + P * (m[1] - m[2]) + Q * (m[3] - m[4]);
}

/* G, 6x5 */
TP_ALWAYS_INLINE void NAME(kernel_line4_5)(const VEC *g, VEC *u) {
    VEC even_p = AT_P * g[0] + AT_P * P2 * g[2] + AT_P * P2 * P2 * g[4];
    VEC even_q = AT_Q * g[0] + AT_Q * Q2 * g[2] + AT_Q * Q2 * Q2 * g[4];
    VEC odd_p = AT_P * P * g[1] + AT_P * P * P2 * g[3];
    VEC odd_q = AT_Q * Q * g[1] + AT_Q * Q * Q2 * g[3];
    u[0] = AT_0 * g[0];
    u[1] = even_p + odd_p;
    u[2] = even_p - odd_p;
    u[3] = even_q + odd_q;
    u[4] = even_q - odd_q;
    u[5] = g[4];
}

/* G of the weight's gradient, 6x2 */
TP_ALWAYS_INLINE void NAME(gradient_line4_5)(const VEC *g, VEC *u) {
    VEC even_p = AT_P * g[0], odd_p = AT_P * P * g[1];
    VEC even_q = AT_Q * g[0], odd_q = AT_Q * Q * g[1];
    u[0] = AT_0 * g[0];
    u[1] = even_p + odd_p;
    u[2] = even_p - odd_p;
    u[3] = even_q + odd_q;
    u[4] = even_q - odd_q;
    u[5] = g[1];
}

/* A^T of the weight's gradient, 5x6 */
TP_ALWAYS_INLINE void NAME(weight_line4_5)(const VEC *m, VEC *w) {
    VEC sum_p = m[1] + m[2], sum_q = m[3] + m[4];
    VEC difference_p = m[1] - m[2], difference_q = m[3] - m[4];
    w[0] = m[0] + (sum_p + sum_q);
    w[1] = P * difference_p + Q * difference_q;
    w[2] = P2 * sum_p + Q2 * sum_q;
    w[3] = P * P2 * difference_p + Q * Q2 * difference_q;
    w[4] = m[5] + P2 * P2 * sum_p + Q2 * Q2 * sum_q;
}

#undef P
#undef Q
#undef P2
#undef Q2
#undef AT_0
#undef AT_P
#undef AT_Q

/* The same for F(5, 3) with the points P, -P, Q, -Q, R, -R and infinity. */
#define P    ((REAL)0.25)
#define Q    ((REAL)0.875)
#define R    ((REAL)1.75)
#define P2   (P * P)
#define Q2   (Q * Q)
#define R2   (R * R)
#define AT_P (1 / (2 * P * (P2 - Q2) * (P2 - R2)))
#define AT_Q (1 / (2 * Q * (Q2 - P2) * (Q2 - R2)))
#define AT_R (1 / (2 * R * (R2 - P2) * (R2 - Q2)))

/* The rows of B^T of p and -p, where s is the sum and m the product of the other points' squares. */
TP_ALWAYS_INLINE void NAME(input_pair5)(const VEC *d, REAL p, REAL s, REAL m, VEC *t) {
    VEC even = d[5] + (m * d[1] - s * d[3]), odd = d[4] + (m * d[0] - s * d[2]);
    t[0] = even + p * odd;
    t[1] = even - p * odd;
}
TP_ALWAYS_INLINE void NAME(input_line5)(const VEC *d, VEC *t) {
    NAME(input_pair5)(d, P, Q2 + R2, Q2 * R2, t);
    NAME(input_pair5)(d, Q, P2 + R2, P2 * R2, t + 2);
    NAME(input_pair5)(d, R, P2 + Q2, P2 * Q2, t + 4);
    t[6] =
        d[6] - (P2 + Q2 + R2) * d[4] + ((P2 * Q2 + P2 * R2 + Q2 * R2) * d[2] - P2 * Q2 * R2 * d[0]);
}

TP_ALWAYS_INLINE void NAME(output_line5)(const VEC *m, VEC *y) {
    VEC sum_p = m[0] + m[1], sum_q = m[2] + m[3], sum_r = m[4] + m[5];
    VEC difference_p = m[0] - m[1], difference_q = m[2] - m[3], difference_r = m[4] - m[5];
    y[0] = sum_p + sum_q + sum_r;
    y[1] = P * difference_p + Q * difference_q + R * difference_r;
    y[2] = P2 * sum_p + Q2 * sum_q + R2 * sum_r;
    y[3] = P * P2 * difference_p + Q * Q2 * difference_q + R * R2 * difference_r;
    y[4] = m[6] + P2 * P2 * sum_p + Q2 * Q2 * sum_q + R2 * R2 * sum_r;
}

/* The rows of G of p and -p, where `at` is AT_P. */
TP_ALWAYS_INLINE void NAME(kernel_pair5)(VEC even, VEC odd, VEC *u) {
    u[0] = odd + even;
    u[1] = odd - even;
}
TP_ALWAYS_INLINE void NAME(kernel_line5)(const VEC *g, VEC *u) {
    NAME(kernel_pair5)(AT_P * g[0] + AT_P * P2 * g[2], AT_P * P * g[1], u);
    NAME(kernel_pair5)(AT_Q * g[0] + AT_Q * Q2 * g[2], AT_Q * Q * g[1], u + 2);
    NAME(kernel_pair5)(AT_R * g[0] + AT_R * R2 * g[2], AT_R * R * g[1], u + 4);
    u[6] = g[2];
}

TP_ALWAYS_INLINE void NAME(gradient_line5)(const VEC *g, VEC *u) {
    NAME(kernel_pair5)
    (AT_P * (g[0] + P2 * g[2] + P2 * P2 * g[4]), AT_P * P * (g[1] + P2 * g[3]), u);
    NAME(kernel_pair5)
    (AT_Q * (g[0] + Q2 * g[2] + Q2 * Q2 * g[4]), AT_Q * Q * (g[1] + Q2 * g[3]), u + 2);
    NAME(kernel_pair5)
    (AT_R * (g[0] + R2 * g[2] + R2 * R2 * g[4]), AT_R * R * (g[1] + R2 * g[3]), u + 4);
    u[6] = g[4];
}

TP_ALWAYS_INLINE void NAME(weight_line5)(const VEC *m, VEC *w) {
    VEC sum_p = m[0] + m[1], sum_q = m[2] + m[3], sum_r = m[4] + m[5];
    w[0] = sum_p + sum_q + sum_r;
    w[1] = P * (m[0] - m[1]) + Q * (m[2] - m[3]) + R * (m[4] - m[5]);
    w[2] = m[6] + P2 * sum_p + Q2 * sum_q + R2 * sum_r;
}

#undef P
#undef Q
#undef R
#undef P2
#undef Q2
#undef R2
#undef AT_P
#undef AT_Q
#undef AT_R

/* The same for F(2, 3), with the signs of the first row of B^T and of G turned. */
TP_ALWAYS_INLINE void NAME(input_line2)(const VEC *d, VEC *t) {
    t[0] = d[0] - d[2];
    t[1] = d[2] + d[1];
    t[2] = d[2] - d[1];
    t[3] = d[3] - d[1];
}

TP_ALWAYS_INLINE void NAME(output_line2)(const VEC *m, VEC *y) {
    y[0] = m[0] + (m[1] + m[2]);
    y[1] = m[3] + (m[1] - m[2]);
}

TP_ALWAYS_INLINE void NAME(kernel_line2)(const VEC *g, VEC *u) {
    VEC even = (REAL)0.5 * (g[0] + g[2]), odd = (REAL)0.5 * g[1];
    u[0] = g[0];
    u[1] = even + odd;
    u[2] = even - odd;
    u[3] = g[2];
}

TP_ALWAYS_INLINE void NAME(gradient_line2)(const VEC *g, VEC *u) {
    VEC even = (REAL)0.5 * g[0], odd = (REAL)0.5 * g[1];
    u[0] = g[0];
    u[1] = even + odd;
    u[2] = even - odd;
    u[3] = g[1];
}

TP_ALWAYS_INLINE void NAME(weight_line2)(const VEC *m, VEC *w) {
    VEC sum = m[1] + m[2];
    w[0] = m[0] + sum;
    w[1] = m[1] - m[2];
    w[2] = m[3] + sum;
}
