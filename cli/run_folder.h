/* The folder of a run: config.json, and finding a trained model again. */
#ifndef CLI_RUN_FOLDER_H
#define CLI_RUN_FOLDER_H

#include "job.h"

enum { PATH_SIZE = 1024 };

/* "folder/name" in a buffer of PATH_SIZE; returns it. */
const char *run_path(char *buffer, const char *folder, const char *name);
/* Makes the folder and those above it. False after a sentence on stderr. */
bool run_make_folder(const char *path);
/* Writes config.json: the options of the run, by which it can be repeated and gone on with. False after an error, reported. */
bool run_write_config(const job *j, const char *folder);
/* Takes over the options of folder/config.json; the texts belong to the job. False after a sentence. */
bool run_read_config(job *j, const char *folder);

/* Saves the weights, with all that their use needs in the file's metadata: the layers, the shape of a sample, and the names of the
 * classes, which are the data set's. */
bool run_save_model(const job *j, const tp_dataset *dataset, tp_module *model, const char *path);

/* A model that was trained before: `what` is a run's folder or a file of weights. What the run's config (or the file's
 * metadata) says replaces j->data and j->model where they are NULL. */
tp_module *run_load_model(job *j, const char *what);

#endif
