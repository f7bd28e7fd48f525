/* Functions of one float or double for the element-wise kernels: exponentials and logarithms for both types, and for float the
 * rest, computed in double precision, where a short polynomial is exact to the last place and denormal numbers are ordinary. In
 * double the rest are C's own functions: they serve the gradient checks, not training. */
#ifndef TP_BACKEND_CPU_KERNELS_MATH_FUNCTIONS_H
#define TP_BACKEND_CPU_KERNELS_MATH_FUNCTIONS_H

#include <math.h>
#include <string.h>

#define REAL       float
#define INTEGER    int32_t
#define UNSIGNED   uint32_t
#define MATH(name) name##_of_float
#define REAL_BITS  32
#include "backend/cpu/kernels/math_tmpl.h"

#define REAL       double
#define INTEGER    int64_t
#define UNSIGNED   uint64_t
#define MATH(name) name##_of_double
#define REAL_BITS  64
#include "backend/cpu/kernels/math_tmpl.h"

/* ---- erf ---- */

/* 1 - exp(-p(|x|)) with p(x) = -log(erfc x), a smooth function; scripts/fit_math.py made the polynomial p(x) / x. */
static inline float erf_of_float(float x) {
    float a = magnitude_of_float(x);
    a = a > 4.0F ? 4.0F : a;
    float p = 9.22556761e-8F;
    p = p * a + 1.65393032e-7F;
    p = p * a - 1.66079310e-5F;
    p = p * a + 0.000155663434F;
    p = p * a - 0.000723399600F;
    p = p * a + 0.00178416650F;
    p = p * a - 0.000245195125F;
    p = p * a - 0.0191199549F;
    p = p * a + 0.102771595F;
    p = p * a + 0.636619818F;
    p = p * a + 0.12837917F; /* and 1, which is added exactly */
    return with_sign_of_float(-expm1_of_float(-(a + p * a)), x);
}

/* exp(-x^2) q(s) / (1 + 2 x) for x >= 0, s = (x - 3.75) / (x + 3.75) */
static inline float erfc_of_float(float x) {
    double a = magnitude_of_float(x);
    a = a > 11.0 ? 11.0 : a;
    double s = (a - 3.75) / (a + 3.75);
    double q = 3.9595939787540413e-6;
    q = q * s + 4.7110447923255326e-5;
    q = q * s + 6.1062700050790957e-5;
    q = q * s - 0.00030044226446048502;
    q = q * s + 0.00028432905455854021;
    q = q * s + 0.0017559414793199556;
    q = q * s - 0.0097441317479429158;
    q = q * s + 0.028362658653850244;
    q = q * s - 0.058693678649553382;
    q = q * s + 0.092304260349277472;
    q = q * s - 0.10880391537028629;
    q = q * s + 0.082276741557587871;
    q = q * s + 0.0035854151764086756;
    q = q * s - 0.14024059862511480;
    q = q * s + 1.2375126308390295;
    double y = exp_of_double(-a * a) * q / (1 + 2 * a);
    return (float)(x < 0 ? 2 - y : y);
}

/* ---- sine and cosine ---- */

/* x = r + quarters pi/2 with |r| <= pi/4; the quarters stand in the low bits of *quarters. 2/pi in six pieces of 28 bits: the
 * product of each with a float is exact in double, and so is taking whole turns away, so that this holds for every float. */
static inline double reduce_angle(float x, uint64_t *quarters) {
    static const double piece[] = {0xa2f9836p-28,  0xe4e4415p-56,  0x29fc275p-84,
                                   0x7d1f534p-112, 0xddc0db6p-140, 0x295993cp-168};
    double sum = 0;
#define ADD_PIECE(i)                               \
    do {                                           \
        double product = x * piece[i];             \
        sum += product - 4 * rint(product * 0.25); \
    } while (0)
    ADD_PIECE(0);
    ADD_PIECE(1);
    ADD_PIECE(2);
    ADD_PIECE(3);
    ADD_PIECE(4);
    ADD_PIECE(5);
#undef ADD_PIECE
    double shifted = sum + 6755399441055744.0;
    *quarters = bits_of_double(shifted);
    return (sum - (shifted - 6755399441055744.0)) * 1.57079632679489661923;
}

/* From the Taylor series */
static inline double sine_near_zero(double r) {
    double z = r * r;
    double y = -1.0 / 39916800;
    y = y * z + 1.0 / 362880;
    y = y * z - 1.0 / 5040;
    y = y * z + 1.0 / 120;
    y = y * z - 1.0 / 6;
    return r + r * z * y;
}

static inline double cosine_near_zero(double r) {
    double z = r * r;
    double y = 1.0 / 479001600;
    y = y * z - 1.0 / 3628800;
    y = y * z + 1.0 / 40320;
    y = y * z - 1.0 / 720;
    y = y * z + 1.0 / 24;
    y = y * z - 0.5;
    return 1 + z * y;
}

/* The sine of r + quarters pi/2 */
static inline double turned_sine(double r, uint64_t quarters) {
    double y = quarters & 1 ? cosine_near_zero(r) : sine_near_zero(r);
    return real_of_double(bits_of_double(y) ^ (quarters & 2) << 62);
}

static inline float sin_of_float(float x) {
    uint64_t quarters;
    double r = reduce_angle(x, &quarters);
    return (float)turned_sine(r, quarters);
}

static inline float cos_of_float(float x) {
    uint64_t quarters;
    double r = reduce_angle(x, &quarters);
    return (float)turned_sine(r, quarters + 1);
}

static inline float tan_of_float(float x) {
    uint64_t quarters;
    double r = reduce_angle(x, &quarters);
    double sine = sine_near_zero(r), cosine = cosine_near_zero(r);
    return (float)((quarters & 1 ? -cosine : sine) / (quarters & 1 ? sine : cosine));
}

/* ---- arcs ---- */

/* asin(z) for 0 <= z <= 1/2 */
static inline double small_arc_sine(double z) {
    double v = z * z;
    double y = 0.028128170059353462;
    y = y * v - 0.0031881539275838488;
    y = y * v + 0.015791859944703584;
    y = y * v + 0.013158607643704749;
    y = y * v + 0.017445802731018768;
    y = y * v + 0.022365694284774263;
    y = y * v + 0.030382200782054834;
    y = y * v + 0.044642852001225542;
    y = y * v + 0.075000000039920316;
    y = y * v + 0.16666666666661556;
    return z + z * v * y;
}

/* The arc whose sine is a >= 0: near 1 by asin a = pi/2 - 2 asin sqrt((1 - a) / 2). *rest receives pi/2 minus it. */
static inline double arc_sine(double a, double *rest) {
    const double quarter = 1.57079632679489661923;
    double y = small_arc_sine(a > 0.5 ? sqrt((1 - a) * 0.5) : a);
    *rest = a > 0.5 ? 2 * y : quarter - y;
    return a > 0.5 ? quarter - 2 * y : y;
}

static inline float asin_of_float(float x) {
    double rest;
    return with_sign_of_float((float)arc_sine(magnitude_of_float(x), &rest), x);
}

static inline float acos_of_float(float x) {
    double rest, y = arc_sine(magnitude_of_float(x), &rest);
    return (float)(x < 0 ? 1.57079632679489661923 + y : rest);
}

/* atan(z) for 0 <= z <= 1 */
static inline double small_arc_tangent(double z) {
    double v = z * z;
    double y = -0.00028083681323780838;
    y = y * v + 0.0022556063041849081;
    y = y * v - 0.0085096374574459581;
    y = y * v + 0.020387285519584293;
    y = y * v - 0.035755356241321030;
    y = y * v + 0.050812493779431139;
    y = y * v - 0.063840304131248005;
    y = y * v + 0.076204228306494117;
    y = y * v - 0.090782228589148400;
    y = y * v + 0.11109639375531975;
    y = y * v - 0.14285611021360509;
    y = y * v + 0.19999996195767860;
    y = y * v - 0.33333333277923749;
    y = y * v + 0.99999999999865469;
    return z * y;
}

static inline float atan_of_float(float x) {
    double a = magnitude_of_float(x);
    double y = small_arc_tangent(a > 1 ? 1 / a : a);
    return with_sign_of_float((float)(a > 1 ? 1.57079632679489661923 - y : y), x);
}

/* The angle of (b, a): from the smaller side over the larger, then mirrored where it lies. */
static inline float atan2_of_float(float a, float b) {
    double y = magnitude_of_float(a), x = magnitude_of_float(b);
    double small = y > x ? x : y, large = y > x ? y : x;
    double ratio = small == large ? (large == 0 ? 0 : 1) : small / large;
    ratio = ((y != y) | (x != x)) ? (double)NAN : ratio;
    double angle = small_arc_tangent(ratio);
    angle = y > x ? 1.57079632679489661923 - angle : angle;
    angle = bits_of_float(b) >> 31 ? 3.14159265358979323846 - angle : angle;
    return with_sign_of_float((float)angle, a);
}

/* ---- hyperbolic functions, far below where a double overflows ---- */

static inline float sinh_of_float(float x) {
    double a = magnitude_of_float(x);
    double m = expm1_of_double(a > 100 ? 100 : a);
    return with_sign_of_float((float)(0.5 * (m + m / (m + 1))), x);
}

static inline float cosh_of_float(float x) {
    double a = magnitude_of_float(x);
    double e = exp_of_double(a > 100 ? 100 : a);
    return (float)(0.5 * (e + 1 / e));
}

/* ---- powers ---- */

/* |a|^b = 2^(b log2 |a|) in double; then the cases that C names. One comparison a line: the compiler turns those into
 * vectors. */
static inline float pow_of_float(float a, float b) {
    double base = magnitude_of_float(a), exponent = b;
    double finite = base == 1 ? 0 : exponent; /* 1 and -1 to the power infinity are 1 */
    exponent = fabs(exponent) == (double)INFINITY ? finite : exponent;
    double product = exponent * log2_of_double(base);
    product = b == 0 ? 0 : product; /* whatever a is */
    product = a == 1 ? 0 : product; /* whatever b is */
    double y = exp2_of_double(product);
    double sign = with_sign_of_float(1, a), half = exponent * 0.5;
    double odd = fabs(half - rint(half)) == 0.5 ? sign : 1;
    double root = a < 0 ? (double)NAN : 1; /* negative numbers have whole powers only */
    root = base == (double)INFINITY ? 1 : root;
    double fraction = rint(exponent) == exponent ? 1 : root;
    return (float)(y * odd * fraction);
}

#endif
