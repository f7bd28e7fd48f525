/* Layers as text: what the reader of the grammar (layer_text.c) and the words (layer_words*.c) share. */
#ifndef TP_NN_LAYER_TEXT_H
#define TP_NN_LAYER_TEXT_H

#include "nn/module.h"
#include "nn/quiet.h"

enum { TP_MOST_SETTINGS = 8 };

/* "k=3", "k=3x5", "p=same", or a number without its name. */
typedef struct tp_setting {
    const char *text; /* behind the "=" */
    size_t length;
    bool given, pair;
    double number[2]; /* both the same where there is one */
    bool is_number;
} tp_setting;

/* One word of the text with its settings, and the shape of what reaches it. */
typedef struct tp_text_item {
    const char *text; /* the whole text */
    const char *start;
    size_t length, name_length;
    const struct tp_layer_word *word;
    tp_setting settings[TP_MOST_SETTINGS]; /* in the order of the word's keys */
    tp_shape shape;                        /* of one sample */
    tp_location at;
    bool failed; /* tp_text_complain() was called for it */
} tp_text_item;

/* A word of the language. */
typedef struct tp_layer_word {
    const char *name;
    tp_module *(*make)(tp_text_item *item);
    /* The names of its settings, in the order in which they may stand without a name: "out! k s". A
     * "!" marks one that has to be there. */
    const char *keys;
    const char *usage; /* shown by the command's help and in errors */
} tp_layer_word;

/* The i-th word; NULL past the last. */
const tp_layer_word *tp_layer_word_get(size_t i);

/* Reports a problem of an item: what is wrong with it, what would be right, what to do. NULL. */
tp_module *tp_text_complain(tp_text_item *item, const char *problem, const char *want,
                            const char *hint);

/* The setting of that key. */
const tp_setting *tp_text_setting(const tp_text_item *item, const char *key);
/* A whole number of at least `least`; `otherwise` where it is not given. Reports what is none. */
int64_t tp_text_whole(tp_text_item *item, const char *key, int64_t least, int64_t otherwise);
/* The same for "3" or "3x5": height and width. */
void tp_text_pair(tp_text_item *item, const char *key, int64_t least, int64_t otherwise,
                  int64_t out[2]);
/* Any number. */
double tp_text_number(tp_text_item *item, const char *key, double otherwise);
/* 0 or 1. */
bool tp_text_flag(tp_text_item *item, const char *key, bool otherwise);
/* True where the setting is this word. */
bool tp_text_is(const tp_text_item *item, const char *key, const char *word);

/* The shape of what `layer` makes of one sample of this shape, found by running it on a batch of no
 * samples. False where it refuses, with the reasons in *quiet. */
bool tp_text_shape_after(tp_location at, tp_module *layer, tp_shape *shape, tp_quiet *quiet);

#endif
