/** @file error.h
 *  Errors: one handler for everything, the poison tensor, and the last error.
 *
 *  When something is wrong, the library calls the handler once with all that is known: the kind, the
 *  operation, what it got, what it wanted, a hint, and the caller's file and line. The default handler
 *  prints that as one line on stderr and exits with status 1. If a handler of yours returns, the operation
 *  yields the *poison* tensor: operations on poison give poison, silently, and the first error surfaces
 *  again at tp_backward(), tp_item(), tp_save() and tp_fit(). Functions that do not return a tensor return
 *  NULL, false or -1 as their comment says. Nothing else in the library prints, exits or aborts.
 */
#ifndef TAPER_ERROR_H
#define TAPER_ERROR_H

#include <taper/export.h>

TP_BEGIN_DECLS

/** The kinds of error. The list is an X-macro so that code, name and text stand in one place. */
#define TP_ERROR_LIST(X)                                             \
    X(NONE, "no error")                                              \
    X(SHAPE, "shapes do not fit")                                    \
    X(DTYPE, "wrong data type")                                      \
    X(VALUE, "value out of range")                                   \
    X(INDEX, "index out of range")                                   \
    X(ARGUMENT, "bad argument")                                      \
    X(GRAPH, "no gradient can flow")                                 \
    X(MODIFIED, "a value needed for backward was modified in place") \
    X(DEAD, "tensor used after its scope ended")                     \
    X(MEMORY, "out of memory")                                       \
    X(STATE, "state does not match")                                 \
    X(FILE, "file cannot be read or written")                        \
    X(FORMAT, "file is damaged or of another format")                \
    X(NETWORK, "download failed")                                    \
    X(NUMBER, "not a finite number")                                 \
    X(UNSUPPORTED, "not available in this build")                    \
    X(INTERRUPTED, "interrupted")

/** TP_ERROR_SHAPE, TP_ERROR_DTYPE, ... */
typedef enum tp_error_code {
#define TP_ERROR_ENUM(name, text) TP_ERROR_##name,
    TP_ERROR_LIST(TP_ERROR_ENUM)
#undef TP_ERROR_ENUM
        TP_ERROR_COUNT
} tp_error_code;

/** All that is known about one error. The strings live until the next error of this thread. */
typedef struct tp_error {
    tp_error_code code;
    const char *op;  /**< the operation as the user wrote it, without the prefix: "matmul" */
    const char *got; /**< what it was given, for instance "a (2, 3) float32 and b (4, 5) float32" */
    const char *want; /**< what it would take; may be "" */
    const char *hint; /**< what to do about it; may be "" */
    tp_location at;   /**< where the user called it */
} tp_error;

/** Receives every error. `user` is what tp_set_error_handler() was given. */
typedef void (*tp_error_handler)(const tp_error *error, void *user);

/** Installs a handler for this thread; NULL restores the default (print one line, exit 1). */
TP_API void tp_set_error_handler(tp_error_handler handler, void *user);

/** The text of a kind, for instance "shapes do not fit". Never NULL. */
TP_API const char *tp_error_text(tp_error_code code);

/** Writes an error as one line without a newline, `file:line: op: text: got ...; want ...; hint`, at most
 *  size bytes with the terminator. Returns the length that the whole line has, as snprintf does. */
TP_API int tp_error_format(const tp_error *error, char *buffer, size_t size);

/** The last error of this thread; its code is TP_ERROR_NONE where there was none. Never NULL. */
TP_API const tp_error *tp_last_error(void);

/** Forgets the last error, and the first one that poison still carries. */
TP_API void tp_clear_error(void);

TP_END_DECLS

#endif
