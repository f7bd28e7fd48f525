/* Reading JSON as a stream of tokens, strictly (RFC 8259), from bytes that may be changed. */
#ifndef TP_IO_JSON_H
#define TP_IO_JSON_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

typedef struct tp_json {
    unsigned char *begin, *at, *end;
    const char *why; /* what is wrong at `at`, or NULL */
} tp_json;

void tp_json_skip_space(tp_json *json);
/* Skips white space; whether `c` comes next, and then past it. */
bool tp_json_next(tp_json *json, char c);
/* The same, and an error where it does not come. */
bool tp_json_expect(tp_json *json, char c, const char *why);
/* A string, decoded where it stands and ended by 0; NULL after an error. Refused: bytes that are not UTF-8, half a surrogate pair, and
 * U+0000, which C strings cannot hold. */
const char *tp_json_string(tp_json *json);
/* A whole number from 0 to 2^63 - 1, without fraction or exponent. */
bool tp_json_whole(tp_json *json, int64_t *value);
/* Goes through an object or array: call it at each turn with *first = true before the first. True where a member follows. */
bool tp_json_member(tp_json *json, char close, bool *first);

/* How many bytes of text, at most size, are valid UTF-8; all of them if it is size. */
size_t tp_utf8_valid(const unsigned char *text, size_t size);

#endif
