"""Numbers scaled by their quantiles as C."""

from __future__ import annotations

from deepgen._export.c_text import literal
from deepgen._export.normal_quantile import (
    LEAST,
    MIDDLE,
    NEAR_MIDDLE,
    NEAR_TAIL,
    NEAREST,
    SQUARED_MIDDLE,
    TAIL_START,
)

__all__ = ["quantile_functions"]


def quantile_functions() -> str:
    """Return the function that scales a number by n quantiles of the training rows."""
    return f"""\
/* The place of x among n rising numbers, from 0 to 1; the middle one of equal numbers. */
static double share_below(double x, const double *q, int n) {{
    int below = 0, upto = 0;
    while (below < n && q[below] < x)
        below++;
    for (upto = below; upto < n && q[upto] <= x; upto++)
        ;
    if (upto > below)
        return 0.5 * (below + upto - 1) / (n - 1);
    return (below - 1 + (x - q[below - 1]) / (q[below] - q[below - 1])) / (n - 1);
}}

/* The normal quantile of that place: algorithm AS 241. */
static double normal_of(double x, const double *q, int n) {{
    const double least = {_number(LEAST)};
    double p, d, r;
    if (x - {_number(NEAREST)} < q[0])
        p = least;
    else if (x + {_number(NEAREST)} > q[n - 1])
        p = 1.0 - least;
    else
        p = fmin(fmax(share_below(x, q, n), least), 1.0 - least);
    d = p - 0.5;
    if (fabs(d) <= {_number(MIDDLE)}) {{
        r = {_number(SQUARED_MIDDLE)} - d * d;
        return d * {_polynomial(NEAR_MIDDLE[0])}
            / {_polynomial(NEAR_MIDDLE[1])};
    }}
    r = sqrt(-log(fmin(p, 1.0 - p))) - {_number(TAIL_START)};
    r = {_polynomial(NEAR_TAIL[0])}
        / {_polynomial(NEAR_TAIL[1])};
    return d < 0.0 ? -r : r;
}}
"""


def _number(value: float) -> str:
    return literal(value, single=False)


def _polynomial(coefficients: tuple[float, ...]) -> str:
    """Return the expression of a polynomial of r."""
    *rest, text = map(_number, coefficients)
    for own in reversed(rest):
        text = f"({text} * r\n            + {own})"
    return text
