"""What threads tell each other from within compiled code, as functions for Numba.

Threads that sleep in the operating system take a tenth of a millisecond to come together; those that look at a number,
next to none.
"""

from typing import Any

from llvmlite import ir
from numba import types
from numba.core import cgutils
from numba.extending import intrinsic

from stages.core.kernels.vectors import INDEX, Vectors


@intrinsic
def count_up(typing_context, counters, at):
    """Add one to a counter (int64). Who sees it sees all that this thread wrote before, streamed stores as well."""

    def emit(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
        place = Vectors(context, builder).pointer(signature.args[0], *arguments)
        builder.atomic_rmw("add", place, ir.Constant(INDEX, 1), ordering="seq_cst")
        return context.get_dummy_value()

    return types.void(counters, types.intp), emit


@intrinsic
def count(typing_context, counters, at):
    """Return a counter (int64) as it is now."""

    def emit(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
        place = Vectors(context, builder).pointer(signature.args[0], *arguments)
        return builder.load_atomic(place, ordering="acquire", align=8, typ=INDEX)

    return types.intp(counters, types.intp), emit


@intrinsic
def let_others_run(typing_context):
    """Offer the processor to a thread that has none; come back at once where there is no such thread."""

    def emit(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
        _call_c(builder, "sched_yield")
        return context.get_dummy_value()

    return types.void(), emit


@intrinsic
def nap(typing_context, microseconds):
    """Sleep for about so long."""

    def emit(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
        _call_c(builder, "usleep", builder.trunc(arguments[0], ir.IntType(32)))
        return context.get_dummy_value()

    return types.void(types.intp), emit


@intrinsic
def numbers_at(typing_context, address):
    """Return a pointer to the float32 at an address, for `numba.carray`."""
    return types.CPointer(types.float32)(address), _to_pointer


@intrinsic
def ids_at(typing_context, address):
    """Return a pointer to the int32 at an address, for `numba.carray`."""
    return types.CPointer(types.int32)(address), _to_pointer


def _to_pointer(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
    return builder.inttoptr(arguments[0], context.get_value_type(signature.return_type))


def _call_c(builder: Any, name: str, *arguments: Any) -> None:
    number = ir.IntType(32)
    function_type = ir.FunctionType(number, [number] * len(arguments))
    builder.call(cgutils.get_or_insert_function(builder.module, function_type, name), arguments)
