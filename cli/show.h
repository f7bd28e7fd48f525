/* What is printed: confusion matrix, scores, pictures, bars. All of it reads well in a pipe too. */
#ifndef CLI_SHOW_H
#define CLI_SHOW_H

#include <taper/taper.h>

/* The matrix (C, C) int64, rows are labels, with names from the data set. Says where to look instead when it is too wide. */
void show_confusion(const tp_tensor *confusion, tp_dataset *dataset);
/* Precision, recall and F1 of each class, and their mean. */
void show_scores(const tp_tensor *confusion, tp_dataset *dataset);
/* The matrix as CSV. False after a sentence on stderr. */
bool show_write_confusion(const tp_tensor *confusion, tp_dataset *dataset, const char *path);

/* A picture with what stands above and below it. */
typedef struct show_card {
    const unsigned char *
        picture; /* (channels, height, width); three channels are shown in colour where that can be */
    int64_t channels, height, width;
    char title[64];
    bool wrong;      /* the title is marked */
    int lines;       /* below */
    double share[3]; /* a bar of this length, 0 to 1 */
    char name[3][32];
} show_card;
/* Cards side by side, as many as the terminal has room for. */
void show_cards(const show_card *cards, int64_t count);

/* A bar of at most `width` columns for a value from 0 to 1; returns the columns that were printed. */
int show_bar(double value, int width);

#endif
