#include "vision/idx.h"

#include <errno.h>
#include <string.h>
#include <sys/stat.h>
#include <taper/vision.h>

#include "base/alloc.h"
#include "data/dataset.h"
#include "tensor/tensor.h"

/* Deflate packs at most 1032 bytes into one: a header that claims more is lying. */
enum { HEADER_MOST = 4 + 4 * TP_IDX_MAX_DIMS, DEFLATE_MOST = 1032, UNSIGNED_BYTES = 8 };

/* A file that is read from the beginning, plain or gzipped. */
typedef struct source {
    tp_location at;
    const char *op, *path;
    FILE *plain;
    tp_gzip *packed;
    int64_t size; /* on disk */
} source;

static bool file_error(const source *s, tp_error_code code, const char *reason, const char *hint) {
    tp_fail(s->at, s->op, code, tp_text("%.200s: %s", s->path, reason), NULL, hint);
    return false;
}

static bool format_error(const source *s, int64_t offset, const char *reason) {
    return file_error(s, TP_ERROR_FORMAT, tp_text("at byte %lld %s", (long long)offset, reason),
                      "fetch the file again");
}

static bool open_source(source *s) {
    struct stat info;
    s->plain = fopen(s->path, "rb");
    if (!s->plain || fstat(fileno(s->plain), &info) != 0)
        return file_error(s, TP_ERROR_FILE, strerror(errno), NULL);
    if (!S_ISREG(info.st_mode)) return file_error(s, TP_ERROR_FILE, "not a file", NULL);
    s->size = info.st_size;
    unsigned char magic[2];
    bool gzipped = fread(magic, 1, 2, s->plain) == 2 && magic[0] == 0x1f && magic[1] == 0x8b;
    rewind(s->plain);
    if (!gzipped) return true;
    tp_why why = {""};
    s->packed = tp_gzip_open(s->path, &why);
    return s->packed || file_error(s, TP_ERROR_UNSUPPORTED, why.text, NULL);
}

static void close_source(source *s) {
    if (s->plain) fclose(s->plain);
    tp_gzip_close(s->packed);
}

/* Reads exactly `count` bytes that begin at `offset` of the contents. */
static bool read_bytes(source *s, void *out, int64_t count, int64_t offset) {
    tp_why why = {""};
    int64_t got = s->packed ? tp_gzip_read(s->packed, out, count, &why)
                            : (int64_t)fread(out, 1, (size_t)count, s->plain);
    if (got < 0) return format_error(s, offset, why.text);
    if (got == count) return true;
    if (s->plain && !s->packed && ferror(s->plain))
        return file_error(s, TP_ERROR_FILE, strerror(errno), NULL);
    return format_error(
        s, offset + got,
        tp_text("the file ends: %lld bytes more should follow", (long long)(count - got)));
}

static uint32_t big_endian(const unsigned char *b) {
    return (uint32_t)b[0] << 24 | (uint32_t)b[1] << 16 | (uint32_t)b[2] << 8 | b[3];
}

static bool read_header(source *s, int ndim, tp_idx *out) {
    unsigned char head[HEADER_MOST];
    if (!read_bytes(s, head, 4, 0)) return false;
    if (head[0] || head[1])
        return format_error(
            s, 0, tp_text("%02x %02x stands where an IDX file has 00 00", head[0], head[1]));
    if (head[2] != UNSIGNED_BYTES)
        return format_error(
            s, 2, tp_text("the type of the elements is %02x; bytes (08) are wanted", head[2]));
    if (head[3] != ndim)
        return format_error(s, 3,
                            tp_text("it has %d dimensions where %d are wanted", head[3], ndim));
    if (!read_bytes(s, head + 4, 4 * ndim, 4)) return false;
    out->ndim = ndim;
    out->count = 1;
    for (int i = 0; i < ndim; i++) {
        out->dims[i] = big_endian(head + 4 + 4 * i);
        if (__builtin_mul_overflow(out->count, out->dims[i], &out->count))
            return format_error(s, 4 + 4 * i, "the sizes are impossible");
    }
    int64_t begin = 4 + 4 * ndim, most = s->packed ? s->size : s->size - begin;
    if (s->packed && __builtin_mul_overflow(most, DEFLATE_MOST, &most)) most = INT64_MAX;
    if (out->count > most)
        return format_error(
            s, 4,
            tp_text("the sizes ask for %lld bytes, more than a file of %lld can hold",
                    (long long)out->count, (long long)s->size));
    return true;
}

/* Nothing may follow. */
static bool at_end(source *s, int64_t offset) {
    unsigned char more;
    tp_why why = {""};
    int64_t got =
        s->packed ? tp_gzip_read(s->packed, &more, 1, &why) : (int64_t)fread(&more, 1, 1, s->plain);
    if (got == 0) return true;
    return format_error(s, offset,
                        got < 0 ? why.text : "bytes follow that the sizes do not speak of");
}

bool tp_idx_read(tp_location at, const char *op, const char *path, int ndim, tp_idx *out) {
    *out = (tp_idx){0};
    source s = {.at = at, .op = op, .path = path};
    int64_t begin = 4 + 4 * ndim;
    bool fine = open_source(&s) && read_header(&s, ndim, out);
    if (fine) {
        out->bytes = tp_block_allocate((size_t)out->count + 1);
        if (!out->bytes) {
            tp_fail_memory(at, op, (size_t)out->count);
            fine = false;
        }
    }
    fine = fine && read_bytes(&s, out->bytes, out->count, begin) && at_end(&s, begin + out->count);
    close_source(&s);
    if (!fine) tp_idx_free(out);
    return fine;
}

void tp_idx_free(tp_idx *idx) {
    if (idx->bytes) tp_block_release(idx->bytes, (size_t)idx->count + 1);
    *idx = (tp_idx){0};
}

/* ---- as a data set ---- */

typedef struct idx_dataset {
    tp_dataset base;
    tp_dataset_source source;
    tp_idx pictures, labels;
    char name[64];
} idx_dataset;

static bool idx_get(const tp_dataset *dataset, int64_t index, void *x, void *y, tp_why *why) {
    (void)dataset, (void)index, (void)x, (void)y, (void)why;
    return false; /* everything lies in a row: see tp_gather */
}

static void idx_release(tp_dataset *dataset) {
    idx_dataset *set = (idx_dataset *)dataset;
    tp_idx_free(&set->pictures);
    tp_idx_free(&set->labels);
}

static bool labels_fit(tp_location at, const char *op, const idx_dataset *set, const char *pictures,
                       const char *labels) {
    int64_t n = set->pictures.dims[0];
    source s = {.at = at, .op = op, .path = labels};
    if (set->labels.dims[0] != n)
        return format_error(&s, 4,
                            tp_text("%lld labels stand beside the %lld pictures of %.120s",
                                    (long long)set->labels.dims[0], (long long)n, pictures));
    for (int64_t i = 0; set->base.class_count && i < n; i++)
        if (set->labels.bytes[i] >= set->base.class_count)
            return format_error(&s, 8 + i,
                                tp_text("label %d is none of the %d classes", set->labels.bytes[i],
                                        set->base.class_count));
    return true;
}

tp_dataset *tp_idx_open(tp_location at, const char *op, const char *pictures, const char *labels,
                        const char *name, const char *const *classes, int class_count) {
    idx_dataset *set = tp_dataset_new_at(at, sizeof *set, idx_get);
    if (!set) return NULL;
    set->base.release = idx_release;
    set->base.classes = classes;
    set->base.class_count = class_count;
    if (!tp_idx_read(at, op, labels, 1, &set->labels) ||
        !tp_idx_read(at, op, pictures, 3, &set->pictures) ||
        !labels_fit(at, op, set, pictures, labels)) {
        tp_dataset_free(&set->base);
        return NULL;
    }
    snprintf(set->name, sizeof set->name, "%s", name);
    set->base.name = set->name;
    set->base.size = set->pictures.dims[0];
    set->base.x_shape = tp_shape(1, set->pictures.dims[1], set->pictures.dims[2]);
    set->base.x_dtype = TP_UINT8;
    set->base.y_dtype = TP_INT64;
    set->base.pictures = true;
    for (int64_t i = 0; !class_count && i < set->base.size; i++)
        if (set->labels.bytes[i] >= set->base.class_count)
            set->base.class_count = set->labels.bytes[i] + 1;
    set->source =
        (tp_dataset_source){.x = set->pictures.bytes, .y = set->labels.bytes, .y_stored = TP_UINT8};
    set->base.source = &set->source;
    return &set->base;
}

tp_dataset *tp_idx_dataset_at(tp_location at, const char *pictures, const char *labels) {
    if (!pictures || !labels) {
        tp_fail(at, "idx_dataset", TP_ERROR_ARGUMENT, "NULL", "the paths of two files", NULL);
        return NULL;
    }
    const char *slash = strrchr(pictures, '/');
    return tp_idx_open(at, "idx_dataset", pictures, labels, slash ? slash + 1 : pictures, NULL, 0);
}
