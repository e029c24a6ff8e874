"""The command `zarathustra`: a module of this package for each of its commands."""

import argparse
import importlib
import os
import sys

from stages.core.pipeline import errors
from stages.core.pipeline.progress import reader_may_leave, set_up_output
from stages.core.pipeline.stage import Parser

COMMANDS = {
    "new-text": "learn texts of your own: checks the files and sets params.yaml",
    "generate": "continue a prompt with a trained network, character by character",
    "export": "write a trained network as a file that plain Keras loads, its tokens beside it",
    "serve": "answer prompts over HTTP with the best registered model",
    "plan": "say which stages would run now, why, and how long they would take",
    "compare": "show how runs differ: parameters, data, code, losses, samples",
    "reproduce": "run a logged run again from its commit, and compare the bytes",
    "sweep": "run an experiment for every combination of some settings, here or on a Ray cluster",
    "study": "run the experiments of a study that are missing, and write the page that compares them",
    "sync": "log the present outputs to MLflow, as far as they are missing there",
}


def parser_for(name: str | None) -> argparse.ArgumentParser:
    """Return the parser of the command line. Only the module of the command that is wanted is imported."""
    top = Parser(prog="zarathustra", description="Work with trained networks and with runs.")
    subparsers = top.add_subparsers(title="commands", metavar="COMMAND", required=True)
    for command, summary in COMMANDS.items():
        parser = subparsers.add_parser(command, help=summary, description=f"{summary[0].upper()}{summary[1:]}.")
        if command == name:
            importlib.import_module(f"stages.cli.{command.replace('-', '_')}").set_up(parser)
    return top


def run() -> None:
    """Do what the command line says."""
    name = next((argument for argument in sys.argv[1:] if not argument.startswith("-")), None)
    with reader_may_leave():
        arguments = parser_for(name).parse_args()
        arguments.run(arguments)


def main() -> None:
    """Do what the command line says; on an error, print one message and exit with status 1."""
    # in a hook of git, GIT_DIR and the like name the repository of the hook: DVC, in this process, would follow them
    for variable in [name for name in os.environ if name.startswith("GIT_")]:
        del os.environ[variable]
    set_up_output()
    continues = sys.argv[1:2] in (["study"], ["sweep"], ["sync"])
    errors.run(run, if_interrupted=errors.RUN_AGAIN if continues else "Nothing was changed.")


if __name__ == "__main__":
    main()
