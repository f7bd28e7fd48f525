/* Numbers and tensors under names: how optimisers and schedules show their state and take it back. */
#ifndef TP_OPTIM_LISTING_H
#define TP_OPTIM_LISTING_H

#include <taper/nn.h>

#include "base/fail.h"

/* What an entry's tensor mirrors. */
typedef enum tp_entry_kind {
    TP_ENTRY_TENSOR, /* the state itself: a view that the list owns */
    TP_ENTRY_NUMBER, /* double */
    TP_ENTRY_WHOLE,  /* int64_t, at least 0 */
    TP_ENTRY_FLAG,   /* bool */
    TP_ENTRY_FIXED   /* bool that tells kinds apart: a state with another one does not fit */
} tp_entry_kind;

typedef struct tp_listing {
    size_t count, room;
    bool failed;            /* out of memory while it was being made */
    tp_named_tensor *items; /* names and tensors are the list's own */
    struct tp_entry *entries;
} tp_listing;

/* Each adds an entry named by the format. Out of memory is noted in `failed`, reported by nobody. */
void tp_list_tensor(tp_listing *list, tp_tensor *x, const char *format, ...) TP_PRINTF(3, 4);
/* n numbers one after the other; n = -1: one, shown without dimensions. */
void tp_list_numbers(tp_listing *list, double *place, int64_t n, const char *format, ...)
    TP_PRINTF(4, 5);
void tp_list_whole(tp_listing *list, int64_t *place, const char *format, ...) TP_PRINTF(3, 4);
void tp_list_flag(tp_listing *list, bool *place, bool fixed, const char *format, ...)
    TP_PRINTF(4, 5);

/* Writes the numbers, as they are now, into their tensors; gives the whole list. */
tp_named_list tp_list_show(tp_listing *list);
/* Copies items into what the list mirrors. All or nothing: STATE is reported where a name is missing, unknown or there twice, or
 * a shape or number does not fit. */
bool tp_list_load(tp_location at, const char *op, tp_listing *list, const tp_named_tensor *items,
                  size_t count);
/* Forgets all entries. */
void tp_list_clear(tp_listing *list);

#endif
