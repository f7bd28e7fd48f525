/* Writing a tree of values as a pickle of protocol 2, with the few instructions that torch.load's restricted reader knows. */
#ifndef TP_IO_PICKLE_WRITE_H
#define TP_IO_PICKLE_WRITE_H

#include "io/values.h"

typedef struct tp_pickle_writer {
    tp_location at;
    const char *op;
    char *bytes; /* the pickle; from tp_new() */
    size_t used, room;
    tp_tensor **storages; /* that it refers to as "0", "1", ... */
    size_t storage_count, storage_room;
    bool failed; /* an error was reported */
} tp_pickle_writer;

/* False after an error, which is reported; end it all the same. */
bool tp_pickle_write(tp_pickle_writer *writer, const tp_value *value);
void tp_pickle_write_end(tp_pickle_writer *writer);

#endif
