"""Fetch the rows, check them, and say which columns are features."""

import time
from itertools import chain

from rebalance import errors, paths, sources, store, tracking
from rebalance.params import load


def main():
    started = time.time()
    params = load()
    tracking.check(params.tracking.experiment)
    pieces = sources.pieces(params.data)
    first = next(pieces)
    roles = {
        "target": params.data.target,
        "features": sources.features(first, params.data.target, params.data.drop),
        "kinds": params.data.columns,
    }
    store.write_frames(paths.RAW, chain([first], pieces), roles)
    y = store.Columns(paths.RAW)[params.data.target].to_numpy()
    tracking.record(
        "download",
        experiment=params.tracking.experiment,
        params={"data": params.data.model_dump()},
        metrics={"rows": len(y), "positives": int(y.sum(dtype=int))},
        outputs=[paths.RAW],
        started=started,
    )


if __name__ == "__main__":
    errors.run(main)
