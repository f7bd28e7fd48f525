/* Where a loader stands, as bytes: the same on every machine. */
#include <string.h>

#include "data/loader.h"

static const char magic[8] = {'t', 'p', 'l', 'o', 'a', 'd', '0', '1'};

enum { NUMBERS = 7, HEAD = 8 + 8 * NUMBERS };
_Static_assert(HEAD + TP_GENERATOR_BYTES <= TP_LOADER_STATE_BYTES, "the state must fit");

static void put(unsigned char *bytes, uint64_t value) {
    for (int i = 0; i < 8; i++) bytes[i] = (unsigned char)(value >> (8 * i));
}

static uint64_t get(const unsigned char *bytes) {
    uint64_t value = 0;
    for (int i = 0; i < 8; i++) value |= (uint64_t)bytes[i] << (8 * i);
    return value;
}

static uint64_t flags_of(const tp_loader *ld) {
    return (ld->args.shuffle ? 1u : 0u) | (ld->args.drop_last ? 2u : 0u);
}

void tp_loader_save_state(const tp_loader *ld, unsigned char bytes[TP_LOADER_STATE_BYTES]) {
    memset(bytes, 0, TP_LOADER_STATE_BYTES);
    memcpy(bytes, magic, sizeof magic);
    const uint64_t numbers[NUMBERS] = {
        (uint64_t)ld->size,  (uint64_t)ld->args.batch_size, flags_of(ld),         ld->args.seed,
        (uint64_t)ld->epoch, (uint64_t)ld->delivered,       ld->running ? 1u : 0u};
    for (int i = 0; i < NUMBERS; i++) put(bytes + 8 + 8 * i, numbers[i]);
    /* Inside an epoch its order is drawn again from where the generator stood before it. */
    tp_generator_state_save(ld->running ? &ld->start : &ld->own, bytes + HEAD);
}

static bool refuse(tp_location at, const char *got, const char *want) {
    tp_fail(at, "loader_load_state", TP_ERROR_STATE, got, want, NULL);
    return false;
}

static bool state_fits(tp_location at, const tp_loader *ld, const unsigned char *bytes, size_t size,
                       tp_generator *generator) {
    if (!bytes || size < TP_LOADER_STATE_BYTES || memcmp(bytes, magic, sizeof magic) != 0 ||
        !tp_generator_state_load(generator, bytes + HEAD, TP_GENERATOR_BYTES))
        return refuse(at, "bytes that are no loader's state", NULL);
    uint64_t samples = get(bytes + 8), batch = get(bytes + 16);
    if (samples != (uint64_t)ld->size || batch != (uint64_t)ld->args.batch_size)
        return refuse(at,
                      tp_text("the state of a loader of %llu samples in batches of %llu",
                              (unsigned long long)samples, (unsigned long long)batch),
                      tp_text("%lld samples in batches of %lld", (long long)ld->size,
                              (long long)ld->args.batch_size));
    if (get(bytes + 24) != flags_of(ld) || get(bytes + 32) != ld->args.seed)
        return refuse(at, "the state of a loader with other options",
                      "the same shuffle, drop_last and seed");
    if (get(bytes + 48) > (uint64_t)ld->batches || get(bytes + 56) > 1 ||
        get(bytes + 40) > INT64_MAX)
        return refuse(at, "a damaged state", NULL);
    return true;
}

bool tp_loader_load_state_at(tp_location at, tp_loader *ld, const unsigned char *bytes,
                             size_t size) {
    if (!ld) {
        tp_fail(at, "loader_load_state", TP_ERROR_ARGUMENT, "NULL where a loader is needed", NULL,
                NULL);
        return false;
    }
    tp_generator generator;
    if (!state_fits(at, ld, bytes, size, &generator)) return false;
    tp_loader_reset(ld);
    ld->epoch = (int64_t)get(bytes + 40);
    ld->plan.epoch = (uint32_t)ld->epoch;
    ld->delivered = (int64_t)get(bytes + 48);
    ld->running = get(bytes + 56) == 1;
    if (ld->running) tp_loader_draw_order(ld, &generator);
    if (ld->args.seed) ld->own = generator;
    return true;
}
