"""dvc.yaml says what the code does: which files and parameters a stage reads, what it writes.

Two proofs. The imports are read from the source, those inside functions among them. And every
stage is run once, on a small table, in a folder that holds only what dvc.yaml lists for it, while
this file notes what it opens, which parameters it looks at and what it leaves behind.
"""

import ast
import configparser
import contextlib
import functools
import importlib
import json
import os
import shutil
import subprocess
import sys
import types
from pathlib import Path

import pytest
import yaml

from tests import forks

ROOT = Path(__file__).parents[1]

# Modules that are no dep, because they cannot change an output.
EXEMPT = (
    "rebalance.tracking",  # records what came out, after it was written
    "rebalance.cli",  # runs in no stage
    "rebalance.errors",  # words a failure; a stage that fails has no outputs
    "rebalance.starting",  # ends a stage before it begins
)
# Stages are called by their full name; the library's version decides nothing.
PACKAGES = ("stages", "rebalance")
# Deps that no import statement names; the run below needs each of them.
UNSEEN = {
    "download": {"rebalance/sources/simulated.json"},  # read by simulated.py
    # Imported by skops, which finds the name of the one in a model, and by that one.
    "evaluate": {
        "rebalance/model/corrected.py",
        "rebalance/model/rows.py",
        # Read by jinja2.
        "rebalance/report/templates/report.html.j2",
        "rebalance/report/templates/style.css",
    },
}
# Read, and no dep: evaluate checks the models against the fingerprints, which are its dep.
GUARDED = {"evaluate": "models/"}
NO_DVC_PARAMS = {"run", "tracking"}
STAGES = ("download", "split", "train_baseline", "train_resampled", "tune_ratio", "evaluate")
TEST, FINAL = "data/test.parquet", "data/final.parquet"


def expanded(content, params):
    """Return {name: stage} of dvc.yaml, with its ``foreach`` and its ``${…}`` written out."""
    stages = {}
    for name, stage in content["stages"].items():
        keys = params["resample"] if "foreach" in stage else [None]
        for key in keys:
            text = json.dumps(stage.get("do", stage)).replace("${key}", str(key))
            text = text.replace("${data.path}${nothing}", params["data"]["path"])
            stages[name if key is None else f"{name}@{key}"] = json.loads(text)
    return stages


def paths_of(stage, *kinds):
    """Return the paths of a stage's deps, outs, metrics or plots."""
    entries = [entry for kind in kinds for entry in stage.get(kind, [])]
    return {entry if isinstance(entry, str) else next(iter(entry)) for entry in entries}


def outs_of(stage):
    return paths_of(stage, "outs", "metrics", "plots")


def read_yaml(name):
    return yaml.safe_load((ROOT / name).read_text(encoding="utf-8"))


DVC = read_yaml("dvc.yaml")
PARAMS = read_yaml("params.yaml")
EXPANDED = expanded(DVC, PARAMS)


def module_file(module, root):
    """Return the file of a module of ours, None for any other."""
    base = root.joinpath(*module.split("."))
    files = (base.with_suffix(".py"), base / "__init__.py")
    return next((file for file in files if file.is_file()), None)


@functools.cache
def read(file, _changed):
    """Return the modules that a file may import, anywhere in it, and whether it is a docstring."""
    tree, names = ast.parse(file.read_text(encoding="utf-8")), []
    package = ".".join(file.parts[:-1])
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            names += [alias.name for alias in node.names]
        elif isinstance(node, ast.ImportFrom):
            assert not node.level, f"{file}: write imports in full, not relative to {package}"
            names += [node.module, *(f"{node.module}.{alias.name}" for alias in node.names)]
    expressions = (node for node in tree.body if isinstance(node, ast.Expr))
    constants = [node for node in expressions if isinstance(node.value, ast.Constant)]
    return names, len(constants) == len(tree.body)


def imports(file):
    """Return the name of every module that a file may import."""
    return read(file, file.stat().st_mtime_ns)[0]


def is_docstring(file):
    """Tell whether a file holds a docstring and nothing else."""
    return read(file, file.stat().st_mtime_ns)[1]


def closure(module, root=ROOT):
    """Return the files that importing ``module`` may load, as paths relative to ``root``."""
    found, todo = set(), [module]
    while todo:
        parts = todo.pop().split(".")
        for depth in range(1, len(parts) + 1):
            name = ".".join(parts[:depth])
            if name in EXEMPT:
                break
            file = module_file(name, root)
            if file is not None and file not in found and name not in PACKAGES:
                found.add(file)
                todo += imports(file)
    return {file.relative_to(root).as_posix() for file in found if not is_docstring(file)}


# The run, in a process of its own: python tests/test_contract.py FOLDER


def tiny(params):
    """Return parameters for a run of a second or two, with one entry of ``resample``."""
    changes = {
        "data": {"simulated": {"rows": 2000, "positives": 60, "seed": 1}},
        "split": {"final": 0.2},
        "learner": {"params": {"max_iter": 5}},
        "out_of_fold": {"folds": 2},
        "tune": {"trials": 4, "folds": 2, "low": 1, "anchors": [10]},
        "evaluate": {"bootstrap": 100},
        "run": {"workers": 1},
    }
    merged = {name: params[name] | changes.get(name, {}) for name in params}
    entry = {"treatment": "random_under", "ratio": 10, "seed": 0}
    return merged | {"resample": {"under": entry}}


class Watched(dict):
    """A section whose entries are parameters of their own: tells which of them are looked at."""

    def __init__(self, entries, name, seen):
        super().__init__(entries)
        self.name, self.seen = name, seen

    def __getitem__(self, key):
        self.seen.add(f"{self.name}.{key}")
        return super().__getitem__(key)

    def __iter__(self):
        self.seen.add(self.name)
        return super().__iter__()

    def items(self):
        self.seen.add(self.name)
        return super().items()

    def values(self):
        self.seen.add(self.name)
        return super().values()


class WatchedSection:
    """A section of which some keys are parameters of their own: tells what is looked at."""

    def __init__(self, section, name, alone, seen):
        self.section, self.name, self.alone, self.seen = section, name, alone, seen

    def __getattr__(self, key):
        self.seen.add(f"{self.name}.{key}" if key in self.alone else self.name)
        return getattr(self.section, key)


ALONE = {"data": {"prevalence", "target"}, "evaluate": {"seeds"}}


def watch_params(seen, logged):
    """Note the sections that are looked at in ``seen``, those handed to MLflow in ``logged``."""
    params = importlib.import_module("rebalance.params")
    load, dump = params.load, params.Params.model_dump
    look = params.Params.__getattribute__

    def watched_look(self, name):
        value = look(self, name)
        if name == "resample":
            return Watched(value, name, seen)
        if name in ALONE:
            return WatchedSection(value, name, ALONE[name], seen)
        if name in type(self).model_fields:
            seen.add(name)
        return value

    def watched_dump(self, **options):
        logged.update(options.get("include") or type(self).model_fields)
        return dump(self, **options)

    def watched_load(*arguments):
        loaded = load(*arguments)
        params.Params.__getattribute__ = watched_look
        params.Params.model_dump = watched_dump
        return loaded

    params.load = watched_load


def files_below(folder):
    """Return the files of a folder, less what a stage may keep for itself."""
    files = (file.relative_to(folder).as_posix() for file in folder.rglob("*") if file.is_file())
    return {file for file in files if not file.startswith(".rebalance/")}


def observe(name, stage, folder, made):
    """Run one stage in ``folder`` with what dvc.yaml lists for it; return what it did."""
    wanted = paths_of(stage, "deps") | {f"{module.replace('.', '/')}" for module in EXEMPT}
    wanted |= {f"{path}.py" for path in wanted}
    wanted |= {"rebalance/__init__.py", "stages/__init__.py", GUARDED.get(name, "none")}
    for source in (ROOT, made):
        for path in sorted(wanted):
            target = folder / path
            if not (source / path).exists() or (source is ROOT and GUARDED.get(name) == path):
                continue
            if (source / path).is_dir():
                if source is ROOT and path.startswith("metrics/"):
                    continue
                ignore = shutil.ignore_patterns("__pycache__")
                shutil.copytree(source / path, target, dirs_exist_ok=True, ignore=ignore)
            else:
                target.parent.mkdir(parents=True, exist_ok=True)
                shutil.copyfile(source / path, target)
    before = files_below(folder)
    os.chdir(folder)
    sys.path[0] = str(folder)
    for module in [m for m in sys.modules if m.split(".")[0] in {"rebalance", "stages"}]:
        del sys.modules[module]
    importlib.invalidate_caches()
    opened, seen, logged = set(), set(), set()
    sys.argv = stage["cmd"].removeprefix("python -m ").split()
    OPENED[:] = [opened]
    tracking = importlib.import_module("rebalance.tracking")
    tracking.stage = unrecorded
    watch_params(seen, logged)
    importlib.import_module(sys.argv[0]).main()
    OPENED.clear()
    inside = {Path(path) for path in opened}
    return {
        "read": sorted(
            path.relative_to(folder).as_posix()
            for path in inside
            if path.is_relative_to(folder) and path.is_file()
        ),
        "wrote": sorted(files_below(folder) - before),
        "looked": sorted(seen),
        "logged": sorted(logged),
    }


@contextlib.contextmanager
def unrecorded(*_):
    """Stand in for `tracking.stage`, which reads what a stage wrote after it is through."""
    yield types.SimpleNamespace()


OPENED = []  # the set that notes what is opened, while a stage runs


def note(path):
    for opened in OPENED:
        opened.add(os.path.abspath(path))  # noqa: PTH100 - called for every file: no objects


def note_open(event, arguments):
    if event == "open" and OPENED and isinstance(arguments[0], str):
        reads = arguments[2] & os.O_ACCMODE == os.O_RDONLY
        if reads:
            note(arguments[0])


def main(folder):
    """Run the six stages one after the other, download twice; write what they did as JSON."""
    import pyarrow.parquet as pq

    sys.dont_write_bytecode = True
    sys.addaudithook(note_open)
    forks.draw_nothing()

    class WatchedFile(pq.ParquetFile):
        """Arrow opens files without telling Python."""

        def __init__(self, source, *arguments, **options):
            note(source)
            super().__init__(source, *arguments, **options)

    pq.ParquetFile = WatchedFile
    made = folder / "made"
    params = tiny(PARAMS)
    results = {}

    def run(label, name, params):
        place = folder / label
        place.mkdir(parents=True)
        (place / "params.yaml").write_text(yaml.safe_dump(params), encoding="utf-8")
        stage = expanded(DVC, params)[name]
        results[label] = observe(name, stage, place, made) | {
            "deps": sorted(paths_of(stage, "deps")),
            "outs": sorted(outs_of(stage)),
            "params": sorted(stage.get("params", [])),
        }
        for path in results[label]["wrote"]:
            (made / path).parent.mkdir(parents=True, exist_ok=True)
            shutil.copyfile(place / path, made / path)

    run("download", "download", params)
    pq.read_table(made / "data/raw.parquet").to_pandas().to_csv(made / "data/mine.csv", index=False)
    of_file = params["data"] | {"source": "file", "path": "data/mine.csv"}
    run("download of a file", "download", params | {"data": of_file})
    for name in STAGES[1:]:
        run(name, f"{name}@under" if name == "train_resampled" else name, params)
    (folder / "observed.json").write_text(json.dumps(results), encoding="utf-8")


if __name__ == "__main__":
    main(Path(sys.argv[1]))
    raise SystemExit


@pytest.fixture(scope="module")
def observed(tmp_path_factory):
    """What every stage read, wrote and looked at, in a folder with nothing but its deps."""
    folder = tmp_path_factory.mktemp("contract")
    # The libraries are there already; what is watched is the code and the files of this folder.
    code = f"import runpy; runpy.run_path({__file__!r}, run_name='__main__')"
    done = subprocess.run(
        [forks.python(), "-c", code, str(folder)],
        env=os.environ | {"PYTHONPATH": str(ROOT)},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr[-2000:]
    return json.loads((folder / "observed.json").read_text(encoding="utf-8"))


# What the source says.


def code_of(stage):
    """Return the code deps of a stage, files and folders of rebalance/ and stages/."""
    return {path for path in paths_of(stage, "deps") if path.startswith(("rebalance/", "stages/"))}


def files_of(dep):
    """Return the files that DVC sees in a code dep."""
    path = ROOT / dep
    files = [path] if path.is_file() else path.rglob("*")
    found = {
        f.relative_to(ROOT).as_posix() for f in files if f.suffix in {".py", ".json", ".j2", ".css"}
    }
    return {f for f in found if not f.endswith(".py") or not is_docstring(ROOT / f)}


@pytest.mark.parametrize("name", EXPANDED)
def test_every_imported_file_lies_under_a_dep(name):
    base, deps = name.partition("@")[0], code_of(EXPANDED[name])
    needed = closure(f"stages.{base}") | UNSEEN.get(base, set())
    missing = sorted(needed - set().union(*map(files_of, deps)))
    assert not missing, f"imported, and under no dep of {name} in dvc.yaml: {', '.join(missing)}"


@pytest.mark.parametrize("name", EXPANDED)
def test_every_file_under_a_dep_is_imported(name):
    base, deps = name.partition("@")[0], code_of(EXPANDED[name])
    needed = closure(f"stages.{base}") | UNSEEN.get(base, set())
    idle = sorted(set().union(*map(files_of, deps)) - needed)
    assert not idle, f"under a dep of {name} in dvc.yaml, and not imported: {', '.join(idle)}"


@pytest.mark.parametrize("name", ["download", "split"])
def test_rows_are_fetched_and_split_without_metrics_and_thresholds(name):
    needed = closure(f"stages.{name}")
    assert not [file for file in needed if file.startswith(("rebalance/metrics/", "rebalance/thr"))]


def test_imports_inside_functions_and_through_packages_are_followed(tmp_path):
    files = {
        "stages/go.py": "from rebalance import near\n",
        "rebalance/__init__.py": '"""Nothing but words."""\n',
        "rebalance/near.py": "def late():\n    import os, rebalance.deep.far\n",
        "rebalance/deep/__init__.py": "x = 1\n",
        "rebalance/deep/far.py": "from rebalance.errors import InputError\n",
        "rebalance/errors.py": "from rebalance import hidden\n",
        "rebalance/hidden.py": "x = 1\n",
    }
    for path, text in files.items():
        (tmp_path / path).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / path).write_text(text, encoding="utf-8")

    assert closure("stages.go", tmp_path) == {
        "stages/go.py",
        "rebalance/near.py",
        "rebalance/deep/__init__.py",
        "rebalance/deep/far.py",
    }


def test_every_stage_is_there_and_says_what_it_is_for():
    assert tuple(DVC["stages"]) == STAGES
    for name, stage in EXPANDED.items():
        assert stage["desc"].endswith("."), name


def test_each_stage_prints_help_and_runs_nothing(tmp_path):
    # The folder would do for a run: a stage that looked at it would write, or complain of its data.
    shutil.copyfile(ROOT / "params.yaml", tmp_path / "params.yaml")
    shutil.copyfile(ROOT / "dvc.yaml", tmp_path / "dvc.yaml")
    environment = os.environ | {"PYTHONPATH": str(ROOT), "MLFLOW_TRACKING_URI": ""}
    environment["PATH"] = f"{forks.programs()}{os.pathsep}{os.environ['PATH']}"
    running = {
        name: subprocess.Popen(
            ["python", "-m", f"stages.{name}", "--help"],
            cwd=tmp_path,
            env=environment,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )
        for name in STAGES
    }
    for name, process in running.items():
        out, err = process.communicate()
        assert process.returncode == 0, (name, err)
        assert out.startswith(f"usage: python -m stages.{name} [-h]"), name
        (summary, *_) = importlib.import_module(f"stages.{name}").__doc__.splitlines()
        assert summary in " ".join(out.split()), name
    assert sorted(path.name for path in tmp_path.rglob("*")) == ["dvc.yaml", "params.yaml"]


def test_each_entry_of_resample_is_a_stage_of_its_own():
    names = [name for name in EXPANDED if name.startswith("train_resampled@")]

    assert names == [f"train_resampled@{key}" for key in PARAMS["resample"]]


def test_nothing_hides_a_stale_or_a_failed_output():
    text = json.dumps(DVC)

    assert "always_changed" not in text
    assert "persist" not in text
    assert "frozen" not in text


def test_data_and_models_are_cached_and_the_rest_is_committed():
    for name, stage in EXPANDED.items():
        for kind in ("outs", "metrics", "plots"):
            for entry in stage.get(kind, []):
                path = entry if isinstance(entry, str) else next(iter(entry))
                options = {} if isinstance(entry, str) else entry[path]
                if path.startswith(("data/", "models/")) and path != "models/card.md":
                    assert options == {}, f"{name}: {path} belongs to DVC's cache"
                else:
                    assert options == {"cache": False}, f"{name}: {path} belongs to git"


def test_no_output_is_written_by_two_stages():
    outs = [out for stage in EXPANDED.values() for out in outs_of(stage)]

    assert len(outs) == len(set(outs))


def test_dvc_has_no_remote_no_secret_and_calls_nobody():
    config = configparser.ConfigParser()
    config.read(ROOT / ".dvc" / "config")

    found = {name: dict(config[name]) for name in config.sections()}
    assert found == {"core": {"analytics": "false", "check_update": "false"}}


def test_every_plot_is_an_output_and_every_template_is_there():
    outs = set().union(*map(outs_of, EXPANDED.values()))
    for plot in DVC["plots"]:
        path, options = (plot, {}) if isinstance(plot, str) else next(iter(plot.items()))
        assert any(path == out or path.startswith(f"{out}/") for out in outs)
        if path.endswith(".csv"):
            template = ROOT / ".dvc" / "plots" / f"{options['template']}.json"
            content = json.loads(template.read_text(encoding="utf-8"))
            assert content["data"] == {"values": "<DVC_METRIC_DATA>"}


# What the run says.

RUNS = ("download", "download of a file", *STAGES[1:])


@pytest.mark.parametrize("run", RUNS)
def test_a_stage_opens_nothing_but_its_deps(observed, run):
    did = observed[run]
    name = run.partition(" ")[0]
    allowed = {"params.yaml", "rebalance/__init__.py", "stages/__init__.py"}
    allowed |= {*did["deps"], *did["outs"]}
    folders = tuple(f"{dep}/" for dep in did["deps"] if not Path(dep).suffix)
    exempt = tuple(module.replace(".", "/") for module in EXEMPT)
    folders += (*exempt, ".rebalance/", GUARDED.get(name, ".rebalance/"))

    others = [path for path in did["read"] if path not in allowed and not path.startswith(folders)]
    assert others == []


@pytest.mark.parametrize("name", STAGES)
def test_a_stage_opens_every_file_that_it_lists(observed, name):
    runs = [did for run, did in observed.items() if run.partition(" ")[0] == name]
    read = {path for did in runs for path in did["read"]}
    # The source shows which modules a stage imports: a small table does not reach them all.
    needed = {dep for did in runs for dep in did["deps"]}
    needed -= {dep for dep in needed if dep.startswith(("rebalance/", "stages/"))}
    needed -= {PARAMS["data"]["path"]}  # read where data.source is file
    needed |= UNSEEN.get(name, set())

    unread = [
        path
        for path in needed
        if path not in read and not any(file.startswith(f"{path}/") for file in read)
    ]
    assert unread == []


@pytest.mark.parametrize("run", RUNS)
def test_a_stage_writes_exactly_its_outs(observed, run):
    outs, wrote = observed[run]["outs"], observed[run]["wrote"]
    # An output may be a folder: evaluate's figures, and its numbers of each model.
    folders = {out for out in outs if any(file.startswith(f"{out}/") for file in wrote)}
    alone = [file for file in wrote if not file.startswith(tuple(f"{out}/" for out in folders))]
    assert sorted([*alone, *folders]) == outs


@pytest.mark.parametrize("run", RUNS)
def test_a_stage_looks_at_exactly_its_params(observed, run):
    did = observed[run]
    looked, listed = set(did["looked"]) - NO_DVC_PARAMS, set(did["params"])

    # A section that is listed covers its entries.
    covered = {name for name in looked if name.partition(".")[0] in listed}
    assert sorted(looked - listed - covered) == [], "looked at, and no param in dvc.yaml"
    # What is only recorded in MLflow changes no output, but is no reason to complain either.
    assert sorted(listed - looked - set(did["logged"])) == [], "a param, and not looked at"
    assert listed.isdisjoint(NO_DVC_PARAMS)


def test_only_evaluate_reads_the_test_set(observed):
    assert [name for name, stage in EXPANDED.items() if TEST in paths_of(stage, "deps")] == [
        "evaluate"
    ]
    assert [name for name, stage in EXPANDED.items() if TEST in outs_of(stage)] == ["split"]
    assert [run for run in RUNS if TEST in observed[run]["read"]] == ["evaluate"]


def test_no_stage_reads_the_sealed_rows(observed):
    assert not [name for name, stage in EXPANDED.items() if FINAL in paths_of(stage, "deps")]
    assert [name for name, stage in EXPANDED.items() if FINAL in outs_of(stage)] == ["split"]
    assert not [run for run in RUNS if FINAL in observed[run]["read"]]
