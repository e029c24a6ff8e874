"""A prompt as a person types it, made into one that the network can continue."""

from dataclasses import dataclass

from stages.core.pipeline.errors import UserError
from stages.core.text.tokenizer import Tokenizer


@dataclass(frozen=True)
class UsablePrompt:
    """A prompt in characters of the vocabulary, and what has to be said of it."""

    text: str
    notes: tuple[str, ...] = ()


def usable_prompt(prompt: str | None, tokenizer: Tokenizer, window_length: int, name: str) -> UsablePrompt:
    """Return the prompt in characters of the vocabulary; none is the beginning of a line.

    Args:
        prompt: what was typed.
        tokenizer: of the network.
        window_length: the characters that the network sees.
        name: what the prompt is called where it was given, for the message.

    Raises:
        UserError: it has characters, named in the message, that the corpus does not have.
    """
    if not prompt:
        return UsablePrompt(tokenizer.texts[0] if tokenizer.unknown_in("\n") else "\n")
    notes = []
    if tokenizer.unknown_in(prompt) and not tokenizer.unknown_in(prompt.lower()):
        prompt = prompt.lower()
        notes.append("The corpus is in lower case, and so is the prompt now.")
    if unknown := tokenizer.unknown_in(prompt):
        raise UserError(
            f"{name} must consist of characters of the corpus. Received: {prompt!r}, "
            f"with {', '.join(map(repr, unknown))}. Take those out."
        )
    if len(prompt) > window_length:
        notes.append(f"The network sees the last {window_length} characters of the prompt.")
    elif len(prompt) < window_length:
        notes.append(f"The prompt has fewer than the {window_length} characters that the network is used to see.")
    return UsablePrompt(prompt, tuple(notes))
