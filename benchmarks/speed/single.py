"""Rows that need no pipeline: the article's steps, the study of the ratio, intervals, scoring."""

from statistics import median

from benchmarks.speed import child
from benchmarks.speed.table import NEARLY_FULL, Row

FASTER_THAN_ARTICLE = 60
OVERHEAD, START = 1.25, 3.0  # of a study: wall at most 1.25 x (fits / cores) + 3 s
FLOOR = 2.5  # its processor time, in that of the untreated folds
SAME_FITS, SAME_WINNER = 1.5, 3.0  # times faster than the plain way
LESS = 8  # times less processor time than Optuna's own ratios take, each on every fold
EQUAL = 1e-12
NEIGHBOUR = 2.2
INTERVALS = 5.0  # seconds of processor time
DRAWS, RIVAL_DRAWS = 2000, 20
SCORED = 1_000_000


def article(folder, size):
    """Run the article's five steps its way and ours."""
    ours = child.work("article_ours", folder, trials=size.article_trials)
    rival = child.work("article_theirs", folder, trials=size.article_trials)
    best = {
        who: max(found["steps"].items(), key=lambda step: step[1])
        for who, found in (("ours", ours), ("theirs", rival))
    }
    full = size.rows >= NEARLY_FULL
    steps = Row(
        work=f"article's five steps, {size.article_trials} ratios",
        ours=ours["seconds"],
        rival=rival["seconds"],
        peak=ours["peak"],
        target=f"ratio {FASTER_THAN_ARTICLE} at full size",
        met=rival["seconds"] >= FASTER_THAN_ARTICLE * ours["seconds"] if full else None,
        note="its script fits GradientBoostingClassifier, one after another, peak "
        f"{rival['peak'] / 1e6:.0f} MB; ours {ours['learner']}, {size.cores} at a time",
    )
    (our_step, our_score), (step, score) = best["ours"], best["theirs"]
    precision = Row(
        work="  average precision of the best step",
        target="at least its at full size",
        met=our_score >= score if full else None,
        note=f"ours {our_score:.4f} ({our_step}), its {score:.4f} ({step}), on "
        f"{ours['test_positives']} test positives",
    )
    return [steps, precision]


def study(folder, size):
    """Search the ratio: wall against fits."""
    found = child.work("study", folder, trials=size.trials, kept=True, workers=size.cores)
    fits = found["fit_seconds"] / size.cores
    bound = OVERHEAD * fits + START
    return [
        Row(
            work=f"ratio study, {size.trials} ratios asked",
            ours=found["seconds"],
            rival=fits,
            peak=found["peak"],
            target=f"at most {bound:.1f} s",
            met=found["seconds"] <= bound,
            note=f"rival: processor seconds of its {found['fits']} fits / {size.cores} cores; "
            f"{found['forgotten']} more were begun for candidates that were stopped; "
            f"{size.cores} at a time, {found['engine']}",
        ),
        Row(
            work="  its processor time, and that of the untreated folds",
            ours=found["fit_seconds"],
            rival=found["untreated_seconds"],
            target=f"at most {FLOOR} x at full size",
            met=found["fit_seconds"] <= FLOOR * found["untreated_seconds"]
            if size.rows >= NEARLY_FULL
            else None,
            note="nothing can be said of a ratio before the untreated folds are scored",
        ),
    ]


def optuna(folder, size):
    """Search the ratio through cross_val_score: the same ratios, then those that Optuna asks.

    Of the same ratios every score is compared.
    """

    def ours():
        same = child.work("study", folder, trials=size.trials, prune=False)
        return same, child.work("study", folder, trials=size.trials, kept=True)

    # Once before the rival and once after, since other programs come and go.
    before = ours()
    same, default = before
    rivals = {
        jobs: child.work("optuna", folder, asked=same["asked"], natural=same["natural"], jobs=jobs)
        for jobs in dict.fromkeys((1, size.cores))
    }
    seconds = [median((a["seconds"], b["seconds"])) for a, b in zip(before, ours(), strict=True)]
    rows = []
    for jobs, rival in rivals.items():
        check_scores(same["scores"], rival["scores"])
        asked = dict(zip(reversed(same["asked"]), reversed(rival["trial_seconds"]), strict=True))
        first = sum(asked.values())
        folds = same["fits"] // len(asked)
        at_once = min(jobs, folds)
        many = f"{at_once} fit{'s' * (at_once > 1)} at a time"
        processor = f"processor: ours {same['processor_seconds']:.1f} s for {same['fits']} fits"
        if jobs == 1:
            # With more, they are those of other processes.
            fits = folds * len(same["asked"])
            processor += f", its {rival['processor_seconds']:.1f} s for {fits}"
        rows += [
            Row(
                work=f"study, the same {same['fits']} fits, against Optuna, {many}",
                ours=seconds[0],
                rival=first,
                peak=same["peak"],
                target=f"ratio {SAME_FITS}",
                met=first >= SAME_FITS * seconds[0],
                note=f"every score equal to {EQUAL:g}; {processor}",
            ),
            Row(
                work=f"study, the same winner, against Optuna, {many}",
                ours=seconds[1],
                rival=rival["seconds"],
                peak=default["peak"],
                target=f"ratio {SAME_WINNER:g}",
                met=rival["seconds"] >= SAME_WINNER * seconds[1]
                and default["best"] == rival["best"],
                note=f"best ratio {default['best']} with {default['fits']} fits, its "
                f"{rival['best']} with {folds * len(same['asked'])}",
            ),
        ]
    own = child.work(
        "optuna", folder, asked=[], natural=same["natural"], jobs=1, trials=size.trials
    )
    spent = default["processor_seconds"]
    return [
        *rows,
        Row(
            work=f"study's processor time, against Optuna's own {size.trials} ratios",
            ours=spent,
            rival=own["processor_seconds"],
            target=f"ratio {LESS} at full size",
            met=own["processor_seconds"] >= LESS * spent if size.rows >= NEARLY_FULL else None,
            note=f"best ratio {default['best']} with {default['fits']} fits, its {own['best']} "
            f"with {folds * size.trials}",
        ),
    ]


def check_scores(ours, theirs):
    """Raise `child.UnfinishedError` unless every fold of every ratio has the same score both ways.

    Parameters
    ----------
    ours, theirs : dict of str to list of float
        Scores of the folds, by ratio.
    """
    for ratio, scores in ours.items():
        furthest = max(abs(a - b) for a, b in zip(scores, theirs[ratio], strict=True))
        if furthest > EQUAL:
            raise child.UnfinishedError(
                f"ratio {ratio}: scores differ by {furthest:g} from those of cross_val_score, so "
                "their seconds are not of the same work."
            )


def neighbour(folder, size):
    """Search the ratio beside a process that keeps one core busy, and without, in turns."""
    alone, beside = [], []
    for _ in range(size.repeats):
        alone.append(child.work("study", folder, trials=size.short_trials)["seconds"])
        with child.neighbour():
            beside.append(child.work("study", folder, trials=size.short_trials)["seconds"])
    slower = median(beside) / median(alone)
    return [
        Row(
            work=f"ratio study, {size.short_trials} ratios, one core kept busy",
            ours=median(alone),
            rival=median(beside),
            target=f"ratio at most {NEIGHBOUR}",
            met=slower <= NEIGHBOUR,
            note="ours: alone; rival: the same beside a busy process",
        )
    ]


def bootstrap(folder, size):
    """Compare six models on 57,000 rows: every metric in every draw."""
    found = _repeated("bootstrap", folder, size, draws=DRAWS, rival_draws=RIVAL_DRAWS)
    return [
        Row(
            work=f"intervals, 57,000 rows x 6 models x {DRAWS:,} draws",
            ours=found["seconds"],
            rival=found["rival"],
            peak=found["peak"],
            target=f"{INTERVALS:g} s of processor time",
            met=found["processor_seconds"] <= INTERVALS,
            note=f"{found['processor_seconds']:.1f} s of processor time; rival: average precision "
            f"alone, by scikit-learn, {RIVAL_DRAWS} draws x {DRAWS // RIVAL_DRAWS}",
        )
    ]


def scoring(folder, size):
    """Score a million rows with a saved model, one thread."""
    child.work("save_model", folder)
    found = _repeated("scoring", folder, size, rows=SCORED)
    return [
        Row(
            work=f"scoring {SCORED:,} rows, one thread",
            ours=found["seconds"],
            rival=found["rival"],
            peak=found["peak"],
            note="rival: the estimator inside, uncorrected",
        )
    ]


def _repeated(name, folder, size, **arguments):
    """Return the medians of a few runs."""
    found = [child.work(name, folder, **arguments) for _ in range(size.repeats)]
    return {key: median(run[key] for run in found) for key in found[0]}
