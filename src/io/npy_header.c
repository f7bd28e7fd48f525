/* The header of an .npy file: exactly the dictionaries that NumPy writes, read strictly. */
#include <string.h>

#include "base/fail.h"
#include "io/npy.h"

#define MAGIC "\x93NUMPY"

static const struct code {
    const char *code;
    tp_element element;
} codes[] = {
    {"b1", TP_ELEMENT_BOOL}, {"i1", TP_ELEMENT_I8},  {"u1", TP_ELEMENT_U8},  {"i2", TP_ELEMENT_I16},
    {"u2", TP_ELEMENT_U16},  {"i4", TP_ELEMENT_I32}, {"u4", TP_ELEMENT_U32}, {"i8", TP_ELEMENT_I64},
    {"u8", TP_ELEMENT_U64},  {"f2", TP_ELEMENT_F16}, {"f4", TP_ELEMENT_F32}, {"f8", TP_ELEMENT_F64},
};

bool tp_npy_element(const char *code, tp_element *element) {
    for (size_t i = 0; i < sizeof codes / sizeof *codes; i++)
        if (strcmp(codes[i].code, code) == 0) {
            *element = codes[i].element;
            return true;
        }
    return false;
}

bool tp_npy_is(const unsigned char *bytes, size_t size) {
    return size >= sizeof MAGIC - 1 && memcmp(bytes, MAGIC, sizeof MAGIC - 1) == 0;
}

/* ---- tokens ---- */

typedef struct reader {
    const tp_npy_source *source;
    const unsigned char *at, *end;
} reader;

static bool bad(const tp_npy_source *source, const unsigned char *where, const char *reason) {
    return tp_file_bad(source->at, source->op, source->path,
                       source->offset + (uint64_t)(where - source->bytes),
                       source->name ? tp_text("array \"%.80s\": %s", source->name, reason) : reason,
                       "an npy file");
}

static bool wrong(const reader *r, const char *reason) { return bad(r->source, r->at, reason); }

static void skip_space(reader *r) {
    while (r->at < r->end && (*r->at == ' ' || *r->at == '\n' || *r->at == '\t' || *r->at == '\r'))
        r->at++;
}

static bool next(reader *r, char c) {
    skip_space(r);
    if (r->at == r->end || *r->at != (unsigned char)c) return false;
    r->at++;
    return true;
}

/* A string in either kind of quotes, without escapes: no key or type needs one. */
static bool read_string(reader *r, char *out, size_t room) {
    char quote = next(r, '\'') ? '\'' : '"';
    if (quote == '"' && !next(r, '"')) return wrong(r, "the header lacks a string here");
    const unsigned char *start = r->at;
    while (r->at < r->end && *r->at != (unsigned char)quote && *r->at != '\\') r->at++;
    size_t length = (size_t)(r->at - start);
    if (r->at == r->end || *r->at == '\\' || length >= room)
        return wrong(r, "a string of the header does not end");
    memcpy(out, start, length);
    out[length] = 0;
    r->at++;
    return true;
}

static bool read_word(reader *r, const char *word) {
    size_t length = strlen(word);
    skip_space(r);
    if ((size_t)(r->end - r->at) < length || memcmp(r->at, word, length) != 0) return false;
    r->at += length;
    return true;
}

static bool read_size(reader *r, int64_t *size) {
    const unsigned char *start = r->at;
    *size = 0;
    while (r->at < r->end && *r->at >= '0' && *r->at <= '9') {
        int64_t digit = *r->at - '0';
        if (__builtin_mul_overflow(*size, 10, size) || __builtin_add_overflow(*size, digit, size))
            return wrong(r, "a size that is too large");
        r->at++;
    }
    if (r->at == start) return wrong(r, "the shape has something that is no size");
    if (r->at < r->end && *r->at == 'L') r->at++; /* Python 2 wrote it */
    return true;
}

/* ---- the three fields ---- */

static bool refuse_type(const reader *r, const char *descr) {
    const tp_npy_source *s = r->source;
    tp_fail(s->at, s->op, TP_ERROR_UNSUPPORTED,
            tp_text("%s: %s%.80s%sof type %s", s->path, s->name ? "array \"" : "an array ",
                    s->name ? s->name : "", s->name ? "\" " : "", descr),
            "bool, int8 to int64, uint8 to uint64, float16 to float64",
            strchr(descr, 'O') ? "Python objects are programs, which are not run" : NULL);
    return false;
}

static bool read_descr(reader *r, tp_npy_header *header) {
    char descr[64];
    skip_space(r);
    if (r->at < r->end && (*r->at == '[' || *r->at == '('))
        return refuse_type(r, "a record with several fields");
    if (!read_string(r, descr, sizeof descr)) return false;
    bool order = descr[0] && strchr("<>|=", descr[0]);
    header->big = descr[0] == '>';
    return tp_npy_element(descr + order, &header->element) || refuse_type(r, descr);
}

static bool read_order(reader *r, tp_npy_header *header) {
    header->fortran_order = read_word(r, "True");
    return header->fortran_order || read_word(r, "False") ||
           wrong(r, "fortran_order is neither True nor False");
}

static bool read_shape(reader *r, tp_npy_header *header) {
    if (!next(r, '(')) return wrong(r, "the shape is no tuple");
    for (header->shape.ndim = 0; !next(r, ')');) {
        if (header->shape.ndim == TP_MAX_DIMS) return wrong(r, "more than 8 dimensions");
        if (!read_size(r, &header->shape.dims[header->shape.ndim++])) return false;
        if (!next(r, ',')) {
            if (header->shape.ndim == 1 || !next(r, ')'))
                return wrong(r, "the shape is no tuple"); /* "(3)" is a number to Python */
            break;
        }
    }
    return true;
}

static bool read_fields(reader *r, tp_npy_header *header) {
    static const char *const names[] = {"descr", "fortran_order", "shape"};
    static bool (*const readers[])(reader *, tp_npy_header *) = {read_descr, read_order,
                                                                 read_shape};
    bool seen[3] = {false, false, false};
    if (!next(r, '{')) return wrong(r, "the header is no dictionary");
    while (!next(r, '}')) {
        char name[32];
        if (!read_string(r, name, sizeof name)) return false;
        int field = 0;
        while (field < 3 && strcmp(names[field], name) != 0) field++;
        if (field == 3 || seen[field])
            return wrong(r, tp_text("a key '%s' that %s", name,
                                    field == 3 ? "the format does not have" : "is there twice"));
        seen[field] = true;
        if (!next(r, ':')) return wrong(r, "a colon is missing");
        if (!readers[field](r, header)) return false;
        if (!next(r, ',') && (r->at == r->end || *r->at != '}'))
            return wrong(r, "a comma or the closing brace is missing");
    }
    for (int field = 0; field < 3; field++)
        if (!seen[field]) return wrong(r, tp_text("the key '%s' is missing", names[field]));
    skip_space(r);
    return r->at == r->end || wrong(r, "there is something after the closing brace");
}

/* ---- all of it ---- */

static bool check_size(const tp_npy_source *source, const tp_npy_header *header) {
    const unsigned char *start = source->bytes + header->bytes;
    uint64_t left = source->size - header->bytes;
    int64_t numel = tp_shape_numel(header->shape);
    if (numel < 0) return bad(source, start, "the shape has more elements than can be counted");
    uint64_t size = tp_element_size(header->element);
    if ((uint64_t)numel > left / size)
        return bad(source, start,
                   tp_text("%llu bytes follow, and shape %s of %s needs %lld elements",
                           (unsigned long long)left, tp_shape_text(header->shape),
                           tp_element_name(header->element), (long long)numel));
    return true;
}

bool tp_npy_read_header(const tp_npy_source *source, tp_npy_header *header) {
    const unsigned char *bytes = source->bytes;
    *header = (tp_npy_header){0};
    if (!tp_npy_is(bytes, source->size)) return bad(source, bytes, "no npy file begins like this");
    if (source->size < 12) return bad(source, bytes, "the file ends within the first 12 bytes");
    int major = bytes[6], minor = bytes[7];
    if (major < 1 || major > 3 || minor != 0)
        return bad(source, bytes + 6, tp_text("version %d.%d of the format", major, minor));
    size_t start = major == 1 ? 10 : 12, length = 0;
    for (size_t i = start; i-- > 8;) length = length << 8 | bytes[i];
    if (length > source->size - start)
        return bad(source, bytes + 8,
                   tp_text("a header of %zu bytes, and %zu follow", length, source->size - start));
    header->bytes = start + length;
    reader r = {source, bytes + start, bytes + header->bytes};
    return read_fields(&r, header) && check_size(source, header);
}

/* ---- writing ---- */

const char *tp_npy_descr(tp_dtype dtype) {
    static const char *const descr[TP_DTYPE_COUNT] = {"", "|b1", "|u1", "<i4", "<i8", "<f4", "<f8"};
    return descr[dtype];
}

size_t tp_npy_put_header(char *out, const tp_tensor *x) {
    enum { START = 10, ALIGNMENT = 64 };
    char *at = out + START;
    at += sprintf(at, "{'descr': '%s', 'fortran_order': False, 'shape': (", tp_npy_descr(x->dtype));
    for (int i = 0; i < x->ndim; i++)
        at += sprintf(at, i ? ", %lld" : "%lld", (long long)x->shape[i]);
    at += sprintf(at, "%s), }", x->ndim == 1 ? "," : "");
    size_t length = ((size_t)(at - out) + ALIGNMENT) / ALIGNMENT * ALIGNMENT; /* with a newline */
    while (at < out + length - 1) *at++ = ' ';
    *at = '\n';
    memcpy(out, MAGIC "\1\0", 8);
    out[8] = (char)(unsigned char)((length - START) & 0xFF);
    out[9] = (char)(unsigned char)((length - START) >> 8);
    return length;
}
