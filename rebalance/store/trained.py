"""The outputs of a training stage: model, out-of-fold scores, metrics, fingerprint."""

from rebalance import paths
from rebalance.store.fingerprints import write_fingerprint
from rebalance.store.json import write_json
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
    return [
        paths.model(name),
        paths.out_of_fold(name),
        paths.training_metrics(name),
        paths.fingerprint(name),
    ]


def read_scores(name):
    """Return the out-of-fold scores of the model ``name``: a dict of columns."""
    columns = Columns(paths.out_of_fold(name))
    return {column: columns[column].to_numpy() for column in columns.column_names}
