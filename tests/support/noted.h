/* Errors are noted instead of printed, and expected at a line. Include behind cmocka.h. */
#ifndef TAPER_TESTS_NOTED_H
#define TAPER_TESTS_NOTED_H

#include <stdio.h>
#include <string.h>
#include <taper/error.h>

static struct noted {
    int count;
    tp_error_code code;
    char op[64], got[512], want[512], hint[512];
    int line;
} noted;

static void note(const tp_error *error, void *user) {
    (void)user;
    noted.count++;
    noted.code = error->code;
    noted.line = error->at.line;
    snprintf(noted.op, sizeof noted.op, "%s", error->op);
    snprintf(noted.got, sizeof noted.got, "%s", error->got);
    snprintf(noted.want, sizeof noted.want, "%s", error->want);
    snprintf(noted.hint, sizeof noted.hint, "%s", error->hint);
}

static inline void note_errors(void) {
    memset(&noted, 0, sizeof noted);
    tp_set_error_handler(note, NULL);
    tp_clear_error();
}

static void no_error(void) {
    if (noted.count)
        fail_msg("%s: got %s; want %s; %s", noted.op, noted.got, noted.want, noted.hint);
}

/* Runs a statement that must report exactly one error, at this line. */
#define FAILS(code_, op_, ...)                          \
    do {                                                \
        no_error();                                     \
        __VA_ARGS__;                                    \
        assert_int_equal(noted.count, 1);               \
        assert_int_equal(noted.code, TP_ERROR_##code_); \
        assert_string_equal(noted.op, op_);             \
        assert_int_equal(noted.line, __LINE__);         \
        noted.count = 0;                                \
        tp_clear_error();                               \
    } while (0)

#endif
