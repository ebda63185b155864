"""The view of MLflow's page that shows which model won, and its address."""

import json

KEY = "rebalance"
FILTER = "tags.kind = 'stage'"


def save(client, experiment_id, metric):
    """Keep the view with the experiment, as one that MLflow's users share.

    The recommended model stands first, whatever a single metric says; then the latest run.
    """
    metrics = [f"{name}{end}" for name in (metric, "difference") for end in ("", "_low", "_high")]
    state = {
        "searchFilter": FILTER,
        "orderByKey": "tags.`recommended`",
        "orderByAsc": False,
        "startTime": "ALL",
        "lifecycleFilter": "Active",
        "datasetsFilter": [],
        "modelVersionFilter": "All Runs",
        "selectedColumns": [
            *(f"tags.`{name}`" for name in ("recommended", "verdict")),
            *(f"metrics.`{name}`" for name in metrics),
        ],
    }
    client.set_experiment_tag(experiment_id, f"mlflow.sharedViewState.{KEY}", json.dumps(state))


def address(base, experiment_id):
    """Return the address of the view below ``base``, that of the page.

    It names the view, with no filter or order, for which MLflow would ignore the view; and the kind
    of work, without which MLflow hides the models behind pages for language models.
    """
    page = f"{base}/#/experiments/{experiment_id}/runs"
    return f"{page}?viewStateShareKey={KEY}&workflowType=machine_learning"
