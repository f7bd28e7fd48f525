/* What every lab begins and ends with: its options, its data, and the report that it leaves. Nothing in here is what an
 * assignment teaches.
 *
 *     int main(int argc, char **argv) {
 *         lab *l = lab_begin(argc, argv, "tp3.2", "Gradient descent by hand", NULL);
 *         lab_say(l, "...");
 *         return lab_end(l);
 *     }
 */
#ifndef LABS_LAB_H
#define LABS_LAB_H

#include <taper/taper.h>

/* Every lab is a program of its own; the command `taper` is built with this name changed, so that it can hold them all. */
int main(int argc, char **argv);

typedef struct lab {
    const char *name; /* "hw7.3" */
    const char
        *data; /* --data DIR: where real data lie; NULL: where TAPER_DATA or the cache has them */
    const char *out; /* --out DIR: where the report goes */
    uint64_t seed;   /* --seed N */
    bool quick;      /* --quick: a few seconds instead of the full setting */
    bool real;       /* lab_digits() gave real handwriting */
    tp_report *report;
} lab;

/* Reads the options, seeds, and opens the report. `options` names those that the lab has beside the common ones, "table gates",
 * or is NULL. Ends the program where an option is wrong. */
lab *lab_begin(int argc, char **argv, const char *name, const char *title, const char *options);
/* The value of one of the lab's own options, or what it is when left out. */
const char *lab_option(const lab *l, const char *name, const char *otherwise);
/* The status of a lab that lacked the data it needs. */
enum { LAB_LACKING = 77 };
/* Writes the report, says where it is, and frees the lab; the status of the program: 0 where all went well. */
int lab_end(lab *l);

/* ---- what the lab says: on the terminal and in the report ---- */

void lab_section(lab *l, const char *title);
/* A paragraph. */
void lab_say(lab *l, const char *format, ...) TP_PRINTF(2, 3);
/* A result to be seen first, "Test accuracy" and "97.3 %". */
void lab_result(lab *l, const char *label, const char *format, ...) TP_PRINTF(3, 4);
/* A table; cells row after row, `columns` each. */
void lab_table(lab *l, const char *const *names, size_t columns, const char *const *cells,
               size_t rows);
/* A figure goes into the report, and as NAME.svg into the folder; then it is freed. */
void lab_figure(lab *l, tp_figure *figure, const char *name, const char *caption);
/* The tensor as it prints. */
void lab_print(lab *l, const char *name, const tp_tensor *x);

/* ---- data ---- */

/* MNIST where it is to be had, "train" or "test"; else the built-in digits, which is said once. */
tp_dataset *lab_digits(lab *l, const char *split);
/* The folder `name` of the data ("dogs"); NULL, said with where to get it, where it is absent. */
const char *lab_folder(lab *l, const char *name);
/* A file in the report's folder. */
const char *lab_file(lab *l, const char *name);
/* A text that lives as long as the lab. */
const char *lab_text(lab *l, const char *format, ...) TP_PRINTF(2, 3);

/* ---- training ---- */

/* Loss and accuracy of training and validation against the epoch, the best epoch marked. */
void lab_curves(lab *l, const tp_history *history, const char *name, const char *caption);
/* How tp_fit() shows itself under this lab. */
tp_progress lab_progress(const lab *l);
/* Seconds since some moment. */
double lab_clock(void);

#endif
