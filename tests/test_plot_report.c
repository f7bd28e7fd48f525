/* Reports: what is written, refused, and left when memory runs out. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>
#include <stdlib.h>
#include <taper/ops.h>
#include <taper/plot.h>
#include <taper/random.h>
#include <taper/report.h>

#include "support/clean.h"
#include "support/figures.h"

static void test_report(void **state) {
    (void)state;
    tp_report *r = tp_report_new("A <title>", .subtitle = "sub & more");
    tp_report_headline(r, "Accuracy", "%.1f %%", 97.25);
    tp_report_section(r, "One");
    tp_report_text(r, "use `x < y` and **bold**, 2 ` alone %d", 3);
    tp_report_fact(r, "Seed", "%d", 7);
    tp_report_fact(r, "Rate", "%g", 0.1);
    tp_report_section(r, "Two");
    tp_figure *f = lines();
    tp_report_figure(r, f, .caption = "a caption");
    tp_report_figure(r, f);
    tp_report_pre(r, "<code>");
    tp_report_notice(r, "look", "because", "do this");
    static const char *const names[] = {"Name", "Value"}, *const cells[] = {"a", "1.5 %", "b",
                                                                            "-2"};
    tp_report_table(r, names, 2, cells, 2, .last_is_total = true);
    assert_true(tp_report_write(r, path_of("report.html")));
    assert_true(file_has("report.html", "<title>A &lt;title&gt;</title>"));
    assert_true(file_has("report.html",
                         "<code>x &lt; y</code> and <strong>bold</strong>, 2 ` alone 3</p>"));
    assert_true(file_has("report.html", "<b>97.2 %</b>") ||
                file_has("report.html", "<b>97.3 %</b>"));
    assert_true(file_has("report.html", "<pre>&lt;code&gt;</pre>"));
    assert_true(file_has("report.html", "<td class=\"n\">-2</td>"));
    /* step,one,two */
    assert_true(file_has("report.html", "href=\"data:text/csv;base64,c3RlcCxvbmUsdHdv"));
    assert_int_equal(count_of("report.html", "<table class=\"facts\">"), 1);
    assert_int_equal(count_of("report.html", "<div class=\"figures\">"), 1);
    assert_int_equal(count_of("report.html", "<div"), count_of("report.html", "</div>"));
    assert_int_equal(count_of("report.html", "<table"), count_of("report.html", "</table>"));
    assert_int_equal(count_of("report.html", "http://") + count_of("report.html", "https://"), 2);
    /* more can be added afterwards */
    tp_report_section(r, "Three");
    assert_true(tp_report_write(r, path_of("report.html")));
    assert_true(file_has("report.html", "<a href=\"#s3\">Three</a>"));
    assert_null(tp_report_new(NULL));
    assert_true(had_error(TP_ERROR_ARGUMENT, "report_new", __LINE__ - 1));
    assert_false(tp_report_text(NULL, "x"));
    assert_false(tp_report_figure(NULL, f));
    tp_report_free(NULL);
    tp_report_free(r);
    tp_figure_free(f);
}

/* Pictures keep a wanted number of columns; half of it where the page is narrow. */
static void test_report_pictures(void **state) {
    (void)state;
    tp_report *r = tp_report_new("r");
    static const int columns[] = {0, 5, 6};
    for (int i = 0; i < 3; i++) {
        tp_figure *f = tp_figure_new(NULL);
        TP_SCOPE { tp_plot_images(f, tp_rand(tp_shape(7, 4, 4)), .columns = columns[i]); }
        assert_true(tp_report_figure(r, f));
        tp_figure_free(f);
    }
    assert_true(tp_report_write(r, path_of("report.html")));
    assert_int_equal(count_of("report.html", "class=\"pictures\" style=\"--size:84px\">"), 1);
    assert_int_equal(count_of("report.html", "--size:84px;--columns:5;--narrow:5\">"), 1);
    assert_int_equal(count_of("report.html", "--size:84px;--columns:6;--narrow:3\">"), 1);
    assert_int_equal(count_of("report.html", "<img"), 3 * 7);
    tp_report_free(r);
}

/* ---- memory ---- */

static int64_t asked, refused;
static void *take(size_t bytes, void *user) {
    (void)user;
    return ++asked == refused ? NULL : aligned_alloc(64, bytes);
}
static void give(void *block, size_t bytes, void *user) {
    (void)bytes, (void)user;
    free(block);
}

static bool draw_something(void) {
    tp_figure *f = tp_figure_new("t");
    bool fine = tp_plot_line(f, NULL, ((double[]){1, 2, 3}), 3, .label = "l");
    fine = tp_plot_save(f, path_of("memory.png"), .scale = 0.2) && fine;
    tp_report *r = tp_report_new("r");
    fine = tp_report_figure(r, f) && tp_report_write(r, path_of("memory.html")) && fine;
    tp_report_free(r);
    tp_figure_free(f);
    f = tp_figure_new("n");
    TP_SCOPE { fine = tp_plot_network(f, tp_list(tp_ones(tp_shape(2, 3)))) && fine; }
    tp_figure_free(f);
    return fine;
}

/* Each single allocation refused: an error, or a picture that lacks a line; never a crash or a leak. */
static void test_out_of_memory(void **state) {
    (void)state;
    tp_memory_trim();
    const tp_allocator allocator = {take, give, NULL};
    tp_set_allocator(&allocator);
    asked = refused = 0;
    assert_true(draw_something());
    int64_t needed = asked;
    for (int64_t i = 1; i <= needed; i++) {
        tp_memory_trim();
        asked = 0, refused = i;
        (void)draw_something();
        seen_error error = take_error();
        if (error.count) assert_int_equal(error.code, TP_ERROR_MEMORY);
        tp_clear_error();
    }
    refused = 0;
    tp_memory_trim();
    tp_set_allocator(NULL);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        CLEAN_TEST(test_report),
        CLEAN_TEST(test_report_pictures),
        CLEAN_TEST(test_out_of_memory),
    };
    return cmocka_run_group_tests(tests, make_folder, remove_folder);
}
