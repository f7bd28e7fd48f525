/* Indices of shuffles of two vectors x, y that walk memory in steps of two. TP_EVEN_<lanes>: elements 0, 2, 4, ... of both, TP_ODD_<lanes>: the others;
 * TP_ZIP_<lanes>_LOW and _HIGH: x0 y0 x1 y1 ... and the second half of that. */
#ifndef TP_BACKEND_CPU_KERNELS_CONV_SHUFFLE_H
#define TP_BACKEND_CPU_KERNELS_CONV_SHUFFLE_H

#define TP_EVEN_2  0, 2
#define TP_EVEN_4  0, 2, 4, 6
#define TP_EVEN_8  0, 2, 4, 6, 8, 10, 12, 14
#define TP_EVEN_16 0, 2, 4, 6, 8, 10, 12, 14, 16, 18, 20, 22, 24, 26, 28, 30

#define TP_ODD_2  1, 3
#define TP_ODD_4  1, 3, 5, 7
#define TP_ODD_8  1, 3, 5, 7, 9, 11, 13, 15
#define TP_ODD_16 1, 3, 5, 7, 9, 11, 13, 15, 17, 19, 21, 23, 25, 27, 29, 31

#define TP_ZIP_2_LOW   0, 2
#define TP_ZIP_2_HIGH  1, 3
#define TP_ZIP_4_LOW   0, 4, 1, 5
#define TP_ZIP_4_HIGH  2, 6, 3, 7
#define TP_ZIP_8_LOW   0, 8, 1, 9, 2, 10, 3, 11
#define TP_ZIP_8_HIGH  4, 12, 5, 13, 6, 14, 7, 15
#define TP_ZIP_16_LOW  0, 16, 1, 17, 2, 18, 3, 19, 4, 20, 5, 21, 6, 22, 7, 23
#define TP_ZIP_16_HIGH 8, 24, 9, 25, 10, 26, 11, 27, 12, 28, 13, 29, 14, 30, 15, 31

#define TP_EVEN_PASTE(lanes) TP_EVEN_##lanes
#define TP_EVEN(lanes)       TP_EVEN_PASTE(lanes)

#define TP_ODD_PASTE(lanes) TP_ODD_##lanes
#define TP_ODD(lanes)       TP_ODD_PASTE(lanes)

#define TP_ZIP_PASTE(lanes, which) TP_ZIP_##lanes##_##which
#define TP_ZIP(lanes, which)       TP_ZIP_PASTE(lanes, which)

#endif
