/* Gzipped files through zlib. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <zlib.h>

#include "vision/idx.h"

struct tp_gzip {
    gzFile file;
};

tp_gzip *tp_gzip_open(const char *path, tp_why *why) {
    errno = 0;
    gzFile file = gzopen(path, "rb");
    tp_gzip *gzip = file ? malloc(sizeof *gzip) : NULL;
    if (!gzip) {
        snprintf(why->text, sizeof why->text, "%s", errno ? strerror(errno) : "out of memory");
        if (file) gzclose(file);
        return NULL;
    }
    gzip->file = file;
    gzbuffer(file, 1 << 16);
    return gzip;
}

int64_t tp_gzip_read(tp_gzip *gzip, void *out, int64_t count, tp_why *why) {
    int64_t done = 0;
    while (done < count) {
        int64_t piece = count - done < 1 << 30 ? count - done : 1 << 30;
        int got = gzread(gzip->file, (char *)out + done, (unsigned)piece);
        if (got < 0) {
            int code;
            const char *text = gzerror(gzip->file, &code);
            snprintf(why->text, sizeof why->text, "%.200s",
                     code == Z_ERRNO ? strerror(errno) : text);
            return -1;
        }
        if (got == 0) break;
        done += got;
    }
    int code;
    const char *text = gzerror(gzip->file, &code);
    if (code == Z_OK || code == Z_STREAM_END) return done;
    snprintf(why->text, sizeof why->text, "%.200s", text);
    return -1;
}

void tp_gzip_close(tp_gzip *gzip) {
    if (!gzip) return;
    gzclose(gzip->file);
    free(gzip);
}
