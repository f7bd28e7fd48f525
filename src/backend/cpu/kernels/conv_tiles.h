/* The sizes of register tiles: as many rows as registers allow, for 1 to 4 vectors. */
#ifndef TP_BACKEND_CPU_KERNELS_CONV_TILES_H
#define TP_BACKEND_CPU_KERNELS_CONV_TILES_H

#include "isa.h"

/* clang-format off */
#define TILES_TO_2(X, v)  X(1, v) X(2, v)
#define TILES_TO_3(X, v)  TILES_TO_2(X, v) X(3, v)
#define TILES_TO_6(X, v)  TILES_TO_3(X, v) X(4, v) X(5, v) X(6, v)
#define TILES_TO_7(X, v)  TILES_TO_6(X, v) X(7, v)
#define TILES_TO_8(X, v)  TILES_TO_7(X, v) X(8, v)
#define TILES_TO_14(X, v) TILES_TO_8(X, v) X(9, v) X(10, v) X(11, v) X(12, v) X(13, v) X(14, v)
#if TP_VECTOR_REGISTERS == 32
#define TILES_OF_1(X)     TILES_TO_14(X, 1)
#define TILES_OF_2(X)     TILES_TO_14(X, 2)
#define TILES_OF_3(X)     TILES_TO_8(X, 3)
#define TILES_OF_4(X)     TILES_TO_6(X, 4)
#define TILES_WIDE_4(X)   TILES_TO_7(X, 4)
#else
#define TILES_OF_1(X)     TILES_TO_6(X, 1)
#define TILES_OF_2(X)     TILES_TO_6(X, 2)
#define TILES_OF_3(X)     TILES_TO_3(X, 3)
#define TILES_OF_4(X)     TILES_TO_2(X, 4)
#define TILES_WIDE_4(X)   TILES_TO_3(X, 4)
#endif
/* clang-format on */

#endif
