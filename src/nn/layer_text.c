/* Networks written as text: "conv:8,k=5,p=2 relu maxpool:2 flatten linear:10". This file reads the
 * grammar; layer_words.c has the words.
 *
 *     text  = item { space item }
 *     item  = word | [ number "*" ] group
 *     group = "(" text ")" [ "+" [ "(" text ")" ] ]        + adds what went in, or the second group's
 *     word  = name [ ":" setting { "," setting } ]
 *     setting = [ key "=" ] ( number [ "x" number ] | name )
 */
#include "nn/layer_text.h"

#include <ctype.h>
#include <stdlib.h>
#include <string.h>

#include "base/nearest.h"

enum { MOST_DEPTH = 16, MOST_REPEATS = 1000, MOST_WORDS = 96 };

static const char spaces[] = " \t\n";

typedef struct reader {
    const char *text, *place;
    tp_shape shape; /* of one sample, where the reader stands */
    tp_location at;
    int depth;
} reader;

static tp_module *read_text(reader *r, bool inside);

/* ---- complaints ---- */

tp_module *tp_text_complain(tp_text_item *item, const char *problem, const char *want,
                            const char *hint) {
    item->failed = true;
    tp_fail(item->at, "nn_from_text", TP_ERROR_ARGUMENT,
            tp_text("\"%.*s\" at column %d: %s", (int)item->length, item->start,
                    (int)(item->start - item->text) + 1, problem),
            want, hint);
    return NULL;
}

static tp_module *complain_at(const reader *r, const char *start, size_t length,
                              const char *problem, const char *want, const char *hint) {
    tp_text_item item = {.text = r->text, .start = start, .length = length, .at = r->at};
    return tp_text_complain(&item, problem, want, hint);
}

static tp_module *unknown_word(tp_text_item *item) {
    const char *names[MOST_WORDS];
    size_t count = 0;
    for (const tp_layer_word *word;
         count < MOST_WORDS && (word = tp_layer_word_get(count)) != NULL;)
        names[count++] = word->name;
    const char *near = tp_nearest_word(item->start, item->name_length, names, count);
    return tp_text_complain(item, "no such layer", NULL,
                            near ? tp_text("did you mean \"%s\"?", near)
                                 : "conv:OUT, linear:OUT, relu, ... : see `taper help layers`");
}

/* ---- settings ---- */

/* The place of a key among those of the word; -1 where it has none of that name. */
static int key_index(const char *keys, const char *key, size_t length) {
    int index = 0;
    for (const char *at = keys; *at; index++) {
        size_t size = strcspn(at, " !");
        if (size == length && strncmp(at, key, length) == 0) return index;
        at += strcspn(at, " ");
        at += strspn(at, " ");
    }
    return -1;
}

static int key_count(const char *keys) {
    int count = 0;
    for (const char *at = keys; *at; count++) {
        at += strcspn(at, " ");
        at += strspn(at, " ");
    }
    return count;
}

/* A whole text that is a decimal number. */
static bool read_number(const char *text, double *number) {
    char *stop;
    if (!strchr("+-.0123456789", text[0])) return false; /* strtod knows "inf" and "nan" */
    *number = strtod(text, &stop);
    return stop != text && *stop == 0;
}

/* Reads "3", "3x5" or a name. */
static void read_value(tp_setting *setting, const char *text, size_t length) {
    *setting = (tp_setting){.text = text, .length = length, .given = true};
    char copy[48];
    if (length == 0 || length >= sizeof copy) return;
    memcpy(copy, text, length);
    copy[length] = 0;
    char *cross = strchr(copy, 'x');
    setting->pair = cross != NULL;
    if (cross) *cross = 0;
    setting->is_number = read_number(copy, &setting->number[0]);
    if (setting->is_number && cross)
        setting->is_number = read_number(cross + 1, &setting->number[1]);
    else
        setting->number[1] = setting->number[0];
}

/* Reads one setting; false where the word has none like it, or has it twice. */
static bool read_setting(tp_text_item *item, int position, const char *text, size_t length) {
    const char *equals = memchr(text, '=', length);
    const char *keys = item->word->keys;
    int index = equals ? key_index(keys, text, (size_t)(equals - text)) : position;
    if (index < 0 || index >= key_count(keys) || item->settings[index].given) return false;
    const char *value = equals ? equals + 1 : text;
    read_value(&item->settings[index], value, length - (size_t)(value - text));
    return item->settings[index].length > 0;
}

/* Reads ":1,k=2" behind the name; false where that is not what the word takes. */
static bool read_settings(tp_text_item *item) {
    const char *at = item->start + item->name_length, *end = item->start + item->length;
    for (int position = 0; at < end; position++) {
        const char *text = at + 1;
        size_t length = 0;
        while (text + length < end && text[length] != ',') length++;
        if (!read_setting(item, position, text, length)) return false;
        at = text + length;
    }
    int index = 0;
    for (const char *key = item->word->keys; *key; index++) { /* is what must be there there? */
        size_t size = strcspn(key, " ");
        if (key[size - 1] == '!' && !item->settings[index].given) return false;
        key += size;
        key += strspn(key, " ");
    }
    return true;
}

const tp_setting *tp_text_setting(const tp_text_item *item, const char *key) {
    return &item->settings[key_index(item->word->keys, key, strlen(key))];
}

static void refuse(tp_text_item *item, const char *key, const tp_setting *setting,
                   const char *want) {
    if (item->failed) return;
    tp_text_complain(item, tp_text("%s is %.*s", key, (int)setting->length, setting->text), want,
                     item->word->usage);
}

void tp_text_pair(tp_text_item *item, const char *key, int64_t least, int64_t otherwise,
                  int64_t out[2]) {
    const tp_setting *setting = tp_text_setting(item, key);
    for (int i = 0; i < 2; i++) {
        out[i] = otherwise;
        if (!setting->given) continue;
        double value = setting->number[i];
        bool whole = setting->is_number && value >= (double)least && value < 1e9;
        if (whole) out[i] = (int64_t)value;
        if (!whole || (double)out[i] != value)
            refuse(item, key, setting, tp_text("a whole number of at least %d", (int)least));
    }
}

int64_t tp_text_whole(tp_text_item *item, const char *key, int64_t least, int64_t otherwise) {
    int64_t pair[2];
    tp_text_pair(item, key, least, otherwise, pair);
    const tp_setting *setting = tp_text_setting(item, key);
    if (setting->pair) refuse(item, key, setting, "one number");
    return pair[0];
}

double tp_text_number(tp_text_item *item, const char *key, double otherwise) {
    const tp_setting *setting = tp_text_setting(item, key);
    if (!setting->given) return otherwise;
    if (!setting->is_number || setting->pair) refuse(item, key, setting, "a number");
    return setting->number[0];
}

bool tp_text_flag(tp_text_item *item, const char *key, bool otherwise) {
    const tp_setting *setting = tp_text_setting(item, key);
    if (!setting->given) return otherwise;
    double value = setting->number[0];
    if (!setting->is_number || setting->pair || (value != 0 && value != 1))
        refuse(item, key, setting, "0 or 1");
    return value != 0;
}

bool tp_text_is(const tp_text_item *item, const char *key, const char *word) {
    const tp_setting *setting = tp_text_setting(item, key);
    return setting->given && setting->length == strlen(word) &&
           strncmp(setting->text, word, setting->length) == 0;
}

/* ---- words ---- */

static const tp_layer_word *find_word(const tp_text_item *item) {
    const tp_layer_word *word;
    for (size_t i = 0; (word = tp_layer_word_get(i)) != NULL; i++)
        if (strlen(word->name) == item->name_length &&
            strncmp(word->name, item->start, item->name_length) == 0)
            return word;
    return NULL;
}

/* Reports what went wrong while a layer was made or tried: what its maker said of the text as it is,
 * what a constructor or an operation said with the word that led to it. */
static tp_module *pass_on(tp_text_item *item, const tp_quiet *quiet) {
    if (item->failed || quiet->code == TP_ERROR_MEMORY) {
        tp_fail(item->at, "nn_from_text", quiet->code, quiet->problem, quiet->want, quiet->hint);
        return NULL;
    }
    return tp_text_complain(item, quiet->problem, quiet->want, NULL);
}

static tp_module *make_layer(reader *r, tp_text_item *item) {
    tp_quiet quiet;
    tp_quiet_begin(&quiet);
    tp_module *layer = item->word->make(item);
    tp_quiet_end(&quiet);
    if (layer && !item->failed && tp_text_shape_after(r->at, layer, &r->shape, &quiet))
        return layer;
    tp_module_end(layer);
    return pass_on(item, &quiet);
}

static tp_module *read_word(reader *r) {
    tp_text_item item = {.text = r->text, .start = r->place, .shape = r->shape, .at = r->at};
    item.length = strcspn(r->place, " \t\n()");
    item.name_length = strcspn(r->place, ":, \t\n()");
    r->place += item.length;
    item.word = find_word(&item);
    if (!item.word) return unknown_word(&item);
    if (!read_settings(&item))
        return tp_text_complain(&item, "its settings are off", item.word->usage, NULL);
    return make_layer(r, &item);
}

/* ---- groups ---- */

/* Reads "(...)" from its parenthesis on: a Sequential. */
static tp_module *read_parentheses(reader *r) {
    const char *open = r->place++;
    if (r->depth >= MOST_DEPTH)
        return complain_at(r, open, 1, "too many groups in groups", "at most 16", NULL);
    r->depth++;
    tp_module *inner = read_text(r, true);
    r->depth--;
    if (!inner) return NULL;
    if (*r->place != ')') {
        tp_module_end(inner);
        return complain_at(r, open, 1, "it is never closed", "a \")\"", NULL);
    }
    r->place++;
    return inner;
}

static bool same_shape(tp_shape a, tp_shape b) {
    if (a.ndim != b.ndim) return false;
    for (int i = 0; i < a.ndim; i++)
        if (a.dims[i] != b.dims[i]) return false;
    return true;
}

/* Reads what stands behind "(...)+": nothing, or the group that takes the place of the input. */
static tp_module *read_shortcut(reader *r, const char *open, tp_module *body, tp_shape before) {
    tp_shape after = r->shape;
    r->shape = before;
    tp_module *shortcut = *r->place == '(' ? read_parentheses(r) : tp_nn_identity_at(r->at);
    if (shortcut && same_shape(r->shape, after)) return tp_nn_residual_at(r->at, body, shortcut);
    if (shortcut)
        complain_at(
            r, open, 1,
            tp_text("%s comes out of it, %s is to be added", tp_shape_text(after),
                    tp_shape_text(r->shape)),
            "the same shape",
            "a second group behind the + brings the input into shape: (...)+(conv:64,k=1,s=2 bn)");
    tp_module_end(body);
    tp_module_end(shortcut);
    return NULL;
}

static tp_module *read_group(reader *r) {
    const char *open = r->place;
    tp_shape before = r->shape;
    tp_module *body = read_parentheses(r);
    if (!body || *r->place != '+') return body;
    r->place++;
    return read_shortcut(r, open, body, before);
}

/* "3*(" : how often the group stands; 1 without a number, -1 (reported) for a bad one. *place ends
 * at the parenthesis. */
static int read_repeats(reader *r) {
    if (!isdigit((unsigned char)*r->place)) return 1;
    const char *start = r->place;
    char *stop;
    long count = strtol(start, &stop, 10);
    if (*stop != '*' || stop[1] != '(' || count < 1 || count > MOST_REPEATS) {
        complain_at(r, start, strcspn(start, spaces), "no layer", "N*(...) with N from 1 to 1000",
                    NULL);
        return -1;
    }
    r->place = stop + 1;
    return (int)count;
}

/* Reads one item, which may stand for several layers, and adds them to the Sequential. */
static bool read_item(reader *r, tp_module *sequential) {
    int repeats = read_repeats(r);
    const char *start = r->place;
    for (int i = 0; i < repeats; i++) {
        r->place = start;
        tp_module *layer = *start == '(' ? read_group(r) : read_word(r);
        if (!layer || !tp_sequential_append_at(r->at, sequential, layer)) return false;
    }
    return repeats > 0;
}

/* Reads items up to the end, or up to the ")" that ends the group. NULL after an error. */
static tp_module *read_text(reader *r, bool inside) {
    tp_module *sequential = tp_nn_sequential_at(r->at, 0, NULL);
    bool fine = sequential != NULL;
    while (fine && *(r->place += strspn(r->place, spaces)) && *r->place != ')')
        fine = read_item(r, sequential);
    if (fine && *r->place == ')' && !inside) {
        complain_at(r, r->place, 1, "it closes nothing", NULL, NULL);
        fine = false;
    }
    if (fine) return sequential;
    tp_module_end(sequential);
    return NULL;
}

tp_module *tp_nn_from_text_at(tp_location at, const char *text, tp_shape sample) {
    if (!text || tp_shape_numel(sample) < 0) {
        tp_fail(at, "nn_from_text", TP_ERROR_ARGUMENT, text ? "a shape that is none" : "NULL text",
                NULL, NULL);
        return NULL;
    }
    reader r = {.text = text, .place = text, .shape = sample, .at = at};
    tp_module *model = read_text(&r, false);
    if (model && model->child_count == 0) {
        tp_fail(at, "nn_from_text", TP_ERROR_ARGUMENT, "a text without layers",
                "for instance \"flatten linear:128 relu linear:10\"", NULL);
        tp_module_end(model);
        return NULL;
    }
    return model;
}
