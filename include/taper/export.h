/** @file export.h
 *  What every other header needs: symbol visibility, C linkage, and the caller's place in the source.
 *
 *  Every operation is a macro over a plain function whose name ends in `_at` and whose first argument is
 *  the caller's location, so that an error names the line that the user wrote:
 *
 *      tp_add(a, b)                  ->  tp_add_at(TP_HERE, a, b)
 *      tp_sum(x, .keepdim = true)    ->  tp_sum_at(TP_HERE, (tp_sum_args){.x = x, .keepdim = true})
 *
 *  The `_at` functions are the twins for C++ and for bindings. Required arguments go by position, options
 *  by name; an option left out is zero, and zero is always the default.
 */
#ifndef TAPER_EXPORT_H
#define TAPER_EXPORT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#if defined(TP_STATIC)
#define TP_API
#elif defined(__GNUC__)
#define TP_API __attribute__((visibility("default")))
#else
#define TP_API
#endif

#ifdef __cplusplus
#define TP_BEGIN_DECLS extern "C" {
#define TP_END_DECLS   }
/** Builds a value of a plain struct type in both languages. */
#define TP_MAKE(type, ...) (type{__VA_ARGS__})
#else
#define TP_BEGIN_DECLS
#define TP_END_DECLS
/** Builds a value of a plain struct type in both languages. */
#define TP_MAKE(type, ...) ((type){__VA_ARGS__})
#endif

#if defined(__GNUC__)
#define TP_PRINTF(text, first) __attribute__((format(printf, text, first)))
#define TP_CLEANUP(function)   __attribute__((cleanup(function)))
#else
#define TP_PRINTF(text, first)
#define TP_CLEANUP(function)
#endif

/** An explicit zero where leaving an option out means another default: tp_adam(m, .beta1 = TP_ZERO). */
#define TP_ZERO (-0.0)

/** A name that no other line has, so that blocks such as TP_SCOPE can stand inside one another. */
#define TP_UNIQUE(name)            TP_UNIQUE_PASTE(name, __LINE__)
#define TP_UNIQUE_PASTE(name, n)   TP_UNIQUE_PASTE_2(name, n)
#define TP_UNIQUE_PASTE_2(name, n) name##n

TP_BEGIN_DECLS

/** A place in the user's source. */
typedef struct tp_location {
    const char *file; /**< as the compiler was given it; NULL where unknown */
    int line;         /**< 1-based; 0 where unknown */
} tp_location;

/** The place where this macro stands. */
#define TP_HERE TP_MAKE(tp_location, __FILE__, __LINE__)

TP_END_DECLS

#endif
