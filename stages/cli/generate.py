"""`zarathustra generate`: continue a prompt, character by character."""

import argparse
import secrets
import sys

import numpy as np

from stages.cli.options import TEMPERATURE, value_of
from stages.cli.terminal import for_output
from stages.cli.typing_out import TypedText
from stages.cli.weights_source import Source, add_options, chosen_source
from stages.core.generation.prompts import usable_prompt
from stages.core.generation.sampling import Filter, generate, keep_top_k, keep_top_p
from stages.core.pipeline import rules
from stages.core.pipeline.params import MOST_CHARACTERS
from stages.core.pipeline.randomness import generator
from stages.core.pipeline.rules import Rule, is_number

PROBABILITY = Rule("a number > 0 and at most 1", lambda v: is_number(v) and 0 < v <= 1)


def set_up(parser: argparse.ArgumentParser) -> None:
    """Add the options."""
    parser.epilog = 'Example: zarathustra generate --prompt "what is good?" --temperature 0.5 --seed 1'
    add = parser.add_argument
    add("--prompt", metavar="TEXT", help="text to continue; without it, a new line begins")
    add("--length", metavar="N", default=400, type=value_of("--length", int, rules.integer(0, MOST_CHARACTERS)),
        help="characters to generate (%(default)s)")  # fmt: skip
    add("--temperature", "-t", metavar="T", default=0.5, type=value_of("--temperature", float, TEMPERATURE),
        help="0 is greedy, inf is uniform (%(default)s)")  # fmt: skip
    add("--seed", metavar="N", type=value_of("--seed", int, rules.SEED),
        help="the same seed gives the same text; without it, another text each time")  # fmt: skip
    add_options(parser)
    add("--stop", metavar="TEXT", help="end as soon as the text contains this")
    choice = parser.add_mutually_exclusive_group()
    choice.add_argument("--greedy", action="store_true", help="always the most likely character: temperature 0")
    choice.add_argument("--top-k", metavar="K", type=value_of("--top-k", int, rules.integer(1)),
        help="draw from the K most likely characters")  # fmt: skip
    choice.add_argument("--top-p", metavar="P", type=value_of("--top-p", float, PROBABILITY),
        help="draw from the fewest characters that together have probability P")  # fmt: skip
    parser.set_defaults(run=run)


def run(arguments: argparse.Namespace) -> None:
    """Print the prompt and its continuation."""
    with chosen_source(arguments) as source:
        stream(arguments, source)


def stream(arguments: argparse.Namespace, source: Source) -> None:
    """Generate with the weights of `source`; print every character before the next one is generated."""
    network = source.models.network(source.epoch(arguments.epoch))
    tokenizer, window_length = network.tokenizer, network.window_length
    usable = usable_prompt(arguments.prompt, tokenizer, window_length, "--prompt")
    for note in usable.notes:
        print(note, file=sys.stderr)
    seed = secrets.randbits(32) if arguments.seed is None else arguments.seed
    temperature = 0.0 if arguments.greedy else arguments.temperature
    typed = TypedText(tokenizer, arguments.length, arguments.stop)
    print(for_output(usable.text) if arguments.prompt else "", end="", flush=True)
    if arguments.length:
        generate(
            network.stepper(1),
            tokenizer.encode(usable.text)[None, -window_length:],
            np.array([temperature]),
            generator(seed, "generate").random(arguments.length)[None],
            filters(arguments),
            typed.add,
        )
    typed.flush()
    print(flush=True)


def filters(arguments: argparse.Namespace) -> tuple[Filter, ...]:
    """Return the filters of --top-k and --top-p."""
    if arguments.top_k is not None:
        return (keep_top_k(arguments.top_k),)
    return (keep_top_p(arguments.top_p),) if arguments.top_p is not None else ()
