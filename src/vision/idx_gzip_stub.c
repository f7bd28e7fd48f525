/* Where zlib is absent. */
#include "vision/idx.h"

tp_gzip *tp_gzip_open(const char *path, tp_why *why) {
    (void)path;
    snprintf(why->text, sizeof why->text, "this build has no zlib: unpack the file with gunzip");
    return NULL;
}

int64_t tp_gzip_read(tp_gzip *gzip, void *out, int64_t count, tp_why *why) {
    (void)gzip, (void)out, (void)count;
    snprintf(why->text, sizeof why->text, "this build has no zlib");
    return -1;
}

void tp_gzip_close(tp_gzip *gzip) { (void)gzip; }
