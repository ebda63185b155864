"""Model files that execute no code when they are loaded, the same bytes each time."""

import io
import json
import logging
import warnings
import zipfile
from contextlib import contextmanager
from pathlib import Path

from rebalance.errors import InputError, listed
from rebalance.params.learners import LEARNERS
from rebalance.store.atomic import replacing

log = logging.getLogger("rebalance")

# Every type beyond skops' own list that a model of ours may hold; nothing else is loaded. Those of
# classes that params.yaml names by their class stand here, the others with their learner.
TRUSTED = sorted(
    {
        "functools.partial",
        "imblearn.ensemble._bagging.BalancedBaggingClassifier",
        "imblearn.ensemble._easy_ensemble.EasyEnsembleClassifier",
        "imblearn.ensemble._forest.BalancedRandomForestClassifier",
        "imblearn.ensemble._weight_boosting.RUSBoostClassifier",
        "numpy.dtype",
        "rebalance.model.corrected.CorrectedClassifier",
        "rebalance.served.Scorer",
        "sklearn.calibration._CalibratedClassifier",
        "sklearn.calibration._SigmoidCalibration",
        "sklearn.model_selection._split.StratifiedKFold",
        "sklearn.neural_network._stochastic_optimizers.AdamOptimizer",
        "sklearn.utils.validation.check_array",
    }.union(*(learner.trusted for learner in LEARNERS.values()))
)

# We compress nothing but the schema, to about a tenth.
MOST_BYTES, MOST_TIMES = 10_000_000, 30


def _canonical(archive):
    """Return a skops archive with the same content and the same bytes each time.

    Skops names entries and objects by their address in memory and dates the entries; here they
    are numbered in the order in which the schema names them, and carry no date.
    """
    numbers = {}

    def renumber(node):
        if isinstance(node, dict):
            return {
                key: _number(value) if key == "__id__" else _file(key, value)
                for key, value in node.items()
            }
        return [renumber(item) for item in node] if isinstance(node, list) else node

    def _number(identity):
        return numbers.setdefault(str(identity), len(numbers))

    def _file(key, value):
        if key == "file" and isinstance(value, str):
            stem, dot, suffix = value.partition(".")
            return f"{_number(stem)}{dot}{suffix}"
        return renumber(value)

    result = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(archive)) as old, zipfile.ZipFile(result, "w") as new:
        schema = json.dumps(renumber(json.loads(old.read("schema.json"))))
        names = {_file("file", name): name for name in old.namelist() if name != "schema.json"}
        for name in sorted(names):
            new.writestr(zipfile.ZipInfo(name), old.read(names[name]))
        new.writestr(zipfile.ZipInfo("schema.json"), schema, zipfile.ZIP_DEFLATED)
    return result.getvalue()


def write_model(path, model):
    """Write a fitted model in the skops format, which executes no code when it is loaded.

    Raises `InputError` where it could not be loaded again: it holds a type that is not `TRUSTED`.
    """
    from skops.io import dumps, get_untrusted_types

    content = _canonical(dumps(model))
    if foreign := sorted(set(get_untrusted_types(data=content)) - set(TRUSTED)):
        raise InputError(
            f"{path} cannot hold {', '.join(foreign)}: a model file has only types known to "
            "execute no code; use another learner."
        )
    with replacing(path) as partial:
        partial.write_bytes(content)


def same_models(one, other):
    """Return whether two fitted models are written as the same bytes."""
    from skops.io import dumps

    return _canonical(dumps(one)) == _canonical(dumps(other))


def read_model(path):
    """Return a fitted model; nothing of the file is executed.

    Raises `InputError` where the file is missing, not whole, or larger inside than a model of ours
    can be; one of foreign types is named. A model of another version of scikit-learn costs a line.
    """
    from skops.io import load
    from skops.io.exceptions import UntrustedTypesFoundException

    try:
        _check_size(path)
        with _noted(path):
            return load(path, trusted=TRUSTED)
    except FileNotFoundError as error:
        raise InputError(f"{path} is missing; run 'dvc repro', which trains it.") from error
    except UntrustedTypesFoundException as error:
        raise InputError(f"{path} holds types that no model of ours has: {error}.") from error
    except (InputError, PermissionError):
        raise
    except Exception as error:
        # What a damaged file makes of skops has no end: every error of the parts that it rebuilds.
        raise InputError(f"{path} is not whole; run 'dvc repro' to train it again.") from error


@contextmanager
def _noted(path):
    """Say in a line what scikit-learn says for each part of a model of another version."""
    from sklearn.exceptions import InconsistentVersionWarning

    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        yield
    versions = set()
    for each in caught:
        if isinstance(each.message, InconsistentVersionWarning):
            here = each.message.current_sklearn_version
            versions.add(each.message.original_sklearn_version)
        else:
            warnings.warn(each.message, stacklevel=2)
    if versions:
        log.warning(
            "warning: %s was trained with scikit-learn %s, and %s is installed: its answers may be "
            "others than they were; install the version that the lock names, or train it again by "
            "'dvc repro --force'.",
            path,
            listed(sorted(versions)),
            here,
        )


def _check_size(path):
    """Raise `InputError` where an archive would unpack to far more than its size on disk."""
    with zipfile.ZipFile(path) as archive:
        inside = sum(entry.file_size for entry in archive.infolist())
    if inside > (most := MOST_BYTES + MOST_TIMES * Path(path).stat().st_size):
        raise InputError(
            f"{path} would unpack to {inside:,} bytes, and a model of its size has at most "
            f"{most:,}; run 'dvc repro' to train it again."
        )
