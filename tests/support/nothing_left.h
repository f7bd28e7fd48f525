/* Setup and teardown of tests that note their errors: nothing may be alive when the thread's context has ended. Include behind
 * noted.h. */
#ifndef TAPER_TESTS_NOTHING_LEFT_H
#define TAPER_TESTS_NOTHING_LEFT_H

#include <taper/memory.h>

#include "support/noted.h"

static inline int set_up(void **state) {
    (void)state;
    note_errors();
    return 0;
}

static inline int tear_down(void **state) {
    (void)state;
    tp_shutdown();
    size_t bytes = tp_memory_get_stats().live_bytes;
    tp_shutdown(); /* what asking made */
    if (bytes) print_error("%zu bytes left\n", bytes);
    return bytes != 0;
}

#define NOTED_TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

#endif
