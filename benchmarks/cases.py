"""Run a folder of small inputs, each with a trap: ``python -m benchmarks.cases --cases DIR``.

Each input goes through ``rebalance init`` and ``rebalance check`` in a copy of the repository. The
target is Class and the rare label 1, unless `QUESTIONS` says otherwise; a YAML file is written over
params.yaml, on the table that `SETTINGS` names. Printed is whether a run would go through, or the
lines that would stop it. The exit code is 1 where there is a traceback or more than ten lines.
"""

import argparse
import shutil
import sys
import tempfile
from pathlib import Path

from ruamel.yaml import YAML

from benchmarks.speed import child, pipeline

MOST_LINES = 10
# By the number that a name begins with: the target, and the labels of the rare class.
QUESTIONS = {
    "04": ("is_fraud", "1"),
    "11": ("kind", "fraud"),
    "12": ("Class", "Yes"),
    "13": ("Class", ">50K"),
    "14": ("0", "1"),
    "15": ("3", "1"),
    "20": ("Y", "1"),
    "36": ("Class", "4"),
    "45": ("Class", "bad"),
    "70": ("Class", "'1'"),
    "73": ("Class", "Y"),
}
# What is written over params.yaml, and on which table.
SETTINGS = {
    "08": ("08-open-end-date.csv", {"split": {"method": "time", "column": "valid_until"}}),
    "64": ("64-positives-all-late.csv", {"split": {"method": "time", "column": "day"}}),
    "67": ("67-500-text-columns.csv", None),
    "79": ("14-target-named-0.csv", None),
    "80": ("18-bom-crlf.csv", None),
    "83": ("18-bom-crlf.csv", None),
}


def cases(folder):
    """Yield the name of each case, its table and what is written over params.yaml."""
    for path in sorted(folder.iterdir()):
        number = path.name.partition("-")[0]
        if path.suffix == ".md":
            continue
        if path.suffix == ".yaml":
            said = YAML(typ="safe").load(path)
            said = said if "data" in said else {"data": said}
            yield path.name, folder / SETTINGS[number][0], said
            continue
        yield path.name, path, {}
        if number in SETTINGS and SETTINGS[number][1]:
            said = SETTINGS[number][1]
            yield f"{path.name}, split by {said['split']['method']}", path, said


def outcome(table, said, place):
    """Return the last command that ran, its exit code and what it said."""
    target, *positive = QUESTIONS.get(table.name.partition("-")[0], ("Class", "1"))
    params = place / "params.yaml"
    ours = [sys.executable, "-m", "rebalance.cli"]
    labels = ["--positive", *positive]
    done = child.run([*ours, "init", str(table), "--target", target, *labels], place)
    if done.code:
        return "init", done.code, done.said
    yaml = YAML()
    content = yaml.load(params)
    for section, values in said.items():
        content[section] |= values
    yaml.dump(content, params)
    done = child.run([*ours, "check"], place)
    return "check", done.code, done.said


def main():
    """Print the outcome of each case."""
    parser = argparse.ArgumentParser("python -m benchmarks.cases", description=__doc__)
    parser.add_argument("--cases", type=Path, required=True, metavar="DIR")
    parser.add_argument("--only", default="", help="what a name must begin with")
    given = parser.parse_args()
    child.heed()
    bad = 0
    with tempfile.TemporaryDirectory() as name:
        place = pipeline.clone(Path(name), rows=1000, positives=100)
        shutil.copy(place / "params.yaml", place / "params.before")
        for case, table, said in cases(given.cases.absolute()):
            if not case.startswith(given.only):
                continue
            shutil.copy(place / "params.before", place / "params.yaml")
            command, code, text = outcome(table, said, place)
            lines = [line for line in text.splitlines() if line.startswith("error: ")]
            wrong = "Traceback" in text or (code and not 0 < len(lines) <= MOST_LINES)
            bad += wrong
            word = "WRONG" if wrong else f"stopped by {command}" if code else "works"
            print(f"{case}: {word}", *(lines or [text] * wrong), sep="\n  ", flush=True)
    sys.exit(bad > 0)


if __name__ == "__main__":
    main()
