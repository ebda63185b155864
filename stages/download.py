"""Fetch the rows, say how they were read, which columns are features, and what may mislead."""

import argparse

from rebalance import checks, errors, paths, sources, store, tracking
from rebalance.params import load


def main():
    argparse.ArgumentParser("python -m stages.download", description=__doc__).parse_args()
    params = load()
    store.remove_other_answers()
    with tracking.stage("download", params):
        reading, features, rows = download(params)
    said = [*reading["said"], *checks.of_passing(rows, features, params.data.columns)]
    errors.say("".join(f"{line}\n" for line in said))


def download(params):
    table = sources.profile(params.data)
    roles = {
        "target": table.target,
        "features": sources.features(table, params.data),
        "kinds": params.data.columns,
    } | sources.how_read(table, params.data)
    rows = checks.Passing()
    store.write_frames(paths.RAW, rows.of(sources.pieces(params.data, table)), roles)
    reading = sources.described(table, params.data)
    store.write_json(paths.READING, reading)
    return reading, roles["features"], rows


if __name__ == "__main__":
    errors.run(main)
