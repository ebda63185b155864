"""Fetch the rows, check them, and say which columns are features."""

import time

from rebalance import errors, paths, sources, store, tracking
from rebalance.params import load


def main():
    started = time.time()
    params = load()
    tracking.check(params.tracking.experiment)
    frame = sources.load(params.data)
    roles = {
        "target": params.data.target,
        "features": sources.features(frame, params.data.target, params.data.drop),
    }
    store.write_frame(paths.RAW, frame, roles)
    tracking.record(
        "download",
        experiment=params.tracking.experiment,
        params={"data": params.data.model_dump()},
        metrics={"rows": len(frame), "positives": int(frame[params.data.target].sum())},
        outputs=[paths.RAW],
        started=started,
    )


if __name__ == "__main__":
    errors.run(main)
