/* Printing in PyTorch's manner. */
#include <math.h>
#include <string.h>

#include "autograd/node.h"
#include "base/alloc.h"
#include "tensor/access.h"
#include "tensor/text.h"

/* ---- how one element looks ---- */

/* Chosen once for all elements of a tensor, so that columns line up. */
typedef struct style {
    bool floating;
    bool whole;      /* floating, but all values are whole: "3." */
    bool scientific; /* "3.0000e+10" */
    int precision;
    int width;
    bool summary; /* the middle of long dimensions is left out */
    int edge;     /* items at each end then */
    int line;     /* characters a line */
} style;

/* What is being printed. */
typedef struct view {
    const tp_tensor *x;
    style style;
    tp_text_buffer *out;
} view;

enum { ELEMENT = 400 }; /* characters that one element may take: 1e308 with many digits */

/* Writes an element without padding; returns its length. */
static int write_element(const style *s, const void *place, tp_dtype dtype, char *text) {
    if (dtype == TP_BOOL)
        return snprintf(text, ELEMENT, "%s", *(const uint8_t *)place ? "True" : "False");
    if (dtype == TP_INT64)
        return snprintf(text, ELEMENT, "%lld", (long long)*(const int64_t *)place);
    double value = tp_read_element(place, dtype);
    if (!s->floating) return snprintf(text, ELEMENT, "%.0f", value);
    if (isnan(value)) return snprintf(text, ELEMENT, "nan"); /* whatever its sign */
    if (s->scientific) return snprintf(text, ELEMENT, "%.*e", s->precision, value);
    if (!s->whole) return snprintf(text, ELEMENT, "%.*f", s->precision, value);
    return snprintf(text, ELEMENT, isinf(value) ? "%.0f" : "%.0f.", value);
}

/* Whether item i of n is shown. */
static bool shown(const style *s, int64_t i, int64_t n) {
    return !s->summary || n <= 2 * (int64_t)s->edge || i < s->edge || i >= n - s->edge;
}

/* The item after i that is shown. */
static int64_t next_shown(const style *s, int64_t i, int64_t n) {
    return shown(s, i + 1, n) || i + 1 >= n ? i + 1 : n - s->edge;
}

/* ---- choosing the style ---- */

typedef struct survey {
    double smallest, largest; /* of the magnitudes that are neither 0 nor infinite */
    bool fraction;            /* some value is not whole */
    int width;
} survey;

typedef void (*visit_fn)(const view *v, const char *place, survey *found);

/* Visits each element that is shown. */
static void visit(const view *v, int dim, const char *place, visit_fn fn, survey *found) {
    const tp_tensor *x = v->x;
    if (dim == x->ndim) {
        fn(v, place, found);
        return;
    }
    int64_t n = x->shape[dim], step = x->stride[dim] * (int64_t)tp_item_size(x->dtype);
    for (int64_t i = 0; i < n; i = next_shown(&v->style, i, n))
        visit(v, dim + 1, place + i * step, fn, found);
}

static void measure_range(const view *v, const char *place, survey *found) {
    double value = tp_read_element(place, v->x->dtype), size = fabs(value);
    if (!isfinite(value) || value == 0) return;
    if (found->largest == 0 || size < found->smallest) found->smallest = size;
    if (size > found->largest) found->largest = size;
    found->fraction = found->fraction || value != ceil(value);
}

static void measure_width(const view *v, const char *place, survey *found) {
    if (v->style.floating) {
        double value = tp_read_element(place, v->x->dtype);
        if (!isfinite(value) || value == 0) return; /* they follow the others */
    }
    char text[ELEMENT];
    int length = write_element(&v->style, place, v->x->dtype, text);
    if (length > found->width) found->width = length;
}

static void choose_style(view *v) {
    survey found = {.width = 1};
    style *s = &v->style;
    s->floating = tp_is_float_type(v->x->dtype);
    s->whole = true;
    if (s->floating) {
        visit(v, 0, v->x->data, measure_range, &found);
        s->whole = !found.fraction;
        if (found.largest > 0)
            s->scientific = found.largest / found.smallest > 1000 || found.largest > 1e8 ||
                            (found.fraction && found.smallest < 1e-4);
    }
    visit(v, 0, v->x->data, measure_width, &found);
    s->width = found.width;
}

/* ---- the body ---- */

static void put_element(const view *v, const char *place) {
    char text[ELEMENT];
    int length = write_element(&v->style, place, v->x->dtype, text);
    tp_put(v->out, "%*s%s", v->style.width > length ? v->style.width - length : 0, "", text);
}

/* The last dimension: as many elements on a line as fit. */
static void put_row(const view *v, int indent, const char *place) {
    const tp_tensor *x = v->x;
    int64_t n = x->shape[x->ndim - 1], step = x->stride[x->ndim - 1];
    int element = v->style.width + 2; /* with its comma and space */
    int on_line = (v->style.line - indent) / element, count = 0;
    if (on_line < 1) on_line = 1;
    tp_put(v->out, "[");
    for (int64_t i = 0; i < n;) {
        if (count > 0) tp_put(v->out, count % on_line ? ", " : ",\n%*s", indent + 1, "");
        put_element(v, place + i * step * (int64_t)tp_item_size(x->dtype));
        count++;
        int64_t next = next_shown(&v->style, i, n);
        if (next != i + 1) { /* the gap counts as an item */
            tp_put(v->out, count % on_line ? ", " : ",\n%*s", indent + 1, "");
            tp_put(v->out, " ...");
            count++;
        }
        i = next;
    }
    tp_put(v->out, "]");
}

static void put_block(const view *v, int dim, int indent, const char *place) {
    const tp_tensor *x = v->x;
    if (x->ndim == 0) {
        put_element(v, place);
        return;
    }
    if (dim == x->ndim - 1) {
        put_row(v, indent, place);
        return;
    }
    int64_t n = x->shape[dim], step = x->stride[dim] * (int64_t)tp_item_size(x->dtype);
    const char *lines = &"\n\n\n\n\n\n\n\n"[TP_MAX_DIMS - (x->ndim - dim - 1)];
    tp_put(v->out, "[");
    for (int64_t i = 0; i < n;) {
        if (i > 0) tp_put(v->out, ",%s%*s", lines, indent + 1, "");
        put_block(v, dim + 1, indent + 1, place + i * step);
        int64_t next = next_shown(&v->style, i, n);
        if (next != i + 1) tp_put(v->out, ",%s%*s...", lines, indent + 1, "");
        i = next;
    }
    tp_put(v->out, "]");
}

/* ---- what follows it ---- */

/* Adds a suffix, on a line of its own where the last one is full. */
static void put_suffix(tp_text_buffer *out, int line, int *last, const char *suffix) {
    enum { INDENT = 7 }; /* below what follows "tensor(" */
    int length = (int)strlen(suffix);
    if (*last + length + 2 > line) {
        tp_put(out, ",\n%*s%s", INDENT, "", suffix);
        *last = INDENT + length;
    } else {
        tp_put(out, ", %s", suffix);
        *last += length + 2;
    }
}

/* Characters after the last line break, and two more as PyTorch counts. */
static int last_line(const tp_text_buffer *out) {
    size_t start = out->length;
    while (start > 0 && out->text[start - 1] != '\n') start--;
    return (int)(out->length - start) + 2;
}

static void put_suffixes(tp_text_buffer *out, const tp_tensor *x, int line) {
    tp_dtype standard = tp_ctx()->default_dtype;
    int last = last_line(out);
    bool usual =
        x->dtype == standard || (x->numel > 0 && (x->dtype == TP_INT64 || x->dtype == TP_BOOL));
    if (x->numel == 0 && x->ndim != 1)
        put_suffix(out, line, &last, tp_text("size=%s", tp_shape_text(tp_shape_copy(x))));
    if (!usual) put_suffix(out, line, &last, tp_text("dtype=%s", tp_dtype_name(x->dtype)));
    if (x->node)
        put_suffix(out, line, &last, tp_text("grad_fn=<%s>", x->node->op->name));
    else if (x->requires_grad)
        put_suffix(out, line, &last, "requires_grad=True");
    tp_put(out, ")");
}

/* What has no values: NULL, poison with the line of its error, a dead tensor. True where x is one of these. */
static bool put_special(tp_text_buffer *out, const tp_tensor *x) {
    char line[4 * TP_TEXT_BYTES];
    if (!x) {
        tp_put(out, "tensor(<NULL>)");
    } else if (x->life != TP_ALIVE) {
        tp_put(out, "tensor(<dead: %s>)", tp_error_text(TP_ERROR_DEAD));
    } else if (x->poison) {
        const tp_error *first = &tp_ctx()->error.first;
        if (first->code != TP_ERROR_NONE) tp_error_format(first, line, sizeof line);
        if (first->code != TP_ERROR_NONE)
            tp_put(out, "tensor(<poison: %s>)", line);
        else
            tp_put(out, "tensor(<poison>)");
    } else {
        return false;
    }
    return true;
}

static int or_default(int value, int otherwise) { return value > 0 ? value : otherwise; }

/* The whole text. */
static void put_tensor(tp_text_buffer *out, const tp_tensor *x) {
    if (put_special(out, x)) return;
    const struct tp_print_state *set = &tp_ctx()->print;
    view v = {.x = x,
              .out = out,
              .style = {.precision = or_default(set->precision, 4),
                        .edge = or_default(set->edgeitems, 3),
                        .line = or_default(set->linewidth, 80)}};
    v.style.summary = x->numel > or_default(set->threshold, 1000);
    tp_put(out, "tensor(");
    if (x->numel == 0) {
        tp_put(out, "[]");
    } else {
        choose_style(&v);
        put_block(&v, 0, (int)strlen("tensor("), x->data);
    }
    put_suffixes(out, x, v.style.line);
}

/* ---- to the outside ---- */

void tp_set_printoptions(tp_print_options options) {
    tp_ctx()->print = (struct tp_print_state){options.precision, options.threshold,
                                              options.edgeitems, options.linewidth};
}

int tp_format(const tp_tensor *x, char *buffer, size_t size) {
    tp_text_buffer out = {0};
    put_tensor(&out, x);
    int length = out.failed ? -1 : (int)out.length;
    if (size > 0) snprintf(buffer, size, "%s", out.failed ? "" : out.text);
    tp_delete(out.text);
    if (length < 0) tp_fail_memory(TP_MAKE(tp_location, NULL, 0), "format", 0);
    return length;
}

void tp_fprint(FILE *stream, const tp_tensor *x) {
    tp_text_buffer out = {0};
    put_tensor(&out, x);
    if (out.failed)
        tp_fail_memory(TP_MAKE(tp_location, NULL, 0), "print", 0);
    else
        fprintf(stream, "%s\n", out.text);
    tp_delete(out.text);
}

void tp_print(const tp_tensor *x) { tp_fprint(stdout, x); }
