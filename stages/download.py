"""Fetch the rows, say how they were read, and which columns are features."""

import argparse
import sys

from rebalance import errors, paths, sources, store, tracking
from rebalance.params import load


def main():
    argparse.ArgumentParser("python -m stages.download", description=__doc__).parse_args()
    params = load()
    store.remove_other_answers()
    with tracking.stage("download", params):
        reading = download(params)
    sys.stdout.write("".join(f"{line}\n" for line in reading["said"]))


def download(params):
    found = sources.profile(params.data)
    roles = {
        "target": found.target,
        "features": sources.features(found, params.data),
        "kinds": params.data.columns,
    }
    store.write_frames(paths.RAW, sources.pieces(params.data, found), roles)
    reading = sources.described(found, params.data)
    store.write_json(paths.READING, reading)
    return reading


if __name__ == "__main__":
    errors.run(main)
