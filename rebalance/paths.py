"""Where every file of the pipeline lives, relative to the repository."""

from pathlib import Path

PARAMS = Path("params.yaml")
PIPELINE = Path("dvc.yaml")
LOCK = Path("dvc.lock")

DATA = Path("data")
RAW = DATA / "raw.parquet"
TRAIN = DATA / "train.parquet"
TEST = DATA / "test.parquet"
FINAL = DATA / "final.parquet"

MODELS = Path("models")
CARD = MODELS / "card.md"

METRICS = Path("metrics")
READING = METRICS / "reading.json"
SPLIT = METRICS / "split.json"
SPLIT_CHECKS = METRICS / "checks" / "split.json"
CHECKS = METRICS / "checks.json"
FINGERPRINTS = METRICS / "fingerprints"
IMPORTANCE = METRICS / "importance"
TRIALS = METRICS / "trials.csv"
RATIO_CURVE = METRICS / "ratio_curve.csv"
RATIO_CURVE_PICTURE = METRICS / "ratio_curve.png"
SCORES = METRICS / "scores.json"
COMPARISON = METRICS / "comparison.json"
DECISIONS = METRICS / "decisions.json"
ANSWER = METRICS / "answer.json"
REPORT = METRICS / "report.md"
PAGE = METRICS / "report.html"
SUMMARIES = METRICS / "models"
OPENED = METRICS / "final.json"  # of no stage: git keeps it
PLOTS = METRICS / "plots"

# Out-of-fold scores of all training stages, once computed; git-ignored and no output of DVC.
SCORE_CACHE = Path(".rebalance") / "scores"
# Arrays of a table that processes share while they fit.
SHARED = Path(".rebalance") / "shared"
OPENED_HERE = Path(".rebalance") / "final.json"
# What short stages leave for the next one to hand to MLflow; git-ignored as well.
RUNS = Path(".rebalance") / "runs"

BASELINE = "baseline"
TUNED = "tuned"
MOVED = "moved_threshold"  # the baseline with the threshold chosen out of fold


def model(name):
    """Return where the fitted model ``name`` is."""
    return MODELS / f"{name}.skops"


def out_of_fold(name):
    """Return where the out-of-fold scores of the model ``name`` are."""
    return MODELS / f"{name}.out_of_fold.parquet"


def fingerprint(name):
    """Return where the committed checksums of the model ``name`` are."""
    return FINGERPRINTS / f"{name}.sha256"


def importance(name):
    """Return where the permutation importance of the model ``name`` is."""
    return IMPORTANCE / f"{name}.json"


def training_metrics(name):
    """Return where the stage that trains ``name`` writes its metrics."""
    special = {BASELINE: METRICS / "train_baseline.json", TUNED: METRICS / "tune_ratio.json"}
    return special.get(name, METRICS / "train_resampled" / f"{name}.json")
