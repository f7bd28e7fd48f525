/* Indices of shuffles of two vectors x, y that walk memory in steps of two. TP_EVEN_<lanes>: elements 0, 2, 4, ... of both. */
#ifndef TP_BACKEND_CPU_KERNELS_CONV_SHUFFLE_H
#define TP_BACKEND_CPU_KERNELS_CONV_SHUFFLE_H

#define TP_EVEN_2  0, 2
#define TP_EVEN_4  0, 2, 4, 6
#define TP_EVEN_8  0, 2, 4, 6, 8, 10, 12, 14
#define TP_EVEN_16 0, 2, 4, 6, 8, 10, 12, 14, 16, 18, 20, 22, 24, 26, 28, 30

#define TP_EVEN_PASTE(lanes) TP_EVEN_##lanes
#define TP_EVEN(lanes)       TP_EVEN_PASTE(lanes)

#endif
