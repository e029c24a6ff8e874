"""The gates and cells of the LSTM: plain loops over contiguous numbers, which LLVM turns into vector instructions.

Each loop writes one array. With more, LLVM would have to prove that too many arrays do not overlap, and would not
vectorize it. Shapes: n numbers, rows times units.
"""

import numpy as np

from stages.core.kernels.compiling import compiled
from stages.core.kernels.tile import fma

# tanh(x) = x P(x²) / Q(x²) between these bounds, a few units in the last place: the coefficients of Eigen's
# generic_fast_tanh_float, highest power first
BOUND = np.float32(7.90531110763549805)
P0, P1, P2, P3, P4, P5, P6 = (
    np.float32(p)
    for p in (
        *(-2.76076847742355e-16, 2.00018790482477e-13, -8.60467152213735e-11, 5.12229709037114e-08),
        *(1.48572235717979e-05, 6.37261928875436e-04, 4.89352455891786e-03),
    )
)
Q0, Q1, Q2, Q3 = (
    np.float32(q) for q in (1.19825839466702e-06, 1.18534705686654e-04, 2.26843463243900e-03, 4.89352518554385e-03)
)
HALF, ONE = np.float32(0.5), np.float32(1)


@compiled
def tanh(x):
    """Return the hyperbolic tangent."""
    # NaN compares false and passes: weights that have diverged must show
    x = BOUND if x > BOUND else x
    x = -BOUND if x < -BOUND else x
    s = x * x
    p = fma(fma(fma(fma(fma(fma(P0, s, P1), s, P2), s, P3), s, P4), s, P5), s, P6)
    q = fma(fma(fma(Q0, s, Q1), s, Q2), s, Q3)
    return x * p / q


@compiled
def logistic(x):
    """Return 1 / (1 + exp(-x))."""
    return fma(tanh(HALF * x), HALF, HALF)


@compiled
def cell_forward(z, c, new_c, new_h):
    """Turn z (4, n) into the gates i, f, g, o, and compute the new cell state and the output, each (n,)."""
    i, f, g, o = z[0], z[1], z[2], z[3]
    for n in range(i.size):
        i[n] = logistic(i[n])
    for n in range(i.size):
        f[n] = logistic(f[n])
    for n in range(i.size):
        g[n] = tanh(g[n])
    for n in range(i.size):
        o[n] = logistic(o[n])
    for n in range(i.size):
        new_c[n] = fma(f[n], c[n], i[n] * g[n])
    for n in range(i.size):
        new_h[n] = o[n] * tanh(new_c[n])


@compiled
def cell_backward(gates, c, new_c, dh, dc, d_gates, tanh_c):
    """Compute the gradients of z (4, n), and turn dc (n,) into that of the step before.

    Args:
        gates: (4, n).
        c: cell state before the step, (n,).
        new_c: cell state after it.
        dh: gradient with respect to the output.
        dc: gradient with respect to `new_c`, without the part that comes through dh.
        d_gates: (4, n), gradients with respect to what the gates are functions of.
        tanh_c: (n,), memory for tanh(new_c).
    """
    i, f, g, o = gates[0], gates[1], gates[2], gates[3]
    di, df, dg, do = d_gates[0], d_gates[1], d_gates[2], d_gates[3]
    for n in range(i.size):
        tanh_c[n] = tanh(new_c[n])
    for n in range(i.size):
        do[n] = dh[n] * tanh_c[n] * (o[n] * (ONE - o[n]))
    for n in range(i.size):
        dc[n] = fma(dh[n] * o[n], ONE - tanh_c[n] * tanh_c[n], dc[n])
    for n in range(i.size):
        di[n] = dc[n] * g[n] * (i[n] * (ONE - i[n]))
    for n in range(i.size):
        df[n] = dc[n] * c[n] * (f[n] * (ONE - f[n]))
    for n in range(i.size):
        dg[n] = dc[n] * i[n] * (ONE - g[n] * g[n])
    for n in range(i.size):
        dc[n] = dc[n] * f[n]
