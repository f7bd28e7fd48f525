/* The machine: stack, memo and opcodes. */
#include "io/pickle.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/alloc.h"
#include "io/json.h"

/* ---- errors ---- */

uint64_t tp_pickle_place(const tp_pickle *p) {
    return p->offset + (uint64_t)((p->opcode ? p->opcode : p->begin) - p->begin);
}

tp_value *tp_pickle_bad(tp_pickle *p, const char *reason) {
    if (!p->failed)
        tp_file_bad(p->at, p->op, p->path, tp_pickle_place(p), reason, "a file of torch.save()");
    p->failed = true;
    return NULL;
}

tp_value *tp_pickle_refuse(tp_pickle *p, const char *what, const char *want) {
    if (!p->failed)
        tp_fail(
            p->at, p->op, TP_ERROR_UNSUPPORTED,
            tp_text("%s: at byte %llu: %s", p->path, (unsigned long long)tp_pickle_place(p), what),
            want, "nothing in the file is run; save model.state_dict() rather than a whole object");
    p->failed = true;
    return NULL;
}

tp_value *tp_pickle_memory(tp_pickle *p) {
    if (p->values->arena.over_limit)
        return tp_pickle_bad(p, "values that would take hundreds of times the size of the file");
    if (!p->failed) tp_fail_memory(p->at, p->op, p->values->arena.used);
    p->failed = true;
    return NULL;
}

/* ---- bytes of the program ---- */

/* The next n bytes; NULL after an error. */
static const unsigned char *take(tp_pickle *p, uint64_t n) {
    if (n > (uint64_t)(p->end - p->next)) {
        tp_pickle_bad(p, "the pickle ends within an instruction");
        return NULL;
    }
    const unsigned char *bytes = p->next;
    p->next += n;
    return bytes;
}

static bool take_number(tp_pickle *p, int size, uint64_t *value) {
    const unsigned char *bytes = take(p, (uint64_t)size);
    *value = 0;
    for (int i = size - 1; bytes && i >= 0; i--) *value = *value << 8 | bytes[i];
    return bytes != NULL;
}

/* A line without its end, in the arena; NULL after an error. */
static const char *take_line(tp_pickle *p) {
    const unsigned char *end = memchr(p->next, '\n', (size_t)(p->end - p->next));
    if (!end) {
        tp_pickle_bad(p, "the pickle ends within a line");
        return NULL;
    }
    const char *line = tp_arena_text(&p->values->arena, p->next, (size_t)(end - p->next));
    if (!line) tp_pickle_memory(p);
    p->next = end + 1;
    return line;
}

/* ---- stack, marks, memo ---- */

static bool reserve(tp_pickle *p, void *table, size_t need, size_t *room, size_t each) {
    if (need <= *room) return true;
    size_t more = need < 32 ? 32 : 2 * need;
    void *old;
    memcpy(&old, table, sizeof old);
    void *new = tp_resize(old, more * each);
    if (!new) {
        if (!p->failed) tp_fail_memory(p->at, p->op, more * each);
        p->failed = true;
        return false;
    }
    memcpy(table, &new, sizeof new);
    *room = more;
    return true;
}

static bool push(tp_pickle *p, tp_value *value) {
    if (!value) return tp_pickle_fail_memory(p);
    if (!reserve(p, &p->stack, p->stack_count + 1, &p->stack_room, sizeof(tp_value *)))
        return false;
    p->stack[p->stack_count++] = value;
    return true;
}

/* How much of the stack is below the innermost mark, and so out of reach. */
static size_t floor_of(const tp_pickle *p) {
    return p->mark_count ? p->marks[p->mark_count - 1] : 0;
}

static tp_value *pop(tp_pickle *p) {
    if (p->stack_count == floor_of(p)) return tp_pickle_bad(p, "the stack is empty");
    return p->stack[--p->stack_count];
}

static tp_value *top(tp_pickle *p) {
    if (p->stack_count == floor_of(p)) return tp_pickle_bad(p, "the stack is empty");
    return p->stack[p->stack_count - 1];
}

static bool mark(tp_pickle *p) {
    if (!reserve(p, &p->marks, p->mark_count + 1, &p->mark_room, sizeof(size_t))) return false;
    p->marks[p->mark_count++] = p->stack_count;
    return true;
}

/* Takes the innermost mark away; what was above it begins at *first. */
static bool to_mark(tp_pickle *p, size_t *first) {
    if (!p->mark_count) return tp_pickle_fail(p, "a mark is missing");
    *first = p->marks[--p->mark_count];
    return true;
}

static bool remember(tp_pickle *p, uint64_t index) {
    tp_value *value = top(p);
    if (!value) return false;
    /* Python counts them up; some room for programs that leave a few out. */
    enum { ROOM = 1024 };
    if (index > 2 * p->memo_count + ROOM)
        return tp_pickle_fail(p, "a number of the memo that is too large");
    if (!reserve(p, &p->memo, (size_t)index + 1, &p->memo_room, sizeof(tp_value *))) return false;
    p->memo_count += !p->memo[index];
    p->memo[index] = value;
    return true;
}

static bool recall(tp_pickle *p, uint64_t index) {
    if (index >= p->memo_room || !p->memo[index])
        return tp_pickle_fail(p, "something is asked of the memo that is not there");
    return push(p, p->memo[index]);
}

/* MEMOIZE takes the number of things that are remembered already. */
static bool memoize(tp_pickle *p) { return remember(p, p->memo_count); }

/* ---- values ---- */

static bool push_text(tp_pickle *p, int kind, int size_bytes) {
    uint64_t size;
    if (!take_number(p, size_bytes, &size)) return false;
    const unsigned char *bytes = take(p, size);
    if (!bytes) return false;
    if (kind == TP_VALUE_STR && tp_utf8_valid(bytes, (size_t)size) != size)
        return tp_pickle_fail(p, "a text that is not UTF-8");
    return push(p, tp_value_of_text(p->values, kind, bytes, (size_t)size));
}

/* What Python 2 called a string: a text where it can be one, else bytes. */
static bool push_old_string(tp_pickle *p, const unsigned char *bytes, uint64_t size) {
    bool text = bytes && tp_utf8_valid(bytes, (size_t)size) == size;
    return bytes && push(p, tp_value_of_text(p->values, text ? TP_VALUE_STR : TP_VALUE_BYTES, bytes,
                                             (size_t)size));
}

/* A whole number of `size` bytes, little-endian with sign. */
static bool push_long(tp_pickle *p, uint64_t size) {
    const unsigned char *bytes = take(p, size);
    if (!bytes) return false;
    bool negative = size && bytes[size - 1] & 0x80;
    if (size <= 8) {
        uint64_t value = negative ? UINT64_MAX : 0;
        for (uint64_t i = size; i-- > 0;) value = value << 8 | bytes[i];
        return push(p, tp_value_of_int(p->values, (int64_t)value));
    }
    double value = 0;
    for (uint64_t i = size; i-- > 0;) value = value * 256 + (negative ? 255 - bytes[i] : bytes[i]);
    tp_value *number = tp_value_of_float(p->values, negative ? -value - 1 : value);
    if (number) {
        number->digits = bytes;
        number->count = (size_t)size;
    }
    return push(p, number);
}

static bool push_float(tp_pickle *p) {
    const unsigned char *bytes = take(p, 8);
    if (!bytes) return false;
    uint64_t word = 0;
    for (int i = 0; i < 8; i++) word = word << 8 | bytes[i];
    double value;
    memcpy(&value, &word, sizeof value);
    return push(p, tp_value_of_float(p->values, value));
}

/* The forms of protocol 0, in letters. */
static bool push_line(tp_pickle *p, unsigned char opcode) {
    const char *line = take_line(p);
    if (!line) return false;
    size_t length = strlen(line);
    char *end;
    errno = 0;
    if (opcode == 'F') {
        double value = strtod(line, &end);
        if (end == line || *end) return tp_pickle_fail(p, "a number that is none");
        return push(p, tp_value_of_float(p->values, value));
    }
    if (opcode == 'I' && (strcmp(line, "00") == 0 || strcmp(line, "01") == 0))
        return push(p, tp_value_of_bool(p->values, line[1] == '1'));
    if (opcode == 'I' || opcode == 'L') {
        long long value = strtoll(line, &end, 10);
        if (end == line || (*end && strcmp(end, "L") != 0) || errno)
            return tp_pickle_fail(p, "a whole number that is none, or too long");
        return push(p, tp_value_of_int(p->values, value));
    }
    /* A string in quotes, or a text; one with an escape would need Python's rules for them. */
    bool quoted = opcode == 'S' && length >= 2 && (*line == '\'' || *line == '"') &&
                  line[length - 1] == *line;
    if ((opcode == 'S' && !quoted) || memchr(line, '\\', length))
        return tp_pickle_fail_unsupported(p, "a string of protocol 0 with escapes",
                                          "protocol 2 or later");
    return push_old_string(p, (const unsigned char *)line + quoted, length - 2 * (size_t)quoted);
}

/* The members above the mark as a tuple, list, set or dict. */
static bool collect(tp_pickle *p, int kind, size_t first) {
    size_t count = p->stack_count - first;
    tp_value *value = tp_value_new(p->values, kind);
    if (!value) return tp_pickle_fail_memory(p);
    if (kind == TP_VALUE_DICT && count % 2) return tp_pickle_fail(p, "a key without a value");
    for (size_t i = 0; i < count; i += kind == TP_VALUE_DICT ? 2 : 1) {
        bool fine = kind == TP_VALUE_DICT
                        ? tp_value_push_pair(value, p->stack[first + i], p->stack[first + i + 1])
                        : tp_value_push(value, p->stack[first + i]);
        if (!fine) return tp_pickle_fail_memory(p);
    }
    p->stack_count = first;
    return push(p, value);
}

static bool collect_marked(tp_pickle *p, int kind) {
    size_t first;
    return to_mark(p, &first) && collect(p, kind, first);
}

static bool collect_last(tp_pickle *p, int kind, size_t count) {
    if (p->stack_count - floor_of(p) < count)
        return tp_pickle_fail(p, "the stack has too little for a tuple");
    return collect(p, kind, p->stack_count - count);
}

/* Adds what is above `first` to the container below it. */
static bool add_members(tp_pickle *p, int kind, size_t first) {
    size_t count = p->stack_count - first;
    if (first == floor_of(p)) return tp_pickle_fail(p, "the container is missing");
    tp_value *container = p->stack[first - 1];
    if (container->kind != kind)
        return tp_pickle_fail(p, "members for something that cannot have them");
    if (kind == TP_VALUE_DICT && count % 2) return tp_pickle_fail(p, "a key without a value");
    for (size_t i = 0; i < count; i += kind == TP_VALUE_DICT ? 2 : 1) {
        tp_value **at = &p->stack[first + i];
        bool fine = kind == TP_VALUE_DICT ? tp_value_push_pair(container, at[0], at[1])
                                          : tp_value_push(container, at[0]);
        if (!fine) return tp_pickle_fail_memory(p);
    }
    p->stack_count = first;
    return true;
}

static bool add_marked(tp_pickle *p, int kind) {
    size_t first;
    return to_mark(p, &first) && add_members(p, kind, first);
}

static bool add_last(tp_pickle *p, int kind, size_t count) {
    if (p->stack_count - floor_of(p) < count) return tp_pickle_fail(p, "the stack is empty");
    return add_members(p, kind, p->stack_count - count);
}

/* ---- names and calls ---- */

static bool push_global(tp_pickle *p) {
    const char *module = take_line(p), *name = module ? take_line(p) : NULL;
    tp_value *value = name ? tp_pickle_global(p, module, name) : NULL;
    return value && push(p, value);
}

static bool push_stacked_global(tp_pickle *p) {
    const tp_value *name = pop(p), *module = name ? pop(p) : NULL;
    if (!module) return false;
    if (name->kind != TP_VALUE_STR || module->kind != TP_VALUE_STR)
        return tp_pickle_fail(p, "a name that is no text");
    tp_value *value = tp_pickle_global(p, module->is.text, name->is.text);
    return value && push(p, value);
}

/* REDUCE, NEWOBJ and NEWOBJ_EX: function or class, arguments, and named arguments, of which nothing that we know has any. */
static bool call(tp_pickle *p, bool named) {
    const tp_value *names = named ? pop(p) : NULL;
    const tp_value *arguments = !named || names ? pop(p) : NULL;
    const tp_value *function = arguments ? pop(p) : NULL;
    if (!function) return false;
    if (arguments->kind != TP_VALUE_TUPLE || (named && tp_value_count(names)))
        return tp_pickle_fail(p, "arguments that are no tuple");
    tp_value *value = tp_pickle_call(p, function, arguments);
    return value && push(p, value);
}

static bool build(tp_pickle *p) {
    const tp_value *state = pop(p);
    tp_value *object = state ? top(p) : NULL;
    return object && tp_pickle_build(p, object, state);
}

static bool push_storage(tp_pickle *p) {
    const tp_value *id = pop(p);
    tp_value *storage = id ? tp_pickle_storage(p, id) : NULL;
    return storage && push(p, storage);
}

/* ---- opcodes ---- */

static bool pop_one(tp_pickle *p) {
    if (p->mark_count && p->stack_count == floor_of(p)) {
        p->mark_count--;
        return true;
    }
    return pop(p) != NULL;
}

static bool pop_marked(tp_pickle *p) {
    size_t first;
    if (!to_mark(p, &first)) return false;
    p->stack_count = first;
    return true;
}

static bool numbered(tp_pickle *p, bool (*use)(tp_pickle *, uint64_t), int size) {
    uint64_t value;
    return take_number(p, size, &value) && use(p, value);
}

static bool numbered_line(tp_pickle *p, bool (*use)(tp_pickle *, uint64_t)) {
    const char *line = take_line(p);
    char *end = NULL;
    unsigned long long value = line ? strtoull(line, &end, 10) : 0;
    if (line && (end == line || *end || *line == '-'))
        return tp_pickle_fail(p, "a number of the memo that is none");
    return line && use(p, value);
}

static bool push_int(tp_pickle *p, int size) {
    uint64_t value;
    if (!take_number(p, size, &value)) return false;
    return push(p, tp_value_of_int(p->values, size == 4 ? (int32_t)value : (int64_t)value));
}

static bool long_of_size(tp_pickle *p, int size) {
    uint64_t n;
    return take_number(p, size, &n) && push_long(p, n);
}

static bool old_string(tp_pickle *p, int size) {
    uint64_t n;
    return take_number(p, size, &n) && push_old_string(p, take(p, n), n);
}

static bool protocol(tp_pickle *p) {
    uint64_t version;
    if (!take_number(p, 1, &version)) return false;
    return version <= 5 || tp_pickle_fail_unsupported(
                               p, tp_text("pickle protocol %d", (int)version), "protocol 0 to 5");
}

static bool duplicate(tp_pickle *p) {
    tp_value *value = top(p);
    return value && push(p, value);
}

/* Names and protocols: what can reach outside of the pickle. */
static bool step_reach(tp_pickle *p, unsigned char opcode) {
    uint64_t ignored;
    switch (opcode) {
    case 0x80: return protocol(p);
    case 0x95: return take_number(p, 8, &ignored); /* FRAME: a hint for reading ahead */
    case 'c': return push_global(p);
    case 0x93: return push_stacked_global(p);
    case 'R': return call(p, false);
    case 0x81: return call(p, false); /* NEWOBJ */
    case 0x92: return call(p, true);  /* NEWOBJ_EX */
    case 'b': return build(p);
    case 'Q': return push_storage(p); /* BINPERSID */
    case 'P': return tp_pickle_fail_unsupported(p, "a persistent id in letters", NULL);
    case 'i':
    case 'o': return tp_pickle_fail_unsupported(p, "an object of protocol 0 (INST, OBJ)", NULL);
    case 0x82:
    case 0x83:
    case 0x84:
        return tp_pickle_fail_unsupported(p, "an object of Python's extension registry", NULL);
    case 0x97:
    case 0x98: return tp_pickle_fail_unsupported(p, "a buffer that is not in the file", NULL);
    default: return tp_pickle_fail(p, tp_text("an unknown instruction 0x%02x", opcode));
    }
}

/* Stack, memo and containers. */
static bool step_container(tp_pickle *p, unsigned char opcode) {
    switch (opcode) {
    case '(': return mark(p);
    case '0': return pop_one(p);
    case '1': return pop_marked(p);
    case '2': return duplicate(p);
    case 'q': return numbered(p, remember, 1);
    case 'r': return numbered(p, remember, 4);
    case 'p': return numbered_line(p, remember);
    case 'h': return numbered(p, recall, 1);
    case 'j': return numbered(p, recall, 4);
    case 'g': return numbered_line(p, recall);
    case 0x94: return memoize(p);
    case ')': return push(p, tp_value_new(p->values, TP_VALUE_TUPLE));
    case ']': return push(p, tp_value_new(p->values, TP_VALUE_LIST));
    case '}': return push(p, tp_value_new(p->values, TP_VALUE_DICT));
    case 0x8f: return push(p, tp_value_new(p->values, TP_VALUE_SET));
    case 't': return collect_marked(p, TP_VALUE_TUPLE);
    case 'l': return collect_marked(p, TP_VALUE_LIST);
    case 'd': return collect_marked(p, TP_VALUE_DICT);
    case 0x91: return collect_marked(p, TP_VALUE_SET); /* FROZENSET */
    case 0x85:
    case 0x86:
    case 0x87: return collect_last(p, TP_VALUE_TUPLE, opcode - 0x84U);
    case 'a': return add_last(p, TP_VALUE_LIST, 1);
    case 'e': return add_marked(p, TP_VALUE_LIST);
    case 's': return add_last(p, TP_VALUE_DICT, 2);
    case 'u': return add_marked(p, TP_VALUE_DICT);
    case 0x90: return add_marked(p, TP_VALUE_SET);
    default: return step_reach(p, opcode);
    }
}

static bool step(tp_pickle *p, unsigned char opcode) {
    switch (opcode) {
    case 'N': return push(p, tp_value_of_none(p->values));
    case 0x88: return push(p, tp_value_of_bool(p->values, true));
    case 0x89: return push(p, tp_value_of_bool(p->values, false));
    case 'K': return push_int(p, 1);
    case 'M': return push_int(p, 2);
    case 'J': return push_int(p, 4);
    case 0x8a: return long_of_size(p, 1);
    case 0x8b: return long_of_size(p, 4);
    case 'G': return push_float(p);
    case 'F':
    case 'I':
    case 'L':
    case 'S':
    case 'V': return push_line(p, opcode);
    case 'U': return old_string(p, 1);
    case 'T': return old_string(p, 4);
    case 0x8c: return push_text(p, TP_VALUE_STR, 1);
    case 'X': return push_text(p, TP_VALUE_STR, 4);
    case 0x8d: return push_text(p, TP_VALUE_STR, 8);
    case 'C': return push_text(p, TP_VALUE_BYTES, 1);
    case 'B': return push_text(p, TP_VALUE_BYTES, 4);
    case 0x8e:
    case 0x96: return push_text(p, TP_VALUE_BYTES, 8); /* BINBYTES8, BYTEARRAY8 */
    default: return step_container(p, opcode);
    }
}

tp_value *tp_pickle_read(tp_pickle *p) {
    p->stack_count = p->mark_count = p->memo_count = 0;
    if (p->memo) memset(p->memo, 0, p->memo_room * sizeof(tp_value *));
    for (;;) {
        p->opcode = p->next;
        const unsigned char *opcode = take(p, 1);
        if (!opcode) return NULL;
        if (*opcode == '.') break;
        if (!step(p, *opcode)) return p->failed ? NULL : tp_pickle_memory(p);
    }
    tp_value *value = pop(p);
    if (!value) return NULL;
    const char *why = p->stack_count ? "the pickle leaves more than one value"
                                     : tp_value_check(value, (uint64_t)(p->end - p->begin));
    if (p->values->failed) return tp_pickle_memory(p);
    return why ? tp_pickle_bad(p, why) : value;
}

void tp_pickle_end(tp_pickle *p) {
    tp_delete(p->stack);
    tp_delete(p->memo);
    tp_delete(p->marks);
    p->stack = p->memo = NULL;
    p->marks = NULL;
    p->stack_room = p->memo_room = p->mark_room = 0;
}
