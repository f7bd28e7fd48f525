#include "io/json.h"

static bool wrong(tp_json *json, const char *why) {
    if (!json->why) json->why = why;
    return false;
}

void tp_json_skip_space(tp_json *json) {
    while (json->at < json->end &&
           (*json->at == ' ' || *json->at == '\n' || *json->at == '\t' || *json->at == '\r'))
        json->at++;
}

bool tp_json_next(tp_json *json, char c) {
    tp_json_skip_space(json);
    if (json->why || json->at == json->end || *json->at != (unsigned char)c) return false;
    json->at++;
    return true;
}

bool tp_json_expect(tp_json *json, char c, const char *why) {
    return tp_json_next(json, c) || wrong(json, why);
}

bool tp_json_member(tp_json *json, char close, bool *first) {
    if (tp_json_next(json, close)) return false;
    if (!*first && !tp_json_expect(json, ',', "a comma or a closing bracket is missing"))
        return false;
    *first = false;
    return !json->why;
}

bool tp_json_whole(tp_json *json, int64_t *value) {
    tp_json_skip_space(json);
    const unsigned char *start = json->at;
    uint64_t sum = 0;
    while (json->at < json->end && *json->at >= '0' && *json->at <= '9') {
        uint64_t digit = (uint64_t)(*json->at - '0');
        if (sum > ((uint64_t)INT64_MAX - digit) / 10) return wrong(json, "the number is too large");
        sum = sum * 10 + digit;
        json->at++;
    }
    if (json->at == start) return wrong(json, "a whole number from 0 up is missing");
    if (*start == '0' && json->at - start > 1) return wrong(json, "a number begins with 0");
    if (json->at < json->end && (*json->at == '.' || *json->at == 'e' || *json->at == 'E'))
        return wrong(json, "the number is not a whole one");
    *value = (int64_t)sum;
    return true;
}

/* ---- strings ---- */

/* Length of the character at text, 1 to 4; 0 where it is none. RFC 3629: no overlong forms, no surrogates. */
static size_t utf8_length(const unsigned char *text, size_t size) {
    unsigned char a = text[0];
    if (a < 0x80) return 1;
    size_t length = a >= 0xC2 && a <= 0xDF ? 2 : a >= 0xE0 && a <= 0xEF ? 3 : 4;
    if (a < 0xC2 || a > 0xF4 || length > size) return 0;
    for (size_t i = 1; i < length; i++)
        if ((text[i] & 0xC0) != 0x80) return 0;
    if ((a == 0xE0 && text[1] < 0xA0) || (a == 0xED && text[1] > 0x9F) ||
        (a == 0xF0 && text[1] < 0x90) || (a == 0xF4 && text[1] > 0x8F))
        return 0;
    return length;
}

size_t tp_utf8_valid(const unsigned char *text, size_t size) {
    size_t at = 0;
    while (at < size) {
        size_t length = utf8_length(text + at, size - at);
        if (!length) break;
        at += length;
    }
    return at;
}

static unsigned char *put_utf8(unsigned char *out, uint32_t c) {
    if (c < 0x80) {
        *out++ = (unsigned char)c;
    } else if (c < 0x800) {
        *out++ = (unsigned char)(0xC0 | c >> 6);
        *out++ = (unsigned char)(0x80 | (c & 0x3F));
    } else if (c < 0x10000) {
        *out++ = (unsigned char)(0xE0 | c >> 12);
        *out++ = (unsigned char)(0x80 | (c >> 6 & 0x3F));
        *out++ = (unsigned char)(0x80 | (c & 0x3F));
    } else {
        *out++ = (unsigned char)(0xF0 | c >> 18);
        *out++ = (unsigned char)(0x80 | (c >> 12 & 0x3F));
        *out++ = (unsigned char)(0x80 | (c >> 6 & 0x3F));
        *out++ = (unsigned char)(0x80 | (c & 0x3F));
    }
    return out;
}

/* The four hexadecimal digits after \u. */
static bool hex4(tp_json *json, uint32_t *value) {
    *value = 0;
    for (int i = 0; i < 4; i++, json->at++) {
        unsigned char c = json->at < json->end ? *json->at : 0;
        uint32_t digit = c >= '0' && c <= '9'   ? (uint32_t)(c - '0')
                         : c >= 'a' && c <= 'f' ? (uint32_t)(c - 'a' + 10)
                         : c >= 'A' && c <= 'F' ? (uint32_t)(c - 'A' + 10)
                                                : 16;
        if (digit == 16) return wrong(json, "four hexadecimal digits must follow \\u");
        *value = *value << 4 | digit;
    }
    return true;
}

/* After \u: one code point, from two escapes where the first is half a pair. */
static bool escaped_point(tp_json *json, uint32_t *point) {
    if (!hex4(json, point)) return false;
    if (*point == 0) return wrong(json, "a string contains \\u0000");
    if (*point < 0xD800 || *point > 0xDFFF) return true;
    uint32_t low = 0;
    bool pair =
        *point <= 0xDBFF && json->end - json->at >= 2 && json->at[0] == '\\' && json->at[1] == 'u';
    if (pair) {
        json->at += 2;
        if (!hex4(json, &low)) return false;
    }
    if (!pair || low < 0xDC00 || low > 0xDFFF) return wrong(json, "half a surrogate pair");
    *point = 0x10000 + ((*point - 0xD800) << 10) + (low - 0xDC00);
    return true;
}

/* What stands after a backslash. The decoded form is never longer than the escape. */
static unsigned char *unescape(tp_json *json, unsigned char *out) {
    static const char from[] = "\"\\/bfnrt", to[] = "\"\\/\b\f\n\r\t";
    unsigned char c = json->at < json->end ? *json->at : 0;
    json->at++;
    if (c == 'u') {
        uint32_t point;
        return escaped_point(json, &point) ? put_utf8(out, point) : out;
    }
    for (int i = 0; from[i]; i++)
        if (c == (unsigned char)from[i]) {
            *out = (unsigned char)to[i];
            return out + 1;
        }
    json->at--;
    wrong(json, "an escape that JSON does not have");
    return out;
}

const char *tp_json_string(tp_json *json) {
    if (!tp_json_expect(json, '"', "a string is missing")) return NULL;
    unsigned char *text = json->at, *out = text;
    while (!json->why) {
        if (json->at >= json->end) {
            wrong(json, "a string does not end");
            break;
        }
        unsigned char c = *json->at;
        if (c == '"') {
            json->at++;
            *out = 0;
            return (const char *)text;
        }
        if (c == '\\') {
            json->at++;
            out = unescape(json, out);
            continue;
        }
        size_t length = c < 0x20 ? 0 : utf8_length(json->at, (size_t)(json->end - json->at));
        if (!length) {
            wrong(json, c < 0x20 ? "a control character in a string" : "bytes that are not UTF-8");
            break;
        }
        while (length--) *out++ = *json->at++;
    }
    return NULL;
}
