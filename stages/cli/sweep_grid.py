"""The points of a sweep: every combination of the values, in the syntax that DVC has for them, each of them checked."""

import contextlib
import tempfile
from pathlib import Path

from stages.core.pipeline import params
from stages.core.pipeline.errors import UserError
from stages.core.pipeline.files import sha256_of
from stages.core.pipeline.rules import PARAMS_FILE

Overrides = tuple[str, ...]  # of one point, such as train.epochs=3
SYNTAX = f"Write KEY=VALUE, KEY=VALUE,VALUE or 'KEY=range(4)', with keys of {PARAMS_FILE}."


def grid(wanted: list[str]) -> list[Overrides]:
    """Return the overrides of each point; the last key changes fastest.

    Args:
        wanted: such as train.epochs=1,2 or train.random_seed=range(4).

    Raises:
        UserError: DVC cannot read one, or a point has a setting that breaks its rule.
    """
    from dvc.exceptions import DvcException  # takes half a second to import
    from dvc.utils.cli_parse import to_path_overrides
    from dvc.utils.hydra import get_hydra_sweeps
    from hydra.errors import HydraException

    by_file = to_path_overrides(wanted)
    if set(by_file) != {str(PARAMS_FILE)}:
        raise UserError(f"-S must set keys of {PARAMS_FILE}, as in train.epochs=1,2. Received: {' '.join(wanted)}.")
    try:
        points = [tuple(point[str(PARAMS_FILE)]) for point in get_hydra_sweeps(by_file)]
    except (HydraException, DvcException) as error:
        raise UserError(f"-S {' -S '.join(wanted)}: {_reason(error)}. {SYNTAX}") from None
    require_valid(points)
    return points


def require_valid(points: list[Overrides]) -> None:
    """Refuse points whose settings break a rule, before any of them runs.

    Raises:
        UserError: the first thing that is wrong.
    """
    from dvc.exceptions import DvcException
    from dvc.utils.hydra import apply_overrides
    from omegaconf.errors import OmegaConfBaseException

    params.load_all()
    text = PARAMS_FILE.read_text(encoding="utf-8")
    with tempfile.TemporaryDirectory() as folder, contextlib.chdir(folder):
        for point in points:
            Path(PARAMS_FILE).write_text(text, encoding="utf-8")
            try:
                apply_overrides(str(PARAMS_FILE), list(point))
            except (DvcException, OmegaConfBaseException) as error:
                raise UserError(f"-S {' -S '.join(point)}: {_reason(error)}. {SYNTAX}") from None
            params.load_all()


def point_name(sweep: str, overrides: Overrides) -> str:
    """Return the name of the experiment of a point: the same whenever the sweep is started again."""
    return f"{sweep}-{sha256_of(*sorted(overrides))[:8]}"


def _reason(error: BaseException) -> str:
    while error.__cause__:
        error = error.__cause__
    reason = str(error).splitlines()[0].rstrip(".")
    return f"{PARAMS_FILE} has no such key" if reason.endswith("is not in struct") else reason
