#include "io/pickle_write.h"

#include <string.h>

#include "base/alloc.h"
#include "io/flat.h"

typedef tp_pickle_writer writer;

static void fail_memory(writer *w, size_t bytes) {
    if (!w->failed) tp_fail_memory(w->at, w->op, bytes);
    w->failed = true;
}

static void refuse(writer *w, const char *got, const char *want) {
    if (!w->failed) tp_fail(w->at, w->op, TP_ERROR_ARGUMENT, got, want, NULL);
    w->failed = true;
}

/* ---- bytes ---- */

static void put(writer *w, const void *bytes, size_t n) {
    if (w->failed) return;
    if (n > w->room - w->used) {
        size_t room = 2 * (w->used + n) + 256;
        char *more = tp_resize(w->bytes, room);
        if (!more) {
            fail_memory(w, room);
            return;
        }
        w->bytes = more;
        w->room = room;
    }
    memcpy(w->bytes + w->used, bytes, n);
    w->used += n;
}

static void put_opcode(writer *w, char opcode) { put(w, &opcode, 1); }

static void put_number(writer *w, char opcode, uint64_t value, int size) {
    unsigned char bytes[9] = {(unsigned char)opcode};
    for (int i = 0; i < size; i++) bytes[1 + i] = (unsigned char)(value >> (8 * i));
    put(w, bytes, 1 + (size_t)size);
}

static void put_text(writer *w, const char *text, size_t length) {
    if (length > UINT32_MAX) {
        refuse(w, "a text of 4 GB", "a shorter one");
        return;
    }
    put_number(w, 'X', length, 4);
    put(w, text, length);
}

static void put_global(writer *w, const char *module, const char *name) {
    put_opcode(w, 'c');
    put(w, module, strlen(module));
    put_opcode(w, '\n');
    put(w, name, strlen(name));
    put_opcode(w, '\n');
}

static void put_int(writer *w, int64_t value) {
    if (value >= 0 && value <= UINT8_MAX)
        put_number(w, 'K', (uint64_t)value, 1);
    else if (value >= INT32_MIN && value <= INT32_MAX)
        put_number(w, 'J', (uint64_t)value, 4);
    else {
        put_number(w, '\x8a', 8, 1);
        for (int i = 0; i < 8; i++) put_opcode(w, (char)((uint64_t)value >> (8 * i)));
    }
}

static void put_float(writer *w, double value) {
    uint64_t word, turned = 0;
    memcpy(&word, &value, sizeof word);
    for (int i = 0; i < 8; i++) turned = turned << 8 | (word >> (8 * i) & 0xFF);
    put_number(w, 'G', turned, 8);
}

/* ---- tensors ---- */

/* The number of the storage with these elements: that of an earlier tensor over the same ones, or a new one. */
static size_t storage_of(writer *w, tp_tensor *x) {
    for (size_t i = 0; i < w->storage_count; i++) {
        const tp_tensor *other = w->storages[i];
        if (x->contiguous && other->contiguous && x->data == other->data && x->numel &&
            x->numel == other->numel && x->dtype == other->dtype)
            return i;
    }
    if (w->storage_count == w->storage_room) {
        size_t room = w->storage_room ? 2 * w->storage_room : 16;
        tp_tensor **more = tp_resize(w->storages, room * sizeof(tp_tensor *));
        if (!more) {
            fail_memory(w, room * sizeof(tp_tensor *));
            return 0;
        }
        w->storages = more;
        w->storage_room = room;
    }
    w->storages[w->storage_count] = x;
    return w->storage_count++;
}

static void put_sizes(writer *w, int ndim, const int64_t *sizes) {
    put_opcode(w, '(');
    for (int i = 0; i < ndim; i++) put_int(w, sizes[i]);
    put_opcode(w, 't');
}

/* torch._utils._rebuild_tensor_v2(storage, 0, sizes, strides, False, OrderedDict()) */
static void put_tensor(writer *w, tp_tensor *x) {
    static const char *const classes[TP_DTYPE_COUNT] = {"",
                                                        "BoolStorage",
                                                        "ByteStorage",
                                                        "IntStorage",
                                                        "LongStorage",
                                                        "FloatStorage",
                                                        "DoubleStorage"};
    if (!tp_writable(w->at, w->op, x)) {
        w->failed = true;
        return;
    }
    char key[24];
    int64_t stride[TP_MAX_DIMS];
    size_t length = (size_t)snprintf(key, sizeof key, "%zu", storage_of(w, x));
    put_global(w, "torch._utils", "_rebuild_tensor_v2");
    put(w, "((", 2);
    put_text(w, "storage", 7);
    put_global(w, "torch", classes[x->dtype]);
    put_text(w, key, length);
    put_text(w, "cpu", 3);
    put_int(w, x->numel);
    put(w, "tQ", 2);
    put_int(w, 0);
    tp_contiguous_strides(x->ndim, x->shape, stride);
    put_sizes(w, x->ndim, x->shape);
    put_sizes(w, x->ndim, stride);
    put_opcode(w, '\x89'); /* False */
    put_global(w, "collections", "OrderedDict");
    put(w, ")RtR", 4);
}

/* ---- values ---- */

static void put_value(writer *w, const tp_value *value, int depth);

static void put_members(writer *w, const tp_value *value, int depth) {
    for (size_t i = 0; i < tp_value_count(value); i++) {
        if (value->kind == TP_VALUE_DICT) put_value(w, tp_value_key(value, i), depth + 1);
        put_value(w, tp_value_item(value, i), depth + 1);
    }
}

/* Bytes as protocol 2 has them: _codecs.encode(text, "latin1"), a character of one or two bytes of UTF-8 for each. */
static void put_bytes(writer *w, const tp_value *value) {
    const unsigned char *bytes = (const unsigned char *)value->is.text;
    size_t length = value->count;
    for (size_t i = 0; i < value->count; i++) length += bytes[i] >= 0x80;
    put_global(w, "_codecs", "encode");
    put_opcode(w, '(');
    put_number(w, 'X', length, 4);
    for (size_t i = 0; i < value->count; i++) {
        if (bytes[i] >= 0x80) put_opcode(w, (char)(0xC0 | bytes[i] >> 6));
        put_opcode(w, (char)(bytes[i] >= 0x80 ? 0x80 | (bytes[i] & 0x3F) : bytes[i]));
    }
    put_text(w, "latin1", 6);
    put(w, "tR", 2);
}

/* A type of PyTorch's is an object there; any other name becomes a text. */
static void put_name(writer *w, const tp_value *value) {
    if (strncmp(value->is.text, "torch.", 6) == 0 && !strchr(value->is.text + 6, '.'))
        put_global(w, "torch", value->is.text + 6);
    else
        put_text(w, value->is.text, value->count);
}

static void put_container(writer *w, const tp_value *value, int depth) {
    if (value->kind == TP_VALUE_SET) {
        put_global(w, "__builtin__", "set");
        put_opcode(w, '(');
    }
    put(w,
        value->kind == TP_VALUE_DICT    ? "}("
        : value->kind == TP_VALUE_TUPLE ? "("
                                        : "](",
        value->kind == TP_VALUE_TUPLE ? 1 : 2);
    put_members(w, value, depth);
    put_opcode(w, value->kind == TP_VALUE_DICT ? 'u' : value->kind == TP_VALUE_TUPLE ? 't' : 'e');
    if (value->kind == TP_VALUE_SET) put(w, "tR", 2);
}

static void put_value(writer *w, const tp_value *value, int depth) {
    if (w->failed) return;
    if (depth > TP_VALUE_DEPTH) {
        refuse(w, "values nested more than 64 deep", "a tree that ends");
        return;
    }
    switch (tp_value_kind_of(value)) {
    case TP_VALUE_BOOL: put_opcode(w, tp_value_bool(value) ? '\x88' : '\x89'); return;
    case TP_VALUE_INT: put_int(w, tp_value_int(value)); return;
    case TP_VALUE_FLOAT: put_float(w, tp_value_float(value)); return;
    case TP_VALUE_STR: put_text(w, value->is.text, value->count); return;
    case TP_VALUE_BYTES: put_bytes(w, value); return;
    case TP_VALUE_NAME: put_name(w, value); return;
    case TP_VALUE_TENSOR: put_tensor(w, value->tensor); return;
    case TP_VALUE_LIST:
    case TP_VALUE_TUPLE:
    case TP_VALUE_SET:
    case TP_VALUE_DICT: put_container(w, value, depth); return;
    default: put_opcode(w, 'N'); return;
    }
}

bool tp_pickle_write(writer *w, const tp_value *value) {
    if (value && value->values->failed) fail_memory(w, value->values->arena.used);
    put(w, "\x80\2", 2);
    put_value(w, value, 0);
    put_opcode(w, '.');
    return !w->failed;
}

void tp_pickle_write_end(writer *w) {
    tp_delete(w->bytes);
    tp_delete(w->storages);
    w->bytes = NULL;
    w->storages = NULL;
}
