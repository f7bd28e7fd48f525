/* Files as a whole: read by mapping them, written so that either the old or the new content is there. */
#ifndef TP_IO_FILE_H
#define TP_IO_FILE_H

#include <stdio.h>
#include <taper/export.h>

/* A file's bytes. The mapping is private: writing to it is harmless and never reaches the file. */
typedef struct tp_mapping {
    int holders;
    size_t size;
    unsigned char *data; /* NULL for an empty file */
    bool copied;         /* memory of our own instead */
} tp_mapping;

/* Maps a regular file; the caller holds it. NULL after an error (FILE, MEMORY), which names op and the file. */
tp_mapping *tp_mapping_open(tp_location at, const char *op, const char *path);
/* The same over a copy of bytes, for those that come from elsewhere than a file. */
tp_mapping *tp_mapping_copy(tp_location at, const char *op, const void *bytes, size_t size);
void tp_mapping_hold(tp_mapping *mapping);
/* The last holder's release unmaps it. NULL is fine. */
void tp_mapping_release(tp_mapping *mapping);

/* A file that is being written beside its place, as "<path>.tmp". */
typedef struct tp_file_writer {
    tp_location at;
    const char *op;
    FILE *stream;
    char *path, *temporary;
    int error; /* errno of the first write that failed */
} tp_file_writer;

/* False after an error (FILE, MEMORY), which is reported; then nothing has to be ended. */
bool tp_file_write_begin(tp_file_writer *writer, tp_location at, const char *op, const char *path);
/* False after an error, not reported yet: go on to tp_file_write_end(). */
bool tp_file_write(tp_file_writer *writer, const void *data, size_t bytes);
/* Syncs the file, puts it in its place and syncs the folder. After an error, also one of tp_file_write(), it reports it (FILE), removes
 * what was written and returns false. */
bool tp_file_write_end(tp_file_writer *writer);
/* Removes what was written. */
void tp_file_write_abandon(tp_file_writer *writer);

#endif
