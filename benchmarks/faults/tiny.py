"""A repository so small that a stage takes a second, and the states that its stages leave."""

import json
import os
import shutil
import subprocess
import sys
from dataclasses import dataclass, field
from pathlib import Path

import yaml

ROOT = Path(__file__).parents[2]
STAGES = (
    "download",
    "split",
    "train_baseline",
    "train_resampled@under",
    "tune_ratio",
    "evaluate",
)
WRITTEN = ("data", "models", "metrics")


def content(changes=None):
    """Return the content of a small params.yaml, with ``changes`` of whole sections' keys."""
    shipped = yaml.safe_load((ROOT / "params.yaml").read_text(encoding="utf-8"))
    small = {
        "data": {
            "source": "simulated",
            "simulated": {"rows": 1200, "positives": 60, "seed": 1},
        },
        "learner": {
            "name": "hist_gradient_boosting",
            "params": {"max_iter": 4, "min_samples_leaf": 5},
        },
        "out_of_fold": {"folds": 2, "repeats": 1},
        "tune": {"trials": 3, "folds": 2, "anchors": [5], "also": [], "learner": {}},
        "evaluate": {"bootstrap": 100},
        "run": {"workers": 1, "engine": "thread"},
    }
    for section, keys in [*small.items(), *(changes or {}).items()]:
        shipped[section] |= keys
    shipped["resample"] = {"under": {"treatment": "random_under", "ratio": 5, "seed": 0}}
    return shipped


def write_params(folder, changes=None):
    """Write the small params.yaml into a folder."""
    text = yaml.safe_dump(content(changes), sort_keys=False)
    (Path(folder) / "params.yaml").write_text(text, encoding="utf-8")


def environment(folder, **more):
    """Return an environment with nothing of the caller's git, DVC and MLflow in it."""
    theirs = ("GIT", "DVC", "MLFLOW", "LD_PRELOAD", "PYTHONDONTWRITEBYTECODE")
    clean = {key: value for key, value in os.environ.items() if not key.startswith(theirs)}
    return clean | {
        "PATH": f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}",
        "DVC_SITE_CACHE_DIR": str(Path(folder) / ".dvc" / "tmp" / "site"),
        "DVC_NO_ANALYTICS": "true",
        "GIT_CONFIG_GLOBAL": os.devnull,
        "GIT_CONFIG_SYSTEM": os.devnull,
        **{f"GIT_{who}_NAME": "tester" for who in ("AUTHOR", "COMMITTER")},
        **{f"GIT_{who}_EMAIL": "tester@example.org" for who in ("AUTHOR", "COMMITTER")},
        **more,
    }


def attempt(folder, *command, **more):
    """Run a command in a folder; return what it said and its exit code."""
    return subprocess.run(
        command,
        cwd=folder,
        env=environment(folder, **more),
        capture_output=True,
        text=True,
        check=False,
    )


def call(folder, *command):
    """Run a command in a folder that must succeed; return what it printed."""
    done = attempt(folder, *command)
    if done.returncode:
        raise RuntimeError(f"{command}: {done.stdout}{done.stderr}")
    return done.stdout


def repository(folder, changes=None):
    """Make a repository of what is in this one, with the small params.yaml and no results."""
    folder = Path(folder)
    listed = call(ROOT, "git", "ls-files", "-z", "--cached", "--others", "--exclude-standard")
    for name in listed.split("\0"):
        if name and not name.startswith(("dvc.lock", "metrics/")) and (ROOT / name).is_file():
            (folder / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy2(ROOT / name, folder / name)
    write_params(folder, changes)
    call(folder, "git", "init", "--quiet", "--initial-branch", "main")
    call(folder, "git", "add", "--all")
    call(folder, "git", "commit", "--quiet", "--message", "the code")
    return folder


@dataclass(frozen=True)
class Outcome:
    """How a stage ended: its exit code, negative where it was killed, its calls and its words.

    ``notes`` are what it wrote, flushed and renamed, as disk.c notes it.
    """

    code: int
    calls: int
    text: str
    notes: str = ""


class Server:
    """The process of `server`, whose forks run stages; a context that ends it.

    Parameters
    ----------
    folder : Path
        Where its own files go, none of the repository's.
    python : str
        The interpreter.
    draws : bool
        Whether figures are drawn; else a stand-in is written for each, in a tenth of the time.
    surroundings : str
        More variables of the environment.
    """

    def __init__(self, folder, python=sys.executable, draws=False, **surroundings):
        self.folder, self.draws = Path(folder), draws
        library = compiled(self.folder)
        more = {
            "OMP_NUM_THREADS": "1",  # a fork of a process with threads would hang in OpenMP
            "PYTHONDONTWRITEBYTECODE": "1",
            "MLFLOW_DISABLE_TELEMETRY": "true",
            "MPLCONFIGDIR": str(self.folder / "matplotlib"),
            **surroundings,
        }
        if library:
            more["LD_PRELOAD"] = str(library)
        self.preloaded = library is not None
        self.process = subprocess.Popen(
            [python, "-m", "benchmarks.faults.server"],
            cwd=ROOT,
            env=environment(self.folder, **more),
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.process.stdin.close()
        self.process.wait()
        self.process.stdout.close()

    def run(self, folder, stage, *, at=-1, where="ours", recorded=False, notes=False, **how):
        """Run a stage in a folder; return its `Outcome`.

        Parameters
        ----------
        folder : Path
        stage : str
        at : int
            Which call to the disk fails, from 1; -1: none.
        where : str
            Which calls are counted: to our files (``ours``), MLflow's (``runs``), those of its
            database while it is made (``made``), or to the ``network``.
        recorded : bool
            Whether the stage is recorded in MLflow.
        notes : bool
            Whether the outcome has its notes.
        how : dict
            ``error``, the errno that the call fails with (0 kills the process), ``lasting``,
            whether all later calls fail too, and ``after``, seconds until the process is killed.
        """
        output, mlflow = self.folder / "output", f"{folder}/ml"
        places = {
            "ours": (f"{folder}/", mlflow),
            "runs": (mlflow, ""),
            "made": (f"{folder}/.rebalance/shared", ""),
            "network": ("net:", ""),
        }
        counted, spared = places[where]
        order = {
            "folder": str(folder),
            "stage": stage,
            "output": str(output),
            "at": at,
            "error": how.get("error", 0),
            "lasting": int(how.get("lasting", False)),
            "after": how.get("after"),
            "where": counted,
            "but": spared,
            "draws": self.draws,
            "recorded": recorded,
            "notes": notes,
        }
        self.process.stdin.write(json.dumps(order) + "\n")
        self.process.stdin.flush()
        answer = json.loads(self.process.stdout.readline())
        text = output.read_text(encoding="utf-8", errors="replace")
        return Outcome(answer["code"], answer.get("calls", 0), text, answer.get("notes", ""))


def compiled(folder):
    """Compile disk.c into a folder; return the library, or None where nothing compiles it."""
    compiler = shutil.which("cc") or shutil.which("gcc")
    if compiler is None or sys.platform != "linux":
        return None
    library = Path(folder) / "disk.so"
    source = Path(__file__).with_name("disk.c")
    command = [compiler, "-O1", "-shared", "-fPIC", "-o", str(library), str(source), "-ldl"]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    return library if done.returncode == 0 else None


@dataclass
class Chain:
    """The states of a folder between undisturbed stages, each a copy.

    Attributes
    ----------
    server : Server
    folder : Path
        The one place in which stages run: MLflow keeps absolute addresses.
    recorded : bool
        Whether stages are recorded in MLflow.
    changes : dict
        Of the small params.yaml: {section: {key: value}}.
    """

    server: Server
    folder: Path
    recorded: bool = False
    changes: dict = field(default_factory=dict)
    before: dict = field(default_factory=dict)
    after: dict = field(default_factory=dict)

    def build(self, stages=STAGES):
        """Run stages undisturbed, and keep the state before each."""
        self.folder.mkdir(parents=True)
        write_params(self.folder, self.changes)
        shutil.copyfile(ROOT / "dvc.yaml", self.folder / "dvc.yaml")
        for stage in stages:
            self.before[stage] = self.folder.with_name(f"{self.folder.name}-{stage}")
            shutil.copytree(self.folder, self.before[stage])
            done = self.server.run(self.folder, stage, recorded=self.recorded)
            if done.code:
                raise RuntimeError(f"{stage}: {done.text}")
            self.after[stage] = written(self.folder)
        return self

    def restore(self, stage):
        """Bring the folder to the state before a stage."""
        shutil.rmtree(self.folder)
        shutil.copytree(self.before[stage], self.folder)

    def outputs(self, stage):
        """Return the outputs of a stage, as dvc.yaml has them."""
        known = yaml.safe_load((ROOT / "dvc.yaml").read_text(encoding="utf-8"))["stages"]
        name, _, key = stage.partition("@")
        entry = known[name].get("do", known[name])
        outs = [out for kind in ("outs", "metrics", "plots") for out in entry.get(kind, ())]
        names = (out if isinstance(out, str) else next(iter(out)) for out in outs)
        return [each.replace("${key}", key) for each in names]


def written(folder):
    """Return {path: bytes} of the files that stages write."""
    files = (f for name in WRITTEN for f in (Path(folder) / name).rglob("*") if f.is_file())
    return {f.relative_to(folder).as_posix(): f.read_bytes() for f in files}
