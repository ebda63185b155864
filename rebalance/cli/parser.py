"""Find the commands, parse the command line and run one of them."""

import argparse
import importlib
import pkgutil

from rebalance import errors, starting
from rebalance.cli import commands

PROGRAM = "rebalance"
DESCRIPTION = "Ask whether any treatment of class imbalance helps on a table. 'dvc repro' answers."


def modules():
    """Return the modules of the commands by name, in alphabetical order."""
    names = sorted(module.name for module in pkgutil.iter_modules(commands.__path__))
    return {name: importlib.import_module(f"{commands.__name__}.{name}") for name in names}


def parser():
    """Return the parser of the command line."""
    top = argparse.ArgumentParser(prog=PROGRAM, description=DESCRIPTION, allow_abbrev=False)
    each = top.add_subparsers(required=True, metavar="command")
    for name, command in modules().items():
        # 'python -OO' keeps no docstring.
        words = (command.__doc__ or name).replace("%", "%%")
        added = each.add_parser(
            name,
            help=words.splitlines()[0],
            description=words,
            formatter_class=argparse.RawDescriptionHelpFormatter,
            allow_abbrev=False,
        )
        getattr(command, "arguments", _no_arguments)(added)
        added.set_defaults(command=command.run)
    return top


def _no_arguments(_parser):
    """Add no argument: the command has none."""


def main(arguments=None):
    """Run the command that the command line names, and print what it returns."""
    options = vars(parser().parse_args(arguments))
    errors.say(options.pop("command")(**options))


def run():
    """Run the command line; bad input is one line on standard error and exit code 1."""
    starting.begin()
    errors.run(main)
