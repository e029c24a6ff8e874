"""Simpler models on exactly the characters that the network is measured on: n-grams and a general compressor."""

import bz2

from stages.core.evaluation.excerpts import held_out_ids, training_blocks
from stages.core.evaluation.ngrams import held_out_probabilities
from stages.core.kernels import elementary
from stages.core.text.characters import Characters
from stages.core.text.windows import WindowData


def baselines(data: WindowData, max_order: int) -> dict[str, float]:
    """Return the bits per character of n-grams and of bzip2 on the held-out text after its first window."""
    decode, window_length = data.tokenizer.decode, data.plan.window_length
    training = "".join(decode(block) for block in training_blocks(data))
    ids = held_out_ids(data)
    window, measured = decode(ids[:window_length]), decode(ids[window_length:])
    bits = ngram_bits_per_char(training + window, measured, max_order)
    found = {f"ngram_{order}_bits_per_char": value for order, value in bits.items()}
    return found | {"bzip2_bits_per_char": compressor_bits_per_char(training + window, measured)}


def ngram_bits_per_char(before: str, measured: str, max_order: int) -> dict[int, float]:
    """Return for each order the bits per character of n-grams on a text, learned from the text before it."""
    tokenizer = Characters.of(before + measured)
    ids = tokenizer.encode(before), tokenizer.encode(measured)
    probabilities = held_out_probabilities(*ids, tokenizer.size, max_order)
    return {order: float(-elementary.log2(p).mean()) for order, p in probabilities.items()}


def compressor_bits_per_char(before: str, measured: str) -> float:
    """Return what a text adds to the size of the text before it under bzip2, in bits per character.

    bzip2 is the strongest compressor of Python's library for a text of this size.
    """
    return 8 * (_compressed_size(before + measured) - _compressed_size(before)) / len(measured)


def _compressed_size(text: str) -> int:
    # what a decoder gives for invalid bytes cannot be encoded otherwise
    return len(bz2.compress(text.encode(errors="surrogatepass"), compresslevel=9))
