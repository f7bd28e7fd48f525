/* Setup and teardown of a test: errors are watched, and nothing may be left behind. */
#ifndef TAPER_TESTS_CLEAN_H
#define TAPER_TESTS_CLEAN_H

#include <taper/memory.h>

#include "support/tensors.h"

static int clean_setup(void **state) {
    (void)state;
    watch_errors();
    tp_clear_error();
    return 0;
}

static int clean_teardown(void **state) {
    (void)state;
    seen_error error = take_error();
    if (error.count) print_error("an error that the test did not take: %s\n", error.text);
    tp_scope_end(&(tp_scope){1, true}); /* those that a failed test left open */
    tp_memory_stats stats = tp_memory_get_stats();
    if (stats.live_tensors || stats.live_nodes)
        print_error("%lld tensors and %lld nodes are left\n", (long long)stats.live_tensors,
                    (long long)stats.live_nodes);
    return error.count || stats.live_tensors || stats.live_nodes ? -1 : 0;
}

#define CLEAN_TEST(name) cmocka_unit_test_setup_teardown(name, clean_setup, clean_teardown)

#endif
