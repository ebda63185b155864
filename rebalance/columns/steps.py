"""Steps on a training fold's columns before a sampler or a learner sees them.

These steps look at the rows that they are fitted to, the first also at the target: they belong
inside a fold, and into the model.
"""

from dataclasses import dataclass, replace

from rebalance.columns.encoding import NUMBERS, Layout

# Folds inside the training rows that give each row the target's mean over the others.
CROSS_FITTED = 5


@dataclass(frozen=True, kw_only=True)
class Steps:
    """Unfitted transformers in their order, and the `Layout` of what they make."""

    transformers: tuple = ()
    layout: Layout = NUMBERS


NO_STEPS = Steps()


def before(layout, positives, *, most, fill, seed):
    """Return the `Steps` that come before a treatment.

    They come first because the target's mean of a category must not be taken over copies that a
    sampler made, and because a sampler that looks for neighbours takes no gaps.

    Parameters
    ----------
    layout : Layout
    positives : int
        Positives of the table; a training fold has half of them or more.
    most : int
        Categories of more values than this become the mean of the target (Micci-Barreca, 2001),
        cross-fitted.
    fill : bool
        Whether gaps are filled.
    seed : int
    """
    from sklearn.compose import ColumnTransformer
    from sklearn.model_selection import StratifiedKFold
    from sklearn.preprocessing import TargetEncoder

    transformers = []
    many = [place for place, values in sorted(layout.categories.items()) if values > most]
    if many:
        folds = StratifiedKFold(
            max(2, min(CROSS_FITTED, positives // 2)), shuffle=True, random_state=seed
        )
        encoder = TargetEncoder(target_type="binary", cv=folds)
        transformers.append(ColumnTransformer([("many", encoder, many)], remainder="passthrough"))
        layout = layout.numeric(many).first(many)
    if fill:
        transformers.append(filled(layout))
        layout = replace(layout.first(sorted(layout.categories)), indicators=layout.gaps)
    return Steps(transformers=tuple(transformers), layout=layout)


def filled(layout):
    """Return a transformer that leaves no gap: codes come first, indicators of gaps last.

    A gap among codes becomes a code of its own, another the median of its column, and a further
    column says where it was.
    """
    from sklearn.compose import ColumnTransformer
    from sklearn.impute import SimpleImputer

    codes = sorted(layout.categories)
    if not codes:
        return _median(layout)
    gap = float(max(layout.categories.values()) + 1)
    return ColumnTransformer(
        [("codes", SimpleImputer(strategy="constant", fill_value=gap), codes)],
        remainder=_median(layout),
    )


def one_hot(layout, *, scaled):
    """Return a transformer that gives each code a column of its own, and leaves no gap.

    ``scaled`` numbers have a mean of 0 and a variance of 1.
    """
    from sklearn.compose import ColumnTransformer
    from sklearn.pipeline import make_pipeline
    from sklearn.preprocessing import OneHotEncoder, StandardScaler

    numbers = _median(layout)
    if scaled:
        # First, so that an indicator stays 0 or 1.
        numbers = make_pipeline(StandardScaler(), numbers)
    codes = sorted(layout.categories)
    if not codes:
        return numbers
    encoder = OneHotEncoder(handle_unknown="ignore", sparse_output=False)
    return ColumnTransformer([("codes", encoder, codes)], remainder=numbers)


def _median(layout):
    from sklearn.impute import SimpleImputer

    # Of a table without gaps this copies the rows, and takes those that come later.
    return SimpleImputer(strategy="median", add_indicator=layout.gaps, keep_empty_features=True)
