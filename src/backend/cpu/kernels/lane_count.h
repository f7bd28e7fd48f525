/* LANES: elements of REAL in a vector; a plain number, as names are made of it. A template: included once for each type, after
 * isa.h. */
#if TP_VECTOR_BYTES * 8 / REAL_BITS == 16
#define LANES 16
#elif TP_VECTOR_BYTES * 8 / REAL_BITS == 8
#define LANES 8
#elif TP_VECTOR_BYTES * 8 / REAL_BITS == 4
#define LANES 4
#else
#define LANES 2
#endif
