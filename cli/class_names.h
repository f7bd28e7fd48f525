/* The names of the classes in a run's file of weights, so that a trained network can be used without the data. */
#ifndef CLI_CLASS_NAMES_H
#define CLI_CLASS_NAMES_H

#include "job.h"

/* The names as a JSON list, from malloc(). NULL without memory. */
char *class_names_text(const tp_dataset *dataset, int64_t count);
/* Reads such a list into j->names; they belong to the job. False, and no names, where it is not one name for each of j->classes. */
bool class_names_read(job *j, const char *text);

#endif
