/* oneDNN as the peer of single convolutions: in layouts of its own choice, with everything prepared. */
#ifndef TAPER_BENCH_CONV_PEER_H
#define TAPER_BENCH_CONV_PEER_H

#include "backend/conv.h"

typedef struct peer peer;

/* False where this program was built without it. */
bool peer_here(void);
/* One convolution in one direction on so many threads (it plans for their number), with memory of its own. NULL where it cannot. */
peer *peer_new(const tp_conv_shape *shape, tp_conv_kind kind, int threads);
void peer_run(peer *p);
void peer_free(peer *p);

#endif
