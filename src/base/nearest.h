/* The word that was probably meant. */
#ifndef TP_BASE_NEAREST_H
#define TP_BASE_NEAREST_H

#include <stddef.h>

/* The one of `count` words that is nearest to `text` (letters changed, left out, added or swapped), or NULL where none is near. */
const char *tp_nearest_word(const char *text, size_t length, const char *const *words,
                            size_t count);

#endif
