#include "precision.h"

#include <string.h>
#include <taper/runtime.h>

#include "words.h"

static const char *const words[] = {"float32", "bf16"};
static const tp_precision values[] = {TP_PRECISION_FLOAT32, TP_PRECISION_BF16};
enum { WORDS = sizeof words / sizeof words[0] };

bool precision_check(const char *verb, const char *word) {
    return !word || word_known(verb, "precision", word, words, WORDS);
}

void precision_use(const char *verb, const char *word) {
    int i = word ? word_index(word, words, WORDS) : -1;
    if (i < 0 || tp_set_float32_matmul_precision(values[i])) return;
    fprintf(stderr, "taper %s: --precision %s: %s.\n", verb, word,
            tp_precision_fallback(values[i]));
}

const char *precision_name(void) {
    return words[tp_get_float32_matmul_precision() == TP_PRECISION_BF16];
}
