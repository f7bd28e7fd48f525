/* Words out of a list: which one it is, and a sentence with the nearest right one where it is none. */
#ifndef CLI_WORDS_H
#define CLI_WORDS_H

#include <stdbool.h>
#include <stddef.h>

/* The position of the word in the list, or -1. */
int word_index(const char *word, const char *const *words, size_t count);
/* Whether the word is in the list; where not, says on stderr that "there is no `kind`" of this name. */
bool word_known(const char *verb, const char *kind, const char *word, const char *const *words,
                size_t count);

#endif
