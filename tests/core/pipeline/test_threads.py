import time

import pytest

from stages.core.pipeline.threads import stoppable_threads


def test_work_comes_back_in_order() -> None:
    with stoppable_threads(3) as (pool, stopped):
        assert list(pool.map(lambda n: n * n, range(20))) == [n * n for n in range(20)]
    assert not stopped.is_set()


def test_an_interrupted_block_ends_what_runs_and_begins_nothing_more() -> None:
    begun = []

    def work(n: int) -> None:
        begun.append(n)
        while not stopped.is_set():
            time.sleep(0.01)

    with pytest.raises(KeyboardInterrupt), stoppable_threads(2) as (pool, stopped):
        pool.map(work, range(100))
        raise KeyboardInterrupt
    assert len(begun) <= 2
