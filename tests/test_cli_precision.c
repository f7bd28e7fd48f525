/* --precision of the command: what it says, what it leaves, and what it does where there is no AVX512-BF16. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>
#include <taper/runtime.h>

#include "support/shell.h"

#define SMALL                                                                             \
    "--data digits --limit 400 --test-limit 200 --batch-size 40 --no-plots --no-progress" \
    " --model \"conv:8,k=5 relu maxpool:2 flatten linear:64 relu linear:10\""
#define FALLBACK "products are computed in float32"

static bool available(void) { return !tp_precision_fallback(TP_PRECISION_BF16); }

static void words(void **state) {
    (void)state;
    static const char *const verbs[] = {"train", "eval x", "predict x", "bench"};
    for (size_t i = 0; i < sizeof verbs / sizeof verbs[0]; i++) {
        check(shell(TAPER " %s --precision bf61", verbs[i]), 2,
              "there is no precision \"bf61\"; did you mean bf16?");
        check(shell(TAPER " %s --help", verbs[i]), 0, "--precision float32|bf16");
    }
}

static void is_written_down(void **state) {
    (void)state;
    check(shell(TAPER " train " SMALL " --epochs 1 --out plain"), 0, NULL);
    check(shell("cat plain/config.json"), 0, "\"precision\": \"float32\"");
    check(shell("cat plain/result.json"), 0, "\"precision\": \"float32\"");
    const answer *a =
        check(shell(TAPER " train " SMALL " --epochs 1 --precision bf16 --out rounded"), 0,
              available() ? "products in bfloat16" : FALLBACK);
    assert_int_equal(strstr(a->text, FALLBACK) != NULL, !available());
    check(shell("cat rounded/config.json"), 0, "\"precision\": \"bf16\"");
    /* the result says what was done, the settings what was asked for */
    check(shell("cat rounded/result.json"), 0,
          available() ? "\"precision\": \"bf16\"" : "\"precision\": \"float32\"");
    check(shell("cmp plain/model.safetensors rounded/model.safetensors"), available() ? 1 : 0,
          NULL);
    check(shell(TAPER " eval rounded --precision bf16 --limit 100"), 0,
          available() ? "accuracy" : FALLBACK);
    check(shell(TAPER " predict rounded --precision bf16 3"), 0, available() ? "#3" : FALLBACK);
    check(
        shell(TAPER " bench --model \"flatten linear:10\" --seconds 0.01 --json --precision bf16"),
        0, available() ? "\"precision\": \"bf16\"" : "\"precision\": \"float32\"");
}

static void a_resumed_run_keeps_it(void **state) {
    (void)state;
    check(shell(TAPER " train " SMALL " --precision bf16 --epochs 3 --threads 1 --out whole"), 0,
          NULL);
    check(shell(TAPER " train " SMALL " --precision bf16 --epochs 1 --threads 2 --out parts"), 0,
          NULL);
    check(shell(TAPER " train --epochs 3 --no-progress --no-plots --out parts --resume"), 0,
          available() ? "products in bfloat16" : FALLBACK);
    check(shell("cmp whole/model.safetensors parts/model.safetensors"), 0, NULL);
}

/* A processor without the instructions is played by TAPER_CPU. */
static void says_what_it_does_instead(void **state) {
    (void)state;
    static const char *const levels[] = {"avx2", "baseline"};
    for (size_t i = 0; i < sizeof levels / sizeof levels[0]; i++) {
        if (strncmp(tp_cpu_capability(), "avx", 3) != 0) skip();
        check(shell("TAPER_CPU=%s " TAPER " train " SMALL " --epochs 1 --out want", levels[i]), 0,
              NULL);
        const answer *a = check(shell("TAPER_CPU=%s " TAPER " train " SMALL
                                      " --epochs 1 --precision bf16 --out got",
                                      levels[i]),
                                0, "taper train: --precision bf16: ");
        assert_non_null(strstr(a->text, FALLBACK ".\n"));
        check(shell("cmp want/model.safetensors got/model.safetensors"), 0, NULL);
        check(shell("cat got/result.json"), 0, "\"precision\": \"float32\"");
        check(shell("TAPER_CPU=%s " TAPER " eval got --precision bf16", levels[i]), 0,
              "taper eval: --precision bf16: ");
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(words),
        cmocka_unit_test(is_written_down),
        cmocka_unit_test(a_resumed_run_keeps_it),
        cmocka_unit_test(says_what_it_does_instead),
    };
    return cmocka_run_group_tests(tests, make_folder, remove_folder);
}
