"""Check params.yaml as a whole, and note which code each stage depends on.

    python -m stages.check data/code

Reads all of params.yaml; writes one file for each stage: the hashes of the modules that decide its outputs. Every other
stage depends on its own file, so this one always comes first: a wrong setting stops the pipeline before DVC has removed
anything, and an edit that cannot change a byte, such as a comment or an error message, makes nothing stale.
"""

import logging
from pathlib import Path

from stages.core.networks.table import modules_of
from stages.core.pipeline import params, stage
from stages.core.pipeline.code import code_listing
from stages.core.pipeline.files import write_text

logger = logging.getLogger(__name__)


def main() -> None:
    """Check every section, write the hashes."""
    parser = stage.parser(__doc__)
    parser.add_argument("code", type=Path, help="folder to write")
    arguments = parser.parse_args()
    train = params.load_all()["train"]
    for name in params.SECTIONS:
        write_text(arguments.code / name, code_listing(*modules_of(name, train.network)))
    logger.info("params.yaml: every setting follows its rule")


if __name__ == "__main__":
    stage.run("check", main)
