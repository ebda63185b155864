"""The words of free text: which ones many training rows have, and which of them each row has."""

import numpy as np

# A word in fewer training rows says little of the rows to come.
FEWEST = 5
# Of one column, and of all columns together: each word is a column of the encoded table.
MOST, TOGETHER = 100, 1000
# So many rows, evenly spaced, tell which words are frequent.
SAMPLE = 100_000
# What separates two words.
BETWEEN = r"[^\pL\pM\pN]+"
# A number stands for every other of as many digits: telephone numbers differ in each text.
DIGIT, SOME_DIGIT = r"\pN", "0"


def frequent(texts, columns=1):
    """Return the words that most texts have, the most frequent first, then by the word.

    Parameters
    ----------
    texts : arrow chunked array of strings
    columns : int
        How many columns of texts the table has.

    Returns
    -------
    list of str
        At most `MOST` words, each in `FEWEST` texts or more, and not in all of them; fewer where
        those of all columns would be more than `TOGETHER`.
    """
    import pyarrow as pa
    import pyarrow.compute as pc

    texts = texts.take(np.arange(0, len(texts), max(1, -(-len(texts) // SAMPLE))))
    rows, words = _split(texts.combine_chunks())
    pairs = pa.table({"row": rows, "word": words}).group_by(["row", "word"]).aggregate([])
    counted = pc.value_counts(pairs["word"]).to_pylist()
    present = len(texts) - texts.null_count
    counted = [each for each in counted if FEWEST <= each["counts"] < present]
    counted.sort(key=lambda each: (-each["counts"], each["values"]))
    return [each["values"] for each in counted[: min(MOST, TOGETHER // columns)]]


def held(texts, words):
    """Return which words each text has, shape (n_texts, n_words); a missing text has none."""
    import pyarrow as pa
    import pyarrow.compute as pc

    found, begin = np.zeros((len(texts), len(words)), bool), 0
    for chunk in texts.chunks:
        rows, there = _split(chunk)
        place = pc.index_in(there, value_set=pa.array(words, pa.string()))
        known = pc.is_valid(place).to_numpy(zero_copy_only=False)
        found[begin + rows.to_numpy()[known], place.drop_null().to_numpy()] = True
        begin += len(chunk)
    return found


def _split(texts):
    """Return the place of the text of each word, and each word, of an arrow array of texts."""
    import pyarrow as pa
    import pyarrow.compute as pc

    lists = pc.split_pattern_regex(pc.utf8_lower(texts), BETWEEN)
    rows, words = pc.list_parent_indices(lists), pc.list_flatten(lists)
    filled = pc.not_equal(words, pa.scalar(""))
    rows, words = rows.filter(filled), words.filter(filled)
    numbers = pc.utf8_is_digit(words)
    same = pc.replace_substring_regex(words.filter(numbers), DIGIT, SOME_DIGIT)
    return rows, pc.replace_with_mask(words, numbers, same)
