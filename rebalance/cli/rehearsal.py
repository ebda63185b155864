"""Run the stages up to the first fit, in a folder that is thrown away.

Every complaint is noted, and what does not depend on it goes on.
"""

import importlib.util
import logging
from contextlib import chdir, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from tempfile import TemporaryDirectory

from rebalance.checks import Finding
from rebalance.cli.files import left_behind, seen_by_dvc, there
from rebalance.errors import InputError
from rebalance.sources.address import is_address


@dataclass(kw_only=True)
class Rehearsal:
    """The outcome: complaints that would stop a run, findings that mislead, and its split."""

    complaints: list = field(default_factory=list)
    findings: list = field(default_factory=list)
    warnings: list = field(default_factory=list)
    split: dict = field(default_factory=dict)
    renamed: tuple = ("", "")  # the absolute path of the file, and how params.yaml has it

    @contextmanager
    def noting(self):
        """Note an `InputError` as complaints, a line each, and go on after the block."""
        try:
            yield
        except InputError as error:
            lines = str(error).replace(*self.renamed).splitlines()
            self.complaints += [line for line in lines if line not in self.complaints]

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


def stage(name):
    """Return the function of a stage, from the folder ``stages``.

    Stages are not installed: the script ``rebalance`` does not find them as a package.
    """
    import rebalance

    file = Path(rebalance.__file__).parents[1] / "stages" / f"{name}.py"
    if not file.exists():
        raise InputError(
            f"{file} is missing: 'rebalance check' needs a clone, installed by 'pip install -e .'."
        )
    spec = importlib.util.spec_from_file_location(f"stages.{name}", file)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return getattr(module, name)


def rehearse(params):
    """Return the `Rehearsal` of the parameters."""
    from rebalance import paths, store, tracking
    from rebalance.learning import learners

    download, split = stage("download"), stage("split")
    path = params.data.path
    here = path
    if path and not is_address(path):
        here = Path(path).expanduser().absolute().as_posix()
    rehearsal = Rehearsal(renamed=(here, path))
    with rehearsal.noting(), rehearsal.listening():
        tracking.reachable(params.tracking)
    try:
        # Of a file that is not there download has a line of its own.
        seen_by_dvc(path) if params.data.source == "file" and path else there(path)
    except InputError as error:
        rehearsal.complaints.append(str(error))
    if params.data.source == "file" and (line := left_behind(path)):
        rehearsal.warnings.append(line)
    data = params.data.model_copy(update={"path": here})
    with TemporaryDirectory() as folder, chdir(folder):
        # What a wrong name stops goes on without it, so that all complaints come together.
        with rehearsal.noting():
            download(params.model_copy(update={"data": data}))
        if not paths.RAW.exists():
            with rehearsal.noting():
                download(params.model_copy(update={"data": _of_known_columns(data)}))
        for method in (params.split, _at_random(params.split)):
            if paths.RAW.exists() and not paths.SPLIT_CHECKS.exists():
                with rehearsal.noting():
                    split(params.model_copy(update={"split": method}))
        if not paths.SPLIT_CHECKS.exists():
            with rehearsal.noting():
                learners.make(params.learner)
            return rehearsal
        rehearsal.split = store.read_json(paths.SPLIT)
        rehearsal.findings += [Finding(**each) for each in store.read_json(paths.SPLIT_CHECKS)]
        with rehearsal.listening():
            _plan(params, rehearsal, store.read_table(paths.TRAIN), store.read_table(paths.TEST))
    return rehearsal


def _of_known_columns(data):
    """Return the section ``data`` without the names that are no column of the table."""
    from rebalance import sources

    profile = sources.profile(data)
    names = {*profile.columns, profile.target, *profile.unused}
    drop = [name for name in data.drop if name in names]
    kinds = {name: kind for name, kind in data.columns.items() if name in names}
    marks = data.read.missing
    if isinstance(marks, dict):
        marks = {name: each for name, each in marks.items() if name in names}
    text = [name for name in data.read.text if name in names]
    read = data.read.model_copy(update={"missing": marks, "text": text})
    return data.model_copy(update={"drop": drop, "columns": kinds, "read": read})


def _at_random(section):
    return section.model_copy(update={"method": "stratified", "column": ""})


def _plan(params, rehearsal, train, test):
    """Note what the training stages and evaluate would refuse before they fit or judge."""
    from rebalance import checks, splitting, tuning
    from rebalance.judging import evaluation, segments
    from rebalance.learning import training, treatments
    from rebalance.params import Treatment

    params = params.at(treatments.natural_ratio(train.y)).for_columns(train.names)
    entries = {"baseline": Treatment(treatment=treatments.NONE)}
    entries |= {f"resample.{name}": entry for name, entry in params.resample.items()}
    settings = training.Settings.of(params)
    for place, entry in entries.items():
        with rehearsal.noting():
            training.check(entry, train, settings, place)
    with rehearsal.noting():
        tuning.check(train, params.tune, settings)
    for section in (params.out_of_fold, params.tune):
        with rehearsal.noting():
            splitting.folds(train, section)
    with rehearsal.noting():
        evaluation.groups(test, params.evaluate.groups)
    for name in params.evaluate.segments:
        with rehearsal.noting():
            list(segments.values(test, name))
    rehearsal.findings += checks.of_plan(checks.Plan.of(params, rehearsal.split))
