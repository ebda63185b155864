"""Read a stage from dvc.yaml and dvc.lock, and find the `dvc repro` that it is part of."""

import datetime
import re
from dataclasses import dataclass
from pathlib import Path

from rebalance import paths, store
from rebalance.errors import InputError
from rebalance.params.file import read
from rebalance.tracking import provenance

# Commands that run all stages, and options that leave it so.
WHOLE = {("repro",), ("exp", "run")}
OPTIONS = {"--all-pipelines", "-P", "--force", "-f", "--quiet", "-q", "--verbose", "-v", "--temp"}
WITH_VALUE = {"--set-param", "-S", "--name", "-n", "--message", "-m"}


@dataclass(frozen=True, kw_only=True)
class Stage:
    """A stage of dvc.yaml: the parameters and files that it reads, and the files that it writes."""

    name: str
    params: tuple
    outputs: tuple
    deps: tuple = ()


def stages():
    """Return {name: Stage} of dvc.yaml, one for each entry of a ``foreach``."""
    content = read(paths.PIPELINE)
    store.check_shape(paths.PIPELINE, content)
    entries = read(paths.PARAMS)
    states = {}
    for name, stage in content["stages"].items():
        if "foreach" not in stage:
            states[name] = _stage(name, stage, "")
            continue
        section = str(stage["foreach"]).strip("${}")
        for key in entries.get(section, {}):
            states[f"{name}@{key}"] = _stage(f"{name}@{key}", stage["do"], str(key))
    return states


def _stage(name, content, key):
    written = [
        _path(item) for kind in ("outs", "metrics", "plots") for item in content.get(kind, ())
    ]
    return Stage(
        name=name,
        # A mapping names another file of parameters, which no stage of ours has.
        params=tuple(
            each.replace("${key}", key)
            for each in content.get("params") or ()
            if isinstance(each, str)
        ),
        outputs=tuple(Path(text.replace("${key}", key)) for text in written),
        deps=tuple(_path(item).replace("${key}", key) for item in content.get("deps") or ()),
    )


def _path(item):
    """Return the path of an output, which may have options."""
    return item if isinstance(item, str) else next(iter(item))


def stage(name):
    """Return the `Stage` called ``name``; `InputError` where dvc.yaml has none."""
    if state := stages().get(name):
        return state
    raise InputError(f"{paths.PIPELINE} has no stage {name!r}; restore the file as git has it.")


def trains(model):
    """Return the name of the stage that trains a model."""
    special = {paths.BASELINE: "train_baseline", paths.TUNED: "tune_ratio"}
    return special.get(model, f"train_resampled@{model}")


def locked():
    """Return {stage: (content of params.yaml that it ran with, {output: checksum})} of dvc.lock.

    In the order of dvc.yaml; stages that it no longer has are left out.
    """
    content = read(paths.LOCK) or {}
    store.check_shape(paths.LOCK, content)
    content = content.get("stages", {})
    return {
        name: (
            content[name].get("params", {}).get(paths.PARAMS.as_posix(), {}),
            {Path(out["path"]): out["md5"] for out in content[name].get("outs", ())},
        )
        for name in stages()
        if name in content
    }


def edited(models, stages=("download", "split")):
    """Return the keys of params.yaml that are others than when DVC trained models.

    Those of other ``stages`` as well: by default those of the models' rows. None are known of a
    model that DVC did not train.
    """
    known, now, before = _known(), read(paths.PARAMS), {}
    for model, is_locked in _locked_models(models, known).items():
        if is_locked:
            for name in {*stages, trains(model)} & known.keys():
                before |= known[name][0]
    after = provenance.flat({key: at(now, key) for key in before})
    before = provenance.flat(before)
    return sorted(k for k in {**before, **after} if before.get(k, "") != after.get(k, ""))


def retrained(models):
    """Return the models that are others than those of dvc.lock: a stage by hand trained them.

    A damaged one, which is not what its stage wrote, is not among them.
    """
    others = (name for name, locked in _locked_models(models, _known()).items() if not locked)
    return [name for name in others if not store.is_damaged(name)]


def _known():
    """Return what `locked` does, and nothing where it cannot be had."""
    try:
        return locked() if paths.LOCK.exists() else {}
    except InputError:  # who only asks a model need not mend dvc.lock
        return {}


def _locked_models(models, known):
    """Return {model: whether it is that of dvc.lock} of the models that are here and there."""
    return {
        name: known[trains(name)][1].get(path) == provenance.checksum(path)
        for name in models
        if trains(name) in known and (path := paths.model(name)).exists()
    }


def at(content, name):
    """Return what a mapping holds at a name with dots, None where that is nothing.

    >>> at({"a": {"b": 1}}, "a.b"), at({"a": 2}, "a.b")
    (1, None)
    """
    for part in name.split("."):
        content = content.get(part) if isinstance(content, dict) else None
    return content


def forget_removed():
    """Take out of dvc.lock the stages that dvc.yaml no longer has: DVC leaves them there.

    The rest of the file stays as it is, to the byte.
    """
    if not paths.LOCK.exists():
        return
    known, kept, keeps = stages(), [], True
    for line in paths.LOCK.read_text(encoding="utf-8").splitlines(keepends=True):
        if name := re.match(r"  ([^ ].*):$", line):
            keeps = name[1].strip("\"'") in known
        if keeps or not line.startswith(" "):
            kept.append(line)
    store.write_text(paths.LOCK, "".join(kept))


def repro():
    """Return when the DVC command began that runs this process, as text; nothing without one."""
    process = _dvc()
    if process is None:
        return ""
    return moment(process.create_time())


def moment(seconds):
    """Return seconds since 1970 as text, in UTC.

    >>> moment(0)
    '1970-01-01 00:00:00 UTC'
    """
    date = datetime.datetime.fromtimestamp(seconds, datetime.UTC)
    return date.strftime("%Y-%m-%d %H:%M:%S UTC")


def others_follow(name):
    """Return whether DVC runs the whole pipeline, and stage ``name`` is not its last one."""
    process = _dvc()
    if process is None or name == list(stages())[-1]:
        return False
    words = process.cmdline()
    words = words[1 + next(i for i, word in enumerate(words) if _is_dvc(word)) :]
    return any(
        tuple(words[: len(command)]) == command and not _targets(words[len(command) :])
        for command in WHOLE
    )


def _targets(words):
    """Return the words of a command line that may name stages: all but some options.

    >>> _targets(["--force", "-S", "split.seed=1", "--name=other", "split"])
    ['split']
    """
    pairs = zip(["", *words], words, strict=False)
    return [
        word
        for before, word in pairs
        if not (before in WITH_VALUE or word.split("=")[0] in OPTIONS | WITH_VALUE)
    ]


def _dvc():
    """Return the nearest parent process that is DVC, or None."""
    import psutil

    try:
        for process in psutil.Process().parents():
            if any(_is_dvc(word) for word in process.cmdline()[:3]):
                return process
    except psutil.Error:  # a parent that has ended, or is another user's
        return None
    return None


def _is_dvc(word):
    return Path(word).stem == "dvc"
