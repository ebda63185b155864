"""SMOTE (Chawla et al., 2002) without copies of the rows that it does not look at."""

import numpy as np

from rebalance.model.rows import Rows


def with_made(sampler, rows, y, layout):
    """Return rows and labels with those that SMOTE makes, shown the positives only.

    They are all that it looks at; its ``fit_resample`` would copy the negatives twice.

    Parameters
    ----------
    sampler : imblearn.over_sampling.SMOTE
        Its ``sampling_strategy`` is that of as many positives as negatives, or ``{1: number}``.
    rows : selection.Rows
    y : array of shape (n_rows,)
    layout : columns.Layout
        Which columns hold whole numbers: those of a row that is made are rounded.
    """
    positives = int(np.count_nonzero(y))
    wanted = sampler.sampling_strategy
    wanted = wanted[1] if isinstance(wanted, dict) else len(y) - positives
    if wanted <= positives:
        return rows, y
    sampler._validate_params()
    sampler.sampling_strategy_ = {1: wanted - positives}
    found = rows.at(np.flatnonzero(y))
    made = sampler._fit_resample(found, np.ones(positives, dtype=y.dtype))[0][positives:]
    labels = np.append(y, np.ones(len(made), dtype=y.dtype))
    return Rows(X=rows.X, index=rows.index, made=layout.rounded(made)), labels
