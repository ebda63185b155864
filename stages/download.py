"""Fetch the rows, check them, and say which columns are features."""

import argparse
from itertools import chain

from rebalance import errors, paths, sources, store, tracking
from rebalance.params import load


def main():
    argparse.ArgumentParser("python -m stages.download", description=__doc__).parse_args()
    params = load()
    with tracking.stage("download", params):
        download(params)


def download(params):
    pieces = sources.pieces(params.data)
    first = next(pieces)
    roles = {
        "target": params.data.target,
        "features": sources.features(first, params.data.target, params.data.drop),
        "kinds": params.data.columns,
    }
    store.write_frames(paths.RAW, chain([first], pieces), roles)


if __name__ == "__main__":
    errors.run(main)
