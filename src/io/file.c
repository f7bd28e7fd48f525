#include "io/file.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/alloc.h"
#include "base/fail.h"

static void fail_file(tp_location at, const char *op, const char *path, const char *what) {
    tp_fail(at, op, TP_ERROR_FILE, tp_text("%s: %s", path, what), NULL, NULL);
}

/* ---- reading ---- */

/* The open file's size; -1 with a reason where it is none that can be mapped. */
static int64_t mappable_size(int file, const char **why) {
    struct stat status;
    if (fstat(file, &status) != 0) {
        *why = strerror(errno);
        return -1;
    }
    if (!S_ISREG(status.st_mode)) {
        *why = "not a regular file";
        return -1;
    }
    return (int64_t)status.st_size;
}

tp_mapping *tp_mapping_open(tp_location at, const char *op, const char *path) {
    int file = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
    if (file < 0) {
        fail_file(at, op, path, strerror(errno));
        return NULL;
    }
    const char *why = NULL;
    int64_t size = mappable_size(file, &why);
    tp_mapping *mapping = size >= 0 ? tp_new(sizeof *mapping) : NULL;
    if (mapping) {
        mapping->holders = 1;
        mapping->size = (size_t)size;
        if (size > 0) {
            void *data = mmap(NULL, mapping->size, PROT_READ | PROT_WRITE, MAP_PRIVATE, file, 0);
            if (data == MAP_FAILED) {
                why = strerror(errno);
                tp_delete(mapping);
                mapping = NULL;
            } else {
                mapping->data = data;
            }
        }
    }
    close(file);
    if (mapping) return mapping;
    if (why)
        fail_file(at, op, path, why);
    else
        tp_fail_memory(at, op, sizeof *mapping);
    return NULL;
}

tp_mapping *tp_mapping_copy(tp_location at, const char *op, const void *bytes, size_t size) {
    tp_mapping *mapping = tp_new(sizeof *mapping);
    unsigned char *data = mapping && size ? tp_new(size) : NULL;
    if (!mapping || (size && !data)) {
        tp_fail_memory(at, op, size);
        tp_delete(mapping);
        return NULL;
    }
    if (size) memcpy(data, bytes, size);
    *mapping = (tp_mapping){.holders = 1, .size = size, .data = data, .copied = true};
    return mapping;
}

void tp_mapping_hold(tp_mapping *mapping) { mapping->holders++; }

void tp_mapping_release(tp_mapping *mapping) {
    if (!mapping || --mapping->holders > 0) return;
    if (mapping->copied)
        tp_delete(mapping->data);
    else if (mapping->data)
        munmap(mapping->data, mapping->size);
    tp_delete(mapping);
}

/* ---- writing ---- */

enum { TRIES = 16 };

/* Opens the temporary file and locks it against other processes that write the same. A file of that name that a killed process left
 * is used again. -1 with a reason. */
static int open_temporary(const char *path, const char **why) {
    for (int i = 0; i < TRIES; i++) {
        int file = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0666);
        if (file < 0) {
            *why = strerror(errno);
            return -1;
        }
        struct flock lock = {.l_type = F_WRLCK, .l_whence = SEEK_SET};
        struct stat opened, named;
        if (fcntl(file, F_SETLK, &lock) != 0) {
            *why = errno == EACCES || errno == EAGAIN ? "another process is writing it"
                                                      : strerror(errno);
            close(file);
            return -1;
        }
        /* Another process may have put the file that we opened in its place before we had the lock. */
        if (fstat(file, &opened) == 0 && stat(path, &named) == 0 && opened.st_ino == named.st_ino &&
            opened.st_dev == named.st_dev && ftruncate(file, 0) == 0)
            return file;
        close(file);
    }
    *why = "the temporary file beside it cannot be opened";
    return -1;
}

bool tp_file_write_begin(tp_file_writer *writer, tp_location at, const char *op, const char *path) {
    *writer = (tp_file_writer){.at = at, .op = op};
    struct stat status;
    bool there = stat(path, &status) == 0;
    if (there && !S_ISREG(status.st_mode)) {
        fail_file(at, op, path, "not a regular file");
        return false;
    }
    size_t length = strlen(path);
    writer->path = tp_string_copy(path);
    writer->temporary = tp_new(length + sizeof ".tmp");
    if (!writer->path || !writer->temporary) {
        tp_fail_memory(at, op, length);
        tp_file_write_abandon(writer);
        return false;
    }
    snprintf(writer->temporary, length + sizeof ".tmp", "%s.tmp", path);
    const char *why = NULL;
    int file = open_temporary(writer->temporary, &why);
    if (file >= 0 && there) fchmod(file, status.st_mode & 0777);
    writer->stream = file >= 0 ? fdopen(file, "wb") : NULL;
    if (writer->stream) return true;
    if (file >= 0) {
        why = strerror(errno);
        unlink(writer->temporary);
        close(file);
    }
    fail_file(at, op, path, why);
    tp_file_write_abandon(writer);
    return false;
}

bool tp_file_write(tp_file_writer *writer, const void *data, size_t bytes) {
    if (bytes == 0 || fwrite(data, 1, bytes, writer->stream) == bytes) return true;
    if (!writer->error) writer->error = errno ? errno : EIO;
    return false;
}

/* Makes a rename in the file's folder last. Some file systems cannot sync folders: then that is how it is. */
static void sync_folder(const char *path) {
    const char *slash = strrchr(path, '/');
    size_t length = slash ? (size_t)(slash - path) : 0;
    char *folder = tp_new(length + 2);
    if (!folder) return;
    memcpy(folder, slash && length == 0 ? "/" : slash ? path : ".", length ? length : 1);
    int file = open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (file >= 0) {
        (void)fsync(file);
        close(file);
    }
    tp_delete(folder);
}

bool tp_file_write_end(tp_file_writer *writer) {
    errno = writer->error;
    bool fine = !writer->error && fflush(writer->stream) == 0 && fsync(fileno(writer->stream)) == 0;
    if (fine) fine = rename(writer->temporary, writer->path) == 0;
    if (!fine) {
        fail_file(writer->at, writer->op, writer->path, strerror(errno ? errno : EIO));
        tp_file_write_abandon(writer);
        return false;
    }
    fclose(writer->stream);
    writer->stream = NULL;
    sync_folder(writer->path);
    tp_delete(writer->temporary);
    writer->temporary = NULL;
    tp_file_write_abandon(writer);
    return true;
}

void tp_file_write_abandon(tp_file_writer *writer) {
    if (writer->stream) {
        unlink(writer->temporary);
        fclose(writer->stream);
    }
    tp_delete(writer->path);
    tp_delete(writer->temporary);
    *writer = (tp_file_writer){.at = writer->at};
}
