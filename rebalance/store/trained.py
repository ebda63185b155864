"""The outputs of a training stage: model, out-of-fold scores, metrics, importance, fingerprint."""

from rebalance import paths
from rebalance.store.fingerprints import write_fingerprint
from rebalance.store.json import read_json, write_json
from rebalance.store.models import write_model
from rebalance.store.tables import Columns, write_frame


def write_trained(name, trained, more=None):
    """Write what a training stage made of the model ``name``; return the files written.

    ``trained`` is a `training.Trained`; ``more`` joins its metrics.
    """
    import pyarrow as pa

    write_model(paths.model(name), trained.model)
    columns = {key: pa.array(column) for key, column in vars(trained.scores).items()}
    write_frame(paths.out_of_fold(name), pa.table(columns))
    write_json(paths.training_metrics(name), trained.summary | (more or {}))
    write_fingerprint(name)
    written = [
        paths.model(name),
        paths.out_of_fold(name),
        paths.training_metrics(name),
        paths.fingerprint(name),
    ]
    if trained.importance is None:
        return written
    write_json(paths.importance(name), trained.importance)
    return [*written, paths.importance(name)]


def read_importance(name):
    """Return ``model``, whose folds were asked, and ``columns``: what each is worth to it.

    A study keeps no models of its folds: the baseline stands for its choice.
    """
    asked = paths.BASELINE if name == paths.TUNED else name
    return {"model": asked, "columns": read_json(paths.importance(asked))}


def read_scores(name):
    """Return the out-of-fold scores of the model ``name``: a dict of columns."""
    columns = Columns(paths.out_of_fold(name))
    return {column: columns[column].to_numpy() for column in columns.column_names}
