/* Figures and reports: what is drawn, written and refused. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <taper/ops.h>
#include <taper/plot.h>
#include <taper/random.h>
#include <taper/report.h>
#include <unistd.h>
#ifdef TP_HAVE_ZLIB
#include <zlib.h>
#endif

#include "plot/figure.h"
#include "support/clean.h"

static char folder[64];

static const char *path_of(const char *name) {
    static char path[160];
    snprintf(path, sizeof path, "%s/%s", folder, name);
    return path;
}

/* A whole file, ended by 0; the caller frees it. */
static char *read_file(const char *name, size_t *size) {
    FILE *stream = fopen(path_of(name), "rb");
    assert_non_null(stream);
    char *text = calloc(1, 1 << 22);
    *size = fread(text, 1, (1 << 22) - 1, stream);
    fclose(stream);
    return text;
}

static bool file_has(const char *name, const char *wanted) {
    size_t size;
    char *text = read_file(name, &size);
    bool has = strstr(text, wanted) != NULL;
    if (!has) print_message("%s has no %s\n", name, wanted);
    free(text);
    return has;
}

static int count_of(const char *name, const char *wanted) {
    size_t size;
    char *text = read_file(name, &size);
    int count = 0;
    for (const char *p = text; (p = strstr(p, wanted)); p++) count++;
    free(text);
    return count;
}

static tp_figure *lines(void) {
    static const double y[] = {3, 2, NAN, 1, 0.5}, z[] = {1, 4, 2, 3, 5};
    tp_figure *f = tp_figure_new("a < b & \"c\"", .x_label = "step", .y_label = "loss");
    assert_true(tp_plot_line(f, NULL, y, 5, .label = "one"));
    assert_true(tp_plot_line(f, NULL, z, 5, .label = "two"));
    assert_true(tp_plot_vertical(f, 3, .label = "here"));
    return f;
}

/* ---- SVG ---- */

static void test_lines_svg(void **state) {
    (void)state;
    tp_figure *f = lines();
    assert_true(tp_plot_save(f, path_of("lines.svg")));
    assert_true(file_has("lines.svg", "a &lt; b &amp; &quot;c&quot;</text>"));
    assert_true(file_has("lines.svg", ">loss</text>"));
    assert_true(file_has("lines.svg", "prefers-color-scheme:dark"));
    /* series one in two pieces round its NaN, series two in one, with other dashes; each also in the legend */
    assert_int_equal(count_of("lines.svg", "class=\"tl k-s1\""), 3);
    assert_int_equal(count_of("lines.svg", "class=\"tl k-s2\""), 2);
    assert_int_equal(count_of("lines.svg", "class=\"f-s1\""), 4 + 1);
    assert_int_equal(count_of("lines.svg", "<text"), count_of("lines.svg", "</text>"));
    tp_figure_free(f);
}

static void test_every_kind(void **state) {
    (void)state;
    tp_manual_seed(1);
    TP_SCOPE {
        tp_figure *f[7];
        for (int i = 0; i < 7; i++) f[i] = tp_figure_new("t", .y_label = "y");
        static const char *const names[] = {"a", "b", "c"};
        static const double values[] = {1, -2, 3}, low[] = {0, -3, 2}, high[] = {2, -1, 4};
        assert_true(tp_plot_scatter(f[0], values, values, 3, .low = low, .high = high));
        assert_true(tp_plot_bars(f[1], names, values, 3, .label = "p"));
        assert_true(tp_plot_bars(f[1], names, high, 3, .label = "q", .low = low, .high = high));
        assert_true(tp_plot_histogram(f[2], tp_randn(tp_shape(100)), .bins = 7));
        assert_true(tp_plot_heat_map(f[3], tp_randn(tp_shape(3, 4)), .rows = names));
        assert_true(tp_plot_images(f[4], tp_rand(tp_shape(5, 1, 4, 6)), .columns = 3));
        assert_true(tp_plot_image(f[5], tp_rand(tp_shape(3, 8, 8))));
        assert_true(
            tp_plot_network(f[6], tp_list(tp_randn(tp_shape(3, 2)), tp_ones(tp_shape(1, 3)))));
        assert_true(tp_plot_save_panels(f, 7, path_of("all.svg"), .title = "All"));
        assert_int_equal(count_of("all.svg", "<image"), 6);
        assert_true(count_of("all.svg", "<rect") >= 6 + 7 + 12);
        assert_true(tp_plot_save_panels(f, 7, path_of("all.png"), .title = "All", .dark = true));
        for (int i = 0; i < 7; i++) {
            FILE *stream = tmpfile();
            for (int kind = 0; kind < 3; kind++)
                assert_true(tp_plot_show(f[i], stream, .kind = (tp_terminal)kind, .columns = 70));
            assert_true(ftell(stream) > 500);
            fclose(stream);
            tp_figure_free(f[i]);
        }
    }
}

/* Names that do not fit below upright bars lay these on their side, and the figure grows with them. */
static void test_bars_on_side(void **state) {
    (void)state;
    static const char *const names[] = {"a very long name of a class", "another name as long as it",
                                        "and one more of these names", "four"};
    tp_figure *f = tp_figure_new("bars");
    assert_true(tp_plot_bars(f, names, ((double[]){1, 2, 3, 4}), 4));
    tp_point size = tp_figure_size(f, 0);
    assert_true(size.y < 300 && size.y > 4 * 20);
    assert_true(tp_plot_save(f, path_of("side.svg")));
    assert_true(file_has("side.svg", "a very long name of a class</text>"));
    tp_figure_free(f);
}

/* ---- axes ---- */

static void test_ticks(void **state) {
    (void)state;
    tp_axis a = {.low = 0.03, .high = 0.97};
    tp_axis_choose(&a, 5, false, false);
    assert_float_equal(a.low, 0, 1e-12);
    assert_float_equal(a.high, 1, 1e-12);
    assert_int_equal(a.count, 6);
    assert_string_equal(a.text[1], "0.2");
    a = (tp_axis){.low = 1, .high = 3};
    tp_axis_choose(&a, 9, true, true); /* whole numbers only, the ends stay */
    assert_int_equal(a.count, 3);
    assert_string_equal(a.text[2], "3");
    a = (tp_axis){.scale = TP_AXIS_LOG, .low = 1e-5, .high = 1};
    tp_axis_choose(&a, 6, false, false);
    assert_int_equal(a.count, 6);
    assert_string_equal(a.text[0], "1e-5");
    assert_string_equal(a.text[5], "1");
    tp_axis b = {.scale = TP_AXIS_LOG, .low = 0.0063, .high = 3.2}; /* short: every decade inside */
    tp_axis_choose(&b, 3, false, false);
    assert_int_equal(b.count, 3);
    assert_string_equal(b.text[0], "0.01");
    b = (tp_axis){.scale = TP_AXIS_LOG, .low = 0.03, .high = 0.6}; /* shorter: 2 and 5 too */
    tp_axis_choose(&b, 3, false, false);
    assert_int_equal(b.count, 4);
    assert_string_equal(b.text[0], "0.05");
    assert_string_equal(b.text[3], "0.5");
    a.from = 0, a.to = 100;
    assert_float_equal(tp_axis_place(&a, 1e-5), 0, 1e-9);
    assert_float_equal(tp_axis_place(&a, sqrt(1e-5)), 50, 1e-9);
    a = (tp_axis){.low = 7, .high = 7}; /* one value only */
    tp_axis_choose(&a, 5, false, false);
    assert_true(a.low < 7 && a.high > 7 && a.count > 1);
    a = (tp_axis){.low = -1e9, .high = 3e9};
    tp_axis_choose(&a, 5, false, false);
    assert_string_equal(a.text[0], "-1e9");
}

static void test_numbers(void **state) {
    (void)state;
    static const struct {
        double value;
        int digits;
        const char *text;
    } cases[] = {
        {0, 3, "0"},       {-0.0, 3, "0"},    {12, 2, "12"},          {0.5, 3, "0.5"},
        {1e-5, 3, "1e-5"}, {1e12, 3, "1e12"}, {-3.14159, 3, "-3.14"}, {123456, 2, "123456"}};
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        char text[TP_NUMBER_TEXT];
        tp_number_text(text, cases[i].value, cases[i].digits);
        assert_string_equal(text, cases[i].text);
    }
}

/* ---- PNG ---- */

static unsigned int number_at(const char *bytes) {
    const unsigned char *b = (const unsigned char *)bytes;
    return (unsigned int)b[0] << 24 | (unsigned int)b[1] << 16 | (unsigned int)b[2] << 8 | b[3];
}

static void test_png(void **state) {
    (void)state;
    tp_figure *f = lines();
    assert_true(tp_plot_save(f, path_of("lines.png"), .scale = 1));
    size_t size;
    char *bytes = read_file("lines.png", &size);
    assert_memory_equal(bytes, "\x89PNG\r\n\x1a\n", 8);
    assert_memory_equal(bytes + 12, "IHDR", 4);
    assert_int_equal(number_at(bytes + 16), 440);
    assert_int_equal(number_at(bytes + 20), 300);
    assert_memory_equal(bytes + size - 8, "IEND", 4);
#ifdef TP_HAVE_ZLIB
    /* the checksum of the header, and as many bytes as the rows want: 8 bits of three colours */
    assert_int_equal(number_at(bytes + 29), crc32(0, (const Bytef *)bytes + 12, 17));
    uLongf length = 300 * (3 * 440 + 1), wanted = length;
    unsigned char *rows = calloc(1, length);
    assert_int_equal(uncompress(rows, &length, (const Bytef *)bytes + 41, number_at(bytes + 33)),
                     Z_OK);
    assert_int_equal(length, wanted);
    assert_memory_equal(rows, "\0\xff\xff\xff", 4); /* no filter; white paper */
    int blue = 0;
    for (uLongf i = 1; i + 3 < length; i++) blue += memcmp(rows + i, "\x00\x72\xb2", 3) == 0;
    assert_true(blue > 100); /* the first line */
    free(rows);
#endif
    free(bytes);
    tp_figure_free(f);
}

/* ---- numbers ---- */

static void test_csv(void **state) {
    (void)state;
    size_t size;
    tp_figure *f = lines();
    assert_true(tp_plot_save(f, path_of("lines.csv")));
    char *text = read_file("lines.csv", &size);
    assert_string_equal(text, "step,one,two\n0,3,1\n1,2,4\n2,,2\n3,1,3\n4,0.5,5\n");
    free(text);
    tp_figure_free(f);

    f = tp_figure_new("other x", .x_label = "x");
    assert_true(tp_plot_line(f, ((double[]){1, 2}), ((double[]){3, 4}), 2, .label = "a,\"b\""));
    assert_true(tp_plot_scatter(f, ((double[]){5}), ((double[]){6}), 1));
    assert_true(tp_plot_save(f, path_of("long.csv")));
    text = read_file("long.csv", &size);
    assert_string_equal(text,
                        "series,x,y\n\"a,\"\"b\"\"\",1,3\n\"a,\"\"b\"\"\",2,4\nseries 2,5,6\n");
    free(text);
    tp_figure_free(f);

    f = tp_figure_new("matrix");
    TP_SCOPE {
        static const char *const names[] = {"p", "q"};
        assert_true(tp_plot_heat_map(
            f, tp_from_data(((int64_t[]){1, 2, 3, 4}), tp_shape(2, 2), .dtype = TP_INT64),
            .rows = names));
    }
    assert_true(tp_plot_save(f, path_of("matrix.csv")));
    text = read_file("matrix.csv", &size);
    assert_string_equal(text, ",0,1\np,1,2\nq,3,4\n");
    free(text);
    tp_figure_free(f);
}

static void test_histogram(void **state) {
    (void)state;
    tp_figure *f = tp_figure_new("h");
    TP_SCOPE {
        static const float values[] = {0, 1, 1, 2, 4, 4, 4, NAN, INFINITY};
        assert_true(tp_plot_histogram(f, tp_from_data(values, tp_shape(3, 3)), .bins = 4));
    }
    const tp_series *s = f->series;
    assert_int_equal(s->count, 4);
    static const double counts[] = {1, 2, 1, 3};
    for (int i = 0; i < 4; i++) assert_float_equal(s->y[i], counts[i], 0);
    assert_float_equal(s->x[4], 4, 1e-12);
    tp_figure_free(f);
}

/* Bytes are 0 to 255; floats 0 to 1, else stretched. */
static void test_pixels(void **state) {
    (void)state;
    TP_SCOPE {
        tp_figure *f = tp_figure_new(NULL);
        tp_tensor *bytes =
            tp_from_data(((uint8_t[]){0, 100, 255, 7}), tp_shape(2, 2), .dtype = TP_UINT8);
        assert_true(tp_plot_image(f, bytes));
        static const unsigned char wanted[] = {0, 0, 0, 100, 100, 100, 255, 255, 255, 7, 7, 7};
        assert_memory_equal(f->pixels, wanted, sizeof wanted);
        tp_figure_free(f);
        f = tp_figure_new(NULL);
        assert_true(tp_plot_image(f, tp_from_data(((float[]){0.5F, 0.25F}), tp_shape(1, 2))));
        assert_int_equal(f->pixels[0], 128);
        assert_int_equal(f->pixels[3], 64);
        tp_figure_free(f);
        f = tp_figure_new(NULL);
        assert_true(tp_plot_image(f, tp_from_data(((float[]){-2, 0, 2, NAN}), tp_shape(2, 2))));
        assert_int_equal(f->pixels[0], 0);
        assert_int_equal(f->pixels[3], 128);
        assert_int_equal(f->pixels[6], 255);
        assert_int_equal(f->pixels[9], 0);
        tp_figure_free(f);
        /* the layout of memory is no matter */
        f = tp_figure_new(NULL);
        assert_true(tp_plot_image(f, tp_transpose(bytes, 0, 1)));
        assert_int_equal(f->pixels[3], 255);
        tp_figure_free(f);
    }
}

/* ---- terminal ---- */

static void test_terminal(void **state) {
    (void)state;
    tp_figure *f = lines();
    char text[16384] = "";
    FILE *stream = fmemopen(text, sizeof text - 1, "w");
    assert_true(tp_plot_show(f, stream, .kind = TP_TERMINAL_ASCII, .columns = 60));
    fclose(stream);
    assert_non_null(strstr(text, "a < b & \"c\""));
    assert_non_null(strstr(text, "two"));
    assert_non_null(strchr(text, '*'));
    for (const char *p = text; *p; p++) assert_true(*p == '\n' || (*p >= ' ' && *p < 0x7f));
    for (char *line = strtok(text, "\n"); line; line = strtok(NULL, "\n"))
        assert_true(strlen(line) <= 60);
    tp_figure_free(f);
}

/* ---- mistakes ---- */

static void test_mistakes(void **state) {
    (void)state;
    tp_figure *f = lines(), *empty = tp_figure_new("empty");
    static const char *const names[] = {"a"};
    static const double one[] = {1};
    assert_false(tp_plot_bars(f, names, one, 1));
    assert_true(had_error(TP_ERROR_ARGUMENT, "plot_bars", __LINE__ - 1));
    assert_false(tp_plot_line(f, NULL, NULL, 3));
    assert_true(had_error(TP_ERROR_ARGUMENT, "plot_line", __LINE__ - 1));
    assert_false(tp_plot_line(f, NULL, one, 1, .low = one));
    assert_true(had_error(TP_ERROR_ARGUMENT, "plot_line", __LINE__ - 1));
    assert_false(tp_plot_vertical(f, NAN));
    assert_true(had_error(TP_ERROR_ARGUMENT, "plot_vertical", __LINE__ - 1));
    assert_false(tp_plot_save(f, path_of("lines.gif")));
    assert_true(had_error(TP_ERROR_ARGUMENT, "plot_save", __LINE__ - 1));
    assert_false(tp_plot_save(empty, path_of("empty.svg")));
    assert_true(had_error(TP_ERROR_ARGUMENT, "plot_save", __LINE__ - 1));
    assert_false(tp_plot_save(f, "/nowhere/at/all.svg"));
    assert_true(had_error(TP_ERROR_FILE, "plot_save", __LINE__ - 1));
    assert_false(tp_plot_show(empty, stdout));
    assert_true(had_error(TP_ERROR_ARGUMENT, "plot_show", __LINE__ - 1));
    TP_SCOPE {
        tp_tensor *flat = tp_zeros(tp_shape(4));
        assert_false(tp_plot_heat_map(empty, flat));
        assert_true(had_error(TP_ERROR_SHAPE, "plot_heat_map", __LINE__ - 1));
    }
    TP_SCOPE {
        tp_figure *g = tp_figure_new("g");
        assert_false(tp_plot_images(g, tp_zeros(tp_shape(2, 5, 4, 4))));
        assert_true(had_error(TP_ERROR_SHAPE, "plot_images", __LINE__ - 1));
        tp_figure_free(g);
        g = tp_figure_new("g");
        assert_false(tp_plot_histogram(g, tp_full(tp_shape(3), NAN)));
        assert_true(had_error(TP_ERROR_ARGUMENT, "plot_histogram", __LINE__ - 1));
        tp_figure_free(g);
    }
    /* what failed to be made was reported; what follows is silent */
    assert_false(tp_plot_line(NULL, NULL, one, 1));
    assert_false(tp_plot_save(NULL, "x.svg"));
    assert_false(tp_report_text(NULL, "x"));
    assert_false(tp_report_figure(NULL, f));
    tp_figure_free(NULL);
    tp_report_free(NULL);
    tp_figure_free(f);
    tp_figure_free(empty);
}

/* ---- reports ---- */

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

static int start(void **state) {
    (void)state;
    snprintf(folder, sizeof folder, "/tmp/taper-plot-XXXXXX");
    return mkdtemp(folder) ? 0 : -1;
}

static int stop(void **state) {
    (void)state;
    static const char *const names[] = {"lines.svg",   "all.svg",    "all.png",    "side.svg",
                                        "lines.png",   "lines.csv",  "long.csv",   "matrix.csv",
                                        "report.html", "memory.png", "memory.html"};
    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++) unlink(path_of(names[i]));
    return rmdir(folder);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        CLEAN_TEST(test_lines_svg),
        CLEAN_TEST(test_every_kind),
        CLEAN_TEST(test_bars_on_side),
        CLEAN_TEST(test_ticks),
        CLEAN_TEST(test_numbers),
        CLEAN_TEST(test_png),
        CLEAN_TEST(test_csv),
        CLEAN_TEST(test_histogram),
        CLEAN_TEST(test_pixels),
        CLEAN_TEST(test_terminal),
        CLEAN_TEST(test_mistakes),
        CLEAN_TEST(test_report),
        CLEAN_TEST(test_report_pictures),
        CLEAN_TEST(test_out_of_memory),
    };
    return cmocka_run_group_tests(tests, start, stop);
}
