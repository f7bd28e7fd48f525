#include "base/fail.h"

#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include "tensor/tensor.h"

const char *tp_error_text(tp_error_code code) {
    static const char *const texts[] = {
#define TP_ERROR_TEXT(name, text) text,
        TP_ERROR_LIST(TP_ERROR_TEXT)
#undef TP_ERROR_TEXT
    };
    return code >= 0 && code < TP_ERROR_COUNT ? texts[code] : "unknown error";
}

/* Appends to a buffer that may already be full; length grows by what the text would need. */
static void append(char *buffer, size_t size, int *length, const char *format, ...) TP_PRINTF(4, 5);
static void append(char *buffer, size_t size, int *length, const char *format, ...) {
    va_list list;
    va_start(list, format);
    size_t used = (size_t)*length < size ? (size_t)*length : size;
    int more = vsnprintf(buffer ? buffer + used : NULL, size - used, format, list);
    va_end(list);
    if (more > 0) *length += more;
}

int tp_error_format(const tp_error *error, char *buffer, size_t size) {
    int length = 0;
    if (size) buffer[0] = 0;
    if (error->at.file) append(buffer, size, &length, "%s:%d: ", error->at.file, error->at.line);
    append(buffer, size, &length, "%s: %s", error->op, tp_error_text(error->code));
    if (error->got[0]) append(buffer, size, &length, ": got %s", error->got);
    if (error->want[0]) append(buffer, size, &length, "; want %s", error->want);
    if (error->hint[0]) append(buffer, size, &length, "; %s", error->hint);
    return length;
}

static void print_and_exit(const tp_error *error, void *user) {
    (void)user;
    char line[4 * TP_TEXT_BYTES];
    tp_error_format(error, line, sizeof line);
    fflush(stdout);
    fprintf(stderr, "%s\n", line);
    exit(1);
}

void tp_set_error_handler(tp_error_handler handler, void *user) {
    tp_error_state *state = &tp_ctx()->error;
    state->handler = handler;
    state->user = user;
}

static const char *store(char *place, const char *text) {
    if (text == place) return place;
    snprintf(place, TP_TEXT_BYTES, "%s", text ? text : "");
    return place;
}

/* Copies the strings of an error into the context, where they stay until the next one. */
static tp_error stored(tp_error_state *state, int which, const tp_error *error) {
    tp_error copy = *error;
    copy.got = store(state->strings[which][0], error->got);
    copy.want = store(state->strings[which][1], error->want);
    copy.hint = store(state->strings[which][2], error->hint);
    return copy;
}

static void deliver(tp_error_state *state, const tp_error *error) {
    state->count++;
    state->last = stored(state, 0, error);
    if (state->first.code == TP_ERROR_NONE) state->first = stored(state, 1, error);
    tp_error_handler handler = state->handler ? state->handler : print_and_exit;
    handler(&state->last, state->user);
}

tp_tensor *tp_fail(tp_location at, const char *op, tp_error_code code, const char *got,
                   const char *want, const char *hint) {
    const tp_context *context = tp_ctx();
    const char *layer = context->module_where ? context->module_where() : NULL;
    if (layer) hint = hint && hint[0] ? tp_text("%s; %s", hint, layer) : layer;
    tp_error error = {code, op, got ? got : "", want ? want : "", hint ? hint : "", at};
    deliver(&tp_ctx()->error, &error);
    return tp_poison();
}

tp_tensor *tp_fail_memory(tp_location at, const char *op, size_t bytes) {
    return tp_fail(at, op, TP_ERROR_MEMORY, tp_text("a request for %zu bytes", bytes), NULL, NULL);
}

void tp_surface(void) {
    tp_error_state *state = &tp_ctx()->error;
    if (state->first.code == TP_ERROR_NONE) return;
    tp_error first = state->first;
    deliver(state, &first);
}

const tp_error *tp_last_error(void) {
    static const tp_error none = {TP_ERROR_NONE, "", "", "", "", {NULL, 0}};
    const tp_error_state *state = &tp_ctx()->error;
    return state->last.code == TP_ERROR_NONE ? &none : &state->last;
}

void tp_clear_error(void) {
    tp_error_state *state = &tp_ctx()->error;
    state->last.code = TP_ERROR_NONE;
    state->first.code = TP_ERROR_NONE;
}

static char *next_text(void) {
    tp_error_state *state = &tp_ctx()->error;
    state->next_text = (state->next_text + 1) % TP_TEXT_SLOTS;
    return state->text[state->next_text];
}

const char *tp_text(const char *format, ...) {
    char *text = next_text();
    va_list list;
    va_start(list, format);
    vsnprintf(text, TP_TEXT_BYTES, format, list);
    va_end(list);
    return text;
}

const char *tp_shape_text(tp_shape shape) {
    char *text = next_text();
    if (shape.ndim < 0) return "(more than 8 dimensions)";
    int length = 0;
    append(text, TP_TEXT_BYTES, &length, "(");
    for (int i = 0; i < shape.ndim; i++)
        append(text, TP_TEXT_BYTES, &length, i ? ", %lld" : "%lld", (long long)shape.dims[i]);
    append(text, TP_TEXT_BYTES, &length, shape.ndim == 1 ? ",)" : ")");
    return text;
}

const char *tp_tensor_text(const tp_tensor *x) {
    if (!x) return "NULL";
    return tp_text("%s %s", tp_shape_text(tp_shape_copy(x)), tp_dtype_name(x->dtype));
}
