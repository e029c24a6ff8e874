"""Vector instructions for Numba: the few that the tiles of the LSTM are made of, as LLVM code.

Compilers do not keep a tile of a matrix product in registers by themselves; written as vectors it stays there. LLVM
turns the same code into AVX-512, AVX2 or NEON. Every sum has one fixed order, whatever the number of rows or threads.
"""

from typing import Any

import llvmlite.binding
from llvmlite import ir
from numba.core import cgutils

_FEATURES = llvmlite.binding.get_host_cpu_features()
# lanes of a vector, and rows of a tile, with four vectors each in the registers; where six rows fit as well, as of
# AVX-512, four are as fast, and leave nothing over of the usual batches
if _FEATURES.get("avx512f"):
    LANES, TILE_ROWS = 16, 4
elif _FEATURES.get("avx2"):
    LANES, TILE_ROWS = 8, 2
else:
    LANES, TILE_ROWS = 4, 6
NUM_GATES = 4
CACHE_LINE = 16  # numbers
TILE_COLUMNS = NUM_GATES * LANES

FLOAT = ir.FloatType()
VECTOR = ir.VectorType(FLOAT, LANES)
INDEX = ir.IntType(64)

# tanh(x) = x P(x²) / Q(x²) between these bounds, a few units in the last place: the coefficients of Eigen's
# generic_fast_tanh_float, highest power first
TANH_BOUND = 7.90531110763549805
TANH_P = (
    *(-2.76076847742355e-16, 2.00018790482477e-13, -8.60467152213735e-11, 5.12229709037114e-08),
    *(1.48572235717979e-05, 6.37261928875436e-04, 4.89352455891786e-03),
)
TANH_Q = (1.19825839466702e-06, 1.18534705686654e-04, 2.26843463243900e-03, 4.89352518554385e-03)


class Vectors:
    """Emits vector instructions at one place of a function."""

    def __init__(self, context: Any, builder: Any) -> None:
        self.context = context
        self.builder = builder

    def pointer(self, array_type: Any, array: Any, at: Any) -> Any:
        """Return the address of element `at` of a flat array."""
        data = self.context.make_array(array_type)(self.context, self.builder, array).data
        return self.builder.gep(data, [at])

    def moved(self, pointer: Any, offset: Any) -> Any:
        """Return an address `offset` elements further."""
        return self.builder.gep(pointer, [self.index(offset)])

    def index(self, value: Any) -> Any:
        """Return a constant as an index; what is one already stays."""
        return ir.Constant(INDEX, value) if isinstance(value, int) else value

    def load(self, pointer: Any, offset: Any = 0) -> Any:
        """Read a vector."""
        address = self.builder.bitcast(self.moved(pointer, offset), VECTOR.as_pointer())
        return self.builder.load(address, align=4, typ=VECTOR)

    def store(self, value: Any, pointer: Any, offset: Any = 0) -> None:
        """Write a vector."""
        address = self.builder.bitcast(self.moved(pointer, offset), VECTOR.as_pointer())
        self.builder.store(value, address, align=4)

    def stream(self, value: Any, pointer: Any, offset: Any = 0) -> None:
        """Write a vector past the caches, to an address that is a multiple of its size.

        For what is not read soon. The counters by which threads hand over work put it before what the next one reads.
        """
        address = self.builder.bitcast(self.moved(pointer, offset), VECTOR.as_pointer())
        written = self.builder.store(value, address, align=4 * LANES)
        written.set_metadata("nontemporal", self.builder.module.add_metadata([ir.Constant(ir.IntType(32), 1)]))

    def prefetch(self, pointer: Any, offset: Any = 0) -> None:
        """Ask for the cache line at an address, into the second-level cache."""
        number, address_type = ir.IntType(32), ir.IntType(8).as_pointer()
        function_type = ir.FunctionType(ir.VoidType(), [address_type, number, number, number])
        function = cgutils.get_or_insert_function(self.builder.module, function_type, "llvm.prefetch.p0")
        address = self.builder.bitcast(self.moved(pointer, offset), address_type)
        read, second_level, data = (ir.Constant(number, n) for n in (0, 2, 1))
        self.builder.call(function, [address, read, second_level, data])

    def repeated(self, pointer: Any, offset: Any) -> Any:
        """Read one number into all lanes."""
        number = self.builder.load(self.moved(pointer, offset), align=4, typ=FLOAT)
        first = self.builder.insert_element(ir.Constant(VECTOR, ir.Undefined), number, ir.Constant(ir.IntType(32), 0))
        everywhere = ir.Constant(ir.VectorType(ir.IntType(32), LANES), [0] * LANES)
        return self.builder.shuffle_vector(first, ir.Constant(VECTOR, ir.Undefined), everywhere)

    def constant(self, value: float) -> Any:
        """Return a number in all lanes."""
        return ir.Constant(VECTOR, [value] * LANES)

    def add(self, a: Any, b: Any) -> Any:
        """Return a + b."""
        return self.builder.fadd(a, b)

    def subtract(self, a: Any, b: Any) -> Any:
        """Return a - b."""
        return self.builder.fsub(a, b)

    def multiply(self, *factors: Any) -> Any:
        """Return the product, from left to right."""
        product = factors[0]
        for factor in factors[1:]:
            product = self.builder.fmul(product, factor)
        return product

    def divide(self, a: Any, b: Any) -> Any:
        """Return a / b."""
        return self.builder.fdiv(a, b)

    def fused(self, a: Any, b: Any, c: Any) -> Any:
        """Return a * b + c, rounded once."""
        function_type = ir.FunctionType(VECTOR, [VECTOR] * 3)
        function = cgutils.get_or_insert_function(self.builder.module, function_type, f"llvm.fma.v{LANES}f32")
        return self.builder.call(function, (a, b, c))

    def tanh_parts(self, x: Any) -> tuple[Any, Any]:
        """Return numerator and denominator of tanh(x); several denominators can share one slow division."""
        bound, floor = self.constant(TANH_BOUND), self.constant(-TANH_BOUND)
        # NaN compares false and passes: weights that have diverged must show
        x = self.builder.select(self.builder.fcmp_ordered("<", bound, x), bound, x)
        x = self.builder.select(self.builder.fcmp_ordered("<", x, floor), floor, x)
        square = self.multiply(x, x)
        return self.multiply(x, self._polynomial(TANH_P, square)), self._polynomial(TANH_Q, square)

    def _polynomial(self, coefficients: tuple[float, ...], x: Any) -> Any:
        value = self.constant(coefficients[0])
        for coefficient in coefficients[1:]:
            value = self.fused(value, x, self.constant(coefficient))
        return value
