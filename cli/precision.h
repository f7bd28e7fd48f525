/* --precision, which several verbs have. */
#ifndef CLI_PRECISION_H
#define CLI_PRECISION_H

#include "options.h"

/* The line of a table of options; `place` is that of a const char *, NULL where the option was left out. */
#define PRECISION_OPTION(place)                                                                   \
    {                                                                                             \
        "precision", OPTION_TEXT, "float32|bf16",                                                 \
            "of products and convolutions; bf16 is faster where the processor has\nAVX512-BF16, " \
            "sums and weights stay float32 (float32)",                                            \
            place, 0                                                                              \
    }

/* Whether the word is a precision; else a sentence on stderr. */
bool precision_check(const char *verb, const char *word);
/* Puts it in force. Where the machine cannot do it, says on stderr what it does instead. */
void precision_use(const char *verb, const char *word);
/* The one in force, as the option has it. */
const char *precision_name(void);

#endif
