/* Decoded pictures, kept: all in a row where they have one size, in memory or in a file that is mapped; else each in a block
 * of its own. Several threads may use one at a time. */
#ifndef TP_VISION_PICTURES_CACHE_H
#define TP_VISION_PICTURES_CACHE_H

#include "vision/image/picture.h"

typedef struct tp_picture_cache tp_picture_cache;

typedef struct tp_picture_cache_args {
    int64_t samples;
    size_t bytes;     /* of each picture; 0 where they differ */
    int64_t limit;    /* bytes in memory; what is beyond it is not kept */
    const char *file; /* in this file instead, whatever the limit; NULL: in memory */
    uint64_t key;     /* of what the pictures are made of: a file with another one is begun anew */
} tp_picture_cache_args;

/* NULL after an error, with its kind and a sentence. */
tp_picture_cache *tp_picture_cache_new(const tp_picture_cache_args *args, tp_error_code *code,
                                       tp_why *why);
void tp_picture_cache_free(tp_picture_cache *cache);

/* Where all pictures lie in a row, or NULL where some have no place. */
const uint8_t *tp_picture_cache_row(const tp_picture_cache *cache);

typedef enum tp_cache_answer {
    TP_CACHE_HERE,  /* *slot has the bytes */
    TP_CACHE_YOURS, /* fill *slot, then call tp_picture_cache_done(); others wait for that */
    TP_CACHE_NONE   /* no place for it */
} tp_cache_answer;
/* Asks for a picture of the common size. */
tp_cache_answer tp_picture_cache_ask(tp_picture_cache *cache, int64_t index, uint8_t **slot);
void tp_picture_cache_done(tp_picture_cache *cache, int64_t index, bool filled);

/* Where sizes differ: a copy of the picture, true where it was kept. NONE of both says anything about failure. */
bool tp_picture_cache_find(tp_picture_cache *cache, int64_t index, tp_picture *out);
/* Keeps a copy if there is room. */
void tp_picture_cache_offer(tp_picture_cache *cache, int64_t index, const tp_picture *picture);

#endif
