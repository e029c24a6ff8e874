"""`zarathustra study`: the experiments of a study in studies.yaml, and a page that compares them."""

import argparse
import tempfile
from pathlib import Path

from stages.cli import study_collapse, study_results, sweep_runner
from stages.cli.options import require_project
from stages.cli.study_list import STUDIES_FILE, experiments_of
from stages.cli.sweep_start import experiments, require_commit
from stages.core.pipeline.errors import UserError
from stages.core.pipeline.visible import visible
from stages.core.tracking import git


def set_up(parser: argparse.ArgumentParser) -> None:
    """Add the options."""
    parser.epilog = (
        f"{STUDIES_FILE} names the studies. Started again, a study runs what is missing, and takes up what DVC's cache "
        "holds of an earlier commit. `dvc exp apply NAME` brings an experiment here."
    )
    parser.add_argument("study", metavar="NAME", help="of the study")
    parser.add_argument(
        "--show", action="store_true", help="run nothing; write the page from the experiments there are"
    )
    sweep_runner.set_up(parser)
    parser.set_defaults(run=run)


def run(arguments: argparse.Namespace) -> None:
    """Run what is missing, then write the page."""
    require_project()
    points = experiments_of(arguments.study)
    _require_patch(arguments.study)
    if not arguments.show:
        swept = {name: " ".join(overrides) or "params.yaml as it is" for name, overrides in points.items()}
        sweep_runner.run_points(arguments, arguments.study, points, swept)
    commit = require_commit()
    found = experiments(".", commit)
    done = {name: found[name] for name in points if name in found}
    if not done:
        raise UserError(f"No experiment of {arguments.study} has run from commit {commit[:10]}. Leave --show out.")
    missing = [name for name in points if name not in done]
    pages = study_collapse if arguments.study.partition("-")[0] == "collapse" else study_results
    path = pages.write(arguments.study, points, done)
    print(visible(f"{path}: {len(done)} experiments." + (f" Missing: {', '.join(missing)}." if missing else "")))


def _require_patch(study: str) -> None:
    """Raise UserError if a patch belongs to the study, and the code is without it."""
    patch = Path("reports", f"{study}.patch")
    if not patch.exists():
        return
    with tempfile.TemporaryDirectory() as folder:  # in a repository, paths would count from its top
        try:
            git.run("apply", "--reverse", "--check", str(patch), variables={"GIT_DIR": folder})
        except git.GitError:
            raise UserError(f"{study} runs the code with {patch}. Run `git apply {patch}`, then commit.") from None
