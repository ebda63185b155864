"""Do what the stages do up to the first fit, in a folder that is thrown away.

Every complaint is noted, and what does not depend on it goes on.
"""

import logging
from contextlib import contextmanager
from dataclasses import dataclass, field
from itertools import chain
from pathlib import Path
from tempfile import TemporaryDirectory

from rebalance.errors import InputError


@dataclass(kw_only=True)
class Rehearsal:
    """What a run would meet: complaints that stop it, findings that mislead, and its split."""

    complaints: list = field(default_factory=list)
    findings: list = field(default_factory=list)
    warnings: list = field(default_factory=list)
    split: dict = field(default_factory=dict)

    @contextmanager
    def noting(self):
        """Note an `InputError` as complaints, a line each, and go on after the block."""
        try:
            yield
        except InputError as error:
            self.complaints += [
                line for line in str(error).splitlines() if line not in self.complaints
            ]

    @contextmanager
    def listening(self):
        """Note what the library warns of inside the block, once, in place of printing it."""
        log = logging.getLogger("rebalance")
        before = log.propagate, list(log.handlers)
        log.propagate, log.handlers = False, [_Listener(self.warnings)]
        try:
            yield
        finally:
            log.propagate, log.handlers = before


class _Listener(logging.Handler):
    """Append each warning to a list that lacks it."""

    def __init__(self, heard):
        super().__init__(logging.WARNING)
        self.heard = heard

    def emit(self, record):
        """Append the message; notes of what goes as it should are no warnings."""
        message = record.getMessage()
        if message.startswith("warning: ") and message not in self.heard:
            self.heard.append(message)


def rehearse(params):
    """Return the `Rehearsal` of the parameters."""
    from rebalance import tracking

    found = Rehearsal()
    with found.noting():
        tracking.check(params.tracking.experiment)
    with TemporaryDirectory() as folder:
        with found.noting():
            raw = _download(params, Path(folder))
        if found.complaints:
            return found
        with found.noting():
            sides = _split(raw, params, Path(folder), found)
        if found.split:
            with found.listening():
                _plan(params, found, *sides)
    return found


def _download(params, folder):
    """Return the table that the stage download would write."""
    from rebalance import sources, store

    pieces = sources.pieces(params.data)
    first = next(pieces)
    roles = {
        "target": params.data.target,
        "features": sources.features(first, params.data.target, params.data.drop),
        "kinds": params.data.columns,
    }
    store.write_frames(folder / "raw.parquet", chain([first], pieces), roles)
    return store.Columns(folder / "raw.parquet")


def _split(raw, params, folder, found):
    """Return the training and test tables that the stage split would write; note its checks."""
    from rebalance import checks, columns, splitting, store

    y = raw[raw.roles["target"]].to_numpy()
    raw = splitting.with_equal_rows(raw, params.split)
    looked_at = splitting.split_column(raw, params.split)
    roles = splitting.roles_after_split(raw.roles, params.split)
    rows = splitting.split(y, looked_at, params.split)
    sides = [raw.take(each) for each in rows]
    learnt = columns.learn(sides[0], roles["features"], roles["kinds"])
    roles = columns.roles(roles, learnt)
    paths = [folder / name for name in ("train.parquet", "test.parquet")]
    for path, side in zip(paths, sides, strict=True):
        store.write_frame(path, side.table(), roles)
    found.split = splitting.describe(*sides, roles)
    found.findings += checks.of_sides(raw, roles, rows, found.split)
    return [store.read_table(path) for path in paths]


def _plan(params, found, train, test):
    """Note what the training stages and evaluate would refuse before they fit or judge."""
    from rebalance import checks, splitting, tuning
    from rebalance.judging import evaluation
    from rebalance.learning import training, treatments
    from rebalance.params import Treatment

    params = params.at(treatments.natural_ratio(train.y)).for_columns(train.names)
    entries = {"baseline": Treatment(treatment=treatments.NONE)}
    entries |= {f"resample.{name}": entry for name, entry in params.resample.items()}
    settings = training.Settings.of(params)
    for place, entry in entries.items():
        with found.noting():
            training.check(entry, train, settings, place)
    with found.noting():
        tuning.check(train, params.tune, settings)
    for section in (params.out_of_fold, params.tune):
        with found.noting():
            splitting.folds(train, section)
    with found.noting():
        evaluation.groups(test, params.evaluate.groups)
    found.findings += checks.of_plan(checks.Plan.of(params, found.split))
