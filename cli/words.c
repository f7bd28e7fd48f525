#include "words.h"

#include <stdio.h>
#include <string.h>

#include "base/nearest.h"

int word_index(const char *word, const char *const *words, size_t count) {
    for (size_t i = 0; i < count; i++)
        if (strcmp(word, words[i]) == 0) return (int)i;
    return -1;
}

/* A sentence with the nearest right word. */
bool word_known(const char *verb, const char *kind, const char *value, const char *const *words,
                size_t count) {
    if (word_index(value, words, count) >= 0) return true;
    const char *near = tp_nearest_word(value, strlen(value), words, count);
    fprintf(stderr, "taper %s: there is no %s \"%s\"", verb, kind, value);
    if (near)
        fprintf(stderr, "; did you mean %s?\n", near);
    else {
        fprintf(stderr, "; there is");
        for (size_t i = 0; i < count; i++) fprintf(stderr, "%s %s", i ? "," : "", words[i]);
        fprintf(stderr, ".\n");
    }
    return false;
}
