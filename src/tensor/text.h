/* A text that grows. */
#ifndef TP_TENSOR_TEXT_H
#define TP_TENSOR_TEXT_H

#include <taper/export.h>

typedef struct tp_text_buffer {
    char *text; /* ended by 0; from tp_new, NULL while empty */
    size_t length, room;
    bool failed; /* out of memory: what follows is dropped */
} tp_text_buffer;

/* Appends as printf does. */
void tp_put(tp_text_buffer *buffer, const char *format, ...) TP_PRINTF(2, 3);

#endif
