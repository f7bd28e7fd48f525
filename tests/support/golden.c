/* golden.c: reads and looks up the reference vectors (comparisons: golden_compare.c). */
#include "golden.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* ---- parsing ---- */

typedef struct parser {
    const char *path;
    char *at; /* next unread byte; the bytes end with a NUL */
    int line;
    char *why;
    size_t why_size;
    golden_file *file;
} parser;

static bool reject(parser *p, const char *format, ...) {
    va_list args;
    va_start(args, format);
    int used = snprintf(p->why, p->why_size, "%s:%d: ", p->path, p->line);
    if (used >= 0 && (size_t)used < p->why_size) {
        vsnprintf(p->why + used, p->why_size - (size_t)used, format, args);
    }
    va_end(args);
    return false;
}

/* Room for one more: arrays here grow by doubling whenever the count is a power of two. */
static void *grow(void *array, int count, size_t size) {
    if (count > 0 && (count & (count - 1)) != 0) return array;
    void *bigger = realloc(array, (count > 0 ? 2 * (size_t)count : 1) * size);
    if (!bigger) {
        fprintf(stderr, "golden: out of memory\n");
        exit(1);
    }
    return bigger;
}

static void skip_blanks(parser *p) {
    while (*p->at == ' ') p->at++;
}

/* Cuts the next word of this line out of the bytes; NULL where the line has no more. */
static char *next_word(parser *p) {
    skip_blanks(p);
    if (*p->at == '\n' || *p->at == '\0') return NULL;
    char *word = p->at;
    while (*p->at != ' ' && *p->at != '\n' && *p->at != '\0') p->at++;
    if (*p->at == ' ') *p->at++ = '\0';
    return word; /* a word at the end of its line is cut by end_line */
}

static bool end_line(parser *p) {
    skip_blanks(p);
    if (*p->at != '\n' && *p->at != '\0') return reject(p, "more on this line than expected");
    if (*p->at == '\n') {
        *p->at++ = '\0';
        p->line++;
    }
    return true;
}

static bool parse_shape(parser *p, golden_tensor *t) {
    skip_blanks(p);
    if (*p->at != '[') return reject(p, "tensor %s: a shape in [] was expected", t->key);
    p->at++;
    t->count = 1;
    while (*p->at != ']') {
        char *end;
        errno = 0;
        long long extent = strtoll(p->at, &end, 10);
        if (end == p->at || errno || extent < 0 || t->ndim == GOLDEN_MAX_DIMS) {
            return reject(p, "tensor %s: bad shape", t->key);
        }
        t->shape[t->ndim++] = extent;
        if (extent > 0 && t->count > (size_t)1e8 / (size_t)extent) {
            return reject(p, "tensor %s: too large", t->key);
        }
        t->count *= (size_t)extent;
        p->at = end;
        if (*p->at == ',') p->at++;
    }
    p->at++;
    skip_blanks(p);
    if (*p->at++ != ':') return reject(p, "tensor %s: ':' expected after the shape", t->key);
    return true;
}

/* The values follow the colon and may run over several lines; the shape says how many there are. */
static bool parse_values(parser *p, golden_tensor *t) {
    bool integral = strncmp(t->dtype, "float", 5) != 0;
    bool single = !strcmp(t->dtype, "float32");
    t->values = malloc((t->count + 1) * sizeof *t->values);
    if (integral) t->integers = malloc((t->count + 1) * sizeof *t->integers);
    if (!t->values || (integral && !t->integers)) return reject(p, "out of memory");
    for (size_t i = 0; i < t->count; i++) {
        while (*p->at == ' ' || *p->at == '\n') p->line += *p->at++ == '\n';
        char *end;
        if (integral) {
            errno = 0;
            t->integers[i] = strtoll(p->at, &end, 10);
            if (errno) return reject(p, "tensor %s: value %zu overflows", t->key, i);
            t->values[i] = (double)t->integers[i];
        } else {
            double value = strtod(p->at, &end);
            t->values[i] = single ? (double)(float)value : value; /* the float that was written */
        }
        if (end == p->at || (*end != ' ' && *end != '\n' && *end != '\0')) {
            return reject(p, "tensor %s: value %zu of %zu is missing or no number", t->key, i,
                          t->count);
        }
        p->at = end;
    }
    return end_line(p);
}

static bool known_dtype(const char *dtype) {
    static const char *const names[] = {"float32", "float64", "int64", "int32", "uint8", "bool"};
    for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
        if (!strcmp(dtype, names[i])) return true;
    }
    return false;
}

static bool parse_tensor(parser *p, golden_case *c) {
    c->tensors = grow(c->tensors, c->n_tensors, sizeof *c->tensors);
    golden_tensor *t = &c->tensors[c->n_tensors++];
    *t = (golden_tensor){.line = p->line};
    t->key = next_word(p);
    t->dtype = t->key ? next_word(p) : NULL;
    if (!t->dtype) return reject(p, "tensor: key and dtype expected");
    if (!known_dtype(t->dtype))
        return reject(p, "tensor %s: unknown dtype %.40s", t->key, t->dtype);
    return parse_shape(p, t) && parse_values(p, t);
}

static bool parse_option(parser *p, golden_case *c) {
    c->options = grow(c->options, c->n_options, sizeof *c->options);
    golden_pair *o = &c->options[c->n_options++];
    o->key = next_word(p);
    o->value = o->key ? next_word(p) : NULL;
    if (!o->value) return reject(p, "option: key and value expected");
    return end_line(p);
}

/* `text key`, then its lines, each behind a '|'. They are moved together over those marks. */
static bool parse_text(parser *p, golden_case *c) {
    c->texts = grow(c->texts, c->n_texts, sizeof *c->texts);
    golden_pair *text = &c->texts[c->n_texts++];
    *text = (golden_pair){0};
    text->key = next_word(p);
    if (!text->key) return reject(p, "text: key expected");
    if (!end_line(p)) return false;
    if (*p->at != '|') return reject(p, "text %s: a line that starts with | expected", text->key);
    char *to = p->at;
    text->value = to;
    while (*p->at == '|') {
        p->at++;
        if (to != text->value)
            *to++ = '\n';
        else if (p->at != text->value + 1)
            *to++ = '\n'; /* the first line was empty */
        while (*p->at != '\n' && *p->at != '\0') *to++ = *p->at++;
        if (*p->at == '\n') {
            p->at++;
            p->line++;
        }
    }
    *to = '\0'; /* at least one byte behind: the first '|' left a gap */
    return true;
}

static bool parse_case(parser *p) {
    golden_file *file = p->file;
    file->cases = grow(file->cases, file->n_cases, sizeof *file->cases);
    golden_case *c = &file->cases[file->n_cases++];
    *c = (golden_case){.line = p->line, .file = file};
    c->name = next_word(p);
    if (!c->name) return reject(p, "case: a name expected");
    return end_line(p);
}

static bool parse_line(parser *p) {
    if (*p->at == '#') {
        while (*p->at != '\n' && *p->at != '\0') p->at++;
        return end_line(p);
    }
    char *word = next_word(p);
    if (!word) return end_line(p);
    if (!strcmp(word, "case")) return parse_case(p);
    if (p->file->n_cases == 0) return reject(p, "%.40s before the first case", word);
    golden_case *c = &p->file->cases[p->file->n_cases - 1];
    if (!strcmp(word, "tensor")) return parse_tensor(p, c);
    if (!strcmp(word, "option")) return parse_option(p, c);
    if (!strcmp(word, "text")) return parse_text(p, c);
    return reject(p, "unknown word %.40s", word);
}

/* Owners are set last, because the array of cases moves while it grows. */
static void link_owners(golden_file *file) {
    for (int i = 0; i < file->n_cases; i++) {
        golden_case *c = &file->cases[i];
        for (int k = 0; k < c->n_tensors; k++) c->tensors[k].owner = c;
    }
}

golden_file *golden_parse(const char *path, const char *bytes, size_t size, char *why,
                          size_t why_size) {
    golden_file *file = calloc(1, sizeof *file);
    parser p = {.path = path, .line = 1, .why = why, .why_size = why_size, .file = file};
    if (file) {
        file->bytes = malloc(size + 1);
        file->path = malloc(strlen(path) + 1);
    }
    if (!file || !file->bytes || !file->path) {
        reject(&p, "out of memory");
        golden_free(file);
        return NULL;
    }
    memcpy(file->path, path, strlen(path) + 1);
    memcpy(file->bytes, bytes, size);
    file->bytes[size] = '\0';
    p.at = file->bytes;
    while (*p.at != '\0') {
        if (parse_line(&p)) continue;
        golden_free(file);
        return NULL;
    }
    link_owners(file);
    return file;
}

void golden_free(golden_file *file) {
    if (!file) return;
    for (int i = 0; i < file->n_cases; i++) {
        golden_case *c = &file->cases[i];
        for (int k = 0; k < c->n_tensors; k++) {
            free(c->tensors[k].values);
            free(c->tensors[k].integers);
        }
        free(c->tensors);
        free(c->options);
        free(c->texts);
    }
    free(file->cases);
    free(file->bytes);
    free(file->path);
    free(file);
}

/* ---- finding the file ---- */

static FILE *open_family(const char *name, char *path, size_t size) {
    const char *folders[] = {getenv("TAPER_GOLDEN"),
#ifdef TP_GOLDEN_DIR
                             TP_GOLDEN_DIR,
#endif
                             "tests/golden",         "../tests/golden",
                             "../../tests/golden",   "../../../tests/golden"};
    for (size_t i = 0; i < sizeof folders / sizeof *folders; i++) {
        if (!folders[i]) continue;
        snprintf(path, size, "%s/%s.txt", folders[i], name);
        FILE *stream = fopen(path, "rb");
        if (stream) return stream;
    }
    snprintf(path, size, "tests/golden/%s.txt", name);
    return NULL;
}

static char *read_all(FILE *stream, size_t *size) {
    char *bytes = NULL;
    *size = 0;
    for (size_t room = 1 << 16;; room *= 2) {
        char *bigger = realloc(bytes, room);
        if (!bigger) break;
        bytes = bigger;
        *size += fread(bytes + *size, 1, room - *size, stream);
        if (*size < room) return bytes;
    }
    free(bytes);
    return NULL;
}

golden_file *golden_load(const char *name_or_path) {
    char path[1024];
    FILE *stream;
    if (strpbrk(name_or_path, "/.")) {
        snprintf(path, sizeof path, "%s", name_or_path);
        stream = fopen(path, "rb");
    } else {
        stream = open_family(name_or_path, path, sizeof path);
    }
    if (!stream) {
        fprintf(stderr, "golden: cannot open %s: %s\n", path, strerror(errno));
        exit(1);
    }
    size_t size;
    char *bytes = read_all(stream, &size);
    fclose(stream);
    char why[512] = "out of memory";
    golden_file *file = bytes ? golden_parse(path, bytes, size, why, sizeof why) : NULL;
    free(bytes);
    if (!file) {
        fprintf(stderr, "golden: %s\n", why);
        exit(1);
    }
    return file;
}

/* ---- looking up ---- */

golden_case *golden_next(golden_file *file, const golden_case *after, const char *prefix) {
    int start = after ? (int)(after - file->cases) + 1 : 0;
    for (int i = start; i < file->n_cases; i++) {
        if (!strncmp(file->cases[i].name, prefix, strlen(prefix))) return &file->cases[i];
    }
    return NULL;
}

golden_case *golden_find_case(golden_file *file, const char *name) {
    for (int i = 0; i < file->n_cases; i++) {
        if (!strcmp(file->cases[i].name, name)) return &file->cases[i];
    }
    return NULL;
}

golden_case *golden_need_case(golden_file *file, const char *name) {
    golden_case *c = golden_find_case(file, name);
    if (c) return c;
    fprintf(stderr, "golden: %s has no case %s\n", file->path, name);
    exit(1);
}

const golden_tensor *golden_find(const golden_case *c, const char *key) {
    for (int i = 0; i < c->n_tensors; i++) {
        if (!strcmp(c->tensors[i].key, key)) return &c->tensors[i];
    }
    return NULL;
}

const golden_tensor *golden_need(const golden_case *c, const char *key) {
    const golden_tensor *t = golden_find(c, key);
    if (t) return t;
    fprintf(stderr, "golden: %s:%d: case %s has no tensor %s\n", c->file->path, c->line, c->name,
            key);
    exit(1);
}

static const char *pair_value(const golden_pair *pairs, int count, const char *key) {
    for (int i = 0; i < count; i++) {
        if (!strcmp(pairs[i].key, key)) return pairs[i].value;
    }
    return NULL;
}

const char *golden_word(const golden_case *c, const char *key, const char *otherwise) {
    const char *value = pair_value(c->options, c->n_options, key);
    return value ? value : otherwise;
}

static void bad_option(const golden_case *c, const char *key, const char *value) {
    fprintf(stderr, "golden: %s:%d: case %s: option %s is %s, no number\n", c->file->path, c->line,
            c->name, key, value);
    exit(1);
}

double golden_number(const golden_case *c, const char *key, double otherwise) {
    const char *value = golden_word(c, key, NULL);
    if (!value) return otherwise;
    char *end;
    double number = strtod(value, &end);
    if (end == value || *end) bad_option(c, key, value);
    return number;
}

int64_t golden_integer(const golden_case *c, const char *key, int64_t otherwise) {
    const char *value = golden_word(c, key, NULL);
    if (!value) return otherwise;
    char *end;
    int64_t number = strtoll(value, &end, 10);
    if (end == value || *end) bad_option(c, key, value);
    return number;
}

int golden_list(const golden_case *c, const char *key, int64_t *out, int max) {
    const char *value = golden_word(c, key, NULL);
    if (!value) return -1;
    if (!strcmp(value, "[]")) return 0;
    int count = 0;
    for (const char *at = value;; at++) {
        char *end;
        int64_t member = strtoll(at, &end, 10);
        if (end == at || (*end && *end != ',')) bad_option(c, key, value);
        if (count < max) out[count] = member;
        count++;
        at = end;
        if (!*end) return count;
    }
}

const char *golden_text(const golden_case *c, const char *key) {
    return pair_value(c->texts, c->n_texts, key);
}
