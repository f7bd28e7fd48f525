#!/usr/bin/env python3
"""Fits the polynomials of src/backend/cpu/kernels/math_*.h that are not plain series.

usage: scripts/fit_math.py        (needs mpmath)

Each fit is minimax by Lawson's method: least squares on many points, weighted again and again by where the error is largest.
Prints the coefficients, lowest power first, and the largest weighted error.
"""
import mpmath as mp

mp.mp.dps = 40


def lawson(function, weight, low, high, degree, points=120, rounds=40):
    """Coefficients c with sum c_k x^k close to function on [low, high], and the largest error times weight."""
    middle, half = (mp.mpf(low) + high) / 2, (mp.mpf(high) - low) / 2
    u = [mp.cos(mp.pi * (2 * i + 1) / (2 * points)) for i in range(points)]
    x = [middle + half * t for t in u]
    f = [function(t) for t in x]
    w = [weight(t) for t in x]
    basis = [[mp.chebyt(k, t) for k in range(degree + 1)] for t in u]
    mass = [mp.mpf(1)] * points
    best = None
    for _ in range(rounds):
        s = [mp.sqrt(m) * v for m, v in zip(mass, w)]
        a = mp.matrix([[s[i] * basis[i][k] for k in range(degree + 1)] for i in range(points)])
        b = mp.matrix([s[i] * f[i] for i in range(points)])
        c = mp.lu_solve(a.T * a, a.T * b)
        error = [abs(w[i] * (mp.fdot(c, basis[i]) - f[i])) for i in range(points)]
        if best is None or max(error) < best[0]:
            best = (max(error), c)
        total = sum(m * e for m, e in zip(mass, error))
        mass = [m * e / total * points + mp.mpf(10) ** -12 for m, e in zip(mass, error)]
    error, c = best
    # from Chebyshev polynomials of u to powers of x
    powers = [mp.mpf(0)] * (degree + 1)
    t_before, t_here = [mp.mpf(1)], [mp.mpf(0), mp.mpf(1)]
    total = [mp.mpf(0)] * (degree + 1)
    for k in range(degree + 1):
        t = t_before if k == 0 else t_here
        for i, v in enumerate(t):
            total[i] += c[k] * v
        if k > 0:
            nxt = [mp.mpf(0)] + [2 * v for v in t_here]
            for i, v in enumerate(t_before):
                nxt[i] -= v
            t_before, t_here = t_here, nxt
    for k in range(degree + 1):  # u = (x - middle) / half
        for i in range(k + 1):
            powers[i] += total[k] * mp.binomial(k, i) * (-middle) ** (k - i) / half ** k
    return powers, error


def show(title, fit, digits):
    coefficients, error = fit
    print(f"{title}: largest error {mp.nstr(error, 3)}")
    print("    " + ",\n    ".join(mp.nstr(c, digits, strip_zeros=False) for c in coefficients))


def erf_rate(x):
    """-log(1 - erf x) / x"""
    return -mp.log(mp.erfc(x)) / x if x else 2 / mp.sqrt(mp.pi)


def main():
    show("erf x = 1 - exp(-x q(x)), x from 0 to 4, float",
         lawson(erf_rate, lambda x: x * mp.erfc(x) / mp.erf(x) if x else mp.sqrt(mp.pi) / 2, mp.mpf("1e-9"), 4, 10), 9)
    show("atan(z) / z in z^2 from 0 to 1",
         lawson(lambda v: mp.atan(mp.sqrt(v)) / mp.sqrt(v) if v else mp.mpf(1), lambda v: 1, 0, 1, 13), 17)
    show("(asin(z) / z - 1) / z^2 in z^2 from 0 to 1/4",
         lawson(lambda v: (mp.asin(mp.sqrt(v)) / mp.sqrt(v) - 1) / v, lambda v: 1, mp.mpf("1e-12"), 0.25, 9), 17)
    show("erfc(x) exp(x^2) (1 + 2 x) in (x - 3.75) / (x + 3.75), x from 0 to 10.1",
         lawson(lambda s: mp.erfc(3.75 * (1 + s) / (1 - s)) * mp.exp((3.75 * (1 + s) / (1 - s)) ** 2) * (1 + 7.5 * (1 + s) / (1 - s)),
                lambda s: 1, -1, mp.mpf(10.1 - 3.75) / (10.1 + 3.75), 14), 17)


if __name__ == "__main__":
    main()
