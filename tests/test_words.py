"""The words of free text: which are learnt, and which a text has."""

import json

import numpy as np
import pandas as pd
import pyarrow as pa
import pytest

from rebalance import columns
from rebalance.columns import words

TEXTS = [
    *["Win a PRIZE, call 0800-123 now!"] * 5,
    *["call me now, or call later"] * 6,
    *["a naïve prize-giving"] * 4,
    None,
]


def texts(values):
    return pa.chunked_array([pa.array(values, pa.string())])


def test_the_words_of_most_texts_come_first_then_those_earlier_in_the_alphabet():
    # call and now are in 11 texts, a and prize in 9, later, me and or in 6, 0000, 000 and win in 5;
    # naïve and giving are in 4, one below the fewest. Twice in one text is once.
    expected = ["call", "now", "a", "prize", "later", "me", "or", "000", "0000", "win"]
    assert words.frequent(texts(TEXTS)) == expected


def test_a_word_of_every_text_tells_none_from_another():
    assert words.frequent(texts(["the cat"] * 5 + ["the dog"] * 5)) == ["cat", "dog"]


def test_no_more_words_are_learnt_than_the_most(monkeypatch):
    monkeypatch.setattr(words, "MOST", 3)
    assert words.frequent(texts(TEXTS)) == ["call", "now", "a"]


def test_many_columns_of_texts_share_the_most_words_of_all_together(monkeypatch):
    monkeypatch.setattr(words, "TOGETHER", 9)
    assert words.frequent(texts(TEXTS), 3) == ["call", "now", "a"]
    table = pa.table({"b": texts(TEXTS), "x": [1.5] * 8 + [2.5] * 8, "c": texts(TEXTS)})
    learnt = columns.learn(table, ["b", "x", "c"], {"b": "text", "c": "text"})
    assert learnt["b"]["words"] == learnt["c"]["words"] == ["call", "now", "a", "prize"]


def test_of_many_rows_evenly_spaced_ones_tell_which_words_are_frequent(monkeypatch):
    monkeypatch.setattr(words, "SAMPLE", 11)
    # Of 21 rows every second one counts, from the first.
    assert words.frequent(texts(["odd one", "even one"] * 10 + [""])) == ["odd", "one"]


def test_a_text_has_a_word_in_any_case_and_between_any_marks():
    new = ["CALL: now", "recall", None, "", "ring 0999 (or 12)", "Prize\tprize"]
    found = words.held(texts(new), ["call", "now", "0000", "prize"])
    np.testing.assert_array_equal(
        found, [[1, 1, 0, 0], [0, 0, 0, 0], [0, 0, 0, 0], [0, 0, 0, 0], [0, 0, 1, 0], [0, 0, 0, 1]]
    )


def test_a_number_is_one_of_its_length_and_a_name_with_digits_is_itself():
    found = words.held(texts(["12 of A4", "99 of a3"]), ["00", "a4", "of", "a0"])
    np.testing.assert_array_equal(found, [[1, 1, 1, 0], [1, 0, 1, 0]])


def test_the_words_of_a_column_in_pieces_are_those_of_the_whole():
    pieces = pa.chunked_array([[], TEXTS[:3], TEXTS[3:12], [], TEXTS[12:]], pa.string())
    learnt = words.frequent(texts(TEXTS))
    assert words.frequent(pieces) == learnt
    np.testing.assert_array_equal(words.held(pieces, learnt), words.held(texts(TEXTS), learnt))


def test_letters_of_every_script_and_their_marks_are_of_a_word():
    found = words.frequent(texts(["Приз für über", "приз, ÜBER cafe\u0301s"] * 5 + ["x"]))
    assert found == ["über", "приз", "cafe\u0301s", "für"]


@pytest.fixture
def learnt():
    return columns.learn(pa.table({"note": texts(TEXTS)}), ["note"], {"note": "text"})


def test_each_frequent_word_of_a_text_is_a_column_of_zeros_and_ones(learnt):
    names = columns.encoded(learnt)
    assert names[:4] == ["note length", "note words", "note: call", "note: now"]
    assert columns.places(learnt) == {"note": list(range(len(names)))}
    assert columns.layout(learnt).whole == tuple(range(len(names)))
    X = columns.matrix(learnt, pd.DataFrame({"note": ["now Call", None]}))
    np.testing.assert_array_equal(X[0, :5], [8, 2, 1, 1, 0])
    # A missing text has no length and none of the words.
    np.testing.assert_array_equal(X[1, :5], [np.nan, np.nan, 0, 0, 0])


def test_the_words_are_plain_data(learnt):
    assert json.loads(json.dumps(learnt)) == learnt


def test_a_model_of_before_the_words_still_answers(learnt):
    del learnt["note"]["words"]
    assert columns.encoded(learnt) == ["note length", "note words"]
    assert columns.matrix(learnt, pd.DataFrame({"note": ["now Call"]})).tolist() == [[8, 2]]
