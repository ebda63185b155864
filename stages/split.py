"""Hold out the test rows, and say what both sides hold."""

import time

from rebalance import errors, paths, splitting, store, tracking
from rebalance.params import load


def main():
    started = time.time()
    params = load()
    tracking.check(params.tracking.experiment)
    raw, roles = store.read_arrow(paths.RAW)
    y = raw[roles["target"]].to_numpy()
    train, test = splitting.split(y, splitting.looked_at(raw, params.split), params.split)
    roles = splitting.roles(roles, params.split)
    sides = raw.take(train), raw.take(test)
    for path, side in zip((paths.TRAIN, paths.TEST), sides, strict=True):
        store.write_frame(path, side, roles)
    metrics = splitting.describe(*sides, roles)
    store.write_json(paths.SPLIT, metrics)
    tracking.record(
        "split",
        experiment=params.tracking.experiment,
        params={"split": params.split.model_dump()},
        metrics=metrics,
        outputs=[paths.TRAIN, paths.TEST, paths.SPLIT],
        started=started,
    )


if __name__ == "__main__":
    errors.run(main)
