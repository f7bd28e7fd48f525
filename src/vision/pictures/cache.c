#define _DEFAULT_SOURCE /* MAP_ANONYMOUS */

#include "vision/pictures/cache.h"

#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

enum { EMPTY, FILLING, FULL };
enum { PAGE = 4096 };

/* The beginning of a file; behind it a byte of state for each picture, and from the next page on the pictures. */
typedef struct head {
    char magic[8];
    uint64_t key, samples, bytes;
} head;
static const char magic[8] = {'t', 'p', 'p', 'i', 'c', 's', '0', '1'};

/* A picture in a block of its own. */
typedef struct entry {
    int channels;
    int64_t height, width;
    uint8_t bytes[];
} entry;

struct tp_picture_cache {
    int64_t samples, slots; /* slots: pictures that have a place in the row */
    size_t bytes;
    uint8_t *map; /* state of each slot, and the row */
    size_t map_bytes;
    _Atomic uint8_t *state;
    uint8_t *row;
    _Atomic(entry *) *entries; /* where sizes differ */
    _Atomic int64_t left;      /* bytes that may still be taken */
};

/* ---- making ---- */

static size_t to_page(size_t bytes) { return (bytes + PAGE - 1) / PAGE * PAGE; }

/* Sets the places of states and pictures in a mapping. */
static void lay_out(tp_picture_cache *c, size_t begin) {
    c->state = (_Atomic uint8_t *)(c->map + begin);
    c->row = c->map + to_page(begin + (size_t)c->slots);
}

static tp_error_code make_in_memory(tp_picture_cache *c, int64_t limit, tp_why *why) {
    c->slots = limit / (int64_t)c->bytes < c->samples ? limit / (int64_t)c->bytes : c->samples;
    if (c->slots <= 0) return TP_ERROR_NONE;
    c->map_bytes = to_page((size_t)c->slots) + (size_t)c->slots * c->bytes;
    /* pages come when they are first written to */
    void *map =
        mmap(NULL, c->map_bytes, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    if (map == MAP_FAILED)
        return tp_picture_problem(why, TP_ERROR_MEMORY, "out of memory for %zu bytes of pictures",
                                  c->map_bytes);
#if defined(MADV_HUGEPAGE)
    (void)madvise(map, c->map_bytes, MADV_HUGEPAGE); /* fewer of them, faster */
#endif
    c->map = map;
    lay_out(c, 0);
    return TP_ERROR_NONE;
}

/* Makes the file that large, with room on the disk now rather than a fault later where the system can do that. */
static bool reserve(int file, size_t size) {
#if defined(__APPLE__)
    return ftruncate(file, (off_t)size) == 0;
#else
    int code = posix_fallocate(file, 0, (off_t)size);
    if (code) errno = code;
    return code == 0;
#endif
}

static bool write_head(int file, const head *h, size_t size) {
    return ftruncate(file, 0) == 0 && reserve(file, size) &&
           pwrite(file, h, sizeof *h, 0) == sizeof *h;
}

/* Begins the file anew unless it is of the same pictures. Others that do the same wait. */
static bool prepare_file(int file, const head *want, size_t size) {
    struct flock lock = {.l_type = F_WRLCK, .l_whence = SEEK_SET};
    if (fcntl(file, F_SETLKW, &lock) != 0) return false;
    head have;
    struct stat info;
    bool same = pread(file, &have, sizeof have, 0) == sizeof have &&
                memcmp(&have, want, sizeof have) == 0 && fstat(file, &info) == 0 &&
                info.st_size == (off_t)size;
    bool fine = same || write_head(file, want, size);
    int error = errno;
    lock.l_type = F_UNLCK;
    (void)fcntl(file, F_SETLK, &lock);
    errno = error;
    return fine;
}

static tp_error_code make_in_file(tp_picture_cache *c, const tp_picture_cache_args *args,
                                  tp_why *why) {
    c->slots = c->samples;
    head want = {.key = args->key, .samples = (uint64_t)c->samples, .bytes = c->bytes};
    memcpy(want.magic, magic, sizeof magic);
    c->map_bytes = to_page(sizeof want + (size_t)c->slots) + (size_t)c->slots * c->bytes;
    int file = open(args->file, O_RDWR | O_CREAT | O_CLOEXEC, 0666);
    void *map = MAP_FAILED;
    if (file >= 0 && prepare_file(file, &want, c->map_bytes))
        map = mmap(NULL, c->map_bytes, PROT_READ | PROT_WRITE, MAP_SHARED, file, 0);
    int error = errno;
    if (file >= 0) close(file);
    if (map == MAP_FAILED)
        return tp_picture_problem(why, TP_ERROR_FILE, "%.150s: %s", args->file, strerror(error));
    c->map = map;
    lay_out(c, sizeof want);
    /* what a process that was killed had begun */
    for (int64_t i = 0; i < c->slots; i++)
        if (atomic_load(&c->state[i]) != FULL) atomic_store(&c->state[i], EMPTY);
    return TP_ERROR_NONE;
}

tp_picture_cache *tp_picture_cache_new(const tp_picture_cache_args *args, tp_error_code *code,
                                       tp_why *why) {
    tp_picture_cache *c = calloc(1, sizeof *c);
    *code = TP_ERROR_NONE;
    if (c) {
        c->samples = args->samples;
        c->bytes = args->bytes;
        atomic_init(&c->left, args->limit);
        if (args->bytes && args->samples)
            *code = args->file ? make_in_file(c, args, why) : make_in_memory(c, args->limit, why);
        else if (args->limit > 0)
            c->entries = calloc((size_t)args->samples + 1, sizeof *c->entries);
    }
    if (!c || (!args->bytes && args->limit > 0 && !c->entries))
        *code = tp_picture_problem(why, TP_ERROR_MEMORY, "out of memory for a cache");
    if (!*code) return c;
    tp_picture_cache_free(c);
    return NULL;
}

void tp_picture_cache_free(tp_picture_cache *c) {
    if (!c) return;
    if (c->map) munmap(c->map, c->map_bytes);
    for (int64_t i = 0; c->entries && i < c->samples; i++) free(atomic_load(&c->entries[i]));
    free(c->entries);
    free(c);
}

/* ---- one size ---- */

const uint8_t *tp_picture_cache_row(const tp_picture_cache *c) {
    return c->map && c->slots == c->samples ? c->row : NULL;
}

tp_cache_answer tp_picture_cache_ask(tp_picture_cache *c, int64_t index, uint8_t **slot) {
    if (index >= c->slots) return TP_CACHE_NONE;
    *slot = c->row + (size_t)index * c->bytes;
    for (;;) {
        uint8_t state = atomic_load_explicit(&c->state[index], memory_order_acquire);
        if (state == FULL) return TP_CACHE_HERE;
        if (state == EMPTY && atomic_compare_exchange_strong(&c->state[index], &state, FILLING))
            return TP_CACHE_YOURS;
        sched_yield();
    }
}

void tp_picture_cache_done(tp_picture_cache *c, int64_t index, bool filled) {
    atomic_store_explicit(&c->state[index], filled ? FULL : EMPTY, memory_order_release);
}

/* ---- many sizes ---- */

bool tp_picture_cache_find(tp_picture_cache *c, int64_t index, tp_picture *out) {
    const entry *e =
        c->entries ? atomic_load_explicit(&c->entries[index], memory_order_acquire) : NULL;
    tp_why why;
    if (!e || tp_picture_new(out, e->channels, e->height, e->width, &why)) return false;
    memcpy(out->bytes, e->bytes, (size_t)tp_picture_bytes(out));
    return true;
}

void tp_picture_cache_offer(tp_picture_cache *c, int64_t index, const tp_picture *picture) {
    if (!c->entries) return;
    int64_t bytes = tp_picture_bytes(picture) + (int64_t)sizeof(entry);
    if (atomic_fetch_sub(&c->left, bytes) < bytes) {
        atomic_fetch_add(&c->left, bytes);
        return;
    }
    entry *made = malloc((size_t)bytes), *none = NULL;
    if (made) {
        *made = (entry){picture->channels, picture->height, picture->width};
        memcpy(made->bytes, picture->bytes, (size_t)tp_picture_bytes(picture));
        if (atomic_compare_exchange_strong(&c->entries[index], &none, made)) return;
    }
    free(made);
    atomic_fetch_add(&c->left, bytes);
}
