"""One file a command: a new file adds the command of that name, and nothing else has to change.

A command is a module with a docstring, whose first line is its help, and with a function ``run``
that returns the text to print. ``arguments(parser)``, where it has one, adds arguments to an
`argparse.ArgumentParser`; ``run`` takes each of them by name. Bad input raises `InputError`.
``rebalance --help`` imports every command: import slow libraries inside functions.
"""
