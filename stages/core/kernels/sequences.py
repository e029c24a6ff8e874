"""The LSTM on the CPU, trained: the same mathematics as keras.layers.LSTM, on ids or on numbers.

A one-hot row times a matrix is a row of the matrix: ids pick rows of the kernel. A dense input is one product for all
steps of a part; its result then stands where those rows stand. The outputs of every step count, or only the last ones.
README.md says what makes it fast, and in which order it adds: the number of threads changes no bit.

Shapes: B rows, T steps, V tokens, K inputs, H units.
"""

from dataclasses import dataclass
from functools import reduce

import numpy as np
from numpy.typing import NDArray

from stages.core.kernels import dense_loops, loops
from stages.core.kernels.loops import NUM_GATES
from stages.core.kernels.packing import (
    Float32Array,
    PackedWeights,
    check_array,
    check_ids,
    from_column_blocks,
    in_column_blocks,
    padded,
)
from stages.core.kernels.parts import Part, parts_of, run
from stages.core.kernels.processors import default_num_threads

# Up to here, a step's gradients are summed up while they are in the cache. Above, the sums themselves do not fit there,
# and are touched once for many steps: with 512 units that took 40 % less time, with 256 none less.
MAX_UNITS_SUMMED_BY_STEP = 256


@dataclass(frozen=True)
class SequenceGradients:
    """Gradients with respect to what `forward` was given."""

    inputs: Float32Array | None  # (B, T, K); None for ids
    h: Float32Array  # (B, H)
    c: Float32Array  # (B, H)
    kernel: Float32Array  # (V, 4H) or (K, 4H)
    recurrent_kernel: Float32Array  # (H, 4H)
    bias: Float32Array  # (4H,)


class Sequences:
    """The memory of a batch, and both passes over it: `forward` leaves what `backward` needs, until its next call.

    Args:
        num_rows: B.
        num_steps: T.
        num_units: H.
        vocabulary_size: V for ids, or None.
        num_inputs: K for numbers, or None.
        last_only: true to give only the outputs after the last step.
        num_threads: of both passes; by default as many as this process may use just then.
    """

    def __init__(
        self,
        num_rows: int,
        num_steps: int,
        num_units: int,
        *,
        vocabulary_size: int | None = None,
        num_inputs: int | None = None,
        last_only: bool = False,
        num_threads: int | None = None,
    ) -> None:
        if (vocabulary_size is None) == (num_inputs is None):
            raise ValueError("either vocabulary_size or num_inputs must be given, not both.")
        self.shape = num_rows, num_steps
        self.num_inputs = num_inputs
        self.last_only = last_only
        self.num_threads = num_threads
        self.weights = PackedWeights(vocabulary_size or 0, num_units)
        self._sums_by_step = self.weights.padded_units <= MAX_UNITS_SUMMED_BY_STEP
        keeps_steps = num_inputs is not None or not self._sums_by_step
        self.parts = [
            Part(rows, num_steps, self.weights, num_inputs=num_inputs, last_only=last_only, keeps_steps=keeps_steps)
            for rows in parts_of(num_rows)
        ]

    def forward(
        self,
        inputs: NDArray[np.integer] | Float32Array,
        h: Float32Array,
        c: Float32Array,
        kernel: Float32Array,
        recurrent_kernel: Float32Array,
        bias: Float32Array,
    ) -> tuple[Float32Array, Float32Array]:
        """Return the outputs (B, T, H), or the last ones (B, H), and the last cell states (B, H).

        Args:
            inputs: ids (B, T), or numbers (B, T, K).
            h: outputs before the first step, (B, H).
            c: cell states before it.
            kernel: (V, 4H) or (K, 4H), the four gates in Keras's order: input, forget, cell, output.
            recurrent_kernel: (H, 4H).
            bias: (4H,).

        Raises:
            ValueError: a shape or type is another, or an id is not in the vocabulary.
        """
        weights, num_units = self.weights, self.weights.num_units
        for name, state in (("h", h), ("c", c)):
            check_array(name, state, (self.shape[0], num_units))
        if self.num_inputs is None:
            if inputs.shape != self.shape:
                raise ValueError(f"ids must be of shape {self.shape}. Received: {inputs.shape}.")
            check_ids(inputs, weights.vocabulary_size)
            weights.fill(kernel, recurrent_kernel, bias)
        else:
            check_array("inputs", inputs, (*self.shape, self.num_inputs))
            check_array("kernel", kernel, (self.num_inputs, NUM_GATES * num_units))
            weights.fill(np.zeros((0, NUM_GATES * num_units), np.float32), recurrent_kernel, bias)
            self._pack_dense(kernel, bias)

        def fill(part: Part) -> None:
            part.h[0, :, :num_units] = h[part.rows]
            part.c[0, :, :num_units] = c[part.rows]
            some = inputs[part.rows].swapaxes(0, 1)
            table = weights.table
            if part.x is None:
                part.ids[:] = some
            else:
                part.x[:] = some.reshape(part.x.shape)
                table = part.z
                dense_loops.dense_forward(part.x, self._kernel, self._bias, table.reshape(len(table), -1))
            loops.forward(weights.recurrent, table, part.ids, part.h, part.c, part.gates)
            new_c[part.rows] = part.c[-1, :, :num_units]
            if self.last_only:
                outputs[part.rows] = part.h[-1, :, :num_units]
            else:
                outputs[part.rows] = part.h[1:, :, :num_units].swapaxes(0, 1)

        outputs = np.empty(self._outputs_shape, np.float32)
        new_c = np.empty((self.shape[0], num_units), np.float32)
        run(fill, self.parts, self._num_threads_now())
        return outputs, new_c

    def backward(self, d_outputs: Float32Array, dc: Float32Array) -> SequenceGradients:
        """Return the gradients.

        Args:
            d_outputs: gradient with respect to the outputs, (B, T, H) or (B, H).
            dc: with respect to the last cell states, (B, H).

        Raises:
            ValueError: a shape or type is another.
        """
        weights, (num_rows, num_steps) = self.weights, self.shape
        num_units = weights.num_units
        check_array("d_outputs", d_outputs, self._outputs_shape)
        check_array("dc", dc, (num_rows, num_units))
        transposed = weights.transposed()
        d_inputs = None
        if self.num_inputs is not None:
            d_inputs = np.empty((num_rows, num_steps, self.num_inputs), np.float32)

        def fill(part: Part) -> None:
            part.dh[:] = 0
            if self.last_only:
                part.dh[:, :num_units] = d_outputs[part.rows]
            else:
                part.d_outputs[:, :, :num_units] = d_outputs[part.rows].swapaxes(0, 1)
            part.dc[:] = 0
            part.dc[:, :num_units] = dc[part.rows]
            self._loop_backward(part, transposed)
            if part.x is not None and d_inputs is not None:
                d_z = part.d_z.reshape(len(part.d_z), -1)
                dense_loops.add_products(part.x, d_z, part.d_kernel)
                dense_loops.dense_backward(d_z, self._transposed_kernel, part.d_x)
                some = part.d_x[:, : part.x.shape[1]].reshape(num_steps, -1, part.x.shape[1])
                d_inputs[part.rows] = some.swapaxes(0, 1)

        run(fill, self.parts, self._num_threads_now())
        parts = self.parts
        if self.num_inputs is None:
            d_kernel = weights.real(reduce(np.add, [part.d_table for part in parts]))
            d_bias = d_kernel.sum(axis=0)
        else:
            d_kernel = weights.real(from_column_blocks(reduce(np.add, [part.d_kernel for part in parts])))
            d_bias = reduce(np.add, [weights.real(part.d_z).sum(axis=0) for part in parts])
        d_recurrent = from_column_blocks(reduce(np.add, [part.d_recurrent for part in parts]))
        return SequenceGradients(
            inputs=d_inputs,
            h=np.concatenate([part.dh[:, :num_units] for part in parts]),
            c=np.concatenate([part.dc[:, :num_units] for part in parts]),
            kernel=d_kernel,
            recurrent_kernel=weights.real(d_recurrent)[:num_units],
            bias=d_bias,
        )

    @property
    def _outputs_shape(self) -> tuple[int, ...]:
        (num_rows, num_steps), num_units = self.shape, self.weights.num_units
        return (num_rows, num_units) if self.last_only else (num_rows, num_steps, num_units)

    def _num_threads_now(self) -> int:
        return min(self.num_threads or default_num_threads(), len(self.parts))

    def _loop_backward(self, part: Part, transposed: Float32Array) -> None:
        """Fill dh, dc, d_recurrent, and d_z or (of ids, if the weights are small) d_table."""
        is_dense = part.x is not None
        if self._sums_by_step:
            loops.backward(
                *(transposed, part.ids, part.h, part.c, part.gates, part.dh, part.dc, part.d_outputs),
                *(part.d_recurrent, part.d_z if is_dense else part.d_table),
            )
            return
        dense_loops.backward(transposed, part.c, part.gates, part.dh, part.dc, part.d_outputs, part.d_z)
        rows = len(part.d_z)
        dense_loops.add_products(part.h[:-1].reshape(rows, -1), part.d_z.reshape(rows, -1), part.d_recurrent)
        if not is_dense:
            dense_loops.add_rows(part.ids.reshape(-1), part.d_z, part.d_table)

    def _pack_dense(self, kernel: Float32Array, bias: Float32Array) -> None:
        num_inputs, num_units, padded_units = len(kernel), self.weights.num_units, self.weights.padded_units
        blocks = np.zeros((padded(num_inputs), NUM_GATES, padded_units), np.float32)
        blocks[:num_inputs, :, :num_units] = kernel.reshape(-1, NUM_GATES, num_units)
        matrix = blocks.reshape(len(blocks), -1)
        self._kernel = in_column_blocks(matrix[:num_inputs])
        self._transposed_kernel = in_column_blocks(matrix.T)
        padded_bias = np.zeros((NUM_GATES, padded_units), np.float32)
        padded_bias[:, :num_units] = bias.reshape(NUM_GATES, -1)
        self._bias = padded_bias.reshape(-1)
