"""Hold out the test rows and the sealed rows, and say what each side holds."""

import argparse

from rebalance import checks, columns, errors, paths, sealing, splitting, store, tracking
from rebalance.params import load


def main():
    argparse.ArgumentParser("python -m stages.split", description=__doc__).parse_args()
    params = load()
    with tracking.stage("split", params):
        split(params)


def split(params):
    raw = splitting.with_equal_rows(store.Columns(paths.RAW), params.split)
    y = raw[raw.roles["target"]].to_numpy()
    looked_at = splitting.split_column(raw, params.split)
    roles = splitting.roles_after_split(raw.roles, params.split)
    *rows, final = sealing.split(y, looked_at, params.split)
    sides = [raw.take(each) for each in rows]
    train = sides[0].table()
    roles = columns.roles(roles, columns.learn(train, roles["features"], roles["kinds"]))
    store.write_frame(paths.TRAIN, train, roles)
    del train
    store.write_frame(paths.TEST, sides[1].table(), roles)
    store.write_frame(paths.FINAL, raw.take(final).table(), roles)
    metrics = splitting.describe(*sides, roles)
    metrics["test"]["checksum"] = sealing.checksum(y[rows[1]])
    metrics |= sealing.described(y[final])
    store.write_json(paths.SPLIT, metrics)
    findings = checks.of_sides(raw, roles, rows, metrics)
    store.write_json(paths.SPLIT_CHECKS, [finding.to_dict() for finding in findings])


if __name__ == "__main__":
    errors.run(main)
