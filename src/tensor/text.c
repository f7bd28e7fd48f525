#include "tensor/text.h"

#include <stdarg.h>
#include <stdio.h>

#include "base/alloc.h"

void tp_put(tp_text_buffer *buffer, const char *format, ...) {
    if (buffer->failed) return;
    va_list words;
    va_start(words, format);
    size_t left = buffer->room - buffer->length;
    int more = vsnprintf(left ? buffer->text + buffer->length : NULL, left, format, words);
    va_end(words);
    if (more >= 0 && (size_t)more < left) {
        buffer->length += (size_t)more;
        return;
    }
    size_t room = 2 * buffer->room + (more > 0 ? (size_t)more : 0) + 256;
    char *grown = more >= 0 ? tp_resize(buffer->text, room) : NULL;
    if (!grown) {
        buffer->failed = true;
        return;
    }
    buffer->text = grown;
    buffer->room = room;
    va_start(words, format);
    buffer->length +=
        (size_t)vsnprintf(grown + buffer->length, room - buffer->length, format, words);
    va_end(words);
}
