"""The model that a command uses: a file of this repository, or one of MLflow's."""

import logging

from rebalance import errors, paths, store
from rebalance.errors import InputError
from rebalance.scoring.deciding import Decider
from rebalance.served import Scorer
from rebalance.thresholds import Threshold, restored

log = logging.getLogger("rebalance")

REGISTERED = "models:/"
PREVALENCE = "data.prevalence"  # models are trained without it


def find(name=""):
    """Return the `Scorer` that is called so.

    Parameters
    ----------
    name : str
        A model of params.yaml, an address of MLflow such as ``models:/rebalance@champion``, or
        nothing for the model recommended.
    """
    from rebalance import tracking

    if name.startswith(REGISTERED):
        folder = tracking.download(name)
        return store.read_model(f"{folder}/model.skops")
    if not name:
        from rebalance.tracking import summaries

        name = summaries.answer()["recommended"]
    if not paths.model(name).exists():
        known = sorted(path.stem for path in paths.MODELS.glob("*.skops"))
        raise InputError(
            f"model must be one of {errors.listed(known)} or an address such as "
            f"{REGISTERED}rebalance@champion, got {name[:40]!r}; 'dvc repro' trains the models of "
            "params.yaml."
            if known
            else f"there is no {paths.model(name)}; 'dvc repro' trains it, 'dvc pull' fetches it."
        )
    store.check_fingerprint(name)
    keys = tracking.edited([name])
    if PREVALENCE in keys:
        keys.remove(PREVALENCE)
        log.warning(
            "note: %s was edited in params.yaml after the last 'dvc repro'; probabilities hold at "
            "the new one, the report and the card are of the former.",
            PREVALENCE,
        )
    if keys:
        log.warning(
            "note: %s %s edited in params.yaml after %s was trained; it answers as trained, until "
            "'dvc repro' has run.",
            errors.listed(keys),
            "was" if len(keys) == 1 else "were",
            name,
        )
    return Scorer(store.read_model(paths.model(name)), name)


def is_here(scorer, name):
    """Return whether the model that `find` returned for ``name`` is the one of this folder."""
    path = paths.model(scorer.name)
    return not name.startswith(REGISTERED) or (
        path.exists() and store.same_models(store.read_model(path), scorer.model)
    )


def decider(scorer, rule="", *, use="", prevalence=None):
    """Return the `Decider` of a model.

    Parameters
    ----------
    scorer : Scorer
    rule : str
        A rule of params.yaml; that of the model where it is empty.
    use : str
        ``threshold.use``, which tells rules of equal threshold apart.
    prevalence : float or None
        ``data.prevalence``.
    """
    model = scorer.model
    name = rule or model.in_use(use)
    threshold = _threshold(scorer, name) if name else Threshold(name="", value=model.threshold)
    return Decider(name=name, threshold=threshold, share=model.share, prevalence=prevalence)


def _threshold(scorer, rule):
    """Return the `Threshold` of a rule of params.yaml."""
    if rule not in (scorer.model.thresholds or {}):
        raise InputError(
            f"rule must be one of {errors.listed(list(scorer.model.thresholds or {}))}, "
            f"got {rule[:40]!r}."
        )
    threshold = restored(scorer.model.thresholds[rule])
    if threshold.value is None and threshold.c_admin is None:
        raise InputError(
            f"rule {rule} decides by the costs of each row, which are read in training only; name "
            "another rule, and decide from the probabilities."
        )
    return threshold
