/* The tables of words. */
#ifndef TP_NN_LAYER_WORDS_H
#define TP_NN_LAYER_WORDS_H

#include "nn/layer_text.h"

extern const tp_layer_word tp_image_words[]; /* layers over signals and pictures */
extern const size_t tp_image_word_count;

#endif
