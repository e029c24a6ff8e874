"""Check params.yaml as a whole, and note which code each stage depends on.

    python -m stages.check data/code

Reads all of params.yaml; writes one file for each stage: the hashes of the modules that decide its outputs. Every other
stage depends on its own file, so this one always comes first: a wrong setting stops the pipeline before DVC has removed
anything, and an edit that cannot change a byte, such as a comment or an error message, makes nothing stale.
"""

import logging
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from stages.core.networks.table import modules_of, options_of
from stages.core.pipeline import params, stage
from stages.core.pipeline.code import code_listing
from stages.core.pipeline.files import write_text

logger = logging.getLogger(__name__)


def listing(name: str, sections: Mapping[str, Any]) -> str:
    """Return the modules that decide the outputs of a stage, each with its hash.

    Args:
        name: of the stage.
        sections: of params.yaml, by name.
    """
    train = sections["train"]
    return code_listing(*modules_of(name, train.network, sections["vectorize"].tokens, options_of(train)))


def main() -> None:
    """Check every section, write the hashes."""
    parser = stage.parser(__doc__)
    parser.add_argument("code", type=Path, help="folder to write")
    arguments = parser.parse_args()
    sections = params.load_all()
    for name in params.SECTIONS:
        write_text(arguments.code / name, listing(name, sections))
    logger.info("params.yaml: every setting follows its rule")


if __name__ == "__main__":
    stage.run("check", main)
