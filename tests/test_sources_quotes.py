"""Quotes that hold nothing together, and quotes around whole rows: no row is lost to either."""

import pyarrow as pa
import pytest

from rebalance import sources
from rebalance.errors import InputError
from rebalance.sources import delimited, dialect
from tests.strategies import params

ROWS = [
    ("spam" if number % 8 == 0 else "ham", f"message {number} of mine") for number in range(400)
]


def profiled(path, **changes):
    given = {"source": "file", "path": str(path), "drop": [], "target": "label"} | changes
    section = params(**{f"data__{key}": value for key, value in given.items()}).data
    return sources.profile(section), section


def table(path, **changes):
    found, section = profiled(path, **changes)
    pieces = sources.pieces(section, found)
    return pa.concat_tables(pieces)


def messages(tmp_path, quoted, separator="\t", text_first=False):
    """Write messages; ``quoted`` says of (number, text) how the text stands in the file."""
    rows = [("label", "text"), *((a, quoted(number, b)) for number, (a, b) in enumerate(ROWS))]
    lines = [separator.join(row[::-1] if text_first else row) for row in rows]
    path = tmp_path / "messages.txt"
    path.write_text("\n".join(lines) + "\n", encoding="utf-8")
    return path


@pytest.mark.parametrize("text_first", [False, True])
@pytest.mark.parametrize("opened", [[0], [200], [200, 201], [20, 350], [398], [5, 6, 7]])
def test_a_quote_between_tabs_that_is_not_closed_swallows_no_row(tmp_path, opened, text_first):
    path = messages(tmp_path, lambda n, text: '"' * (n in opened) + text, text_first=text_first)
    found, _ = profiled(path, positive="spam")
    assert "quotes are characters like others: a row ends where its line does" in found.said
    read = table(path, positive="spam")
    assert read["label"].to_pylist() == [int(label == "spam") for label, _ in ROWS]
    texts = ['"' * (n in opened) + text for n, (_, text) in enumerate(ROWS)]
    assert read["text"].to_pylist() == texts


def test_text_in_quotes_is_the_same_where_another_quote_is_not_closed(tmp_path):
    path = messages(tmp_path, lambda n, text: '"' + text + '"' * (n != 7))
    texts = table(path, positive="spam")["text"].to_pylist()
    assert texts[6:9] == ["message 6 of mine", '"message 7 of mine', "message 8 of mine"]


def test_quotes_between_tabs_hold_lines_together_where_they_are_closed(tmp_path):
    path = messages(tmp_path, lambda n, text: f'"{text}\nand more"' if n % 3 == 0 else text)
    found = table(path, positive="spam")
    assert found.num_rows == 400
    assert found["text"][0].as_py() == "message 0 of mine\nand more"


@pytest.mark.parametrize("separator", [",", ";", "|"])
@pytest.mark.parametrize("opened", [[200], [200, 201], [20, 350]])
def test_between_other_marks_a_quote_that_is_not_closed_is_refused(tmp_path, separator, opened):
    path = messages(tmp_path, lambda n, text: '"' * (n in opened) + text, separator)
    with pytest.raises(InputError, match=f"field 2 of row {opened[0] + 1} holds rows of the tab"):
        table(path, positive="spam")


def test_lines_in_quotes_that_look_like_no_row_are_text(tmp_path):
    said = '"Dear all,\nwe met at noon, and left\nYours, ham"'
    path = messages(tmp_path, lambda n, text: said if n % 5 == 0 else text, ",")
    assert table(path, positive="spam").num_rows == 400


def test_a_few_lines_of_text_that_look_like_rows_stop_nothing(tmp_path):
    """Of two columns, a line that begins with a label and a comma has the form of a row."""
    texts = ['"Dear all,\nsee you\nham, of course"', '"Hello\nspam, they said\nbye"']
    texts += [f'"Dear {name},\nsee you\nsoon, or later"' for name in ("Ann", "Bob", "Cy", "Di")]
    path = messages(tmp_path, lambda n, text: texts[n % 6] if n % 5 == 0 else text, ",")
    assert table(path, positive="spam").num_rows == 400


def test_a_quote_that_is_not_closed_is_found_among_texts_of_many_lines(tmp_path):
    said = '"Dear all,\nwe met at noon, and left\nYours"'
    opened = [100, 105]  # four rows are swallowed, of which two lie whole within the field
    path = messages(
        tmp_path,
        lambda n, text: (
            said if n % 3 == 2 and n not in range(99, 107) else '"' * (n in opened) + text
        ),
        ",",
    )
    with pytest.raises(InputError, match="field 2 of row 101 holds rows of the table"):
        table(path, positive="spam")


def test_a_row_with_a_tab_too_many_is_refused_as_it_was(tmp_path):
    path = messages(tmp_path, lambda n, text: text + ("\t x" if n == 30 else '"' * (n == 9)))
    with pytest.raises(InputError, match="has 3 fields in row 31, where the header names 2"):
        table(path, positive="spam")


HEAD = "a;k;Class"
LINES = [f"{n}.5;{'red' if n % 3 else 'dark red'};{n % 7 == 0:d}" for n in range(90)]


@pytest.mark.parametrize("end", ["\n", "\r\n", "\r"])
@pytest.mark.parametrize("head", [HEAD, f'"{HEAD}"', f"\ufeff{HEAD}", f'\ufeff"{HEAD}"'])
@pytest.mark.parametrize("separator", [";", ","])
def test_rows_that_stand_in_quotes_as_a_whole_are_rows(tmp_path, separator, head, end):
    lines = [line.replace("dark red", '""dark red""') for line in LINES]
    content = end.join([head, *(f'"{line}"' for line in lines)]) + end
    path = tmp_path / "t.csv"
    path.write_bytes(content.replace(";", separator).encode())
    found, _ = profiled(path, target="Class", positive=1)
    assert "every row stands in quotes as a whole, which are taken off" in found.said
    read = table(path, target="Class", positive=1)
    assert read.column_names == ["a", "k", "Class"]
    assert read["a"].to_pylist() == [n + 0.5 for n in range(90)]
    assert read["k"].to_pylist()[:3] == ["dark red", "red", "red"]


@pytest.mark.parametrize(
    ("lines", "whole", "wrapped"),
    [
        (['"a;b"', '"1;2"', '"3;4"'], True, True),
        (["a;b", '"1;2"', '"3;4"'], True, True),
        (["\ufeffa;b", "", '"1;2"'], True, True),
        (['"a;b"', '"1;2"', '"3;'], False, True),  # the last row of a part may be cut
        (['"a;b"', '"1;2"', '"3;'], True, False),
        (['"a;b"', "1;2", '"3;4"'], True, False),
        (['"a;b"'], True, False),
        (['"a"', '"1"', '"3"'], True, False),  # one column, of which each cell is in quotes
    ],
)
@pytest.mark.parametrize("end", ["\n", "\r\n", "\r"])
def test_rows_are_in_quotes_where_every_one_is_and_holds_fields(lines, whole, wrapped, end):
    assert dialect.is_wrapped(end.join(lines), whole) is wrapped


@pytest.mark.parametrize("separator", [",", ";", "|"])
@pytest.mark.parametrize("head", ["a{0} text{0} label", '"a"{0} "text"{0} "label"'])
@pytest.mark.parametrize("blank", [" ", "  "])
def test_a_quote_behind_a_blank_begins_a_field(tmp_path, separator, head, blank):
    """Its separators cut nothing: the columns would shift, and a number of the row be left out."""
    texts = ['one{0} "two"', "three", "\"four\" or 'five'{0} six", ""] * 15
    rows = [
        f'{n}{{0}}{blank}"{text.replace(chr(34), chr(34) * 2)}"{{0}}{blank}{n % 5 == 0:d}'
        for n, text in enumerate(texts)
    ]
    path = tmp_path / "t.csv"
    path.write_text("\n".join([head, *rows]).format(separator))
    read = table(path, positive=1)
    assert read.column_names == ["a", "text", "label"]
    assert read["a"].to_pylist() == list(range(60))
    assert read["text"].to_pylist()[:3] == [text.format(separator) for text in texts[:3]]
    assert read["text"][3].as_py() is None


@pytest.mark.parametrize("row", ['{0},"x "" "" y",{1}', '{0},x "and" y,{1}', '{0},x; "y",{1}'])
def test_a_quote_behind_a_blank_within_a_field_begins_none(tmp_path, row):
    path = tmp_path / "t.csv"
    lines = (row.format(n, f"{n % 5 == 0:d}") for n in range(60))
    path.write_text("\n".join(["a,text,label", *lines]))
    text = row.split(",")[1]
    text = text[1:-1].replace('""', '"') if text.startswith('"') else text
    assert set(table(path, positive=1)["text"].to_pylist()) == {text}


@pytest.mark.parametrize(
    ("head", "row"),
    [
        ("id,place,label", "{0},Boston,MA,{1}"),
        ("n,place,label", "{0},Boston, MA,{1}"),
        ("n,when,x,label", "{0},March 3, 2024,{0},{1}"),
    ],
)
def test_a_separator_in_every_text_is_asked_about(tmp_path, head, row):
    """The number of the row would be a column without a name, and each name stand one too far."""
    path = tmp_path / "t.csv"
    path.write_text("\n".join([head, *(row.format(n, f"{n % 5 == 0:d}") for n in range(60))]))
    with pytest.raises(InputError, match=r"can be read in two ways: .* is '0' in the first row, o"):
        table(path, positive=1)


@pytest.mark.parametrize(
    ("head", "row"),
    [
        ("x,place,label", "{0},{2},Boston,{1}"),
        ("id,place,label", "{0},{2},Boston,{1}"),
        ("x, place, label", "{0}, {2}, Boston, {1}"),
        ('"x","place","label"', '"{0}",{2},"Boston, MA",{1}'),
    ],
)
def test_row_names_shift_no_column(tmp_path, head, row):
    path = tmp_path / "t.csv"
    path.write_text(
        "\n".join([head, *(row.format(n, f"{n % 5 == 0:d}", n + 100) for n in range(60))])
    )
    read = table(path, positive=1)
    assert read.column(1).to_pylist() == list(range(100, 160))
    assert read["label"].to_pylist()[:2] == [1, 0]


QUOTED = ("so it is", 'so "it" is')


@pytest.mark.parametrize("separator", [",", "\t"])
@pytest.mark.parametrize("end", ["\n", "\r\n", "\r"])
@pytest.mark.parametrize("longest", [900, 4000])
def test_lines_in_a_field_with_escaped_quotes_may_be_cut_anywhere(
    tmp_path, monkeypatch, separator, end, longest
):
    """A file is read in blocks; of a field that one of them cuts, both parts are the field's."""
    monkeypatch.setattr(delimited, "BLOCK", 5000)
    texts = [
        end.join([f"{QUOTED[n % 2]} {n}", "x" * (n * 37 % longest), "", f'"no", {n}'])
        for n in range(60)
    ]
    fields = [text.replace('"', '\\"') for text in texts]
    lines = [["a", "text", "label"]]
    lines += [[str(n), f'"{field}"', f"{n % 5 == 0:d}"] for n, field in enumerate(fields)]
    path = tmp_path / "t.csv"
    path.write_bytes(end.join(map(separator.join, lines)).encode())
    read = table(path, positive=1)
    assert read["text"].to_pylist() == texts
    assert read["a"].to_pylist() == list(range(60))


@pytest.mark.parametrize("head", [HEAD, f'"{HEAD}"'])
def test_every_part_of_a_table_may_have_its_rows_in_quotes(tmp_path, head):
    (tmp_path / "rows").mkdir()
    plain = [line.replace("dark ", "") for line in LINES]
    for name in "ab":
        lines = [head, *(f'"{line}"' for line in plain)]
        (tmp_path / "rows" / f"{name}.csv").write_text("\n".join(lines) + "\n")
    read = table(tmp_path / "rows", pattern="*.csv", target="Class", positive=1)
    assert read["a"].to_pylist() == [n + 0.5 for n in range(90)] * 2
    assert set(read["k"].to_pylist()) == {"red"}


def test_rows_of_which_each_field_stands_in_quotes_are_not_unwrapped(tmp_path):
    path = tmp_path / "t.csv"
    path.write_text("a,Class\n" + "".join(f'"{n}","{n % 7 == 0:d}"\n' for n in range(90)))
    found, _ = profiled(path, target="Class", positive=1)
    assert not [line for line in found.said if "quotes" in line]
    assert table(path, target="Class", positive=1)["a"].to_pylist() == list(range(90))


@pytest.mark.parametrize("marks", [1, 2, 3])
@pytest.mark.parametrize("head", ["a,b,Class\n", ""])
def test_a_byte_order_mark_that_is_there_twice_shifts_no_row(tmp_path, marks, head):
    path = tmp_path / "t.csv"
    rows = "".join(f"{n},{n % 5},{n % 7 == 0:d}\n" for n in range(90))
    path.write_text("\ufeff" * marks + head + rows, encoding="utf-8")
    found = table(path, target="Class" if head else "2", positive=1)
    assert found["a" if head else "0"].to_pylist() == list(range(90))


def test_the_target_tells_the_separator_where_two_would_do(tmp_path):
    path = tmp_path / "t.csv"
    path.write_text("label\ttext\n" + "".join(f"{n % 2}\tone {n}, two\n" for n in range(90)))
    assert table(path, positive=1).column_names == ["label", "text"]


def test_a_tab_at_the_end_of_every_row_is_no_separator(tmp_path):
    path = tmp_path / "t.csv"
    path.write_text("a,Class\n" + "".join(f"{n},{n % 7 == 0:d}\t\n" for n in range(90)))
    assert table(path, target="Class", positive=1)["Class"].to_pylist()[:2] == [1, 0]


@pytest.mark.parametrize("separator", [",", ";", "\t"])
@pytest.mark.parametrize(
    ("field", "value"),
    [
        ('"said \\"no\\" today"', 'said "no" today'),
        ('"said \\"no{0} never\\" today"', 'said "no{0} never" today'),
        ('"said \\"no\\"{0} and left"', 'said "no"{0} and left'),
        ('"\\"no\\" ""yes"""', '"no" "yes"'),
    ],
)
def test_a_backslash_before_a_quote_stands_for_one(tmp_path, separator, field, value):
    rows = [("a", "text", "label"), *((str(n), field, f"{n % 7 == 0:d}") for n in range(90))]
    path = tmp_path / "t.csv"
    path.write_text("\n".join(separator.join(row) for row in rows).format(separator))
    found, _ = profiled(path, positive=1)
    assert "a backslash before a quote stands for a quote in a field" in found.said
    read = table(path, positive=1)
    assert read["text"].to_pylist() == [value.format(separator)] * 90
    assert read["a"].to_pylist() == list(range(90))


@pytest.mark.parametrize("field", ['"C:\\rows\\"', '"5\\"" wide"', "C:\\new", '"C:\\new, old"'])
def test_a_backslash_elsewhere_is_one(tmp_path, field):
    path = tmp_path / "t.csv"
    path.write_text("a,text,label\n" + "".join(f"{n},{field},{n % 7 == 0:d}\n" for n in range(90)))
    found, _ = profiled(path, positive=1)
    assert not [line for line in found.said if "backslash" in line]
    text = field[1:-1].replace('""', '"') if field.startswith('"') else field
    assert table(path, positive=1)["text"].to_pylist() == [text] * 90


@pytest.mark.parametrize("escaped", [5, 80, 60000])
def test_a_quote_behind_a_backslash_changes_no_other_row(tmp_path, escaped):
    """Names of domains, paths that end in a backslash, and quotes in two lines of text."""
    rows = [f'CORP\\u{n},"C:\\rows\\",say {n},{n % 7 == 0:d}' for n in range(escaped + 90)]
    rows[escaped - 3] = f'CORP\\u{escaped - 3},"C:\\rows\\","say \\"no\\",\nnow\\now \\"yes\\"",0'
    path = tmp_path / "t.csv"
    path.write_text("\n".join(["name,path,text,label", *rows]))
    read = table(path, positive=1)
    assert read["name"].to_pylist() == [f"CORP\\u{n}" for n in range(escaped + 90)]
    assert set(read["path"].to_pylist()) == {"C:\\rows\\"}
    assert read["text"][escaped - 3].as_py() == 'say "no",\nnow\\now "yes"'
    assert read["text"][escaped].as_py() == f"say {escaped}"


@pytest.mark.parametrize("quotes", ["\u0027\u0027", "\u201c\u201d", "\u201e\u201c", "\u00ab\u00bb"])
def test_a_field_in_quotes_of_another_kind_that_is_cut_is_named(tmp_path, quotes):
    first, last = quotes
    path = tmp_path / "t.csv"
    rows = (f"{n},{first}one, two{last},{n % 7 == 0:d}\n" for n in range(90))
    path.write_text("a,text,label\n" + "".join(rows), encoding="utf-8")
    with pytest.raises(InputError, match=r"one.* begins in a quote that holds nothing"):
        table(path, positive=1)


NAMED = {'"Big" Joe': '"Big" Joe', '"the ""Kid"""': 'the "Kid"', '"Al"': "Al", "Ann": "Ann"}


@pytest.mark.parametrize("opened", [False, True])
def test_a_text_between_tabs_is_the_same_whatever_quotes_other_rows_have(tmp_path, opened):
    fields = [[*NAMED][n % 4] for n in range(90)] + ['"open'] * opened
    lines = [f"{n}\t{field}\t{n % 7 == 0:d}" for n, field in enumerate(fields)]
    path = tmp_path / "t.txt"
    path.write_text("\n".join(["a\tname\tlabel", *lines, "99\tBob\t0"]))
    read = table(path, positive=1)["name"].to_pylist()
    assert read[:4] == [*NAMED.values()]
    _, section = profiled(path, positive=1)
    for field, name in (NAMED | {'"open': '"open'} if opened else NAMED).items():
        for order in ("a\tname", "name\ta"):
            row = f"7\t{field}" if order == "a\tname" else f"{field}\t7"
            path.write_text(f"{order}\n{row}\n")
            rows = pa.concat_tables(sources.rows(path, section)[0])
            assert rows["name"].to_pylist() == [name]


def test_quotes_between_tabs_that_end_in_one_field_and_hold_lines_in_another_are_refused(tmp_path):
    path = messages(tmp_path, lambda n, text: '"Big" Joe' if n % 9 else f'"{text}\nand more"')
    with pytest.raises(InputError, match="a field begins in quotes that end before the field does"):
        table(path, positive="spam")
