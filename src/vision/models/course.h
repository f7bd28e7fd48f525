/* The small networks of courses: a table of layer texts. */
#ifndef TP_VISION_MODELS_COURSE_H
#define TP_VISION_MODELS_COURSE_H

#include <taper/models.h>

/* A shape in a table. */
#define TP_SAMPLE(...)                                                            \
    {                                                                             \
        sizeof((const int64_t[]){__VA_ARGS__}) / sizeof(int64_t), { __VA_ARGS__ } \
    }

typedef struct tp_course_model {
    tp_model_info info;
    const char *layers;
} tp_course_model;
extern const tp_course_model tp_course_models[];
extern const size_t tp_course_model_count;

/* `kind` is a tp_course_model. */
tp_module *tp_make_course_model(tp_location at, const tp_model_args *args, const void *kind);

#endif
