/** @file ops/operands.h
 *  How an operation takes a tensor or a number in the place of either operand: the numbers, and the macros that choose the
 *  function by the types of the operands. What users call stands in arithmetic.h and elementwise.h.
 */
#ifndef TAPER_OPS_OPERANDS_H
#define TAPER_OPS_OPERANDS_H

#include <taper/tensor.h>
#ifdef __cplusplus
#include <type_traits>
#endif

TP_BEGIN_DECLS

/** A number of C as an operand: what it is as a double, and whether it was written as a whole number. */
typedef struct tp_number {
    double real;
    int64_t whole;
    bool is_whole;
} tp_number;
/** A floating number. */
static inline tp_number tp_number_real(double value) {
    tp_number number = {value, 0, false};
    return number;
}
/** A whole number. */
static inline tp_number tp_number_whole(int64_t value) {
    tp_number number = {(double)value, value, true};
    return number;
}

/* For each operation of two operands: plain functions for two tensors, tensor and number, number and tensor. */
#define TP_DECLARE_OPERATION(name)                                                           \
    TP_API tp_tensor *tp_##name##_at(tp_location at, tp_tensor *a, tp_tensor *b);            \
    TP_API tp_tensor *tp_##name##_number_at(tp_location at, tp_tensor *a, tp_number b);      \
    TP_API tp_tensor *tp_number_##name##_at(tp_location at, tp_number a, tp_tensor *b);      \
    static inline tp_tensor *tp_##name##_real_at(tp_location at, tp_tensor *a, double b) {   \
        return tp_##name##_number_at(at, a, tp_number_real(b));                              \
    }                                                                                        \
    static inline tp_tensor *tp_##name##_whole_at(tp_location at, tp_tensor *a, int64_t b) { \
        return tp_##name##_number_at(at, a, tp_number_whole(b));                             \
    }                                                                                        \
    static inline tp_tensor *tp_real_##name##_at(tp_location at, double a, tp_tensor *b) {   \
        return tp_number_##name##_at(at, tp_number_real(a), b);                              \
    }                                                                                        \
    static inline tp_tensor *tp_whole_##name##_at(tp_location at, int64_t a, tp_tensor *b) { \
        return tp_number_##name##_at(at, tp_number_whole(a), b);                             \
    }
/* The same with options */
#define TP_DECLARE_OPTIONS(name, options)                                                       \
    TP_API tp_tensor *tp_##name##_with_at(tp_location at, tp_tensor *a, tp_tensor *b,           \
                                          options with);                                        \
    TP_API tp_tensor *tp_##name##_number_with_at(tp_location at, tp_tensor *a, tp_number b,     \
                                                 options with);                                 \
    static inline tp_tensor *tp_##name##_real_with_at(tp_location at, tp_tensor *a, double b,   \
                                                      options with) {                           \
        return tp_##name##_number_with_at(at, a, tp_number_real(b), with);                      \
    }                                                                                           \
    static inline tp_tensor *tp_##name##_whole_with_at(tp_location at, tp_tensor *a, int64_t b, \
                                                       options with) {                          \
        return tp_##name##_number_with_at(at, a, tp_number_whole(b), with);                     \
    }
/* In place */
#define TP_DECLARE_INPLACE(name)                                                                   \
    TP_API tp_tensor *tp_##name##_inplace_at(tp_location at, tp_tensor *a, tp_tensor *b);          \
    TP_API tp_tensor *tp_##name##_number_inplace_at(tp_location at, tp_tensor *a, tp_number b);    \
    static inline tp_tensor *tp_##name##_real_inplace_at(tp_location at, tp_tensor *a, double b) { \
        return tp_##name##_number_inplace_at(at, a, tp_number_real(b));                            \
    }                                                                                              \
    static inline tp_tensor *tp_##name##_whole_inplace_at(tp_location at, tp_tensor *a,            \
                                                          int64_t b) {                             \
        return tp_##name##_number_inplace_at(at, a, tp_number_whole(b));                           \
    }

/* The macros choose among them by the types of the operands: _Generic in C, overloading in C++ (at the end). */
#ifdef __cplusplus
#define TP_OPERATE(name, a, b) tp_##name##_any(TP_HERE, a, b)
#define TP_OPERATE_WITH(name, options, a, b, ...) \
    tp_##name##_with_any(TP_HERE, a, b, TP_MAKE(options, __VA_ARGS__))
#define TP_OPERATE_INPLACE(name, a, b) tp_##name##_inplace_any(TP_HERE, a, b)
#else
#define TP_OPERATE(name, a, b) \
    _Generic((a), tp_tensor *                     \
             : _Generic((b), tp_tensor *          \
                        : tp_##name##_at, void *  \
                        : tp_##name##_at, float   \
                        : tp_##name##_real_at, double \
                        : tp_##name##_real_at, default \
                        : tp_##name##_whole_at), void * \
             : tp_##name##_at, float              \
             : tp_real_##name##_at, double        \
             : tp_real_##name##_at, default       \
             : tp_whole_##name##_at)(TP_HERE, a, b)
#define TP_OPERATE_WITH(name, options, a, b, ...) \
    _Generic((b), tp_tensor *                     \
             : tp_##name##_with_at, void *        \
             : tp_##name##_with_at, float         \
             : tp_##name##_real_with_at, double   \
             : tp_##name##_real_with_at, default  \
             : tp_##name##_whole_with_at)(TP_HERE, a, b, TP_MAKE(options, __VA_ARGS__))
#define TP_OPERATE_INPLACE(name, a, b) \
    _Generic((b), tp_tensor *                     \
             : tp_##name##_inplace_at, void *     \
             : tp_##name##_inplace_at, float      \
             : tp_##name##_real_inplace_at, double \
             : tp_##name##_real_inplace_at, default \
             : tp_##name##_whole_inplace_at)(TP_HERE, a, b)
#endif
/* TP_OPERATE for two arguments, TP_OPERATE_WITH for more */
#define TP_OPERATE_TWO(name, options, a, b)         TP_OPERATE(name, a, b)
#define TP_OPERATE_PICK(a, b, c, d, e, chosen, ...) chosen
#define TP_OPERATE_OPTIONS(name, options, ...)                                      \
    TP_OPERATE_PICK(__VA_ARGS__, TP_OPERATE_WITH, TP_OPERATE_WITH, TP_OPERATE_WITH, \
                    TP_OPERATE_TWO, 0)                                              \
    (name, options, __VA_ARGS__)

TP_END_DECLS

#ifdef __cplusplus
/* The overloads behind TP_OPERATE: two tensors, tensor and number, number and tensor. */
template <class number> inline tp_number tp_number_from(number value) {
    return std::is_floating_point<number>::value ? tp_number_real(static_cast<double>(value))
                                                 : tp_number_whole(static_cast<int64_t>(value));
}
#define TP_OVERLOAD(name)                                                           \
    inline tp_tensor *tp_##name##_any(tp_location at, tp_tensor *a, tp_tensor *b) { \
        return tp_##name##_at(at, a, b);                                            \
    }                                                                               \
    template <class number>                                                         \
    inline tp_tensor *tp_##name##_any(tp_location at, tp_tensor *a, number b) {     \
        return tp_##name##_number_at(at, a, tp_number_from(b));                     \
    }                                                                               \
    template <class number>                                                         \
    inline tp_tensor *tp_##name##_any(tp_location at, number a, tp_tensor *b) {     \
        return tp_number_##name##_at(at, tp_number_from(a), b);                     \
    }
#define TP_OVERLOAD_OPTIONS(name, options)                                                         \
    inline tp_tensor *tp_##name##_with_any(tp_location at, tp_tensor *a, tp_tensor *b,             \
                                           options with) {                                         \
        return tp_##name##_with_at(at, a, b, with);                                                \
    }                                                                                              \
    template <class number>                                                                        \
    inline tp_tensor *tp_##name##_with_any(tp_location at, tp_tensor *a, number b, options with) { \
        return tp_##name##_number_with_at(at, a, tp_number_from(b), with);                         \
    }
#define TP_OVERLOAD_INPLACE(name)                                                           \
    inline tp_tensor *tp_##name##_inplace_any(tp_location at, tp_tensor *a, tp_tensor *b) { \
        return tp_##name##_inplace_at(at, a, b);                                            \
    }                                                                                       \
    template <class number>                                                                 \
    inline tp_tensor *tp_##name##_inplace_any(tp_location at, tp_tensor *a, number b) {     \
        return tp_##name##_number_inplace_at(at, a, tp_number_from(b));                     \
    }
#endif

#endif
