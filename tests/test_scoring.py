"""A trained model in use: files scored, requests answered, promises checked, scores compared."""

import bz2
import contextlib
import gzip
import io
import itertools
import json
import lzma
import os
import re
import shutil
import socket
import subprocess
import sys
import threading
import time
import urllib.error
import urllib.request
from math import comb
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pandas as pd
import pyarrow as pa
import pytest
from scipy import stats
from sklearn.ensemble import HistGradientBoostingClassifier

from rebalance import cli, columns, params, paths, scoring, store, tracking
from rebalance.cli.commands import compare, watch
from rebalance.errors import InputError
from rebalance.model.corrected import CorrectedClassifier
from rebalance.scoring import server, watching
from rebalance.scoring.unlike import Unlike
from rebalance.served import Scorer
from rebalance.sources import reading
from rebalance.thresholds import Threshold

REPOSITORY = Path(__file__).parents[1]
RNG = np.random.default_rng(0)
N = 400


def table(n=N):
    """Return rows with a number that decides, one with gaps, a category and a name of the row."""
    rng = np.random.default_rng(n)
    amount = rng.normal(size=n).round(6)
    frame = pd.DataFrame(
        {
            "amount": amount,
            "age": np.where(rng.random(n) < 0.2, np.nan, rng.integers(18, 90, n) + 0.5),
            "shop": np.array(["north", "south", "east"])[rng.integers(0, 3, n)],
            "card": [f"c{i:05d}" for i in range(n)],
        }
    )
    return frame, (amount > 1).astype(int)


@pytest.fixture(scope="session")
def scorer():
    import pyarrow as pa

    frame, y = table()
    learnt = columns.learn(pa.Table.from_pandas(frame), list(frame))
    X = columns.matrix(learnt, frame)
    fitted = HistGradientBoostingClassifier(max_iter=5, random_state=0).fit(X, y)
    rules = {
        "half": {"name": "fixed", "value": 0.5},
        "max_f1": {"name": "max_fbeta", "value": 0.3},
        "amounts": {"name": "amount_cost", "value": None, "c_admin": 0.25},
    }
    model = CorrectedClassifier(
        fitted,
        features=columns.encoded(learnt),
        encoding=learnt,
        threshold=0.3,
        thresholds=rules,
        share=y.mean(),
    )
    return Scorer(model, "baseline")


@pytest.fixture
def place(tmp_path, monkeypatch, scorer):
    """A folder in which the stages have run, as far as a model in use looks at it."""
    monkeypatch.chdir(tmp_path)
    for name in ("MLFLOW_TRACKING_URI", "DVC_ROOT"):
        monkeypatch.delenv(name, raising=False)
    shutil.copyfile(REPOSITORY / "params.yaml", "params.yaml")
    store.write_model(paths.model("baseline"), scorer.model)
    store.write_frame(paths.out_of_fold("baseline"), pd.DataFrame({"fold": [0]}))
    store.write_fingerprint("baseline")
    store.write_json(paths.ANSWER, {"recommended": "baseline", "answer": "Use baseline."})
    return tmp_path


def expected(scorer, frame):
    """Return the probabilities by scikit-learn's own call."""
    X = columns.matrix(scorer.model.encoding, frame)
    return scorer.model.estimator.predict_proba(X)[:, 1]


def test_a_file_is_scored_as_the_model_scores_its_rows(place, scorer, capsys):
    frame, _ = table(50)
    given = frame[["shop", "card", "age", "amount"]].assign(extra=1, Class=0)
    given.to_csv("new.csv", index=False)

    cli.main(["predict", "new.csv", "-o", "out.csv"])

    found = pd.read_csv("out.csv")
    assert list(found) == ["card", "probability", "decision", "model"]
    assert list(found["card"]) == list(frame["card"])
    assert found["probability"].to_numpy() == pytest.approx(expected(scorer, frame))
    assert list(found["decision"]) == list((expected(scorer, frame) >= 0.3).astype(int))
    assert set(found["model"]) == {"baseline"}
    flagged = int((expected(scorer, frame) >= 0.3).sum())
    assert capsys.readouterr().out == (
        f"ignored columns: extra, Class\n50 rows scored by baseline, {flagged} flagged: out.csv\n"
    )


def test_a_model_says_what_was_edited_since_it_was_trained(place, monkeypatch, caplog):
    """It answers as it was trained, whatever params.yaml says now."""
    edited = {("baseline",): ["learner.seed", "threshold.use"]}
    monkeypatch.setattr(tracking, "edited", lambda names: edited[tuple(names)])
    assert scoring.find().name == "baseline"
    assert caplog.messages == [
        "note: learner.seed, threshold.use were edited in params.yaml after baseline was trained; "
        "it answers as trained, until 'dvc repro' has run."
    ]
    edited["baseline",] = ["learner.seed"]
    scoring.find()
    assert caplog.messages[1].startswith("note: learner.seed was edited in params.yaml after")
    # What predict writes follows data.prevalence at once.
    edited["baseline",] = ["data.prevalence"]
    scoring.find()
    assert caplog.messages[2:] == [
        "note: data.prevalence was edited in params.yaml after the last 'dvc repro'; probabilities "
        "hold at the new one, the report and the card are of the former."
    ]


def test_a_large_file_is_scored_in_pieces_and_in_order(place, scorer, monkeypatch):
    monkeypatch.setattr(reading, "ROWS", 100)
    frame, _ = table(1030)
    frame.to_parquet("new.parquet")
    sizes = []
    ask = scorer.probability

    class Counting(Scorer):
        def probability(self, rows):
            sizes.append(rows.num_rows)
            return ask(rows)

    done = scoring.score_file(
        "new.parquet", "out.parquet", Counting(scorer.model, "baseline"), params.load().data
    )
    found = pd.read_parquet("out.parquet")
    assert done["rows"] == len(found) == 1030
    assert max(sizes) <= 1030
    assert list(found["card"]) == list(frame["card"])
    assert found["probability"].to_numpy() == pytest.approx(expected(scorer, frame))


def test_rows_without_a_name_are_numbered_over_all_pieces(place, scorer):
    frame, _ = table(30)
    frame.drop(columns="card").to_csv("new.csv", index=False)
    scoring.score_file("new.csv", "out.csv", scorer, params.load().data)
    assert list(pd.read_csv("out.csv")["row"]) == list(range(1, 31))


def test_gaps_and_categories_never_seen_are_scored_as_in_training(place, scorer):
    frame, _ = table(20)
    frame.loc[0, "shop"] = "moon"
    frame.loc[1, "age"] = np.nan
    frame.loc[2, "shop"] = None
    frame.to_csv("new.csv", index=False)
    scoring.score_file("new.csv", "out.csv", scorer, params.load().data)
    codes = columns.matrix(scorer.model.encoding, frame)
    assert codes[0, columns.encoded(scorer.model.encoding).index("shop")] == 3  # the unseen one
    assert np.isnan(codes[1]).any()
    assert np.isnan(codes[2]).any()
    assert pd.read_csv("out.csv")["probability"].to_numpy() == pytest.approx(
        scorer.model.estimator.predict_proba(codes)[:, 1]
    )


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (
            lambda f: f.drop(columns=["age", "shop"]),
            r"new\.csv lacks 2 of the 3 columns that baseline needs: 'age', 'shop'; it has ",
        ),
        (lambda f: f.assign(amount="much"), r"column 'amount' must hold numbers, got 'much'\.$"),
    ],
)
def test_rows_that_do_not_fit_are_one_line_and_nothing_is_written(place, scorer, change, message):
    change(table(20)[0]).to_csv("new.csv", index=False)
    with pytest.raises(InputError, match=message) as caught:
        scoring.score_file("new.csv", "out.csv", scorer, params.load().data)
    assert "\n" not in str(caught.value)
    assert [path.name for path in place.glob("*out*")] == []


INFINITE = ["inf", "-Infinity", "1e39", "-1e400"]


@pytest.mark.parametrize("value", INFINITE)
@pytest.mark.parametrize("column", ["amount", "age"])
def test_numbers_that_no_learner_holds_are_refused_in_every_format(place, scorer, value, column):
    number = float(value)
    what = "an infinite value" if np.isinf(number) else r"the value 1e\+39"
    said = rf"column '{column}' must hold numbers up to 3\.403e\+38, .*, got {what}\.$"
    frame = table(20)[0].assign(**{column: 0.5})
    frame.loc[7, column] = number
    frame.to_parquet("new.parquet")
    frame.astype({column: object}).replace({column: {number: value}}).to_csv("new.csv", index=False)
    data = params.load().data
    for new in ("new.csv", "new.parquet"):
        with pytest.raises(InputError, match=said):
            scoring.score_file(new, "out.csv", scorer, data)
        assert not Path("out.csv").exists()
    for cell in (value, number):
        rows = json.loads(frame.to_json(orient="records"))
        rows[7][column] = cell
        body = json.dumps({"dataframe_records": rows}).encode()
        with pytest.raises(server.Refused, match=said) as caught:
            server.answered(scorer, body, "application/json", data)
        assert caught.value.status == 422
    with pytest.raises(InputError, match=said):
        scorer.model.predict_proba(frame)


def test_an_amount_that_is_infinite_decides_nothing(place, scorer):
    table(20)[0].assign(paid="inf").to_csv("new.csv", index=False)
    with pytest.raises(InputError, match="column 'paid' must hold numbers up to"):
        scoring.score_file(
            "new.csv", "out.csv", scorer, params.load().data, rule="amounts", amounts="paid"
        )


def test_a_rule_decides_instead_of_the_models_own(place, scorer):
    frame, _ = table(200)
    frame.to_csv("new.csv", index=False)
    p = expected(scorer, frame)
    data = params.load().data
    for rule, flagged in (
        ("half", p >= 0.5),
        ("amounts", p * frame["amount"].abs().to_numpy() >= 0.25),
    ):
        given = frame.assign(paid=frame["amount"].abs())
        given.to_csv("new.csv", index=False)
        scoring.score_file("new.csv", "out.csv", scorer, data, rule=rule, amounts="paid")
        assert list(pd.read_csv("out.csv")["decision"]) == list(flagged.astype(int)), rule
    with pytest.raises(InputError, match="rule must be one of half, max_f1, amounts, got 'no'"):
        scoring.score_file("new.csv", "out.csv", scorer, data, rule="no")


def test_probabilities_hold_at_the_prevalence_asked_for_and_decisions_stay(place, scorer):
    frame, _ = table(100)
    frame.to_csv("new.csv", index=False)
    p = expected(scorer, frame)
    share = scorer.model.share
    scoring.score_file("new.csv", "out.csv", scorer, params.load().data, prevalence=0.01)
    found = pd.read_csv("out.csv")
    odds = p / (1 - p) * (0.01 / 0.99) / (share / (1 - share))
    assert found["probability"].to_numpy() == pytest.approx(odds / (1 + odds))
    assert list(found["decision"]) == list((p >= 0.3).astype(int))


def test_columns_that_are_asked_for_stand_in_place_of_the_row_s_name(place):
    table(20)[0].to_csv("new.csv", index=False)
    cli.main(["predict", "new.csv", "-o", "out.csv", "--id", "shop"])
    assert list(pd.read_csv("out.csv")) == ["shop", "probability", "decision", "model"]


def test_a_model_that_was_never_trained_is_one_line(place):
    paths.model("baseline").unlink()
    said = r"^there is no models/baseline\.skops; 'dvc repro' trains it, 'dvc pull' fetches it\.$"
    with pytest.raises(InputError, match=said):
        scoring.find()


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["new.csv", "-o", "out.txt"], r"must end in \.csv or \.parquet, got 'out\.txt'"),
        (
            ["no.csv", "-o", "out.csv"],
            r"^NEW\.csv must name a CSV or Parquet file or a folder of them, got 'no\.csv': there "
            r"is no such file or folder\.$",
        ),
        (
            ["new.csv", "-o", "out.csv", "--model", "best"],
            r"model must be one of baseline or an address such as models:/rebalance@champion, "
            r"got 'best'",
        ),
        (
            ["new.csv", "-o", "out.csv", "--id", "card", "--id", "name"],
            r"^--id must name columns of new\.csv, got 'name'; it has 'amount', 'age', 'shop', ",
        ),
        (["none.csv", "-o", "out.csv"], r"^none\.csv has no rows to score, only the names of"),
        (["new.csv", "-o", "./new.csv"], r"^the output must be another file than new\.csv, "),
        (
            ["new.csv", "-o", "models"],
            r"^--output must name a file, got the folder 'models'; write 'models/scored\.csv'\.$",
        ),
        (
            ["new.csv", "-o", "new.csv/deep/out.csv"],
            r"^--output 'new\.csv/deep/out\.csv' cannot be written \(not a directory\); name a fi",
        ),
        (
            ["new.csv", "-o", f"{'long' * 70}.csv"],
            r"^--output 'longlong.*… cannot be written \(file name too long\); choose a sho",
        ),
    ],
)
def test_what_predict_cannot_do_is_one_line(place, arguments, message):
    table(20)[0].to_csv("new.csv", index=False)
    table(20)[0].head(0).to_csv("none.csv", index=False)
    before = Path("new.csv").read_bytes()
    with pytest.raises(InputError, match=message):
        cli.main(["predict", *arguments])
    assert Path("new.csv").read_bytes() == before
    assert [path.name for path in place.glob("*out*")] == []


@pytest.mark.parametrize(
    ("output", "message"),
    [
        ("models", r"^--output must name a file, got the folder 'models'; write 'models/card\.md'"),
        (
            "params.yaml/card.md",
            r"^--output 'params\.yaml/card\.md' cannot be written \(not a dire",
        ),
    ],
)
def test_where_the_card_cannot_be_written_is_one_line(place, output, message):
    with pytest.raises(InputError, match=message):
        cli.main(["card", "-o", output])


@pytest.mark.skipif(sys.platform != "linux", reason="no folder that refuses the superuser, too")
@pytest.mark.parametrize("folder", ["/proc", "/sys", "/sys/kernel/new"])
def test_a_folder_that_takes_no_file_is_one_line_before_any_row_is_scored(
    place, monkeypatch, folder
):
    table(20)[0].to_csv("new.csv", index=False)
    monkeypatch.setattr(scoring, "find", lambda *_: pytest.fail("a model was read"))
    message = rf"^--output '{folder}/out\.csv' cannot be written \([a-z -]+\); name a file in a fo"
    with pytest.raises(InputError, match=message):
        cli.main(["predict", "new.csv", "-o", f"{folder}/out.csv"])


def test_folders_that_are_missing_are_made_with_the_file(place):
    table(20)[0].to_csv("new.csv", index=False)
    cli.main(["predict", "new.csv", "-o", "a/b/out.csv"])
    assert len(pd.read_csv("a/b/out.csv")) == 20


def test_a_file_that_is_not_there_is_named_as_the_argument_also_over_an_old_answer(place):
    Path("out.csv").write_text("card,probability\n", encoding="utf-8")
    with pytest.raises(InputError, match=r"^NEW\.csv must name a CSV .*, got 'no\.csv': there is"):
        cli.main(["predict", "no.csv", "-o", "out.csv"])
    assert Path("out.csv").read_text(encoding="utf-8") == "card,probability\n"


def test_a_file_of_the_folder_that_is_scored_is_not_written_over(place):
    Path("new").mkdir()
    for name in ("a", "b"):
        table(20)[0].to_csv(f"new/{name}.csv", index=False)
    before = Path("new/a.csv").read_bytes()
    with pytest.raises(InputError, match=r"must be another file than new/a\.csv, which"):
        cli.main(["predict", "new", "-o", "new/a.csv"])
    assert Path("new/a.csv").read_bytes() == before


def test_one_row_is_scored_and_said(place, capsys):
    table(1)[0].to_csv("new.csv", index=False)
    cli.main(["predict", "new.csv", "-o", "out.csv"])
    assert capsys.readouterr().out.startswith("1 row scored by baseline, ")


def test_files_of_a_folder_that_are_not_scored_are_named(place, capsys):
    text = Path("params.yaml").read_text(encoding="utf-8")
    Path("params.yaml").write_text(text.replace('pattern: "*"', 'pattern: "2023*.csv"'))
    Path("new").mkdir()
    for year in (2023, 2024):
        table(20)[0].to_csv(f"new/{year}.csv", index=False)
    cli.main(["predict", "new", "-o", "out.csv"])
    said = capsys.readouterr().out.splitlines()
    assert said[0] == "not read, see data.pattern: 2024.csv"
    assert said[1].startswith("20 rows scored")


def test_values_that_no_training_row_has_are_said(place, capsys):
    frame, _ = table(400)
    frame["shop"] = frame["shop"].str.upper().where(np.arange(400) < 201, "north")
    frame.assign(amount=np.nan).to_csv("new.csv", index=False)
    cli.main(["predict", "new.csv", "-o", "out.csv"])
    values = sorted(
        ("north", "south", "east"), key=lambda shop: (-(table()[0]["shop"] == shop).sum(), shop)
    )
    first = table(400)[0]["shop"][0].upper()
    assert capsys.readouterr().out.splitlines()[:2] == [
        "warning: column 'amount': no row has a value, and every training row has one",
        f"warning: column 'shop': 201 of 400 rows hold a value that no training row has, as "
        f"{first!r}; these have {', '.join(map(repr, values))}",
    ]


def test_of_many_known_values_three_are_named_and_the_first_that_is_new():
    learnt = columns.learn(pa.table({"town": [*"abcd"] * 50}), ["town"])
    unlike = Unlike(learnt)
    # Most of the rows with a value, not of all.
    unlike.look(pa.table({"town": ["x", "y", "a", None, None]}))
    assert unlike.lines() == [
        "column 'town': 2 of 5 rows hold a value that no training row has, as 'x'; these have "
        "'a', 'b', 'c', …"
    ]


@pytest.mark.parametrize("new", [["NORTH"] * 200 + ["north"] * 200, ["", "north"] * 200])
def test_half_of_the_rows_with_known_values_need_no_line(place, capsys, new):
    table(400)[0].assign(shop=new, age=np.nan).to_csv("new.csv", index=False)
    cli.main(["predict", "new.csv", "-o", "out.csv"])
    assert "warning" not in capsys.readouterr().out


# Over HTTP.


@pytest.fixture(scope="module")
def address(scorer):
    """Where a scorer answers, on loopback."""
    import uvicorn

    with socket.socket() as listening:
        listening.bind(("127.0.0.1", 0))
        port = listening.getsockname()[1]
    web = uvicorn.Server(
        uvicorn.Config(
            server.app(scorer, params.load().data), host="127.0.0.1", port=port, log_level="error"
        )
    )
    thread = threading.Thread(target=web.run, daemon=True)
    thread.start()
    while not web.started:
        time.sleep(0.01)
    yield f"http://127.0.0.1:{port}"
    web.should_exit = True
    thread.join()


def call(url, body=None, kind="application/json"):
    """Return (status, content) of an answer."""
    request = urllib.request.Request(url, body, {"Content-Type": kind})  # noqa: S310
    try:
        with urllib.request.urlopen(request, timeout=20) as answer:  # noqa: S310
            return answer.status, json.loads(answer.read())
    except urllib.error.HTTPError as error:
        return error.code, json.loads(error.read())


def test_the_server_says_that_it_is_well_and_what_a_row_needs(address):
    assert call(f"{address}/health") == (200, {"status": "ok", "model": "baseline"})
    status, schema = call(f"{address}/schema")
    assert status == 200
    assert schema["columns"] == {"amount": "number", "age": "number", "shop": "category"}
    assert schema["threshold"] == 0.3


def test_the_server_scores_json_and_csv_alike(address, scorer):
    frame, _ = table(20)
    rows = json.loads(frame.to_json(orient="records"))
    rows[0]["amount"] = 2  # a whole number, where training had others
    frame.loc[0, "amount"] = 2
    p = expected(scorer, frame)
    split = {"columns": list(rows[0]), "data": [list(row.values()) for row in rows]}
    bodies = [
        (json.dumps({"dataframe_records": rows}).encode(), "application/json"),
        (json.dumps({"dataframe_split": split}).encode(), "application/json; charset=utf-8"),
        (frame.to_csv(index=False).encode(), "text/csv"),
    ]
    for body, kind in bodies:
        status, answer = call(f"{address}/invocations", body, kind)
        assert status == 200, answer
        found = answer["predictions"]
        assert [row["probability"] for row in found] == pytest.approx(p)
        assert [row["decision"] for row in found] == list((p >= 0.3).astype(int))


@pytest.mark.parametrize(
    ("body", "kind", "status", "message"),
    [
        (b"{", "application/json", 400, "the body is not JSON: "),
        (b"[1]", "application/json", 400, 'the body must be {"dataframe_records"'),
        (b'{"dataframe_split": {}}', "application/json", 400, "the body must be"),
        (b"amount\n1,2\n3,4,5\n", "text/csv", 400, "the body cannot be read as CSV: "),
        (b"x", "text/plain", 415, "content-type must be application/json or text/csv, got 'text"),
        (b'{"dataframe_records": []}', "application/json", 422, "a row or more, got none"),
        (
            b'{"dataframe_records": [{"amount": 1}]}', "application/json", 422,
            "the model needs the columns age, shop",
        ),
        (
            b'{"dataframe_records": [{"amount": "much", "age": 1, "shop": "east"}]}',
            "application/json", 422, "column 'amount' must hold numbers, got 'much'",
        ),
        (b" " * (server.LARGEST + 1), "text/csv", 413, "must have 16 MB at most"),
        (b"[" * 200_000, "application/json", 400, "JSON that is nested too deeply"),
        (
            b'{"dataframe_records": [{"amount": 1, "age": 1, "shop": "\\ud800"}]}',
            "application/json", 422, r"column 'shop' must hold text of Unicode's characters, got "
            r"'\ud800', half of one",
        ),
        (
            b'{"dataframe_split": {"columns": ["age", "amount", "shop", "age"],'
            b' "data": [[1, 1, "east", 1]]}}',
            "application/json", 422, "must have each column once, got more than one age",
        ),
        (
            b'{"dataframe_records": [{"amount": 1, "age": 1, "amount": 2, "shop": "east"}]}',
            "application/json", 400,
            "the body is not JSON: the name 'amount' stands twice in one object.",
        ),
        (
            b'{"dataframe_records": [{"amount": ' + b"9" * 5000 + b"}]}", "application/json", 400,
            "integer string conversion: value has 5000 digits.",
        ),
        (
            b'{"dataframe_records": [{"amount": "' + b"9" * 5000
            + b'", "age": 1, "shop": "east"}]}',
            "application/json", 422, "column 'amount' must hold numbers up to 3.403e+38",
        ),
        (
            b"amount,age,shop\n" + b"9" * 5000 + b",1,east\n", "text/csv", 422,
            "column 'amount' must hold numbers up to 3.403e+38",
        ),
        (
            b'{"dataframe_split": {"columns": ["age", "amount", "shop"],'
            b' "data": [[1, 1, "east"], [1, 1]]}}',
            "application/json", 400, "each row of data must have a value for each of the 3 "
            "columns, got 2 in row 2; write null for a missing one.",
        ),
        (
            b"{" + b",".join(b'"c%d": 1' % number for number in range(200_000))
            + b', "c199999": 1}',
            "application/json", 400, "the name 'c199999' stands twice in one object.",
        ),
    ],
)  # fmt: skip
def test_the_server_refuses_in_words(address, body, kind, status, message):
    code, answer = call(f"{address}/invocations", body, kind)
    assert code == status
    assert message in answer["error"]


def in_parquet(frame):
    file = io.BytesIO()
    frame.to_parquet(file)
    return file.getvalue()


def in_a_zip(frame):
    file = io.BytesIO()
    frame.to_csv(file, index=False, compression="zip")
    return file.getvalue()


def as_csv(pack):
    return lambda frame: pack(frame.to_csv(index=False).encode())


@pytest.mark.parametrize(
    "pack",
    [
        in_parquet,
        in_a_zip,
        as_csv(gzip.compress),
        as_csv(bz2.compress),
        as_csv(lzma.compress),
        as_csv(lambda text: pa.compress(text, "zstd", asbytes=True)),
        as_csv(lambda text: b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + text),  # an .xls begins so
    ],
    ids=["parquet", "zip", "gz", "bz2", "xz", "zst", "xls"],
)
def test_a_body_of_csv_is_not_unpacked(scorer, pack):
    body, data = pack(table(20)[0]), params.load().data
    with pytest.raises(server.Refused, match="must be text as it stands, got Parquet") as refused:
        server.rows_of(body, "text/csv", scorer.learnt, data)
    assert refused.value.status == 400


SERVING = """
from types import SimpleNamespace
from rebalance.scoring import server
server.END_SECONDS = 1
listening = server.bound("127.0.0.1", 0)
print(listening.getsockname()[1], flush=True)
server.serve(SimpleNamespace(name="it"), listening, SimpleNamespace(prevalence=None), object())
"""


def test_clients_that_leave_or_never_end_their_request_cost_the_server_no_traceback_and_no_end():
    process = subprocess.Popen(
        [sys.executable, "-c", SERVING], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    )
    port = int(process.stdout.readline())
    clients = [socket.create_connection(("127.0.0.1", port), 100) for _ in range(2)]
    for client in clients:
        client.sendall(
            b"POST /invocations HTTP/1.1\r\nHost: it\r\nContent-Length: 9\r\n"
            b"Expect: 100-continue\r\n\r\n"
        )
        assert client.recv(100).startswith(b"HTTP/1.1 100 ")  # it waits for the body now
    clients[0].close()
    process.terminate()
    with clients[1] as held, held.makefile("rb") as answer:
        assert answer.readline().startswith(b"HTTP/1.1 503 ")
        assert b"the server was ended; send the rows again." in answer.read()
    _, said = process.communicate(timeout=100)
    assert "Traceback" not in said


def test_a_server_takes_a_free_port_and_says_which_are_none():
    with server.bound("127.0.0.1", 0) as taken:
        host, port = taken.getsockname()
        assert host == "127.0.0.1"
        assert port > 0
        with pytest.raises(InputError, match=rf"is free, got 127\.0\.0\.1:{port}: .*--port 0"):
            server.bound("127.0.0.1", port)
    # An address that is set aside for documentation.
    with pytest.raises(InputError, match=r"of this machine that is free, got 192\.0\.2\.1:0: "):
        server.bound("192.0.2.1", 0)
    for port in (-1, 1 << 16):
        with pytest.raises(InputError, match=rf"^--port must be from 0 to 65535, got {port}\.$"):
            server.bound("127.0.0.1", port)


# Promises.


def test_the_promises_are_tested_exactly():
    # 10 new rows, 4 positive, 5 flagged of which 2 are right.
    y = np.array([1, 1, 0, 0, 0, 1, 1, 0, 0, 0])
    flagged = np.array([1, 1, 1, 1, 1, 0, 0, 0, 0, 0], dtype=bool)
    p = np.full(10, 0.1)
    found = {
        each.name: each
        for each in watching.promises(y, p, flagged, train=(5, 50), test=(9, 10), precision=0.9)
    }
    # Ten coins of .1: four heads or more.
    coins = sum(comb(10, k) * 0.1**k * 0.9 ** (10 - k) for k in range(4, 11))
    assert found["calibration"].p_value == pytest.approx(2 * coins)
    assert found["calibration"].promised == "1.0 positives by the probabilities"
    assert found["calibration"].seen == "4 positives"
    assert found["prevalence"].promised == "10.0000 % of 50 training rows positive"
    assert found["prevalence"].seen == "40.0000 % of 10"
    # Two or fewer of five where nine of ten are promised.
    few = sum(comb(5, k) * 0.9**k * 0.1 ** (5 - k) for k in range(3))
    assert found["precision"].p_value == pytest.approx(few)
    # Hypergeometric: 9 positives among 60 rows, ten of them new; as unlikely or more.
    chances = [comb(9, k) * comb(51, 10 - k) / comb(60, 10) for k in range(10)]
    assert found["prevalence"].p_value == pytest.approx(
        sum(chance for chance in chances if chance <= chances[4] * (1 + 1e-7))
    )
    # Holm: the smallest of three counts three times.
    smallest = min(found.values(), key=lambda each: each.p_value)
    assert smallest.p_adjusted == pytest.approx(3 * smallest.p_value)


@pytest.mark.parametrize(("found", "p_value"), [(4, 1.0), (1, 5 / 16)])
def test_a_recall_above_the_promised_one_breaks_nothing(found, p_value):
    """Of four fair coins one or fewer are heads 5 times in 16."""
    flagged = np.arange(8) < found
    given = {"train": (4, 8), "test": None, "recall": 0.5}
    *_, recall = watching.promises(np.repeat([1, 0], 4), np.full(8, 0.5), flagged, **given)
    assert recall.p_value == pytest.approx(p_value)
    assert recall.promised == "50.0 % of the positives flagged"
    assert recall.seen == f"{25 * found:.1f} % of 4"


def test_a_sum_of_unequal_coins_has_its_own_distribution():
    p = np.array([0.5, 0.2, 0.1, 0.05])
    y = np.array([1, 1, 1, 0])
    exact = sum(
        np.prod(np.where(heads, p, 1 - p))
        for heads in itertools.product([0, 1], repeat=4)
        if sum(heads) >= 3
    )
    found = watching.promises(y, p, np.zeros(4, bool), train=(1, 10), test=(0, 0))
    assert [each.name for each in found] == ["prevalence", "calibration"]
    assert found[1].p_value == pytest.approx(2 * exact)


def test_without_a_promise_the_alerts_are_compared_with_those_of_the_test_rows():
    y, flagged = np.array([1] * 2 + [0] * 8), np.ones(10, bool)
    found = watching.promises(y, np.full(10, 0.2), flagged, train=(10, 50), test=(9, 10))
    # Of 11 right alerts among 20 at most 2 are among the ten new ones.
    chance = sum(comb(11, k) * comb(9, 10 - k) for k in range(1, 3)) / comb(20, 10)
    assert found[2].p_value == pytest.approx(chance)
    assert found[2].promised == "90.0 % of 10 alerts right on test rows"
    assert found[2].seen == "20.0 % of 10 alerts right"
    assert found[2].broken


def test_a_share_that_params_say_is_the_one_that_is_promised():
    y = np.array([1, 1, 1, 0, 0, 0, 0, 0, 0, 0])
    found = watching.promises(
        y, np.full(10, 0.1), np.zeros(10, bool), train=(5, 10), test=(0, 0), prevalence=0.05
    )
    # Three positives or more of ten where one in twenty is said; no smaller tail is as unlikely.
    many = sum(comb(10, k) * 0.05**k * 0.95 ** (10 - k) for k in range(3, 11))
    assert found[0].p_value == pytest.approx(many)
    assert found[0].promised == "5.0000 % by data.prevalence"


def test_a_column_that_moved_is_told_from_one_that_did_not():
    import pyarrow as pa

    before = pa.chunked_array([pa.array(np.arange(1000.0))])
    same = pa.chunked_array([pa.array(np.arange(0, 1000, 2.0))])
    half = pa.chunked_array([pa.array(np.arange(500.0))])
    for column, moved in ((same, False), (half, True)):
        shift = watching.Shift(before, "number")
        shift.look(column)
        assert shift.moved is moved
    # Five of ten bins hold all: by hand, with half a row in each of the eleven bins.
    now = np.array([100.5] * 5 + [0.5] * 5 + [0.5])
    then = np.array([100.5] * 10 + [0.5])
    now, then = now / now.sum(), then / then.sum()
    assert shift.index == pytest.approx(np.sum((now - then) * np.log(now / then)))


@pytest.mark.parametrize(("share", "index", "moved"), [(73, 0.23, False), (75, 0.275, True)])
def test_a_column_moves_from_an_index_of_a_quarter_on(share, index, moved):
    import pyarrow as pa

    # Half of the rows were a, and now a share of them: (.75 - .5) ln 1.5 - (.25 - .5) ln .5.
    shift = watching.Shift(pa.chunked_array([["a", "b"] * 5000]), "category")
    shift.look(pa.chunked_array([["a"] * 100 * share + ["b"] * 100 * (100 - share)]))
    assert shift.index == pytest.approx(index, abs=0.002)
    assert shift.moved is moved


@pytest.mark.parametrize(("p", "broken"), [(0.0499, True), (0.05, False)])
def test_a_promise_is_broken_below_one_chance_in_twenty(p, broken):
    each = watching.Promise(name="recall", promised=".9", seen=".8", p_value=0.01, p_adjusted=p)
    assert each.broken is broken


def test_what_watch_found_is_written_with_corrected_p_values_and_what_moved_most_first():
    def promise(name, p_value):
        of = {"name": name, "promised": ".9", "seen": ".8", "p_value": p_value / 3}
        return watching.Promise(**of, p_adjusted=p_value)

    flagged = np.array([True, False, False])
    shifts = {
        name: SimpleNamespace(index=index, moved=index > 0.25)
        for name, index in (("a", 0.5), ("b", 2.25), ("c", 0.1))
    }
    checked = [promise("prevalence", 0.0009), promise("precision", 0.001), promise("recall", 0.3)]
    assert watch.report("mine", np.array([1, 1, 0]), checked, flagged, shifts).splitlines() == [
        "mine on 3 new rows: 1 flagged, 2 positive",
        "prevalence: broken; promised .9, seen .8 (p < 0.001 after Holm's correction)",
        "precision: broken; promised .9, seen .8 (p = 0.001 after Holm's correction)",
        "recall: holds; promised .9, seen .8 (p = 0.3 after Holm's correction)",
        "column b: moved; population stability index 2.25",
        "column a: moved; population stability index 0.50",
    ]
    said = watch.report("mine", np.array([1, 1, 0]), checked, flagged, {}).splitlines()
    assert said[-1] == "columns: not compared; data/train.parquet is not here"
    lone = watch.report("mine", np.array([1]), checked, flagged[:1], shifts)
    assert lone.startswith("mine on 1 new row: 1 flagged, 1 positive\n")


def test_a_category_that_moved_and_gaps_that_came_are_seen():
    import pyarrow as pa

    before = pa.chunked_array([pa.array(["a"] * 80 + ["b"] * 20)])
    for values in (["b"] * 80 + ["a"] * 20, [None] * 50 + ["a"] * 40 + ["b"] * 10, ["new"] * 90):
        shift = watching.Shift(before, "category")
        shift.look(pa.chunked_array([pa.array(values)]))
        assert shift.moved
    shift = watching.Shift(before, "category")
    shift.look(before)
    assert not shift.moved


@pytest.mark.parametrize("values", [(0, 1), (3, 7), (0.0, 2.5)])
def test_a_rare_value_that_becomes_frequent_is_seen(values):
    import pyarrow as pa

    often, rare = values
    before = pa.chunked_array([[often] * 95 + [rare] * 5])
    shift = watching.Shift(before, "number")
    shift.look(pa.chunked_array([[often] * 50 + [rare] * 50]))
    # By hand: shares of 95.5 and 5.5 of the old, of 50.5 twice of the new, and of empty bins.
    empty = len(shift.before) - 2
    old, new = (np.array([*each, *[0.5] * empty]) for each in ((95.5, 5.5), (50.5, 50.5)))
    old, new = old / old.sum(), new / new.sum()
    assert shift.index == pytest.approx(np.sum((new - old) * np.log(new / old)))
    assert shift.moved
    shift = watching.Shift(before, "number")
    shift.look(before)
    assert not shift.moved


def test_a_text_moved_where_its_length_or_a_word_did():
    lines = ["pay now please", "pay me later", None, "pay soon sir"]
    before = pa.chunked_array([lines * 50])
    entry = columns.learn(pa.table({"x": before}), ["x"], {"x": "text"})["x"]
    others = ["pay at once thanks", "pay us later", None, "pay soon sir"]
    for new, moved in ((lines, False), (others, True), (["pay " * 20, *lines[1:]], True)):
        shift = watching.Texts(before, entry)
        shift.look(pa.chunked_array([new * 50]))
        assert shift.moved is moved, new


@pytest.mark.parametrize(("times", "moved"), [(10, False), (13, True)])
def test_the_words_of_a_text_share_the_chance_of_one_column(times, moved):
    before = pa.chunked_array([["pay now please", "pay me later", None, "pay soon sir"] * 50])
    entry = columns.learn(pa.table({"x": before}), ["x"], {"x": "text"})["x"]
    new = ["pay now please"] * times + ["pay me later", None, "pay soon sir"] * 2
    shift = watching.Texts(before, entry)
    shift.look(pa.chunked_array([new]))
    # 'now' is in 50 of 200 texts, and in `times` of the new ones; the length says the same.
    table = [[150, 50], [6, times]]
    p = stats.chi2_contingency(table, correction=True).pvalue
    assert p < watching.CHANCE
    assert shift.moved is moved


def test_the_index_of_a_text_is_that_of_the_word_that_moved_most():
    before = pa.chunked_array([["xx now"] * 50 + ["yy not"] * 150])
    entry = columns.learn(pa.table({"x": before}), ["x"], {"x": "text"})["x"]
    shift = watching.Texts(before, entry)
    shift.look(pa.chunked_array([["xx now"] * 60 + ["yy not"] * 40]))
    # By hand: no text is longer; 'now' is in 50 of 200, then in 60 of 100, and four bins are empty.
    old, new = (np.array(each) + 0.5 for each in ([150, 50, 0, 0, 0, 0], [40, 60, 0, 0, 0, 0]))
    old, new = old / old.sum(), new / new.sum()
    assert shift.index == pytest.approx(np.sum((new - old) * np.log(new / old)))


@pytest.fixture
def watched(place, scorer):
    """The place, with what the stages say of the model on training and test rows."""
    frame, y = table()
    text = Path("params.yaml").read_text().replace("target: Class", "target: bad")
    Path("params.yaml").write_text(text)
    store.write_frame(paths.TRAIN, frame.assign(bad=y))
    store.write_json(paths.SPLIT, {"train": {"positives": int(y.sum()), "rows": N}})
    store.write_json(paths.READING, {"positive": ["1"], "negative": ["0"]})
    store.write_json(paths.SCORES, {"baseline": {"true_positives": 19, "false_positives": 1}})
    return place


def test_watch_says_what_holds_and_ends_with_0(watched, capsys):
    frame, y = table(300)
    frame.assign(bad=y).to_csv("labelled.csv", index=False)
    # The toy model is no calibrated one; what counts here are the lines and the exit code.
    try:
        cli.main(["watch", "labelled.csv"])
        code = 0
    except SystemExit as end:
        code = end.code
    out = capsys.readouterr().out
    flagged = int((expected(Scorer(store.read_model(paths.model("baseline"))), frame) >= 0.3).sum())
    first = f"baseline on 300 new rows: {flagged} flagged, {y.sum()} positive\n"
    assert out.startswith(f"{first}prevalence: holds; promised ")
    assert "precision: holds; promised 95.0 % of 20 alerts right on test rows" in out
    assert "columns: none of 3 moved" in out
    assert code == int("broken" in out)


@pytest.mark.parametrize(
    "changes",
    [
        {"method: stratified": "method: group", 'column: ""      ': "column: card"},
        {"method: stratified": "method: hashed", 'column: ""      ': "column: card"},
        {'groups: ""': "groups: card"},
    ],
)
def test_watch_says_that_its_tests_know_no_groups(watched, capsys, changes):
    frame, y = table(300)
    frame.assign(bad=y).to_csv("labelled.csv", index=False)
    said, lines = "the tests take rows as independent, and these belong to groups", []
    text = Path("params.yaml").read_text()
    grouped = text
    for before, after in changes.items():
        assert before in text
        grouped = grouped.replace(before, after, 1)
    for content in (text, grouped):
        Path("params.yaml").write_text(content)
        with contextlib.suppress(SystemExit):
            cli.main(["watch", "labelled.csv"])
        lines.append(said in capsys.readouterr().out)
    assert lines == [False, True]


@pytest.mark.parametrize(
    ("share", "asked"), [("recall", 0.999), ("alerts", 0.05), ("false_alarms", 0.07)]
)
def test_a_promised_recall_is_tested_on_positives_and_no_share_is_taken_for_a_precision(
    watched, scorer, capsys, share, asked
):
    frame, y = table(300)
    y[:40] = 1  # most of them are not flagged
    frame.assign(bad=y).to_csv("labelled.csv", index=False)
    promise = {"share": share, "asked": asked, "promised": True}
    rules = {"max_f1": {"name": "precision_at_recall", "value": 0.3, "promise": promise}}
    model = store.read_model(paths.model("baseline")).set_params(thresholds=rules)
    store.write_model(paths.model("baseline"), model)
    store.write_fingerprint("baseline")
    with contextlib.suppress(SystemExit):
        cli.main(["watch", "labelled.csv"])
    said = dict(line.split(": ", 1) for line in capsys.readouterr().out.splitlines()[1:])
    assert "promised 95.0 % of 20 alerts right on test rows" in said["precision"]
    assert ("recall" in said) == (share == "recall")
    assert ("alerts" in said) == (share == "alerts")
    if share == "alerts":
        assert "; promised at most 5.0 % of the rows flagged, " in said["alerts"]
    assert ("false alarms" in said) == (share == "false_alarms")
    if share == "false_alarms":
        assert "; promised at most 7.0 % of the negatives flagged, " in said["false alarms"]
    if share == "recall":
        flagged = expected(scorer, frame)[y == 1] >= 0.3
        p_value = stats.binomtest(int(flagged.sum()), int(y.sum()), asked, "less").pvalue
        assert p_value < 0.01
        assert said["recall"].startswith(
            "broken; promised 99.9 % of the positives flagged, "
            f"seen {100 * flagged.mean():.1f} % of "
        )


def test_promised_budgets_are_tested_on_the_rows_or_the_negatives():
    """Of 100 rows with 20 positives 30 are flagged, 18 of these positives."""
    y = np.repeat([1, 0], [20, 80])
    flagged = np.r_[np.arange(20) < 18, np.arange(80) < 12]
    given = {"train": (20, 100), "test": None, "alerts": 0.2, "false_alarms": 0.1}
    found = {each.name: each for each in watching.promises(y, np.full(100, 0.2), flagged, **given)}
    assert list(found) == ["prevalence", "calibration", "alerts", "false alarms"]
    for name, said, hits, rows, share in (
        ("alerts", "at most 20.0 % of the rows flagged", 30, 100, 0.2),
        ("false alarms", "at most 10.0 % of the negatives flagged", 12, 80, 0.1),
    ):
        assert (found[name].promised, found[name].seen) == (
            said, f"{100 * hits / rows:.1f} % of {rows}",
        )  # fmt: skip
        exact = stats.binom.sf(hits - 1, rows, share)
        assert found[name].p_value == pytest.approx(exact)
    # At another share of positives another share of rows is flagged, and of negatives the same.
    there = watching.promises(y, np.full(100, 0.2), flagged, **given, prevalence=0.1)
    assert [each.name for each in there][2:] == ["false alarms"]
    # A month without negatives, or with fewer alerts than the budget, breaks no promise.
    only = watching.promises(y[:20], np.full(20, 0.9), flagged[:20], **given)
    assert "false alarms" not in {each.name for each in only}
    few = watching.promises(y, np.full(100, 0.2), np.arange(100) < 5, **given)
    assert not any(each.broken for each in few)


def test_a_month_without_positives_is_judged_as_far_as_it_can_be(watched, capsys):
    frame, _ = table(300)
    frame = frame[frame["amount"] < 0]
    frame.assign(bad=0).to_csv("labelled.csv", index=False)
    with pytest.raises(SystemExit, match="1"):
        cli.main(["watch", "labelled.csv"])
    first, *lines = capsys.readouterr().out.splitlines()
    assert first == f"baseline on {len(frame)} new rows: 0 flagged, 0 positive"
    said = {line.partition(":")[0]: line.partition(": ")[2] for line in lines}
    assert said["prevalence"] == (
        "broken; promised 13.7500 % of 400 training rows positive, seen 0.0000 % of "
        f"{len(frame)} (p < 0.001 after Holm's correction)"
    )
    assert said["precision"] == "cannot be judged; no row was flagged"
    assert said["recall"] == "cannot be judged; no row is positive"
    assert said["column amount"].startswith("moved")


@pytest.mark.parametrize("labels", [["no"], ["no", 1], [2], ["0", "2", "1"]])
def test_labels_that_training_did_not_have_are_not_taken_for_negatives(watched, labels):
    frame, _ = table(30)
    frame.assign(bad=np.resize(labels, 30)).to_csv("labelled.csv", index=False)
    with pytest.raises(InputError, match="only labels of the training rows, '1', '0', got "):
        cli.main(["watch", "labelled.csv"])


def test_unknown_labels_are_negative_only_where_those_of_training_were_cut_and_watch_says_so(
    watched, capsys
):
    frame, y = table(300)
    labels = np.where(y == 1, "1", "n3").astype(object)
    labels[np.flatnonzero(y == 0)[:2]] = "frd"
    frame.assign(bad=labels).to_csv("labelled.csv", index=False)
    before = {"positive": ["1"], "negative": [f"n{i}" for i in range(10)]}
    store.write_json(paths.READING, before | {"negative_cut": False})
    with pytest.raises(InputError, match=r"only labels of the training rows, .*, got 'frd';"):
        cli.main(["watch", "labelled.csv"])
    # An earlier version wrote down ten and did not say whether there were more.
    for said in ({"negative_cut": True}, {}):
        store.write_json(paths.READING, before | said)
        with contextlib.suppress(SystemExit):
            cli.main(["watch", "labelled.csv"])
        assert capsys.readouterr().out.splitlines()[1] == (
            "labels taken for negative, as training rows had more than the 10 negative ones that "
            "are written down: 'frd'"
        )


def test_a_file_without_labels_has_nothing_to_watch(watched):
    table(30)[0].assign(bad="").to_csv("labelled.csv", index=False)
    with pytest.raises(InputError, match="must have a label in every row, got 30 rows without"):
        cli.main(["watch", "labelled.csv"])
    text = Path("params.yaml").read_text()
    text = text.replace("target: bad", "target: bad\n  unlabelled: drop")
    Path("params.yaml").write_text(text)
    with pytest.raises(InputError, match="has no label in any row: there is nothing to watch"):
        cli.main(["watch", "labelled.csv"])


def test_watch_ends_with_1_where_a_promise_broke_and_names_the_column_that_moved(watched, capsys):
    frame, y = table(300)
    frame["age"] += 40
    frame.assign(bad=np.roll(y, 7)).to_csv("labelled.csv", index=False)
    with pytest.raises(SystemExit, match="1"):
        cli.main(["watch", "labelled.csv"])
    out = capsys.readouterr().out
    assert "precision: broken; promised 95.0 % of 20 alerts right on test rows" in out
    assert "column age: moved; population stability index " in out
    assert "column amount" not in out


def test_the_card_says_what_the_model_rests_on_and_where_it_may_fail(place, capsys):
    side = {"rows": 2000, "positives": 40, "prevalence": 0.02}
    store.write_json(paths.SPLIT, {"train": side, "test": side | {"rows": 500, "positives": 10}})
    interval = {"value": 0.75, "low": 0.5, "high": 0.875}
    intervals = {"baseline": {}, "moved_threshold": {"recall": interval}}
    store.write_json(paths.COMPARISON, {"intervals": intervals})
    score = {"recall": 0.75, "precision": 0.5, "threshold": 0.3}
    store.write_json(paths.SCORES, {"baseline": score, "over": score})
    checks = [{"code": "RB1", "severity": "warning", "sentence": "Rows repeat."}]
    # What is said of another model is no limit of this one.
    caveats = ["over, half: not met.", "baseline, over: too narrow.", "Few positives."]
    answer = {"recommended": "baseline", "answer": "Use baseline.", "caveats": caveats}
    store.write_json(paths.ANSWER, answer | {"checks": checks})
    cli.main(["card"])
    assert capsys.readouterr().out == "models/card.md\n"
    text = Path("models/card.md").read_text(encoding="utf-8")
    assert text.startswith("# Model baseline\n\nUse baseline.\n")
    assert "Trained on 2,000 rows, 40 of them positive (2 %)" in text
    assert "judged on 500 other rows, 10 of them positive" in text
    assert "1 from the probability 0.3 on (rule max_f1)" in text
    assert re.search(r"\| metric +\| value +\| 95 % interval +\|", text)
    assert re.search(r"\| recall +\| 0.7500 +\| 0.5000 to 0.8750 +\|", text)
    assert re.search(r"\| precision +\| 0.5000 +\| none +\|", text)
    assert "# Limits\n\n- baseline, over: too narrow.\n- Few positives.\n- Rows repeat.\n" in text


# Scores that somebody brings.


@pytest.fixture
def scores(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    rng = np.random.default_rng(1)
    y = (rng.random(400) < 0.2).astype(int)
    good = np.clip(0.5 * y + 0.5 * rng.random(400), 0, 1)
    pd.DataFrame({"y": y, "old": rng.random(400), "new": good}).to_csv("scores.csv", index=False)


def test_scores_are_compared_with_the_first_model(scores, capsys):
    from sklearn.metrics import average_precision_score

    cli.main(["compare", "scores.csv", "--draws", "200"])
    heading, old, new = capsys.readouterr().out.splitlines()
    frame = pd.read_csv("scores.csv")
    assert heading.split() == ["model", "average", "precision", "difference", "p", "verdict"]
    assert old.split()[:2] == ["old", f"{average_precision_score(frame.y, frame.old):.4f}"]
    assert new.split()[:2] == ["new", f"{average_precision_score(frame.y, frame.new):.4f}"]
    assert new.endswith("better")


def test_a_comparison_is_written_with_its_ends_and_the_corrected_p_value():
    def interval(*ends, **more):
        return SimpleNamespace(**dict(zip(("value", "low", "high"), ends, strict=True)), **more)

    verdict = {"verdict": "not decided", "p_value": 0.01, "p_adjusted": 0.03, "doubt": "few rows"}
    compared = SimpleNamespace(
        metric="roc_auc",
        intervals={
            "old": {"roc_auc": interval(0.7, 0.6, 0.8)},
            "new": {"roc_auc": interval(1, 0.9, 1)},
        },
        verdicts={"new": interval(0.3, -0.1, 0.35, difference=0.3, **verdict)},
    )
    heading, old, new = compare.table(compared).splitlines()
    assert heading.split() == ["model", "ROC", "AUC", "difference", "p", "verdict"]
    assert old.split() == ["old", "0.7000", "[0.6000,", "0.8000]"]
    assert re.split("  +", new) == [
        "new", "1.0000 [0.9000, 1.0000]", "+0.3000 [-0.1000, +0.3500]", "0.030",
        "not decided: few rows",
    ]  # fmt: skip


def test_rows_are_flagged_from_the_threshold_on(scores, capsys):
    frame = pd.read_csv("scores.csv").round(1)
    frame.to_csv("scores.csv", index=False)
    for at in (0.3, 0.7):
        cli.main(
            [
                "compare",
                "scores.csv",
                "--metric",
                "recall",
                "--threshold",
                f"{at}",
                "--draws",
                "100",
            ]
        )
        found = (frame.new[frame.y == 1] >= at).mean()
        assert capsys.readouterr().out.splitlines()[2].split()[1] == f"{found:.4f}"


def test_a_metric_that_scores_do_not_have_is_a_reason_and_no_number(scores, capsys):
    cli.main(
        ["compare", "scores.csv", "--metric", "precision", "--threshold", "2", "--draws", "200"]
    )
    heading, *models = capsys.readouterr().out.splitlines()
    assert heading.split() == ["model", "precision"]
    assert [line.split(maxsplit=1) for line in models] == [
        ["old", "none: nothing is flagged at this threshold"],
        ["new", "none: nothing is flagged at this threshold"],
    ]


def test_a_recall_at_any_precision_can_be_compared(scores, capsys):
    from sklearn.metrics import precision_recall_curve

    frame, seen = pd.read_csv("scores.csv"), {}
    for metric, least in (("", 0.9), ("_90pct", 0.9), ("_50pct", 0.5)):
        named = f"recall_at{metric}_precision"
        cli.main(["compare", "scores.csv", "--metric", named, "--draws", "200"])
        heading, _, seen[metric] = capsys.readouterr().out.splitlines()
        assert f"recall at {100 * least:g} % precision" in heading
        precision, recall, _ = precision_recall_curve(frame.y, frame.new)
        assert seen[metric].split()[1] == f"{recall[precision >= least].max():.4f}"
    assert seen[""] == seen["_90pct"] != seen["_50pct"]


def test_a_verdict_in_doubt_says_why(tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    y = np.repeat([1, 0], [20, 200])
    old = np.where(y == 1, 0.9, 0.1) + np.linspace(0, 0.05, y.size)
    new = np.where(np.arange(y.size) == 0, 0.0, old)
    pd.DataFrame({"y": y, "old": old, "new": new}).to_csv("scores.csv", index=False)
    cli.main(["compare", "scores.csv", "--draws", "200"])
    assert "not decided: " in (said := capsys.readouterr().out.splitlines()[2])
    assert "fewer than 5 positives' worth of ranking errors" in said


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["scores.csv", "--target", "z"], "must have the column 'z' and two models or more"),
        (["no.csv"], r"no\.csv is missing"),
        (["scores.csv", "--metric", "luck"], "--metric must be one of .*, got 'luck'"),
        (
            ["scores.csv", "--metric", "prevalence"],
            r"--metric must be one of average_precision, recall_at_90pct_precision, ((?!preval).)*"
            r"got 'prevalence'",
        ),
        (["scores.csv", "--target", "old"], "column 'old' must hold 0 and 1, got "),
        (["scores.csv", "--baseline", "best"], "best"),
        (["scores.csv", "--threshold", "nan"], r"^--threshold must be a number, got nan\.$"),
        (["twice.csv"], r"^twice\.csv must have each column's name once, got 'old' twice or more;"),
    ],
)
def test_scores_that_cannot_be_compared_are_one_line(scores, arguments, message):
    rows = Path("scores.csv").read_text(encoding="utf-8").split("\n", 1)[1]
    Path("twice.csv").write_text(f"y,old,old\n{rows}", encoding="utf-8")
    with pytest.raises(InputError, match=message):
        cli.main(["compare", *arguments])


def test_the_library_has_a_face_that_imports_nothing_before_it_is_used():
    code = (
        "import sys, rebalance; print({'numpy', 'sklearn', 'pandas'} & {*sys.modules});"
        "from rebalance import compare, choose_threshold, score, __version__;"
        "print(choose_threshold('fixed', [0, 1], [.2, .8], value=.4).value, __version__)"
    )
    done = subprocess.run(
        [sys.executable, "-c", code],
        env=os.environ | {"PYTHONPATH": str(REPOSITORY)},
        capture_output=True, text=True, check=True,
    )  # fmt: skip
    first, second = done.stdout.splitlines()
    assert first == "set()"
    assert second.startswith("0.4 0.")


def test_a_threshold_of_the_model_is_that_of_its_rule(scorer):
    own, half = (scoring.models.decider(scorer, rule).threshold for rule in ("", "half"))
    assert own == Threshold(name="max_fbeta", value=0.3)
    assert half == Threshold(name="fixed", value=0.5)
