"""What the threads of the LSTM do together, compiled: who does what, and where they meet.

A job is a record of sizes, and of addresses of the arrays that lstm_cpu.Tape describes, so that one set of threads
can serve all tapes. Legend: as in lstm_cpu.py.
"""

import numba
import numpy as np

from stages.core.kernels.compiling import compiled
from stages.core.kernels.loops import backward, forward, sum_gradients
from stages.core.kernels.signals import count, count_up, ids_at, let_others_run, nap, numbers_at
from stages.core.kernels.vectors import LANES, NUM_GATES, TILE_COLUMNS, TILE_ROWS

FORWARD, GRADIENTS, LEAVE = range(3)
SIZES = ("num_steps", "num_real_rows", "num_rows", "num_units", "vocabulary_size")
ARRAYS = (  # of lstm_cpu.Tape, by address
    *("recurrent", "table", "ids", "h", "c", "tanh_c", "gates"),
    *("transposed", "dh", "dc", "d_gates", "d_recurrent", "d_table"),
)
JOB = np.dtype([(name, np.int64) for name in ("kind", *SIZES, *ARRAYS)])
# The gradients of two halves of the windows are summed apart. So two threads, or two teams of them, need not meet on
# the way, and what a thread sums up it has just made: it is still in its cache.
NUM_HALVES = 2

# counters, in pairs of cache lines of their own: of jobs given, of threads done, and of arrivals at a team's meetings
GIVEN, DONE, MET = 0, 16, 32
NUM_COUNTERS = MET + 16 * NUM_HALVES
# before a thread naps: some milliseconds where no other wants the processor, longer than what lies between two passes
NUM_LOOKS = 20_000
NAP_MICROSECONDS = 500


@compiled
def share(first, last, who, num_sharers):
    """Return the bounds of one sharer's part of what lies between two bounds."""
    number = last - first
    return first + who * number // num_sharers, first + (who + 1) * number // num_sharers


@compiled
def wait(counters, counter, number):
    """Return when a counter has come to a number."""
    while count(counters, counter) < number:
        let_others_run()


@compiled
def recorded(job):
    """Return what the forward pass fills and the backward pass reads: ids, h, c, tanh_c, gates."""
    num_steps, size = job.num_steps, job.num_rows * job.num_units
    ids = numba.carray(ids_at(job.ids), num_steps * job.num_rows)
    h = numba.carray(numbers_at(job.h), (num_steps + 1) * size)
    c = numba.carray(numbers_at(job.c), (num_steps + 1) * size)
    tanh_c = numba.carray(numbers_at(job.tanh_c), num_steps * size)
    gates = numba.carray(numbers_at(job.gates), num_steps * NUM_GATES * size)
    return ids, h, c, tanh_c, gates


@compiled
def work_forward(thread, num_threads, job):
    """Do one thread's part of the forward pass."""
    num_steps, num_rows, num_units = job.num_steps, job.num_rows, job.num_units
    recurrent = numba.carray(numbers_at(job.recurrent), num_units * NUM_GATES * num_units)
    table = numba.carray(numbers_at(job.table), job.vocabulary_size * NUM_GATES * num_units)
    first, last = share(0, num_rows // TILE_ROWS, thread, num_threads)
    forward(first, last, num_steps, num_rows, num_units, recurrent, table, *recorded(job))


@compiled
def work_gradients(thread, num_threads, counters, job):
    """Do one thread's part of the backward pass and of the sums: alone or in a team, of one half or of both."""
    num_steps, num_rows, num_units = job.num_steps, job.num_rows, job.num_units
    size, num_panels = num_rows * num_units, num_units // LANES
    panel_size = -(-num_units // TILE_ROWS) * TILE_ROWS * TILE_COLUMNS
    table_size = job.vocabulary_size * TILE_COLUMNS
    ids, h, c, tanh_c, gates = recorded(job)
    transposed = numba.carray(numbers_at(job.transposed), num_units * NUM_GATES * num_units)
    dh = numba.carray(numbers_at(job.dh), 2 * size)
    dc = numba.carray(numbers_at(job.dc), size)
    d_recurrents = numba.carray(numbers_at(job.d_recurrent), (NUM_HALVES, num_panels * panel_size))
    d_tables = numba.carray(numbers_at(job.d_table), (NUM_HALVES, num_panels * table_size))

    num_teams = 1 if num_threads % NUM_HALVES else NUM_HALVES
    team_size = num_threads // num_teams
    team, member = thread // team_size, thread % team_size
    met = MET + 16 * team
    num_met = 0
    first_panel, last_panel = share(0, num_panels, member, team_size)
    for half in range(team, NUM_HALVES, num_teams):
        first, last = share(0, num_rows // TILE_ROWS, half, NUM_HALVES)
        first_row, num_half_rows = first * TILE_ROWS, (last - first) * TILE_ROWS
        num_real_rows = min(num_half_rows, job.num_real_rows - first_row)
        first, last = share(first, last, member, team_size)
        half_size = num_half_rows * NUM_GATES * num_units
        d_gates = numba.carray(numbers_at(job.d_gates + 4 * 2 * first_row * NUM_GATES * num_units), (2, half_size))
        d_recurrent, d_table = d_recurrents[half], d_tables[half]
        d_recurrent[first_panel * panel_size : last_panel * panel_size] = 0
        d_table[first_panel * table_size : last_panel * table_size] = 0
        for t in range(num_steps - 1, -1, -1):
            # one who is ahead must not write where another may still read; who is alone keeps it in the cache
            d_gates_now = d_gates[t % 2 if team_size > 1 else 0]
            backward(
                *(first, last, first_row, num_half_rows, t, num_rows, num_units),
                *(transposed, c, tanh_c, gates, dh, dc, d_gates_now),
            )
            num_met += team_size
            count_up(counters, met)
            wait(counters, met, num_met)
            sum_gradients(
                *(first_panel, last_panel, first_row, num_half_rows, num_real_rows, t, num_rows, num_units),
                *(ids, h, d_gates_now, d_recurrent, d_table),
            )


@compiled
def look_for_job(counters, number):
    """Return when so many jobs have been given."""
    num_looks = 0
    while count(counters, GIVEN) < number:
        num_looks += 1
        if num_looks < NUM_LOOKS:
            let_others_run()
        else:
            nap(NAP_MICROSECONDS)


@compiled
def take_part(thread, num_threads, counters, jobs):
    """Be one of some threads, in compiled code from one job to the next.

    The first of them gives a job to the others, does its part of it, and returns when all have done theirs. The others
    do their part of every job that is given, and return when it is to leave.
    """
    num_given = 0
    while True:
        num_given += 1
        if thread == 0:
            counters[DONE:] = 0
            count_up(counters, GIVEN)
        else:
            look_for_job(counters, num_given)
        kind = jobs[0].kind
        if kind == FORWARD:
            work_forward(thread, num_threads, jobs[0])
        elif kind == GRADIENTS:
            work_gradients(thread, num_threads, counters, jobs[0])
        if thread == 0:
            wait(counters, DONE, num_threads - 1)
            return
        count_up(counters, DONE)  # from here on the next job may come
        if kind == LEAVE:
            return
