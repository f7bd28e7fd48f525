/* taper data check: pictures that cannot be read, that occur twice, and that stand in two parts. */
#include <stdlib.h>
#include <string.h>

#include "data_actions.h"
#include "report.h"
#include "vision/fetch.h"
#include "vision/pictures/files.h"

enum { PARTS = 3, SHOWN = 10, HASH = 16 };
static const char *const part_names[PARTS] = {"train", "valid", "test"};

/* One picture: what its pixels hash to, and where it is. */
typedef struct print {
    unsigned char hash[HASH]; /* the beginning of SHA-256 */
    int64_t index, label;
    int part;
} print;

typedef struct check {
    tp_dataset *part[PARTS];
    print *prints;
    int64_t count, room;
    int64_t unreadable, twice, conflicting, leaked;
} check;

/* "train 17 (images/000018.png)" */
static const char *place_of(const check *c, int part, int64_t index, char buffer[160]) {
    const char *path = tp_picture_file_path(c->part[part], index);
    size_t length = path ? strlen(path) : 0;
    snprintf(buffer, 160, "%s %lld%s%s%s", part_names[part], (long long)index, path ? " (" : "",
             path ? path + (length > 100 ? length - 100 : 0) : "", path ? ")" : "");
    return buffer;
}

/* ---- reading ---- */

static char reason[512];
static void note_reason(const tp_error *error, void *user) {
    (void)user;
    snprintf(reason, sizeof reason, "%s", error->got);
}

static bool add(check *c, int part, int64_t index, const void *bytes, size_t count, int64_t label) {
    if (c->count == c->room) {
        int64_t room = c->room ? 2 * c->room : 4096;
        print *grown = realloc(c->prints, sizeof *grown * (size_t)room);
        if (!grown) return false;
        c->prints = grown;
        c->room = room;
    }
    print *p = &c->prints[c->count++];
    *p = (print){.index = index, .label = label, .part = part};
    tp_sha256 sum;
    char text[65];
    tp_sha256_begin(&sum);
    tp_sha256_add(&sum, bytes, count);
    tp_sha256_end(&sum, text);
    memcpy(p->hash, text, HASH);
    return true;
}

/* Reads every picture of a part, one by one, so that one that is damaged does not hide others. */
static bool read_part(check *c, int part) {
    tp_dataset *set = c->part[part];
    bool fine = true;
    for (int64_t i = 0; fine && i < tp_dataset_size(set); i++)
        TP_SCOPE {
            tp_batch b;
            tp_picture_args raw = {.raw = set->pictures};
            tp_set_error_handler(note_reason, NULL);
            bool read = tp_dataset_batch_at(TP_HERE, set, &i, 1, raw, &b);
            tp_clear_error();
            report_errors();
            if (read)
                fine = add(c, part, i, tp_data(b.x),
                           (size_t)tp_numel(b.x) * tp_dtype_size(tp_dtype_of(b.x)),
                           b.y && tp_dtype_of(b.y) == TP_INT64 ? *(int64_t *)tp_data(b.y) : 0);
            else if (c->unreadable++ < SHOWN)
                printf("unreadable: %s, %s\n", part_names[part], reason);
        }
    if (!fine) report_failure("out of memory.");
    return fine;
}

/* ---- comparing ---- */

static int by_hash(const void *a, const void *b) {
    const print *x = a, *y = b;
    int order = memcmp(x->hash, y->hash, HASH);
    if (order) return order;
    if (x->part != y->part) return x->part - y->part;
    return x->index < y->index ? -1 : x->index > y->index;
}

/* What two equal pictures are: the same part, two labels, two parts. */
static void compare(check *c, const print *a, const print *b) {
    char first[160], second[160];
    bool leak = a->part != b->part, conflict = a->label != b->label;
    int64_t *count = leak ? &c->leaked : conflict ? &c->conflicting : &c->twice;
    if ((*count)++ >= SHOWN) return;
    printf("%s: %s and %s%s\n",
           leak       ? "leaked"
           : conflict ? "two labels"
                      : "twice",
           place_of(c, a->part, a->index, first), place_of(c, b->part, b->index, second),
           leak && conflict ? ", with different labels" : "");
}

static void find_equal(check *c) {
    if (c->count > 1) qsort(c->prints, (size_t)c->count, sizeof *c->prints, by_hash);
    for (int64_t i = 1; i < c->count; i++)
        if (memcmp(c->prints[i - 1].hash, c->prints[i].hash, HASH) == 0)
            compare(c, &c->prints[i - 1], &c->prints[i]);
}

bool data_check(const data_settings *s) {
    check c = {0};
    job j = s->job;
    job_settle_size(&j);
    bool fine = true;
    for (int part = 0; fine && part < PARTS; part++) {
        if (!job_has_split(&j, part_names[part])) continue;
        c.part[part] = job_open_split(&j, part_names[part]);
        fine = c.part[part] && tp_dataset_keep(c.part[part]) && read_part(&c, part);
    }
    if (fine) {
        find_equal(&c);
        printf(
            "%s: %lld pictures read, %lld unreadable, %lld twice in a part, %lld with two labels, "
            "%lld in two parts\n",
            job_data_name(&j), (long long)c.count, (long long)c.unreadable, (long long)c.twice,
            (long long)c.conflicting, (long long)c.leaked);
        if (c.unreadable > SHOWN || c.twice > SHOWN || c.conflicting > SHOWN || c.leaked > SHOWN)
            printf("(the first %d of each kind are shown)\n", SHOWN);
        fine = !c.unreadable && !c.twice && !c.conflicting && !c.leaked;
    }
    for (int part = 0; part < PARTS; part++) tp_dataset_free(c.part[part]);
    free(c.prints);
    return fine;
}
