"""Rows for a model: read as its training rows were, with labels or without."""

from rebalance.sources import files, reading
from rebalance.sources.load import answer, profile
from rebalance.sources.reading import Known

NO_COLUMN = "\0"
# What names the rows to score on the command line.
NEW = "NEW.csv"


def rows(path, data, learnt=None, argument=NEW, also=(), said=None):
    """Return (an iterator of arrow tables, the names of the columns) of a file or a folder.

    Parameters
    ----------
    path : path, or anything that is opened as one
    data : params.Data
        ``read`` says how; a column called as the target is one like any other.
    learnt : dict or None
        What the model knows of its columns, as `columns.learn` returns it.
    argument : str
        What names the path, for messages.
    also : sequence of str
        Columns of use though the model does not need them; one of no use stops nothing.
    said : list, optional
        Gets a line on each file of which lines below the header are taken for no rows.
    """
    known = Known(argument=argument, target=data.target, learnt=learnt or {}, also=tuple(also))
    data = data.model_copy(update={"target": NO_COLUMN, "path": path, "drop": []})
    parts = (
        [files.Part(path=path, partition={})]
        if hasattr(path, "content")
        else (files.matching(path, data.pattern, argument))
    )
    profiled = reading.profile(parts, data, known)
    if said is not None:
        said += profiled.passed_over
    return reading.pieces(profiled, None), list(profiled.columns)


def labelled(path, data, learnt, argument, before):
    """Return (an iterator of arrow tables, what was taken for granted) of rows with labels.

    The target is 0 and 1. Columns that no model looks at may be absent, and so may positives:
    ``before`` are the labels of the training rows, as ``metrics/reading.json`` has them.
    """
    here = {"source": "file", "path": path, "drop": [], "columns": {}}
    data = data.model_copy(update=here)
    target = data.target
    known = Known(argument=argument, target=target, learnt=learnt, also=(target,))
    profiled = profile(data, known)
    decided = answer(profiled, data, before)
    return reading.pieces(profiled, decided), [*profiled.passed_over, *decided.notes]
