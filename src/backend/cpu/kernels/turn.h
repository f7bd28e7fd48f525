/* Joining the lanes of a vector: it is turned round by half its lanes, then by a quarter, ... and joined with itself each time,
 * so that every lane holds the result in the end. TP_HALVES(STEP) writes STEP once for each turn, with the indices for
 * __builtin_shufflevector. */
#ifndef TP_BACKEND_CPU_KERNELS_TURN_H
#define TP_BACKEND_CPU_KERNELS_TURN_H

// clang-format off
#define TP_TURN_16_8 8, 9, 10, 11, 12, 13, 14, 15, 0, 1, 2, 3, 4, 5, 6, 7
#define TP_TURN_16_4 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 0, 1, 2, 3
#define TP_TURN_16_2 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 0, 1
#define TP_TURN_16_1 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 0
#define TP_HALVES_16(STEP) STEP(TP_TURN_16_8) STEP(TP_TURN_16_4) STEP(TP_TURN_16_2) STEP(TP_TURN_16_1)
#define TP_TURN_8_4 4, 5, 6, 7, 0, 1, 2, 3
#define TP_TURN_8_2 2, 3, 4, 5, 6, 7, 0, 1
#define TP_TURN_8_1 1, 2, 3, 4, 5, 6, 7, 0
#define TP_HALVES_8(STEP) STEP(TP_TURN_8_4) STEP(TP_TURN_8_2) STEP(TP_TURN_8_1)
#define TP_TURN_4_2 2, 3, 0, 1
#define TP_TURN_4_1 1, 2, 3, 0
#define TP_HALVES_4(STEP) STEP(TP_TURN_4_2) STEP(TP_TURN_4_1)
#define TP_TURN_2_1 1, 0
#define TP_HALVES_2(STEP) STEP(TP_TURN_2_1)
// clang-format on

#define TP_HALVES_(lanes, STEP) TP_HALVES_##lanes(STEP)
#define TP_HALVES(lanes, STEP)  TP_HALVES_(lanes, STEP)

#endif
