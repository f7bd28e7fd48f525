#include "vision/fetch.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

enum { PATH_MOST = 4096 };

static bool problem(tp_why *why, const char *what, const char *path) {
    snprintf(why->text, sizeof why->text, "cannot %s %.140s: %.60s", what, path, strerror(errno));
    return false;
}

/* Makes the folders that a file lies in. */
static bool make_folders(const char *path, tp_why *why) {
    char folder[PATH_MOST];
    snprintf(folder, sizeof folder, "%s", path);
    for (char *slash = strchr(folder + 1, '/'); slash; slash = strchr(slash + 1, '/')) {
        *slash = 0;
        if (mkdir(folder, 0777) != 0 && errno != EEXIST)
            return problem(why, "make the folder", folder);
        *slash = '/';
    }
    return true;
}

/* Whether the contents are those that are wanted; the position moves. */
static bool is_right(FILE *file, const char *sha256) {
    unsigned char buffer[1 << 14];
    tp_sha256 hash;
    char text[65];
    tp_sha256_begin(&hash);
    rewind(file);
    for (size_t got; (got = fread(buffer, 1, sizeof buffer, file)) > 0;)
        tp_sha256_add(&hash, buffer, got);
    tp_sha256_end(&hash, text);
    return !ferror(file) && strcmp(text, sha256) == 0;
}

static bool is_there(const char *path, const char *sha256) {
    FILE *file = fopen(path, "rb");
    if (!file) return false;
    bool right = is_right(file, sha256);
    fclose(file);
    return right;
}

/* Opens path.part for this process alone; waits while another one is downloading the same file. */
static FILE *open_part(const char *part, tp_why *why) {
    for (;;) {
        int handle = open(part, O_RDWR | O_CREAT | O_CLOEXEC, 0666);
        FILE *file = handle < 0 ? NULL : fdopen(handle, "r+b");
        if (!file) {
            problem(why, "write", part);
            if (handle >= 0) close(handle);
            return NULL;
        }
        struct flock lock = {.l_type = F_WRLCK, .l_whence = SEEK_SET};
        while (fcntl(handle, F_SETLKW, &lock) != 0 && errno == EINTR) continue;
        /* Whoever had it may have finished, and this is no longer the part but the file. */
        struct stat mine, named;
        if (fstat(handle, &mine) == 0 && stat(part, &named) == 0 && mine.st_ino == named.st_ino &&
            mine.st_dev == named.st_dev)
            return file;
        fclose(file);
    }
}

static int64_t go_to_end(FILE *file) {
    return fseek(file, 0, SEEK_END) == 0 ? (int64_t)ftell(file) : 0;
}

static bool start_over(FILE *file) {
    rewind(file);
    return fflush(file) == 0 && ftruncate(fileno(file), 0) == 0;
}

/* Tries one mirror. DONE: all is there and right. */
static tp_transfer_result try_mirror(const tp_fetch_args *args, const char *url, FILE *file,
                                     tp_why *why) {
    tp_transfer_result result = TP_TRANSFER_FAILED;
    int tries = args->tries ? args->tries : 3;
    while (tries-- > 0) {
        tp_transfer transfer = {.url = url, .file = file, .have = go_to_end(file), .args = args};
        bool resumed = transfer.have > 0;
        result = tp_transfer_run(&transfer, why);
        if (result == TP_TRANSFER_DONE) {
            if (is_right(file, args->sha256)) return result;
            snprintf(why->text, sizeof why->text, "its contents have another SHA-256");
            if (!start_over(file)) return TP_TRANSFER_STUCK;
            /* Perhaps only what had been there before was wrong. */
            result = TP_TRANSFER_FAILED;
            if (!resumed) return result;
        } else if (result == TP_TRANSFER_RESTART) {
            if (!start_over(file)) return TP_TRANSFER_STUCK;
        } else if (result != TP_TRANSFER_BROKEN) {
            return result;
        }
    }
    return result;
}

static void add_reason(tp_why *all, const char *url, const char *reason) {
    size_t used = strlen(all->text);
    const char *host = strstr(url, "://");
    host = host ? host + 3 : url;
    snprintf(all->text + used, sizeof all->text - used, "%s%.*s: %s", used ? "; " : "",
             (int)strcspn(host, "/"), host, reason);
}

static bool try_mirrors(const tp_fetch_args *args, FILE *file, tp_why *why) {
    tp_why all = {""};
    for (int i = 0; i < args->count; i++) {
        tp_why one = {""};
        tp_transfer_result result = try_mirror(args, args->urls[i], file, &one);
        if (result == TP_TRANSFER_DONE) return true;
        add_reason(&all, args->urls[i], one.text);
        if (result == TP_TRANSFER_STUCK) break;
    }
    if (!all.text[0]) snprintf(all.text, sizeof all.text, "no mirror to ask");
    *why = all;
    return false;
}

bool tp_fetch(const tp_fetch_args *args, tp_why *why) {
    char part[PATH_MOST];
    if (is_there(args->path, args->sha256)) return true;
    if (snprintf(part, sizeof part, "%s.part", args->path) >= (int)sizeof part) {
        errno = ENAMETOOLONG;
        return problem(why, "write", args->path);
    }
    if (!make_folders(args->path, why)) return false;
    FILE *file = open_part(part, why);
    if (!file) return false;
    bool fine = is_there(args->path, args->sha256); /* another process was faster */
    if (fine) {
        unlink(part);
    } else {
        /* All of it may have come already, and only its name be missing. */
        fine =
            (go_to_end(file) > 0 && is_right(file, args->sha256)) || try_mirrors(args, file, why);
        if (fine &&
            (fflush(file) != 0 || fsync(fileno(file)) != 0 || rename(part, args->path) != 0))
            fine = problem(why, "write", args->path);
        if (!fine && go_to_end(file) == 0) unlink(part);
    }
    fclose(file); /* and with it the lock */
    return fine;
}
