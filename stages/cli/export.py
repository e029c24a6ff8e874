"""`zarathustra export`: a trained network as a file that plain Keras loads, with its tokens beside it."""

import argparse
import json
from pathlib import Path
from typing import Any

from stages.cli.options import require_replaceable
from stages.cli.weights_source import add_options, chosen_source
from stages.core.networks.network import Network
from stages.core.pipeline.errors import UserError
from stages.core.pipeline.files import atomic_write
from stages.core.pipeline.visible import visible

EPILOG = """\
FILE takes token ids (B, T) and returns probabilities. FILE.json tells how: its tokens in the order of their ids, the
length of a window, the kind of targets, the epoch.

    import json, keras, numpy as np
    model = keras.saving.load_model("nietzsche.keras")
    characters = json.load(open("nietzsche.keras.json"))["tokenizer"]["characters"]
    ids = [characters.index(c) for c in "supposing that truth is a woman--what then? is there not gro"]
    probabilities = model.predict(np.array([ids]))

With targets = last, probabilities are (B, V), of the token after each text; with every, (B, T, V), a row after each
token. Each call starts from zeros: give a network that carries its state the whole text, others the last window.

Of bytes, the id is the place in "values". Of words, "characters" come first, then "words"; a run of letters or of white
space that is not among the words is spelled in characters.

ONNX: `pip install tf2onnx==1.17.0`, then after these lines model.export("nietzsche.onnx", format="onnx"). It was tried
and works with this release; but tf2onnx is looking for a maintainer, so nothing here depends on it.

Example: zarathustra export nietzsche.keras --epoch best
"""


def set_up(parser: argparse.ArgumentParser) -> None:
    """Add the options."""
    parser.formatter_class = argparse.RawDescriptionHelpFormatter
    parser.epilog = EPILOG
    parser.add_argument("file", metavar="FILE", type=Path, help="to write; its name ends with .keras")
    add_options(parser)
    parser.set_defaults(run=run)


def run(arguments: argparse.Namespace) -> None:
    """Write both files, whole or not at all, and say how to call the network."""
    file: Path = arguments.file
    if file.suffix != ".keras":
        raise UserError(f"FILE must end with .keras: Keras knows the format by it. Received: {str(file)!r}.")
    beside = file.with_name(f"{file.name}.json")
    for path in (file, beside):
        require_replaceable("FILE", path)
    with chosen_source(arguments) as source:
        epoch = source.epoch(arguments.epoch)
        network = source.models.network(epoch)
    from stages.core.training.keras.plain import plain_model  # TensorFlow takes seconds to import

    model = plain_model(network)
    with atomic_write(file) as partial, atomic_write(beside) as partial_beside:
        model.save(partial)
        partial_beside.write_text(json.dumps(contents(network, epoch), ensure_ascii=False, indent=2) + "\n", "utf-8")
    print(visible(f"{file}: {network.description.kind} after epoch {epoch}. {usage(network)}\n{beside}: its tokens."))


def contents(network: Network, epoch: int) -> dict[str, Any]:
    """Return what is written beside the network: what network.json says, and the epoch."""
    return {"epoch": epoch} | network.description.to_json()


def usage(network: Network) -> str:
    """Return in two sentences what the file takes and returns."""
    description, size = network.description, network.tokenizer.size
    length = description.window_length
    if description.carries_state:
        return f"Give it the whole text so far as ids (B, T); it returns (B, T, {size}), a row after each token."
    if description.targets == "every":
        return f"Give it at most {length} ids (B, T); it returns (B, T, {size}), a row after each token."
    return f"Give it the last {length} ids (B, {length}); it returns (B, {size}), probabilities of the next token."
