/* A zlib stream by zlib. */
#include <zlib.h>

#include "base/alloc.h"
#include "plot/encode.h"

tp_bytes tp_deflate(const unsigned char *data, size_t size) {
    uLongf room = compressBound((uLong)size);
    tp_bytes out = {tp_new(room), 0};
    if (!out.data) return out;
    if (compress2(out.data, &room, data, (uLong)size, Z_BEST_COMPRESSION) == Z_OK) {
        out.size = room;
        return out;
    }
    tp_delete(out.data);
    return (tp_bytes){NULL, 0};
}
