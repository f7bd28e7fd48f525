/* Figures: what is drawn, written and refused. */
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
#ifdef TP_HAVE_ZLIB
#include <zlib.h>
#endif

#include "plot/figure.h"
#include "support/clean.h"
#include "support/figures.h"

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
    tp_figure_free(NULL);
    tp_figure_free(f);
    tp_figure_free(empty);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        CLEAN_TEST(test_lines_svg), CLEAN_TEST(test_every_kind), CLEAN_TEST(test_bars_on_side),
        CLEAN_TEST(test_ticks),     CLEAN_TEST(test_numbers),    CLEAN_TEST(test_png),
        CLEAN_TEST(test_csv),       CLEAN_TEST(test_histogram),  CLEAN_TEST(test_pixels),
        CLEAN_TEST(test_terminal),  CLEAN_TEST(test_mistakes),
    };
    return cmocka_run_group_tests(tests, make_folder, remove_folder);
}
