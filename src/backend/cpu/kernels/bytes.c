/* Bytes of images to floats. */
#include "backend/backend.h"
#include "backend/cpu/kernels/isa.h"

static void bytes_to_float(float *restrict out, const uint8_t *restrict x, int64_t n, float scale,
                           float shift) {
    for (int64_t i = 0; i < n; i++) out[i] = (float)x[i] * scale + shift;
}

void TP_ISA_NAME(tp_register_bytes)(tp_kernels *table);
void TP_ISA_NAME(tp_register_bytes)(tp_kernels *table) { table->bytes_to_float = bytes_to_float; }
