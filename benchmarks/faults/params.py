"""Write params.yaml as nobody would: it is read, or refused in lines that a person can use.

Half of the cases change the text, half the values. What is read goes on to all that is checked
before the first fit, and to the threshold rules.
"""

import copy
import random
import traceback
import warnings
from datetime import date

import numpy as np
import yaml

from benchmarks.faults.tally import Tally
from benchmarks.faults.tiny import ROOT, content
from rebalance import params as parameters
from rebalance import splitting, thresholds, tuning
from rebalance.errors import InputError
from rebalance.learning import training, treatments
from rebalance.params import Treatment, file
from rebalance.store import Table

LONGEST = 500
# Values that are wrong nearly everywhere, and some that are right in places.
ODD = [
    None, True, False, -1, 0, 1, 2, 3, 0.0, 0.5, -0.5, 1e-320, 1e200, 1e308, -1e308, 10**20,
    10**400, -(10**400), float("inf"), float("nan"), "", " ", "x", "x" * 10_000, "natural/0",
    "natural/1e999", "natural/3", "1e5", "012", "\x00", "\ud7ff\U0001f600", "../../etc/passwd",
    "Class", "Amount", "V1", "Amount / 0", "1e308 * Amount * 10", "max(Amount, Amount)",
    "__import__('os')", "(" * 90 + "1" + ")" * 90, "random_under", "smote", "balanced",
    "LogisticRegression", "TunedThresholdClassifierCV", "SVC", [], {}, [[]], [1], ["a", "a"],
    [None], {"a": 1}, {1: 2}, {"a": {"a": {"a": {}}}}, [0] * 1000, date(2020, 1, 1),
    {"low": 1, "high": 2}, {"choices": [1]}, {"max_iter": 10**9}, {"n_estimators": -1},
]  # fmt: skip
TEXTS = [
    "\t", ":", "- ", "&a ", "*a", "!!python/object/apply:os.system [ls]", "{", "}", "[", "]", "|",
    ">", "#", "'", '"', "%", "@", "`", "\x00", "\x85", "\ufeff", "\u2028", "---", "...", "? ",
    "<<: *a", "1_0", "012", "9" * 5000, "&a [*a]", "~", "\n", "\r", "  ", "{" * 40, "[" * 2000,
    ".inf", "0x", "1e999", "2020-13-45", "y", "no", "=",
]  # fmt: skip


def paths_of(value, above=()):
    """Yield the path of each key and item of nested mappings and lists."""
    items = value.items() if isinstance(value, dict) else enumerate(value)
    for key, each in items:
        yield (*above, key)
        if isinstance(each, dict | list):
            yield from paths_of(each, (*above, key))


def changed_values(draw, shipped):
    """Return a copy of params.yaml's content with one to three values changed."""
    changed = copy.deepcopy(shipped)
    for _ in range(draw.randint(1, 3)):
        *above, last = draw.choice(list(paths_of(changed)))
        place = changed
        for key in above:
            place = place[key]
        kind = draw.random()
        if kind < 0.75:
            place[last] = copy.deepcopy(draw.choice(ODD))
        elif kind < 0.85:
            del place[last]
        elif isinstance(place, dict):
            key = draw.choice(["x", "", "Class", 1, None, True, 1.5, "x" * 10_000])
            place[key] = place.pop(last) if draw.random() < 0.5 else copy.deepcopy(draw.choice(ODD))
    return changed


def changed_text(draw, shipped):
    """Return the text of params.yaml with one to four places changed."""
    text = shipped
    for _ in range(draw.randint(1, 4)):
        at = draw.randrange(len(text) + 1)
        kind = draw.random()
        if kind < 0.4:
            text = text[:at] + draw.choice(TEXTS) + text[at:]
        elif kind < 0.6:
            text = text[:at] + text[at + draw.randint(1, 40) :]
        elif kind < 0.7:
            text = text[:at]
        elif kind < 0.85:
            lines = text.splitlines(keepends=True)
            lines.insert(draw.randrange(len(lines) + 1), draw.choice(lines) if lines else "")
            text = "".join(lines)
        else:
            text = text[:at] + chr(draw.randrange(0x110000 - 0x800) % 0xD800) + text[at + 1 :]
    return text


def table(rows=200, positives=20):
    """Return a table with the columns that the shipped params.yaml names."""
    draw = np.random.default_rng(0)
    y = np.zeros(rows, dtype=np.int8)
    y[:positives] = 1
    X = draw.normal(size=(rows, 3)) + y[:, None]
    X[:, 2] = np.abs(X[:, 2]) * 100
    roles = {"target": "Class", "features": ["V1", "V2", "Amount"], "method": "stratified"}
    return Table(X=X, y=y, features=["V1", "V2", "Amount"], others={}, roles=roles)


def use(params, rows):
    """Do with parameters what a run does before its first fit, and let the rules choose."""
    natural = treatments.natural_ratio(rows.y)
    params = params.at(natural).for_columns(rows.names)
    settings = training.Settings.of(params)
    entries = {"baseline": Treatment(treatment=treatments.NONE), **params.resample}
    refusals = []

    def refusing(function, *arguments, **options):
        try:
            return function(*arguments, **options)
        except InputError as error:
            refusals.append(error)

    for name, entry in entries.items():
        refusing(training.check, entry, rows, settings, name)
    refusing(tuning.check, rows, params.tune, settings)
    refusing(tuning.largest, params.tune, rows.y)
    for section in (params.out_of_fold, params.tune):
        refusing(splitting.folds, rows, section)
    refusing(splitting.split, rows.y, None, params.split)
    scores = (rows.X[:, 0] - rows.X[:, 0].min()) / np.ptp(rows.X[:, 0])
    for name, rule in params.threshold.rules.items():
        refusing(thresholds.choose, rule.rule, rows.y, scores, **rule.options)
        refusing(thresholds.amounts, rows, name, rule)
    if refusals:
        raise refusals[0]


def tried(number, seed=0):
    """Return the `Tally` of so many cases."""
    tally = Tally("params.yaml changed at random")
    shipped = content()
    text = (ROOT / "params.yaml").read_text(encoding="utf-8")
    rows = table()
    for case in range(seed, seed + number):
        draw = random.Random(case)  # noqa: S311 - drawn again by its number
        values = changed_values(draw, shipped) if case % 2 else changed_text(draw, text)
        tally.tries += 1
        problem = one(values, rows)
        if problem:
            tally.tracebacks.append(f"case {case}: {problem}")
    return tally


def one(values, rows):
    """Return what is wrong with how a text or a mapping is taken; nothing where it is right."""
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("error")
            if isinstance(values, str):
                # As a file is read.
                values = values.encode("utf-8", errors="replace").decode("utf-8")
                values = file.parse(values)
            use(parameters.parse(values), rows)
    except InputError as error:
        lines = str(error).splitlines()
        if not all(lines):
            return f"an empty line: {error}"
        if longest := next((line for line in lines if len(line) > LONGEST), None):
            return f"a line of {len(longest)} characters: {longest[:200]}"
    except RecursionError:
        return "RecursionError"
    except Exception:  # noqa: BLE001 - whatever it is, it is what is looked for
        return traceback.format_exc()[-900:]
    return ""


def written(case):
    """Return a case as text, to look at."""
    draw = random.Random(case)  # noqa: S311 - no secret
    text = (ROOT / "params.yaml").read_text(encoding="utf-8")
    if case % 2:
        return yaml.safe_dump(changed_values(draw, content()), sort_keys=False)
    return changed_text(draw, text)
