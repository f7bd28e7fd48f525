/* Shuffles that transposes and sums across lanes are made of. With blocks of w lanes, the LOW one
 * puts the even blocks of y between the even blocks of x (x0 y0 x2 y2 ..), the HIGH one does so
 * with the odd blocks (x1 y1 x3 y3 ..). */
#ifndef TP_BACKEND_CPU_KERNELS_GEMM_SHUFFLE_H
#define TP_BACKEND_CPU_KERNELS_GEMM_SHUFFLE_H

/* TP_WEAVE_<lanes>_<w>_<which>: indices into x, then y */
#define TP_WEAVE_2_1_LOW   0, 2
#define TP_WEAVE_2_1_HIGH  1, 3
#define TP_WEAVE_4_1_LOW   0, 4, 2, 6
#define TP_WEAVE_4_1_HIGH  1, 5, 3, 7
#define TP_WEAVE_4_2_LOW   0, 1, 4, 5
#define TP_WEAVE_4_2_HIGH  2, 3, 6, 7
#define TP_WEAVE_8_1_LOW   0, 8, 2, 10, 4, 12, 6, 14
#define TP_WEAVE_8_1_HIGH  1, 9, 3, 11, 5, 13, 7, 15
#define TP_WEAVE_8_2_LOW   0, 1, 8, 9, 4, 5, 12, 13
#define TP_WEAVE_8_2_HIGH  2, 3, 10, 11, 6, 7, 14, 15
#define TP_WEAVE_8_4_LOW   0, 1, 2, 3, 8, 9, 10, 11
#define TP_WEAVE_8_4_HIGH  4, 5, 6, 7, 12, 13, 14, 15
#define TP_WEAVE_16_1_LOW  0, 16, 2, 18, 4, 20, 6, 22, 8, 24, 10, 26, 12, 28, 14, 30
#define TP_WEAVE_16_1_HIGH 1, 17, 3, 19, 5, 21, 7, 23, 9, 25, 11, 27, 13, 29, 15, 31
#define TP_WEAVE_16_2_LOW  0, 1, 16, 17, 4, 5, 20, 21, 8, 9, 24, 25, 12, 13, 28, 29
#define TP_WEAVE_16_2_HIGH 2, 3, 18, 19, 6, 7, 22, 23, 10, 11, 26, 27, 14, 15, 30, 31
#define TP_WEAVE_16_4_LOW  0, 1, 2, 3, 16, 17, 18, 19, 8, 9, 10, 11, 24, 25, 26, 27
#define TP_WEAVE_16_4_HIGH 4, 5, 6, 7, 20, 21, 22, 23, 12, 13, 14, 15, 28, 29, 30, 31
#define TP_WEAVE_16_8_LOW  0, 1, 2, 3, 4, 5, 6, 7, 16, 17, 18, 19, 20, 21, 22, 23
#define TP_WEAVE_16_8_HIGH 8, 9, 10, 11, 12, 13, 14, 15, 24, 25, 26, 27, 28, 29, 30, 31

#define TP_WEAVE_INDEX_(lanes, w, which) TP_WEAVE_##lanes##_##w##_##which
#define TP_WEAVE_INDEX(lanes, w, which)  TP_WEAVE_INDEX_(lanes, w, which)

#endif
