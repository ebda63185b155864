"""Hold out the test rows and the sealed rows, and say what each side holds."""

import argparse

from rebalance import (
    checks,
    columns,
    errors,
    hashing,
    paths,
    sealing,
    splitting,
    store,
    tracking,
    workers,
)
from rebalance.params import load


def main():
    argparse.ArgumentParser("python -m stages.split", description=__doc__).parse_args()
    params = load()
    with tracking.stage("split", params):
        split(params)


def split(params):
    if params.split.method == "hashed":
        split_by_hash(params)
        return
    raw = splitting.with_equal_rows(store.Columns(paths.RAW), params.split)
    y = raw[raw.roles["target"]].to_numpy()
    looked_at = splitting.split_column(raw, params.split)
    roles = splitting.roles_after_split(raw.roles, params.split)
    *rows, final = sealing.split(y, looked_at, params.split)
    sides = [raw.take(each) for each in rows]
    train = sides[0].table()
    learnt = columns.learn(train, roles["features"], roles["kinds"], roles.get("read"))
    columns.refuse_no_dates(learnt, raw)
    roles = columns.roles(roles, learnt)
    store.write_frame(paths.TRAIN, train, roles)
    del train
    store.write_frame(paths.TEST, sides[1].table(), roles)
    store.write_frame(paths.FINAL, raw.take(final).table(), roles)
    metrics = splitting.describe(*sides, roles)
    store.identify(metrics, y[rows[1]])
    metrics |= sealing.described(y[final], y)
    store.write_json(paths.SPLIT, metrics)
    findings = checks.of_sides(raw, roles, rows, metrics)
    store.write_json(paths.SPLIT_CHECKS, [finding.to_dict() for finding in findings])


def split_by_hash(params):
    raw = store.Columns(paths.RAW)
    roles = splitting.roles_after_split(raw.roles, params.split)
    plan = hashing.Plan.of(raw.decoded, roles, raw[roles["target"]].to_numpy(), params.split)
    with (
        store.temporary_folder() as folder,
        workers.pool(params.run, hashing.COPIES * max(raw.groups)) as (executor, number),
    ):
        test = store.Shuffle(folder, raw.decoded, round(params.split.test_size * raw.num_rows))
        sides = hashing.gather(hashing.pieces(raw, plan, executor, number), plan, test)
        learnt = columns.learn(sides.train, roles["features"], roles["kinds"], roles.get("read"))
        columns.refuse_no_dates(learnt, raw)
        roles = columns.roles(roles, learnt)
        store.write_frame(paths.TRAIN, sides.train, roles | sides.roles)
        store.write_frames(paths.TEST, test.sorted(), roles)
        store.write_frame(paths.FINAL, sides.train[:0], roles)
    train, test = store.Columns(paths.TRAIN), store.Columns(paths.TEST)
    metrics = hashing.described(splitting.describe(train, test, roles), sides)
    store.identify(metrics, test[roles["target"]].to_numpy())
    store.write_json(paths.SPLIT, metrics)
    table, rows = sides.with_test(test.take(hashing.spaced(test.num_rows)).table())
    findings = checks.of_sides(table, roles, rows, metrics)
    store.write_json(paths.SPLIT_CHECKS, [finding.to_dict() for finding in findings])


if __name__ == "__main__":
    errors.run(main)
