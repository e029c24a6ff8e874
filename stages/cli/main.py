"""The command `zarathustra`: a module of this package for each of its commands."""

import argparse
import importlib
import sys

from stages.core.pipeline import errors

COMMANDS = {
    "generate": "continue a prompt with a trained network, character by character",
    "plan": "say which stages would run now, why, and how long each took last time",
    "compare": "show how runs differ: parameters, data, code, losses, samples",
    "reproduce": "run a logged run again from its commit, and compare the bytes",
    "sync": "log the outputs that are there to MLflow, what is missing of them",
}


def parser_for(name: str | None) -> argparse.ArgumentParser:
    """Return the parser of the command line. Only the module of the command that is wanted is imported."""
    top = argparse.ArgumentParser(prog="zarathustra", description="What is done with trained networks and with runs.")
    subparsers = top.add_subparsers(title="commands", metavar="COMMAND", required=True)
    for command, summary in COMMANDS.items():
        parser = subparsers.add_parser(command, help=summary, description=f"{summary.capitalize()}.")
        if command == name:
            importlib.import_module(f"stages.cli.{command}").set_up(parser)
    return top


def run() -> None:
    """Do what the command line says."""
    name = next((argument for argument in sys.argv[1:] if not argument.startswith("-")), None)
    arguments = parser_for(name).parse_args()
    arguments.run(arguments)


def main() -> None:
    """Do what the command line says; leave with exit status 1 and one message when that cannot be done."""
    logging = sys.argv[1:2] == ["sync"]
    errors.run(run, if_interrupted=errors.RUN_AGAIN if logging else "Nothing was changed.")


if __name__ == "__main__":
    main()
