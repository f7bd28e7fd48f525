/* The verbs of the command. Each lives in its cmd_*.c: what it does, and the help that teaches it. */
#ifndef CLI_VERBS_H
#define CLI_VERBS_H

#include <stdio.h>

/* Runs the verb on what follows it; returns the exit status. */
int cmd_train(int argc, char **argv);
int cmd_eval(int argc, char **argv);
int cmd_predict(int argc, char **argv);
int cmd_report(int argc, char **argv);
int cmd_sweep(int argc, char **argv);
int cmd_summary(int argc, char **argv);
int cmd_export(int argc, char **argv);
int cmd_data(int argc, char **argv);
int cmd_inspect(int argc, char **argv);
int cmd_convert(int argc, char **argv);
int cmd_compare(int argc, char **argv);
int cmd_bench(int argc, char **argv);
int cmd_lab(int argc, char **argv);
int cmd_version(int argc, char **argv);

void help_train(FILE *stream);
void help_eval(FILE *stream);
void help_predict(FILE *stream);
void help_report(FILE *stream);
void help_sweep(FILE *stream);
void help_summary(FILE *stream);
void help_export(FILE *stream);
void help_data(FILE *stream);
void help_inspect(FILE *stream);
void help_convert(FILE *stream);
void help_compare(FILE *stream);
void help_bench(FILE *stream);
void help_lab(FILE *stream);
void help_version(FILE *stream);
/* `taper help models` and `taper help layers` */
void help_models(FILE *stream);
void help_layers(FILE *stream);

#endif
