"""The view of MLflow's page that shows which model won, and its address."""

import json
from urllib.parse import urlencode

KEY = "rebalance"
FILTER = "tags.kind = 'stage'"


def save(client, experiment_id, metric):
    """Keep the columns of the view with the experiment, as a view that MLflow's users share."""
    tags = ["model", "recommended", "verdict"]
    metrics = [metric, f"{metric}_low", f"{metric}_high", *(
        f"difference{end}" for end in ("", "_low", "_high")
    ), "threshold"]  # fmt: skip
    state = {
        "searchFilter": FILTER,
        "orderByKey": f"metrics.`{metric}`",
        "orderByAsc": False,
        "startTime": "ALL",
        "lifecycleFilter": "Active",
        "datasetsFilter": [],
        "modelVersionFilter": "All Runs",
        "selectedColumns": [
            *(f"tags.`{name}`" for name in tags),
            *(f"metrics.`{name}`" for name in metrics),
        ],
    }
    client.set_experiment_tag(experiment_id, f"mlflow.sharedViewState.{KEY}", json.dumps(state))


def address(base, experiment_id, metric):
    """Return the address of the view below ``base``, that of the page."""
    query = {
        "searchFilter": FILTER,
        "orderByKey": f"metrics.`{metric}`",
        "orderByAsc": "false",
        "viewStateShareKey": KEY,
    }
    return f"{base}/#/experiments/{experiment_id}/runs?{urlencode(query)}"
