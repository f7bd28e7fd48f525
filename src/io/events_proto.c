/* Events to and from protocol buffers. */
#include <math.h>
#include <string.h>

#include "base/fail.h"
#include "events.pb-c.h"
#include "io/events.h"
#include "io/proto_memory.h"

/* TensorFlow's numbers of types, and TensorBoard's of hyperparameters' types. */
enum { DT_FLOAT = 1, DT_DOUBLE = 2, DT_STRING = 7, HPARAM_TEXT = 1, HPARAM_NUMBER = 3 };

#define HPARAMS_EXPERIMENT "_hparams_/experiment"
#define HPARAMS_START      "_hparams_/session_start_info"

bool tp_events_available(tp_location at, const char *op) {
    (void)at, (void)op;
    return true;
}

/* ---- writing ---- */

/* protobuf-c's strings are not const, although it only reads them. */
static char *text_of(const char *text) {
    char *plain;
    memcpy(&plain, &text, sizeof plain);
    return plain;
}

static ProtobufCBinaryData bytes_of(const void *data, size_t bytes) {
    ProtobufCBinaryData binary = {.len = bytes};
    memcpy(&binary.data, &data, sizeof data);
    return binary;
}

static void *pack(const ProtobufCMessage *message, size_t *bytes) {
    *bytes = protobuf_c_message_get_packed_size(message);
    unsigned char *packed = tp_new(*bytes ? *bytes : 1);
    if (packed) protobuf_c_message_pack(message, packed);
    return packed;
}

static void *pack_values(const tp_event *event, double wall_time, size_t count,
                         TpEvents__Value **values, size_t *bytes) {
    TpEvents__Summary summary = TP_EVENTS__SUMMARY__INIT;
    summary.n_value = count;
    summary.value = values;
    TpEvents__Event message = TP_EVENTS__EVENT__INIT;
    message.has_wall_time = message.has_step = true;
    message.wall_time = wall_time;
    message.step = event->step;
    message.summary = &summary;
    return pack(&message.base, bytes);
}

static void *pack_one(const tp_event *event, double wall_time, TpEvents__Value *value,
                      size_t *bytes) {
    value->tag = text_of(event->tag);
    return pack_values(event, wall_time, 1, &value, bytes);
}

static void *pack_scalar(const tp_event *event, double wall_time, size_t *bytes) {
    TpEvents__Value value = TP_EVENTS__VALUE__INIT;
    value.has_simple_value = true;
    value.simple_value = (float)event->value;
    return pack_one(event, wall_time, &value, bytes);
}

static void *pack_image(const tp_event *event, double wall_time, size_t *bytes) {
    TpEvents__Image image = TP_EVENTS__IMAGE__INIT;
    image.has_height = image.has_width = image.has_colorspace = true;
    image.has_encoded_image_string = true;
    image.height = (int32_t)event->height;
    image.width = (int32_t)event->width;
    image.colorspace = (int32_t)event->channels;
    image.encoded_image_string = bytes_of(event->png, event->png_bytes);
    TpEvents__Value value = TP_EVENTS__VALUE__INIT;
    value.image = &image;
    return pack_one(event, wall_time, &value, bytes);
}

static void *pack_histogram(const tp_event *event, double wall_time, size_t *bytes) {
    TpEvents__Histogram histogram = TP_EVENTS__HISTOGRAM__INIT;
    histogram.has_min = histogram.has_max = histogram.has_num = true;
    histogram.has_sum = histogram.has_sum_squares = true;
    histogram.min = event->min;
    histogram.max = event->max;
    histogram.num = event->num;
    histogram.sum = event->sum;
    histogram.sum_squares = event->sum_squares;
    histogram.n_bucket_limit = histogram.n_bucket = event->buckets;
    memcpy(&histogram.bucket_limit, &event->limits, sizeof event->limits);
    memcpy(&histogram.bucket, &event->counts, sizeof event->counts);
    TpEvents__Value value = TP_EVENTS__VALUE__INIT;
    value.histo = &histogram;
    return pack_one(event, wall_time, &value, bytes);
}

static void *pack_text(const tp_event *event, double wall_time, size_t *bytes) {
    TpEvents__Dim dim = TP_EVENTS__DIM__INIT;
    TpEvents__Dim *dims = &dim;
    dim.has_size = true;
    dim.size = 1;
    TpEvents__Shape shape = TP_EVENTS__SHAPE__INIT;
    shape.n_dim = 1;
    shape.dim = &dims;
    ProtobufCBinaryData text = bytes_of(event->text, strlen(event->text));
    TpEvents__Tensor tensor = TP_EVENTS__TENSOR__INIT;
    tensor.has_dtype = true;
    tensor.dtype = DT_STRING;
    tensor.tensor_shape = &shape;
    tensor.n_string_val = 1;
    tensor.string_val = &text;
    TpEvents__Plugin plugin = TP_EVENTS__PLUGIN__INIT;
    plugin.plugin_name = text_of("text");
    TpEvents__Metadata metadata = TP_EVENTS__METADATA__INIT;
    metadata.plugin_data = &plugin;
    TpEvents__Value value = TP_EVENTS__VALUE__INIT;
    value.tensor = &tensor;
    value.metadata = &metadata;
    return pack_one(event, wall_time, &value, bytes);
}

/* ---- hyperparameters: two values, what there is in the experiment and what this run has ---- */

typedef struct hparam_messages {
    TpEvents__HparamInfo info;
    TpEvents__HparamPair pair;
    TpEvents__HparamValue value;
} hparam_messages;

typedef struct metric_messages {
    TpEvents__MetricInfo info;
    TpEvents__MetricName name;
} metric_messages;

static void fill_hparam(hparam_messages *m, const tp_hparam *hparam) {
    m->info = (TpEvents__HparamInfo)TP_EVENTS__HPARAM_INFO__INIT;
    m->info.name = text_of(hparam->name);
    m->info.has_type = true;
    m->info.type = hparam->text ? HPARAM_TEXT : HPARAM_NUMBER;
    m->value = (TpEvents__HparamValue)TP_EVENTS__HPARAM_VALUE__INIT;
    m->value.string_value = text_of(hparam->text);
    m->value.has_number_value = !hparam->text;
    m->value.number_value = hparam->number;
    m->pair = (TpEvents__HparamPair)TP_EVENTS__HPARAM_PAIR__INIT;
    m->pair.key = text_of(hparam->name);
    m->pair.value = &m->value;
}

static void fill_metric(metric_messages *m, const char *tag) {
    m->name = (TpEvents__MetricName)TP_EVENTS__METRIC_NAME__INIT;
    m->name.tag = text_of(tag);
    m->info = (TpEvents__MetricInfo)TP_EVENTS__METRIC_INFO__INIT;
    m->info.name = &m->name;
}

/* Wraps the content of the plugin "hparams" into two values and packs them. */
static void *pack_hparam_values(const tp_event *event, double wall_time,
                                const TpEvents__Hparams contents[2], size_t *bytes) {
    static const char *const tags[2] = {HPARAMS_EXPERIMENT, HPARAMS_START};
    TpEvents__Plugin plugins[2];
    TpEvents__Metadata metadata[2];
    TpEvents__Value values[2];
    void *packed[2] = {NULL, NULL}, *all = NULL;
    for (int i = 0; i < 2; i++) {
        size_t length = 0;
        packed[i] = pack(&contents[i].base, &length);
        plugins[i] = (TpEvents__Plugin)TP_EVENTS__PLUGIN__INIT;
        plugins[i].plugin_name = text_of("hparams");
        plugins[i].has_content = true;
        plugins[i].content = bytes_of(packed[i], length);
        metadata[i] = (TpEvents__Metadata)TP_EVENTS__METADATA__INIT;
        metadata[i].plugin_data = &plugins[i];
        values[i] = (TpEvents__Value)TP_EVENTS__VALUE__INIT;
        values[i].tag = text_of(tags[i]);
        values[i].metadata = &metadata[i];
    }
    if (packed[0] && packed[1])
        all =
            pack_values(event, wall_time, 2, (TpEvents__Value *[]){&values[0], &values[1]}, bytes);
    tp_delete(packed[0]);
    tp_delete(packed[1]);
    return all;
}

static void *pack_hparams(const tp_event *event, double wall_time, size_t *bytes) {
    size_t n = event->hparam_count, metrics = event->metric_count;
    hparam_messages *messages = tp_new((n + 1) * sizeof *messages);
    metric_messages *metric = tp_new((metrics + 1) * sizeof *metric);
    void **lists = tp_new((2 * n + metrics + 1) * sizeof *lists);
    void *packed = NULL;
    if (messages && metric && lists) {
        void **infos = lists, **pairs = lists + n, **metric_infos = lists + 2 * n;
        for (size_t i = 0; i < n; i++) {
            fill_hparam(&messages[i], &event->hparams[i]);
            infos[i] = &messages[i].info;
            pairs[i] = &messages[i].pair;
        }
        for (size_t i = 0; i < metrics; i++) {
            fill_metric(&metric[i], event->metrics[i]);
            metric_infos[i] = &metric[i].info;
        }
        TpEvents__Experiment experiment = TP_EVENTS__EXPERIMENT__INIT;
        experiment.n_hparam_infos = n;
        experiment.hparam_infos = (TpEvents__HparamInfo **)infos;
        experiment.n_metric_infos = metrics;
        experiment.metric_infos = (TpEvents__MetricInfo **)metric_infos;
        TpEvents__SessionStart start = TP_EVENTS__SESSION_START__INIT;
        start.n_hparams = n;
        start.hparams = (TpEvents__HparamPair **)pairs;
        start.has_start_time_secs = true;
        start.start_time_secs = wall_time;
        TpEvents__Hparams contents[2] = {TP_EVENTS__HPARAMS__INIT, TP_EVENTS__HPARAMS__INIT};
        contents[0].experiment = &experiment;
        contents[1].session_start_info = &start;
        packed = pack_hparam_values(event, wall_time, contents, bytes);
    }
    tp_delete(messages);
    tp_delete(metric);
    tp_delete(lists);
    return packed;
}

void *tp_event_pack(const tp_event *event, double wall_time, size_t *bytes) {
    if (!event) {
        TpEvents__Event first = TP_EVENTS__EVENT__INIT;
        first.has_wall_time = true;
        first.wall_time = wall_time;
        first.file_version = text_of("brain.Event:2");
        return pack(&first.base, bytes);
    }
    switch (event->kind) {
    case TP_EVENT_SCALAR: return pack_scalar(event, wall_time, bytes);
    case TP_EVENT_IMAGE: return pack_image(event, wall_time, bytes);
    case TP_EVENT_HISTOGRAM: return pack_histogram(event, wall_time, bytes);
    case TP_EVENT_TEXT: return pack_text(event, wall_time, bytes);
    case TP_EVENT_HPARAMS: return pack_hparams(event, wall_time, bytes);
    default: return NULL;
    }
}

/* ---- reading ---- */

typedef struct reading {
    bool (*take)(const tp_event *event, void *user);
    void *user;
    ProtobufCAllocator *allocator;
} reading;

static bool plugin_is(const TpEvents__Value *value, const char *name) {
    const TpEvents__Plugin *plugin = value->metadata ? value->metadata->plugin_data : NULL;
    return plugin && plugin->plugin_name && strcmp(plugin->plugin_name, name) == 0;
}

/* The value of a tensor of one number; false where it is none. */
static bool number_of(const TpEvents__Tensor *t, double *value) {
    if (t->dtype == DT_FLOAT && t->n_float_val == 1) {
        *value = (double)t->float_val[0];
        return true;
    }
    if (t->dtype == DT_DOUBLE && t->n_double_val == 1) {
        *value = t->double_val[0];
        return true;
    }
    if (t->dtype == DT_FLOAT && t->has_tensor_content && t->tensor_content.len == 4) {
        float number;
        memcpy(&number, t->tensor_content.data, sizeof number);
        *value = (double)number;
        return true;
    }
    return false;
}

static bool take_hparams(const reading *r, const TpEvents__Value *value, tp_event *event) {
    const ProtobufCBinaryData *content = &value->metadata->plugin_data->content;
    TpEvents__Hparams *hparams =
        tp_events__hparams__unpack(r->allocator, content->len, content->data);
    const TpEvents__SessionStart *start = hparams ? hparams->session_start_info : NULL;
    size_t n = start ? start->n_hparams : 0;
    tp_hparam *list = tp_new((n + 1) * sizeof *list);
    for (size_t i = 0; list && i < n; i++) {
        const TpEvents__HparamPair *pair = start->hparams[i];
        const TpEvents__HparamValue *v = pair->value;
        list[i].name = pair->key ? pair->key : "";
        list[i].text = v ? v->string_value : NULL;
        list[i].number = v ? v->has_bool_value ? v->bool_value : v->number_value : NAN;
    }
    event->kind = start && list ? TP_EVENT_HPARAMS : TP_EVENT_OTHER;
    event->hparams = list;
    event->hparam_count = n;
    bool fine = list && r->take(event, r->user);
    tp_delete(list);
    if (hparams) tp_events__hparams__free_unpacked(hparams, r->allocator);
    return fine;
}

static bool take_text(const reading *r, const ProtobufCBinaryData *text, tp_event *event) {
    char *copy = tp_new(text->len + 1);
    if (!copy) return false;
    if (text->len) memcpy(copy, text->data, text->len);
    event->kind = TP_EVENT_TEXT;
    event->text = copy;
    bool fine = r->take(event, r->user);
    tp_delete(copy);
    return fine;
}

static void fill_image(tp_event *event, const TpEvents__Image *image) {
    event->kind = TP_EVENT_IMAGE;
    event->png = image->encoded_image_string.data;
    event->png_bytes = image->encoded_image_string.len;
    event->height = image->height;
    event->width = image->width;
    event->channels = image->colorspace;
}

static void fill_histogram(tp_event *event, const TpEvents__Histogram *histogram) {
    event->kind = TP_EVENT_HISTOGRAM;
    event->min = histogram->min;
    event->max = histogram->max;
    event->num = histogram->num;
    event->sum = histogram->sum;
    event->sum_squares = histogram->sum_squares;
    event->limits = histogram->bucket_limit;
    event->counts = histogram->bucket;
    event->buckets = histogram->n_bucket < histogram->n_bucket_limit ? histogram->n_bucket
                                                                     : histogram->n_bucket_limit;
}

static bool take_value(const reading *r, const TpEvents__Event *message,
                       const TpEvents__Value *value) {
    tp_event event = {.kind = TP_EVENT_OTHER,
                      .tag = value->tag ? value->tag : "",
                      .step = message->step,
                      .wall_time = message->wall_time};
    const TpEvents__Tensor *tensor = value->tensor;
    if (value->has_simple_value) {
        event.kind = TP_EVENT_SCALAR;
        event.value = (double)value->simple_value;
    } else if (value->image) {
        fill_image(&event, value->image);
    } else if (value->histo) {
        fill_histogram(&event, value->histo);
    } else if (plugin_is(value, "hparams")) {
        return take_hparams(r, value, &event);
    } else if (tensor && tensor->dtype == DT_STRING && tensor->n_string_val == 1) {
        return take_text(r, &tensor->string_val[0], &event);
    } else if (tensor && number_of(tensor, &event.value)) {
        event.kind = TP_EVENT_SCALAR;
    }
    return r->take(&event, r->user);
}

bool tp_event_unpack(const void *data, size_t bytes, bool (*take)(const tp_event *, void *),
                     void *user, bool *memory) {
    *memory = false;
    ProtobufCAllocator allocator = TP_PROTO_ALLOCATOR(memory);
    TpEvents__Event *message = tp_events__event__unpack(&allocator, bytes, data);
    if (!message) return false;
    reading r = {take, user, &allocator};
    bool fine = true;
    const TpEvents__Summary *summary = message->summary;
    for (size_t i = 0; fine && summary && i < summary->n_value; i++)
        fine = take_value(&r, message, summary->value[i]);
    tp_events__event__free_unpacked(message, &allocator);
    if (!fine) *memory = true;
    return fine;
}
