#include "base/nearest.h"

#include <ctype.h>
#include <stdbool.h>
#include <string.h>

enum { LONGEST = 48 };

static int least(int a, int b) { return a < b ? a : b; }

/* Damerau-Levenshtein distance with adjacent swaps, case ignored. */
static int distance(const char *a, size_t n, const char *b, size_t m) {
    int rows[3][LONGEST + 1]; /* i - 2, i - 1, i */
    for (size_t j = 0; j <= m; j++) rows[1][j] = (int)j;
    for (size_t i = 1; i <= n; i++) {
        rows[2][0] = (int)i;
        for (size_t j = 1; j <= m; j++) {
            int x = tolower((unsigned char)a[i - 1]), y = tolower((unsigned char)b[j - 1]);
            int d = least(least(rows[1][j], rows[2][j - 1]) + 1, rows[1][j - 1] + (x != y));
            bool swapped = i > 1 && j > 1 && x == tolower((unsigned char)b[j - 2]) &&
                           y == tolower((unsigned char)a[i - 2]);
            rows[2][j] = swapped ? least(d, rows[0][j - 2] + 1) : d;
        }
        memmove(rows[0], rows[1], 2 * sizeof rows[0]);
    }
    return rows[1][m];
}

const char *tp_nearest_word(const char *text, size_t length, const char *const *words,
                            size_t count) {
    const char *best = NULL;
    int best_distance = 0;
    for (size_t i = 0; i < count && length <= LONGEST; i++) {
        size_t size = strlen(words[i]);
        if (size > LONGEST) continue;
        int d = distance(text, length, words[i], size);
        int limit = (int)(length < size ? size : length) / 3 + 1;
        bool starts = length >= 2 && size > length && strncmp(words[i], text, length) == 0;
        if (starts) d = 1;
        if (d > limit || (best && d >= best_distance)) continue;
        best = words[i];
        best_distance = d;
    }
    return best;
}
