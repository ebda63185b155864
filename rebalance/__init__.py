"""Say, with evidence, whether any treatment of class imbalance helps.

For scores that you bring yourself:

`compare` compares models on the same test rows in pairs, with intervals and verdicts;
`choose_threshold` turns probabilities into a threshold by a rule, costs or a budget of alerts;
`score` returns the metrics of one model. Each is imported when it is first used.
"""

import importlib

FACE = {
    "InputError": ("rebalance.errors", "InputError"),
    "choose_threshold": ("rebalance.thresholds", "choose"),
    "compare": ("rebalance.comparison", "compare"),
    "score": ("rebalance.metrics", "score"),
}
__all__ = ["InputError", "__version__", "choose_threshold", "compare", "score"]


def __getattr__(name):
    """Import a name of the package on first use, so that a stage does not import the rest."""
    if name == "__version__":
        from importlib.metadata import version

        return version("rebalance")
    if name in FACE:
        module, attribute = FACE[name]
        return getattr(importlib.import_module(module), attribute)
    raise AttributeError(f"module 'rebalance' has no attribute {name!r}")


def __dir__():
    return sorted({*globals(), *__all__})
