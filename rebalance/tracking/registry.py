"""The registered model: a version for each model recommended, and which of them is champion."""

from rebalance import paths, store
from rebalance.errors import InputError
from rebalance.tracking import provenance

# Options of the comparison, by what params.yaml calls them.
OPTIONS = {
    "k": "evaluate.alerts",
    "precision": "evaluate.precision",
    "margin": "evaluate.margin",
}
# A logged model is made before data.prevalence is read, and serves tables of every share.
HELD = (
    "Its probabilities and its threshold, {threshold}, hold where {share:.4g} % of the rows are "
    "positive, as of the training rows, whatever data.prevalence says. `rebalance predict --model` "
    "and `rebalance serve --model` restate the probabilities at data.prevalence, and decide there."
)
# What MLflow says of an alias, a version or a model that is not there.
ABSENT = {"INVALID_PARAMETER_VALUE", "RESOURCE_DOES_NOT_EXIST"}
CHALLENGER, CHAMPION = "challenger", "champion"


def challenge(client, experiment_id, model_id, record):
    """Register the recommended model as challenger, and as champion where it earned that.

    It becomes champion where there is none, or where the paired verdict on the test rows says
    that it is better than the champion.
    """
    name = client.get_experiment(experiment_id).name
    version = _version(client, name, model_id, record)
    client.set_registered_model_alias(name, CHALLENGER, version.version)
    champion = _alias(client, name, CHAMPION)
    if champion is None or _is_better(client, version, champion, record):
        client.set_registered_model_alias(name, CHAMPION, version.version)


def promote(client, name, wanted):
    """Make a version, or the challenger, champion; return (its number, that of the former)."""
    from mlflow.exceptions import MlflowException

    former = _alias(client, name, CHAMPION)
    try:
        version = (
            client.get_model_version(name, wanted)
            if wanted.isdigit()
            else client.get_model_version_by_alias(name, wanted)
        )
    except MlflowException as error:
        if error.error_code not in ABSENT:
            raise
        raise InputError(
            f"the registered model {name!r} has no version or alias {wanted!r}; 'dvc repro' "
            "registers the model that it recommends as challenger."
        ) from error
    client.set_registered_model_alias(name, CHAMPION, version.version)
    return version.version, former.version if former else None


def _version(client, name, model_id, record):
    """Return the version of a logged model, which is made where there is none."""
    from mlflow.exceptions import MlflowException

    try:
        known = client.search_model_versions(f"name = '{name}'")
    except MlflowException:
        known = []
    logged = client.get_logged_model(model_id)
    # The registry of a database tells no version's model_id.
    for version in known:
        if version.source == logged.artifact_location:
            return version
    try:
        client.create_registered_model(name, description="The models that rebalance recommended.")
    except MlflowException:
        client.get_registered_model(name)  # raises where the registry refused for another reason
    tags = _tags(client, logged, record)
    return client.create_model_version(
        name,
        source=logged.artifact_location,
        run_id=logged.source_run_id,
        model_id=model_id,
        tags=tags,
        description=HELD.format(share=100 * float(tags["prior"]), threshold=tags["threshold"]),
    )


def _tags(client, logged, record):
    """Return what a user of the model has to know of it."""
    split = store.read_json(record.file(paths.SPLIT))
    threshold = store.read_json(record.file(paths.SCORES))[logged.name]["threshold"]
    tags = {
        "model": logged.name,
        "threshold": "none" if threshold is None else f"{threshold:.6g}",
        "rule": record.params.get("threshold.use", ""),
        "prior": f"{split['train']['prevalence']:.6g}",
    }
    for seen in client.get_run(logged.source_run_id).inputs.dataset_inputs:
        tags["data"] = seen.dataset.digest
    return provenance.tag_texts(tags)


def _alias(client, name, alias):
    """Return the version that an alias names, or None where there is no such alias."""
    from mlflow.exceptions import MlflowException

    try:
        return client.get_model_version_by_alias(name, alias)
    except MlflowException as error:
        # A server in trouble is no answer: the challenger would become champion for it.
        if error.error_code not in ABSENT:
            raise
        return None


def _is_better(client, version, champion, record):
    """Tell whether the paired verdict on the test rows says that a version beats the champion."""
    seen = {rows["digest"] for rows in record.datasets}
    if version.version == champion.version or not paths.TEST.exists():
        return False
    if store.md5(paths.TEST) not in seen:  # the test rows are others by now: a person decides
        return False
    import mlflow.artifacts

    from rebalance import comparison
    from rebalance.judging import evaluation

    table, rows = store.read_table(paths.TEST), store.Columns(paths.TEST)
    compared = {}
    for name, each in ((CHALLENGER, version), (CHAMPION, champion)):
        folder = mlflow.artifacts.download_artifacts(each.source)
        scorer = store.read_model(f"{folder}/model.skops")
        try:
            compared[name] = (scorer.probability(rows), scorer.model.threshold)
        except InputError:  # trained on other columns: a person decides
            return False
    params = record.params
    judged = comparison.compare(
        table.y,
        compared,
        CHAMPION,
        metric=params["evaluate.metric"],
        n_draws=int(params["evaluate.bootstrap"]),
        seed=int(params["evaluate.seed"]),
        groups=evaluation.groups(table, params.get("evaluate.groups", "")),
        **{key: params[name] for key, name in OPTIONS.items() if name in params},
    )
    return judged.verdicts[CHALLENGER].verdict == comparison.BETTER
