#include "vision/pictures/tar.h"

#include <string.h>

enum { BLOCK = 512, NAME = 100, SIZE = 124, SIZE_DIGITS = 12, CHECKSUM = 148, KIND = 156 };

static int64_t octal(const unsigned char *text, int digits) {
    int64_t value = 0;
    for (int i = 0; i < digits && text[i] != 0; i++) {
        if (text[i] == ' ') continue;
        if (text[i] < '0' || text[i] > '7') return -1;
        value = value * 8 + (text[i] - '0');
    }
    return value;
}

/* The sum of all bytes of a header, the checksum counted as spaces. */
static int64_t checksum(const unsigned char *block) {
    int64_t sum = 0;
    for (int i = 0; i < BLOCK; i++) sum += i >= CHECKSUM && i < CHECKSUM + 8 ? ' ' : block[i];
    return sum;
}

static bool damaged(tp_why *why, const char *reason) {
    snprintf(why->text, sizeof why->text, "tar: %s", reason);
    return false;
}

static bool skip(tp_tar *tar, tp_why *why) {
    unsigned char block[BLOCK];
    while (tar->left > 0) {
        int64_t piece = tar->left < BLOCK ? tar->left : BLOCK;
        if (tp_gzip_read(tar->stream, block, piece, why) != piece)
            return damaged(why, "the archive ends too early");
        tar->left -= piece;
    }
    return true;
}

bool tp_tar_next(tp_tar *tar, tp_why *why) {
    unsigned char block[BLOCK];
    do {
        if (!skip(tar, why)) return false;
        int64_t got = tp_gzip_read(tar->stream, block, BLOCK, why);
        if (got == 0 || (got == BLOCK && block[0] == 0)) return false; /* the end */
        if (got != BLOCK) return damaged(why, "the archive ends too early");
        tar->size = octal(block + SIZE, SIZE_DIGITS);
        if (tar->size < 0 || checksum(block) != octal(block + CHECKSUM, 8))
            return damaged(why, "a header is damaged");
        tar->left = (tar->size + BLOCK - 1) / BLOCK * BLOCK;
    } while (block[KIND] != '0' && block[KIND] != 0);
    char whole[NAME + 1];
    memcpy(whole, block, NAME);
    whole[NAME] = 0;
    const char *slash = strrchr(whole, '/');
    snprintf(tar->name, sizeof tar->name, "%s", slash ? slash + 1 : whole);
    return true;
}

void tp_tar_taken(tp_tar *tar, int64_t bytes) { tar->left -= bytes; }
