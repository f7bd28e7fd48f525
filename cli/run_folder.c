#define _XOPEN_SOURCE 700 /* realpath */

#include "run_folder.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "class_names.h"
#include "io/json.h"
#include "report.h"

const char *run_path(char *buffer, const char *folder, const char *name) {
    snprintf(buffer, PATH_SIZE, "%s/%s", folder, name);
    return buffer;
}

bool run_make_folder(const char *path) {
    char part[PATH_SIZE];
    size_t length = strlen(path);
    if (length == 0 || length >= sizeof part - 32) {
        report_failure("\"%s\" cannot be a folder's name.", path);
        return false;
    }
    for (size_t i = 1; i <= length; i++) {
        if (path[i] != '/' && path[i] != 0) continue;
        memcpy(part, path, i);
        part[i] = 0;
        if (mkdir(part, 0777) == 0 || errno == EEXIST) continue;
        report_failure("cannot make the folder %s: %s.", part, strerror(errno));
        return false;
    }
    return true;
}

/* Options about this one start of the command, not about the run. */
static bool of_the_start(const char *name) {
    static const char *const names[] = {"out",      "resume", "quiet",   "json",
                                        "progress", "plots",  "find-lr", "overfit-one-batch"};
    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++)
        if (strcmp(name, names[i]) == 0) return true;
    return false;
}

static void write_options(FILE *stream, const job *j) {
    const char *comma = "";
    for (size_t i = 0; i < job_option_count; i++) {
        const option *o = &job_options[i];
        char buffer[64], *whole = NULL;
        if (o->kind == OPTION_HEADING || of_the_start(o->name)) continue;
        const char *text = options_text(o, j, buffer, sizeof buffer);
        if (!text) continue;
        /* a folder of data is found again from anywhere */
        if (strcmp(o->name, "data") == 0 && strchr(text, '/')) whole = realpath(text, NULL);
        fprintf(stream, "%s\n    ", comma);
        report_json_string(stream, o->name);
        fputs(": ", stream);
        report_json_string(stream, whole ? whole : text);
        free(whole);
        comma = ",";
    }
}

bool run_write_config(const job *j, const char *folder) {
    char path[PATH_SIZE];
    FILE *stream = fopen(run_path(path, folder, "config.json"), "w");
    if (!stream) {
        report_failure("cannot write %s: %s.", path, strerror(errno));
        return false;
    }
    fprintf(stream, "{\n  \"taper\": \"%s\",\n  \"options\": {", tp_version());
    write_options(stream, j);
    fputs("\n  }\n}\n", stream);
    bool written = !ferror(stream);
    if (fclose(stream) == 0 && written) return true;
    report_failure("cannot write %s.", path);
    return false;
}

/* All bytes of a file, ended by 0, or NULL. */
static unsigned char *read_whole(const char *path, size_t *size) {
    FILE *stream = fopen(path, "rb");
    if (!stream) return NULL;
    enum { MOST = 1 << 20 };
    unsigned char *bytes = malloc(MOST + 1);
    *size = bytes ? fread(bytes, 1, MOST, stream) : 0;
    if (bytes) bytes[*size] = 0;
    fclose(stream);
    return bytes;
}

/* The object of options; its strings stay in the bytes that were read. */
static bool read_options(tp_json *json, job *j) {
    if (!tp_json_expect(json, '{', "an object of options is missing")) return false;
    for (bool first = true; tp_json_member(json, '}', &first);) {
        const char *name = tp_json_string(json);
        if (!name || !tp_json_expect(json, ':', "a colon is missing")) return false;
        tp_json_skip_space(json);
        const char *value = tp_json_string(json);
        if (!value || !options_set(job_options, job_option_count, "train", name, value, j))
            return false;
    }
    return !json->why;
}

bool run_read_config(job *j, const char *folder) {
    char path[PATH_SIZE];
    size_t size = 0;
    unsigned char *bytes = read_whole(run_path(path, folder, "config.json"), &size);
    if (!bytes) {
        report_failure("%s is not the folder of a run: it has no config.json.", folder);
        return false;
    }
    job_own(j, bytes);
    tp_json json = {.begin = bytes, .at = bytes, .end = bytes + size};
    bool fine = tp_json_expect(&json, '{', "an object is missing");
    for (bool first = true; fine && tp_json_member(&json, '}', &first);) {
        const char *name = tp_json_string(&json);
        fine = name && tp_json_expect(&json, ':', "a colon is missing");
        if (!fine) break;
        tp_json_skip_space(&json);
        fine = strcmp(name, "options") ? tp_json_string(&json) != NULL : read_options(&json, j);
    }
    fine = fine && !json.why;
    if (!fine)
        report_failure("%s: damaged at byte %ld%s%s.", path, (long)(json.at - bytes),
                       json.why ? ": " : "", json.why ? json.why : "");
    return fine;
}

bool run_save_model(const job *j, const tp_dataset *dataset, tp_module *model, const char *path) {
    tp_named_list state = tp_state_dict(model);
    char sample[128], classes[24], *names = class_names_text(dataset, j->classes);
    if (!names) {
        report_failure("out of memory.");
        return false;
    }
    snprintf(classes, sizeof classes, "%lld", (long long)j->classes);
    tp_metadata metadata[] = {{"format", "pt"},
                              {"taper.model", j->model},
                              {"taper.data", j->data},
                              {"taper.sample", job_shape_text(j->sample, sample, sizeof sample)},
                              {"taper.classes", classes},
                              {"taper.class_names", names},
                              {"taper.pictures", "bilinear to taper.sample, bytes / 255"}};
    bool fine =
        tp_save_tensors(path, .items = state.items, .count = state.count, .metadata = metadata,
                        .metadata_count = sizeof metadata / sizeof metadata[0]);
    free(names);
    return fine;
}

/* Fills in what the file of weights says about itself. */
static bool read_metadata(job *j, const char *path) {
    tp_tensor_file *file = tp_load_tensors(path);
    if (!file) return false;
    const char *model = tp_tensor_file_metadata(file, "taper.model");
    const char *data = tp_tensor_file_metadata(file, "taper.data");
    if (!j->model && model) j->model = job_own(j, strdup(model));
    if (!j->data && data) j->data = job_own(j, strdup(data));
    const char *sample = tp_tensor_file_metadata(file, "taper.sample");
    const char *classes = tp_tensor_file_metadata(file, "taper.classes");
    bool known = sample && job_read_shape(sample, &j->sample);
    if (!known && !j->sample.ndim) j->sample = tp_shape(1, 28, 28);
    j->classes = classes ? atoi(classes) : 10;
    const char *names = tp_tensor_file_metadata(file, "taper.class_names");
    if (names && !class_names_read(j, names))
        report_failure("%s: its names of classes are damaged, and are left out.", path);
    tp_tensor_file_close(file);
    if (!j->model) report_failure("%s does not say of which layers it is; give --model.", path);
    return j->model != NULL;
}

tp_module *run_load_model(job *j, const char *what) {
    struct stat info;
    char path[PATH_SIZE];
    if (stat(what, &info) != 0) {
        report_failure("there is no run or file \"%s\".", what);
        return NULL;
    }
    bool folder = S_ISDIR(info.st_mode);
    if (folder) {
        job run = job_defaults();
        bool known = run_read_config(&run, what);
        for (int i = 0; i < run.owned_count; i++) job_own(j, run.owned[i]);
        if (!known) return NULL;
        if (!j->model) j->model = run.model;
        if (!j->data) j->data = run.data;
        run_path(path, what, "model.safetensors");
        if (stat(path, &info) != 0) {
            report_failure(
                "%s has no model.safetensors yet; `taper train --out %s --resume` goes on"
                " with the run.",
                what, what);
            return NULL;
        }
    } else {
        snprintf(path, sizeof path, "%s", what);
    }
    if (!read_metadata(j, path)) return NULL;
    if (!j->data) j->data = "digits";
    j->no_init = true;
    tp_module *model = job_model(j, j->sample, (int)j->classes);
    if (model && tp_load(path, .module = model)) return model;
    tp_module_free(model);
    return NULL;
}
