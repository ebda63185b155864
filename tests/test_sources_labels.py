"""Labels as people write them: the rare class is found, or one line shows them as they stand."""

import re

import numpy as np
import pandas as pd
import pytest

from rebalance import sources
from rebalance.errors import InputError
from tests.strategies import frame, params

FRAME = frame(120, 15)


def asked(path, **changes):
    given = {"source": "file", "path": str(path), "drop": []} | changes
    return params(**{f"data__{key}": value for key, value in given.items()}).data


def labelled(tmp_path, labels, end="csv", **changes):
    """Return y of rows with these labels, read from a file."""
    path = tmp_path / f"t.{end}"
    rows = FRAME.assign(Class=labels)
    if end == "csv":
        rows.to_csv(path, index=False)
    else:
        rows.to_parquet(path)
    return sources.load(asked(path, **changes))["Class"]


def two(rare, other):
    return np.array([other, rare], dtype=object)[FRAME["Class"].to_numpy()]


@pytest.mark.parametrize("end", ["csv", "parquet"])
@pytest.mark.parametrize(
    ("rare", "other", "positive"),
    [
        (1, 0, 1),
        (1, 0, "1"),
        (1, 0, 1.0),
        (1, 0, True),
        (1.0, 0.0, "1"),
        ("1", "0", 1),
        ("1", "0", 1.0),
        (2, 1, 2),
        (2, 1, [2]),
        (True, False, True),
        (True, False, "true"),
        (True, False, 1),
        ("yes", "no", "yes"),
        ("Yes", "No", True),
        ("no", "yes", False),
        ("Y", "N", True),
        ("off", "on", False),
        ("fraud", "genuine", "fraud"),
        ("fraud", "None", "fraud"),
        ("NA", "fraud", "NA"),
        ("null", "x", "null"),
        ("'1'", "'-1'", "'1'"),
        (" >50K.", " <=50K.", ">50K."),
        (10**17 + 1, 10**17, 10**17 + 1),
        (0.1, 0.2, "0.10"),
        ("1_0", "10", "1_0"),
        ("inf", "nan", "inf"),
        ("Attrited Customer", "Existing Customer", "attrited customer"),
        (-1, 1, -1),
    ],
)
def test_the_rare_class_is_found_whatever_its_type(tmp_path, rare, other, positive, end):
    labels = pd.Series(two(rare, other).tolist())
    found = labelled(tmp_path, labels, end, positive=positive)
    np.testing.assert_array_equal(found, FRAME["Class"])
    assert found.dtype == np.int8
    if end == "parquet" and isinstance(rare, str):
        found = labelled(tmp_path, labels.astype("category"), end, positive=positive)
        np.testing.assert_array_equal(found, FRAME["Class"])


def test_labels_that_differ_in_blanks_and_capitals_are_one_class_and_a_line_says_so(tmp_path):
    labels = two("Yes", "No")
    labels[FRAME.index[FRAME["Class"] == 1][:5]] = " yes "
    np.testing.assert_array_equal(labelled(tmp_path, labels, positive="yes"), FRAME["Class"])
    section = asked(tmp_path / "t.csv", positive="Yes")
    said = sources.described(sources.profile(section), section)["said"]
    assert "labels 'Yes', ' yes ' are taken for one" in said


@pytest.mark.parametrize(
    "spelling", ["caf\u0065\u0301", "caf\u00e9\u200b", "\u00a0CAF\u00c9", "\ufeffcaf\u00e9"]
)
def test_labels_that_look_alike_are_one_class(tmp_path, spelling):
    labels = two("caf\u00e9", "No")
    labels[FRAME.index[FRAME["Class"] == 1][:5]] = spelling
    np.testing.assert_array_equal(labelled(tmp_path, labels, positive="caf\u00e9"), FRAME["Class"])


def test_marks_that_are_labels_beside_a_list_are_said_not_to_be_rare(tmp_path):
    labels = two("1", "0")
    labels[FRAME.index[FRAME["Class"] == 0][:3]] = "?"
    assert labelled(tmp_path, labels, positive=[1]).sum() == FRAME["Class"].sum()
    section = asked(tmp_path / "t.csv", positive=[1])
    said = sources.described(sources.profile(section), section)["said"]
    line = "labels '?' are not the rare class; data.unlabelled: drop leaves out their rows"
    assert line in said
    assert len(labelled(tmp_path, labels, positive=[1], unlabelled="drop")) == 117


def test_a_mark_is_a_label_where_nothing_but_one_class_is_left(tmp_path):
    labels = two("fraud", "None")
    found = labelled(tmp_path, labels, positive="fraud", unlabelled="drop")
    np.testing.assert_array_equal(found, FRAME["Class"])


def test_some_classes_against_the_rest(tmp_path):
    labels = np.arange(120) % 12
    found = labelled(tmp_path, labels, positive=[3, "7"])
    assert found.tolist() == [int(label in {3, 7}) for label in labels]
    with pytest.raises(InputError) as caught:
        labelled(tmp_path, labels, positive=3)
    assert str(caught.value) == (
        "data.target 'Class' has 12 classes, '0' (10 rows), '1' (10 rows), '2' (10 rows), '3' "
        "(10 rows), '4' (10 rows), '5' (10 rows), '6' (10 rows), '7' (10 rows), …; write "
        "data.positive: [3] for 3 against the rest, or more labels into the list."
    )


@pytest.mark.parametrize(("classes", "cut"), [(11, False), (12, True)])
def test_more_than_ten_negative_labels_are_said_to_be_cut(tmp_path, classes, cut):
    labelled(tmp_path, np.arange(120) % classes, positive=[3])
    section = asked(tmp_path / "t.csv", positive=[3])
    said = sources.described(sources.profile(section), section)
    assert len(said["negative"]) == 10
    assert said["negative_cut"] is cut


def test_rows_without_a_label_are_counted_and_dropped_only_when_asked(tmp_path):
    labels = two("1", "0")
    labels[[0, 5]] = ["", " "]
    with pytest.raises(InputError, match=r"got 2 rows without; write data\.unlabelled: drop"):
        labelled(tmp_path, labels)
    found = labelled(tmp_path, labels, unlabelled="drop")
    assert len(found) == 118
    assert found.sum() == FRAME["Class"].drop([0, 5]).sum()
    section = asked(tmp_path / "t.csv", unlabelled="drop")
    said = sources.described(sources.profile(section), section)
    assert (said["rows"], said["without_label"]) == (118, 2)
    assert "2 rows without a label left out" in said["said"]


def test_a_mark_that_is_said_to_be_missing_is_no_label(tmp_path):
    labels = two("1", "0")
    labels[[0, 5]] = "NA"
    with pytest.raises(
        InputError, match=r"'NA' \(2 rows\).*; data\.unlabelled: drop leaves out 'N"
    ):
        labelled(tmp_path, labels)
    assert len(labelled(tmp_path, labels, unlabelled="drop")) == 118
    with pytest.raises(InputError, match="got 2 rows without"):
        labelled(tmp_path, labels, read={"missing": ["NA"]})
    found = labelled(tmp_path, labels, read={"missing": ["NA"]}, unlabelled="drop")
    assert len(found) == 118


@pytest.mark.parametrize(
    ("labels", "changes", "said"),
    [
        (0, {}, "data.target 'Class' must have two classes, got 1: '0'."),
        (FRAME["a"].tolist(), {}, "must have classes, got 120 different values, such as"),
        (two(1, 0), {"positive": 2}, "one of the labels of 'Class', '0', '1', got 2; write it as"),
        (two(1, 0), {"positive": "yes"}, "one of the labels of 'Class', '0', '1', got 'yes'; writ"),
        (two("ja", "nein"), {"positive": True}, "the labels of 'Class', 'ja', 'nein', got True;"),
        (two(1, 0), {"positive": 0}, "the label of the rare class, got 0, which 87.5 % of the"),
        (two(1, 0), {"positive": [0, 1]}, "data.positive names every label of data.target 'Class'"),
        (
            (np.arange(120) < 9).astype(int),
            {},
            "must have 10 positives or more, to be split and to be folded, got 9; add rows, or na",
        ),
        (
            two("x" * 100, "y"),
            {"positive": "z"},
            f"'{'x' * 40}', 'y', got 'z'",
        ),
    ],
)
def test_labels_that_answer_nothing_are_shown_as_they_stand(tmp_path, labels, changes, said):
    with pytest.raises(InputError, match=re.escape(said)) as caught:
        labelled(tmp_path, labels, **changes)
    assert "\n" not in str(caught.value)


def test_rows_can_be_read_again_from_the_same_profile(tmp_path):
    rows = FRAME.assign(Class=two("yes", "no"))
    rows.to_csv(tmp_path / "t.csv", index=False)
    section = asked(tmp_path / "t.csv", positive="yes")
    found = sources.profile(section)
    for _ in range(2):
        (piece,) = sources.pieces(section, found)
        np.testing.assert_array_equal(piece["Class"].to_numpy(), FRAME["Class"])


def test_a_number_to_predict_has_no_classes(tmp_path):
    pd.DataFrame({"a": range(3000), "Class": np.arange(3000) / 7}).to_csv(tmp_path / "t.csv")
    with pytest.raises(InputError, match="must have classes, got more than 1000 different values"):
        sources.load(asked(tmp_path / "t.csv"))
