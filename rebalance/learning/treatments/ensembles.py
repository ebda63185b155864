"""What is left of imbalanced-learn's ensembles once they are fitted."""


def without_samplers(ensemble):
    """Leave the part of a fitted ensemble that predicts; return it."""
    ensemble.sampling_strategy = "auto"
    for name in ("_sampling_strategy", "base_sampler_", "sampler_", "samplers_", "pipelines_"):
        vars(ensemble).pop(name, None)
    ensemble.estimator_ = _last(ensemble.estimator_)
    ensemble.estimators_ = [_last(member) for member in ensemble.estimators_]
    return ensemble


def _last(member):
    return member.steps[-1][1] if member.__class__.__module__ == "imblearn.pipeline" else member
