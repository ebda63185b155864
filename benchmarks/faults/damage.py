"""Damage each file that stages keep: it is made again or refused in a line, and never believed."""

import json
import random
from pathlib import Path

from benchmarks.faults.tally import Tally
from benchmarks.faults.tiny import STAGES, written

# The stages that read a file, by how its path begins.
READERS = {
    "data/raw": ["split"],
    "data/train": ["train_baseline", "train_resampled@under", "tune_ratio"],
    "data/test": ["evaluate"],
    "models/": ["evaluate"],
    "metrics/fingerprints/": ["evaluate"],
    "metrics/": ["evaluate"],
    ".rebalance/scores/": ["train_baseline", "train_resampled@under", "tune_ratio"],
    "dvc.yaml": ["train_baseline"],
    "params.yaml": ["train_baseline"],
    "dvc.lock": ["download"],
}
GONE = ("emptied", "zeroed", "a folder")
# Text that is still text of its kind after a bit flipped is believed by a stage that is started by
# hand. DVC compares checksums, and makes the file again.
BELIEVED = (".json", ".csv", ".yaml", ".lock")


def flipped(content, draw):
    """Return bytes with one bit changed."""
    at = draw.randrange(len(content))
    return content[:at] + bytes([content[at] ^ (1 << draw.randrange(8))]) + content[at + 1 :]


def retyped(content, draw):
    """Return JSON with one value, at any depth, that is of another type or out of range.

    Content that cannot be read as JSON stays the same.
    """
    try:
        whole = json.loads(content)
    except ValueError:
        return content
    at = draw.choice([*_places(whole)])
    changed = _put(whole, at, draw.choice(OTHERS))
    return json.dumps(changed, indent=2).encode()


# In the place of bytes: there is a folder of that name.
FOLDER = None
# What a value becomes.
OTHERS = (None, True, -1, 0, 1e308, "x", [], {}, [1], {"a": 1})


def _places(content, at=()):
    yield at
    items = content.items() if isinstance(content, dict) else ()
    items = enumerate(content) if isinstance(content, list) else items
    for key, value in items:
        yield from _places(value, (*at, key))


def _put(content, at, value):
    if not at:
        return value
    part = content
    for key in at[:-1]:
        part = part[key]
    part[at[-1]] = value
    return content


def kinds(flips):
    """Return {name: function of the bytes and a generator}, with so many flipped bits.

    As many times ten a value becomes one of another type.
    """
    return {
        "emptied": lambda content, _: b"",
        "cut in half": lambda content, _: content[: len(content) // 2],
        "cut at its end": lambda content, _: content[:-1],
        "zeroed": lambda content, _: bytes(len(content)),
        "its end zeroed": lambda content, _: (
            content[: len(content) // 2] + bytes(len(content) - len(content) // 2)
        ),
        "other bytes": lambda content, draw: draw.randbytes(len(content)),
        "a folder": lambda content, _: FOLDER,
        **{f"bit {number} flipped": flipped for number in range(flips)},
        **{f"value {number} of another type": retyped for number in range(10 * flips)},
    }


def tried(chain, flips=1, every=1, seed=0, stages=STAGES):
    """Return the `Tally` of each file damaged in each way, or of every so-manieth.

    Parameters
    ----------
    chain : tiny.Chain
        All stages have run.
    flips : int
        Bits flipped in each file, one at a time.
    every : int
    seed : int
    stages : list of str
        Those that read.
    """
    tally = Tally("a file damaged")
    wanted = chain.after[STAGES[-1]]
    for path in files(chain):
        for number, (kind, change) in enumerate(kinds(flips).items()):
            if (number + sum(path.encode())) % every:
                continue
            for stage in {*stages}.intersection(_readers(path)):
                # The state before the stage, and the file as the last one left it.
                chain.restore(stage)
                file = chain.folder / path
                if not file.exists():
                    continue
                draw = random.Random(f"{seed} {path} {kind}")  # noqa: S311 - no secret
                whole = file.read_bytes()
                damaged = change(whole, draw)
                if damaged == whole:
                    continue
                if damaged is FOLDER:
                    file.unlink()
                    file.mkdir()
                else:
                    file.write_bytes(damaged)
                believed = path.endswith(BELIEVED) and not kind.startswith(GONE)
                _check(chain, stage, tally, path, kind, wanted, believed)
    return tally


def files(chain):
    """Return the paths of all files that a stage reads and that may be damaged."""
    last = chain.before[STAGES[-1]]
    found = [f for f in last.rglob("*") if f.is_file()]
    names = sorted(f.relative_to(last).as_posix() for f in found)
    return [name for name in names if _readers(name)]


def _readers(path):
    return next((stages for start, stages in READERS.items() if path.startswith(start)), [])


def _check(chain, stage, tally, path, kind, wanted, believed):
    tally.tries += 1
    file = chain.folder / path
    damaged = file.read_bytes() if file.is_file() else FOLDER
    done = chain.server.run(chain.folder, stage, recorded=False)
    place = f"{path} {kind}, {stage}"
    if done.code == 0:
        now = written(chain.folder)
        other = [
            name
            for name, content in now.items()
            if content != wanted.get(name) and not (name == path and content == damaged)
        ]
        if other and not believed:
            tally.wrong.append(f"{place}: ends with 0 and another {other[0]}")
    elif done.code == 1:
        lines = [line for line in done.text.splitlines() if line.startswith("error: ")]
        if not lines or "Traceback" in done.text:
            tally.tracebacks.append(f"{place}: {done.text[-500:]}")
    else:
        tally.tracebacks.append(f"{place}: {done.text[-900:]}")


def with_lock(chain):
    """Write a small dvc.lock into every state that the chain kept: none of DVC's is there."""
    text = "schema: '2.0'\nstages:\n  download:\n    cmd: python -m stages.download\n"
    for folder in chain.before.values():
        (Path(folder) / "dvc.lock").write_text(text, encoding="utf-8")
    return chain
