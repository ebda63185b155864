"""Put the judgement of ``evaluate`` on the models, their runs and the experiment."""

import time

from rebalance import paths, store
from rebalance.tracking import looks, provenance, registry, summaries, view


def publish(client, experiment_id, run_id, record):
    """Put numbers and verdicts on every judged model, and the answer on the experiment."""
    from mlflow.entities import LoggedModelInput

    files = (paths.ANSWER, paths.SCORES, paths.COMPARISON)
    answer, scores, compared = (store.read_json(record.file(path)) for path in files)
    models, looked = {}, _looks(client, experiment_id, record, scores)
    for name, digest in record.trained.items():
        run = trained(client, experiment_id, name, digest)
        if run is None:  # its stage was recorded elsewhere
            continue
        models[name] = run.outputs.model_outputs[0].model_id
        judged = summaries.judged(name, answer["recommended"], scores, compared, looked)
        _log(client, run, models[name], judged, record)
    client.log_inputs(run_id, models=[LoggedModelInput(model) for model in models.values()])
    client.set_tag(run_id, "looks", str(looked))
    client.set_experiment_tag(experiment_id, "mlflow.note.content", answer["answer"])
    view.save(client, experiment_id, compared["metric"])
    if answer["recommended"] in models:
        registry.challenge(client, experiment_id, models[answer["recommended"]], record)


def _looks(client, experiment_id, record, scores):
    """Return how often the test rows of this evaluation were looked at, this time included."""
    rows = record.tags.get("test_rows")
    if not rows:
        return 1
    known = looks.in_git(rows, scores) | looks.in_runs(client, experiment_id, rows)
    return len(known | {record.tags["look"]})


def trained(client, experiment_id, name, digest):
    """Return the run that trained a model and wrote files of that checksum, or None."""
    runs = client.search_runs(
        [experiment_id],
        f"tags.model = '{name}' and tags.outputs = '{digest}' and attributes.status = 'FINISHED'",
        order_by=["attributes.start_time DESC"],
        max_results=1,
    )
    return runs[0] if runs else None


def _log(client, run, model, judged, record):
    """Put what the test rows say on a model and on the run that trained it."""
    from mlflow.entities import Metric

    now = provenance.milliseconds(time.time())
    about = {}
    for rows in record.datasets:
        about = {"dataset_name": rows["name"], "dataset_digest": rows["digest"]}
    numbers = [
        Metric(key, float(value), now, 0, model_id=model, **about)
        for key, value in judged.metrics.items()
    ]
    client.log_batch(run.info.run_id, metrics=numbers)
    note = run.data.tags.get("mlflow.note.content", "").partition(summaries.JUDGED)[0].rstrip()
    client.set_tag(run.info.run_id, "mlflow.note.content", f"{note} {judged.note}")
    for key, value in judged.tags.items():
        client.set_tag(run.info.run_id, key, value)
    client.set_logged_model_tags(model, judged.tags)
