import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from stages.core.evaluation.corpus import Corpus
from stages.core.evaluation.excerpts import NUM_BLOCKS, held_out_ids, training_blocks, training_text
from stages.core.text.characters import Characters
from stages.core.text.windows import WindowData, WindowPlan
from tests.support.text import made_up_text


def data_of(text: str, num_held_out: int) -> WindowData:
    tokenizer = Characters.of(text)
    plan = WindowPlan(
        window_length=1, stride=1, num_characters=len(text), num_validation_characters=min(num_held_out, len(text))
    )
    return WindowData(tokenizer.encode(text), tokenizer, plan)


@given(text=st.text(min_size=1), num_held_out=st.integers(0, 20))
def test_a_small_text_is_used_whole(text: str, num_held_out: int) -> None:
    data = data_of(text, num_held_out)
    training = text[: data.plan.num_training_tokens]
    assert training_text(data) == training
    assert training + data.tokenizer.decode(held_out_ids(data)) == text


@given(num_training=st.integers(NUM_BLOCKS, 10_000), most=st.integers(NUM_BLOCKS, 10_000))
def test_blocks_of_a_large_text_lie_apart_and_reach_from_its_start_to_its_end(num_training: int, most: int) -> None:
    data = data_of("".join(map(chr, range(num_training))), 0)
    blocks = training_blocks(data, most)
    ids = np.concatenate(blocks)
    assert len(ids) == (num_training if num_training <= most else most // NUM_BLOCKS * NUM_BLOCKS)
    assert (np.diff(ids.astype(int)) > 0).all()
    assert (ids[0], ids[-1]) == (0, num_training - 1)


def test_no_passage_goes_from_one_block_to_the_next() -> None:
    data = data_of(made_up_text(4000), 0)
    blocks = training_blocks(data, 1000)
    corpus = Corpus(training_text(data, 1000))
    across = data.tokenizer.decode(np.concatenate([blocks[0][-9:], blocks[1][:9]]))
    assert corpus.copies.match_lengths(across)[0] < 18
    assert corpus.copies.longest_copy(data.tokenizer.decode(blocks[7])) == 25
