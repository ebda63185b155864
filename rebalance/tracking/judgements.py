"""Put the judgement of ``evaluate`` on the models, their runs and the experiment."""

import time

from rebalance import paths, store
from rebalance.tracking import contents, pipeline, provenance, registry, summaries, view


def publish(client, experiment_id, run_id, record):
    """Put numbers and verdicts on every judged model, and the answer on the experiment."""
    from mlflow.entities import LoggedModelInput

    answer = summaries.answer()
    scores, compared = store.read_json(paths.SCORES), store.read_json(paths.COMPARISON)
    models = {}
    for name in scores:
        run = trained(client, experiment_id, name)
        if run is None:  # its stage was recorded elsewhere
            continue
        models[name] = run.outputs.model_outputs[0].model_id
        judged = summaries.judged(name, answer["recommended"], scores, compared)
        _log(client, run, models[name], judged)
    client.log_inputs(run_id, models=[LoggedModelInput(model) for model in models.values()])
    client.set_experiment_tag(experiment_id, "mlflow.note.content", answer["answer"])
    view.save(client, experiment_id, compared["metric"])
    if answer["recommended"] in models:
        registry.challenge(client, experiment_id, models[answer["recommended"]], record)


def trained(client, experiment_id, name):
    """Return the run that trained the model whose files are here, or None."""
    outputs = pipeline.stage(pipeline.trains(name)).outputs
    here = [path for path in outputs if path.exists()]
    digest = provenance.digest({path: provenance.checksum(path) for path in here})
    runs = client.search_runs(
        [experiment_id],
        f"tags.model = '{name}' and tags.outputs = '{digest}' and attributes.status = 'FINISHED'",
        order_by=["attributes.start_time DESC"],
        max_results=1,
    )
    return runs[0] if runs else None


def _log(client, run, model, judged):
    """Put what the test rows say on a model and on the run that trained it."""
    from mlflow.entities import Metric

    now = provenance.milliseconds(time.time())
    rows = contents.dataset(paths.TEST) if paths.TEST.exists() else None
    about = {"dataset_name": rows.name, "dataset_digest": rows.digest} if rows else {}
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
