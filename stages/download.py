"""Fetch the rows, say how they were read, and which columns are features."""

import argparse

from rebalance import errors, paths, sources, store, tracking
from rebalance.params import load


def main():
    argparse.ArgumentParser("python -m stages.download", description=__doc__).parse_args()
    params = load()
    store.remove_other_answers()
    with tracking.stage("download", params):
        reading = download(params)
    errors.say("".join(f"{line}\n" for line in reading["said"]))


def download(params):
    table = sources.profile(params.data)
    roles = {
        "target": table.target,
        "features": sources.features(table, params.data),
        "kinds": params.data.columns,
    } | sources.how_read(table, params.data)
    store.write_frames(paths.RAW, sources.pieces(params.data, table), roles)
    reading = sources.described(table, params.data)
    store.write_json(paths.READING, reading)
    return reading


if __name__ == "__main__":
    errors.run(main)
