"""The product of a tile of rows, kept in vector registers: the one place that is written as LLVM code.

Compilers do not keep a tile of a matrix product in registers by themselves. LLVM turns the same code into AVX-512, AVX2
or NEON. Each element is one chain of fused multiply-adds in ascending k, so no bit depends on the size of the tile.
"""

from typing import Any

import llvmlite.binding
from llvmlite import ir
from numba import types
from numba.core import cgutils
from numba.extending import intrinsic

_FEATURES = llvmlite.binding.get_host_cpu_features()
# Lanes of a vector, and rows of a tile. A tile has four vectors a row; its sums, one vector of `right` and one number
# of each row of `left` in all lanes fill the 32 registers of AVX-512 and NEON to a half, and the 16 of AVX2 exactly.
if _FEATURES.get("avx512f"):
    LANES, TILE_ROWS = 16, 4
elif _FEATURES.get("avx2"):
    LANES, TILE_ROWS = 8, 3
else:
    LANES, TILE_ROWS = 4, 4
NUM_VECTORS = 4
TILE_COLUMNS = NUM_VECTORS * LANES

FLOAT, INDEX, LANE = ir.FloatType(), ir.IntType(64), ir.IntType(32)
VECTOR = ir.VectorType(FLOAT, LANES)


@intrinsic
def multiply_tile(typing_context, out, left, right, row, num_rows, add):
    """Compute `num_rows` rows of left @ right, from `row` on.

    Args:
        typing_context: given by Numba.
        out: (n, TILE_COLUMNS) float32; rows may lie apart, the numbers of a row may not.
        left: (n, K) float32, in any memory layout.
        right: (K, TILE_COLUMNS) float32, laid out as `out`.
        row: the first row.
        num_rows: from 1 to TILE_ROWS.
        add: True to add to what `out` holds, False to replace it.
    """

    def emit(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
        tile = _Tile(context, builder, signature.args[:3], arguments)
        end = builder.append_basic_block("end")
        blocks = [builder.append_basic_block(f"rows{n}") for n in range(1, TILE_ROWS + 1)]
        switch = builder.switch(arguments[4], blocks[-1])
        for n, block in enumerate(blocks, start=1):
            switch.add_case(ir.Constant(arguments[4].type, n), block)
            builder.position_at_end(block)
            tile.emit(n)
            builder.branch(end)
        builder.position_at_end(end)
        return context.get_dummy_value()

    return types.void(out, left, right, types.intp, types.intp, types.boolean), emit


class _Tile:
    """Emits the product for one number of rows."""

    def __init__(self, context: Any, builder: Any, array_types: Any, arguments: Any) -> None:
        self.builder = builder
        arrays = [context.make_array(t)(context, builder, a) for t, a in zip(array_types, arguments[:3], strict=True)]
        self.strides = [cgutils.unpack_tuple(builder, array.strides) for array in arrays]  # bytes
        out, left, right = (builder.bitcast(array.data, ir.IntType(8).as_pointer()) for array in arrays)
        row, self.add = arguments[3], arguments[5]
        self.out = self.offset(out, row, self.strides[0][0])
        self.left = self.offset(left, row, self.strides[1][0])
        self.right = right
        self.length = cgutils.unpack_tuple(builder, arrays[1].shape)[1]

    def emit(self, num_rows: int) -> None:
        """Emit the loop over k."""
        b = self.builder
        rows = [self.offset(self.out, n, self.strides[0][0]) for n in range(num_rows)]
        sums = [[cgutils.alloca_once(b, VECTOR) for _ in range(NUM_VECTORS)] for _ in rows]  # registers, once optimized
        for row, places in zip(rows, sums, strict=True):
            for i, place in enumerate(places):
                b.store(b.select(self.add, self.load(row, i), ir.Constant(VECTOR, [0.0] * LANES)), place)
        left_at, right_at = (cgutils.alloca_once_value(b, pointer) for pointer in (self.left, self.right))
        with cgutils.for_range(b, self.length):
            left, right = b.load(left_at), b.load(right_at)
            numbers = [self.broadcast(self.offset(left, n, self.strides[1][0])) for n in range(num_rows)]
            for i in range(NUM_VECTORS):
                vector = self.load(right, i)  # one at a time: AVX2 has no registers for four
                for number, places in zip(numbers, sums, strict=True):
                    b.store(self.fma(number, vector, b.load(places[i])), places[i])
            b.store(self.offset(left, 1, self.strides[1][1]), left_at)
            b.store(self.offset(right, 1, self.strides[2][0]), right_at)
        for row, places in zip(rows, sums, strict=True):
            for i, place in enumerate(places):
                b.store(b.load(place), self.vector(row, i), align=4)

    def offset(self, pointer: Any, number: Any, stride: Any) -> Any:
        """Return an address `number` strides further."""
        number = ir.Constant(INDEX, number) if isinstance(number, int) else number
        return self.builder.gep(pointer, [self.builder.mul(number, stride)])

    def vector(self, pointer: Any, i: int) -> Any:
        """Return the address of vector `i` of a row."""
        return self.builder.gep(self.builder.bitcast(pointer, VECTOR.as_pointer()), [ir.Constant(INDEX, i)])

    def load(self, pointer: Any, i: int) -> Any:
        """Read vector `i` of a row."""
        return self.builder.load(self.vector(pointer, i), align=4, typ=VECTOR)

    def broadcast(self, pointer: Any) -> Any:
        """Read one number into all lanes."""
        number = self.builder.load(self.builder.bitcast(pointer, FLOAT.as_pointer()), align=4, typ=FLOAT)
        first = self.builder.insert_element(ir.Constant(VECTOR, ir.Undefined), number, ir.Constant(LANE, 0))
        lanes = ir.Constant(ir.VectorType(LANE, LANES), [0] * LANES)
        return self.builder.shuffle_vector(first, ir.Constant(VECTOR, ir.Undefined), lanes)

    def fma(self, a: Any, b: Any, c: Any) -> Any:
        """Return a * b + c, rounded once."""
        function_type = ir.FunctionType(VECTOR, [VECTOR] * 3)
        name = f"llvm.fma.v{LANES}f32"
        function = cgutils.get_or_insert_function(self.builder.module, function_type, name)
        return self.builder.call(function, (a, b, c))


@intrinsic
def fma(typing_context, a, b, c):
    """Return a * b + c of float32, rounded once: on every machine, whatever the compiler would choose."""

    def emit(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
        return builder.fma(*arguments)

    return types.float32(types.float32, types.float32, types.float32), emit
