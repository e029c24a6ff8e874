"""The tiles that the LSTM is made of, as functions for Numba.

Legend: R rows of a tile (TILE_ROWS), LANES units of a panel, whose four gates stand side by side in the order input,
forget, cell, output: 4 * LANES columns (TILE_COLUMNS). All arrays are flat, float32, with an offset `_at` each.
"""

from collections.abc import Callable
from typing import Any

from numba import types
from numba.core import cgutils
from numba.extending import intrinsic

from stages.core.kernels.vectors import CACHE_LINE, LANES, NUM_GATES, TILE_COLUMNS, TILE_ROWS, VECTOR, Vectors


def _product(
    v: Vectors, left: Any, row_stride: Any, k_stride: Any, right: Any, length: Any, start: Callable[..., Any]
) -> Any:
    """Emit sum over k of left[row, k] * right[k, column] in registers; return the sums, [row][vector]."""
    b = v.builder
    sums = [[cgutils.alloca_once(b, VECTOR) for _ in range(NUM_GATES)] for _ in range(TILE_ROWS)]
    for row, row_sums in enumerate(sums):
        for i, place in enumerate(row_sums):
            b.store(start(row, i), place)
    with cgutils.for_range(b, length) as loop:
        k_right = v.moved(right, b.mul(loop.index, v.index(TILE_COLUMNS)))
        k_left = v.moved(left, b.mul(loop.index, k_stride))
        vectors = [v.load(k_right, i * LANES) for i in range(NUM_GATES)]
        for row, row_sums in enumerate(sums):
            number = v.repeated(k_left, b.mul(v.index(row), row_stride))
            for place, vector in zip(row_sums, vectors, strict=True):
                b.store(v.fused(number, vector, b.load(place)), place)
    return [[b.load(place) for place in row_sums] for row_sums in sums]


@intrinsic
def add_product(
    typing_context, sums, sums_at, sums_stride, left, left_at, row_stride, k_stride, right, right_at, length
):
    """Add to a tile of sums (R, 4 * LANES) the product of left (R, length) and right (length, 4 * LANES)."""

    def emit(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
        v, t = Vectors(context, builder), signature.args
        (sums, sums_at, sums_stride, left, left_at, row_stride, k_stride, right, right_at, length) = arguments
        out = v.pointer(t[0], sums, sums_at)
        rows = [v.moved(out, builder.mul(v.index(row), sums_stride)) for row in range(TILE_ROWS)]
        left, right = v.pointer(t[3], left, left_at), v.pointer(t[7], right, right_at)
        made = _product(v, left, row_stride, k_stride, right, length, lambda row, i: v.load(rows[row], i * LANES))
        for row, vectors in zip(rows, made, strict=True):
            for i, vector in enumerate(vectors):
                v.store(vector, row, i * LANES)
        return context.get_dummy_value()

    index = types.intp
    return types.void(sums, index, index, left, index, index, index, right, index, index), emit


@intrinsic
def add_gates(typing_context, sums, sums_at, gates, gates_at):
    """Add the gates of LANES units of one row (4 * LANES,) to sums (4 * LANES,)."""

    def emit(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
        v, t = Vectors(context, builder), signature.args
        sums, gates = (v.pointer(t[n], arguments[n], arguments[n + 1]) for n in (0, 2))
        for n in range(NUM_GATES):
            v.store(v.add(v.load(sums, n * LANES), v.load(gates, n * LANES)), sums, n * LANES)
        return context.get_dummy_value()

    return types.void(sums, types.intp, gates, types.intp), emit


@intrinsic
def step(
    typing_context,
    h,
    h_at,
    length,
    u,
    u_at,
    table,
    table_at,
    ids,
    ids_at,
    c,
    c_at,
    stride,
    c_next,
    c_next_at,
    h_next,
    h_next_at,
    gates,
    gates_at,
    tanh_c,
    tanh_c_at,
):
    """Move R rows of LANES units one step on: products, gates, new cell state and new output, all in registers.

    Args:
        h: outputs before (R, H), rows `stride` apart; `length` of them count (0: they are all zero).
        u: recurrent weights of the panel (H, 4 * LANES).
        table: row of input weights plus bias for each id; rows NUM_GATES * stride apart.
        ids: (R,) int32.
        c: cell states before (R, LANES), rows `stride` apart, as are c_next, h_next and tanh_c.
        gates: (R, 4 * LANES), written after their activation for the backward pass; None where there will be none.
        tanh_c: of c_next, the same. Both are streamed, so they must lie at multiples of a vector's size.
    """

    def emit(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
        v, b, t = Vectors(context, builder), builder, signature.args
        (h, h_at, length, u, u_at, table, table_at, ids, ids_at, c, c_at, stride) = arguments[:12]
        (c_next, c_next_at, h_next, h_next_at, gates, gates_at, tanh_c, tanh_c_at) = arguments[12:]
        table, ids = v.pointer(t[5], table, table_at), v.pointer(t[7], ids, ids_at)
        sums = _product(
            v, v.pointer(t[0], h, h_at), stride, v.index(1), v.pointer(t[3], u, u_at), length, lambda *_: v.constant(0)
        )
        c = v.pointer(t[9], c, c_at)
        c_next, h_next = v.pointer(t[12], c_next, c_next_at), v.pointer(t[14], h_next, h_next_at)
        is_recorded = not isinstance(t[16], types.NoneType)
        if is_recorded:
            gates, tanh_c = v.pointer(t[16], gates, gates_at), v.pointer(t[18], tanh_c, tanh_c_at)
        half = v.constant(0.5)
        made = []
        for row in range(TILE_ROWS):
            here = b.mul(v.index(row), stride)
            token = b.sext(b.load(v.moved(ids, row)), v.index(0).type)
            inputs = v.moved(table, b.mul(token, b.mul(v.index(NUM_GATES), stride)))
            z = [v.add(sums[row][i], v.load(inputs, i * LANES)) for i in range(NUM_GATES)]
            # the logistic function is 0.5 * tanh(0.5 z) + 0.5; gate 2, the cell's, is tanh itself
            parts = [v.tanh_parts(z[i] if i == 2 else v.multiply(half, z[i])) for i in range(NUM_GATES)]
            (p0, q0), (p1, q1), (p2, q2), (p3, q3) = parts
            q01, q23 = v.multiply(q0, q1), v.multiply(q2, q3)
            one_over_all = v.divide(v.constant(1), v.multiply(q01, q23))  # one division for four gates
            over_01, over_23 = v.multiply(one_over_all, q23), v.multiply(one_over_all, q01)
            tanhs = [
                *(v.multiply(p0, q1, over_01), v.multiply(p1, q0, over_01)),
                *(v.multiply(p2, q3, over_23), v.multiply(p3, q2, over_23)),
            ]
            i, f, g, o = (tanhs[n] if n == 2 else v.fused(tanhs[n], half, half) for n in range(NUM_GATES))
            new_c = v.fused(f, v.load(c, here), v.multiply(i, g))
            if is_recorded:  # before the other two: after them, the pass took 5 % longer
                for n, gate in enumerate((i, f, g, o)):
                    v.stream(gate, gates, row * TILE_COLUMNS + n * LANES)
            v.store(new_c, c_next, here)
            made.append((here, new_c, o))
        # row by row, each would wait for its own long chain of operations
        parts = [v.tanh_parts(new_c) for _, new_c, _ in made]
        for (here, _, o), (p, q) in zip(made, parts, strict=True):
            new_tanh_c = v.divide(p, q)
            if is_recorded:
                v.stream(new_tanh_c, tanh_c, here)
            v.store(v.multiply(o, new_tanh_c), h_next, here)
        return context.get_dummy_value()

    index = types.intp
    arguments = (h, index, index, u, index, table, index, ids, index, c, index, index)
    return types.void(*arguments, c_next, index, h_next, index, gates, index, tanh_c, index), emit


@intrinsic
def step_gradient(
    typing_context, gates, gates_at, c, c_at, tanh_c, tanh_c_at, dh, dh_at, dc, dc_at, d_gates, d_gates_at
):
    """Make the gradients of the gates of LANES units of one row, and turn dc into that of the step before.

    Args:
        gates: (4 * LANES,).
        c: cell states before the step (LANES,).
        tanh_c: of the cell states after it.
        dh: gradient with respect to the outputs.
        dc: gradient with respect to the cell states after the step, without the part that comes through dh.
        d_gates: (4 * LANES,), gradients with respect to what the gates are functions of.
    """

    def emit(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
        v, t = Vectors(context, builder), signature.args
        places = [v.pointer(t[n], arguments[n], arguments[n + 1]) for n in range(0, 12, 2)]
        gates, c, tanh_c, dh, dc, d_gates = places
        i, f, g, o = (v.load(gates, n * LANES) for n in range(NUM_GATES))
        tanh_c, dh, one = v.load(tanh_c), v.load(dh), v.constant(1)

        def slope(gate: Any) -> Any:
            return v.multiply(gate, v.subtract(one, gate))

        slope_of_tanh_c = v.subtract(one, v.multiply(tanh_c, tanh_c))
        d_cell = v.fused(v.multiply(dh, o), slope_of_tanh_c, v.load(dc))
        gradients = (
            v.multiply(d_cell, g, slope(i)),
            v.multiply(d_cell, v.load(c), slope(f)),
            v.multiply(d_cell, i, v.subtract(one, v.multiply(g, g))),
            v.multiply(dh, tanh_c, slope(o)),
        )
        for n, gradient in enumerate(gradients):
            v.store(gradient, d_gates, n * LANES)
        v.store(v.multiply(d_cell, f), dc)
        return context.get_dummy_value()

    index = types.intp
    return types.void(gates, index, c, index, tanh_c, index, dh, index, dc, index, d_gates, index), emit


@intrinsic
def prefetch_step(typing_context, gates, gates_at, c, c_at, tanh_c, tanh_c_at):
    """Ask the memory for what `step_gradient` will read of a row, so that it is there by then."""

    def emit(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
        v, t = Vectors(context, builder), signature.args
        gates, c, tanh_c = (v.pointer(t[n], arguments[n], arguments[n + 1]) for n in range(0, 6, 2))
        for i in range(0, TILE_COLUMNS, CACHE_LINE):
            v.prefetch(gates, i)
        v.prefetch(c)
        v.prefetch(tanh_c)
        return context.get_dummy_value()

    index = types.intp
    return types.void(gates, index, c, index, tanh_c, index), emit
