"""Tables as people write them: every column is what it means, or one line says what is unsure."""

import bz2
import codecs
import datetime
import gzip
import io
import lzma
import os
import re
import zipfile
from decimal import Decimal
from types import SimpleNamespace

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq
import pytest

from rebalance import sources
from rebalance.errors import InputError
from rebalance.sources import cells, labels, reading
from rebalance.sources.files import matching
from rebalance.sources.parquet import batches
from tests.strategies import frame, params

ROWS = frame(60, 12).round(3)
LINES = ROWS.to_csv(index=False).splitlines()


def data(path, **changes):
    given = {"source": "file", "path": str(path), "drop": []} | changes
    return params(**{f"data__{key}": value for key, value in given.items()}).data


def profiled(path, **changes):
    section = data(path, **changes)
    return reading.profile(matching(section.path, section.pattern), section), section


def table(path, **changes):
    """Return the rows of a file as an arrow table."""
    found, section = profiled(path, **changes)
    answer = labels.decide(found, section)
    return pa.concat_tables(reading.pieces(found, answer))


def written(tmp_path, content, name="t.csv"):
    path = tmp_path / name
    path.write_bytes(content.encode() if isinstance(content, str) else content)
    return path


def line_on_text(tmp_path, cells):
    """Return the line that says why a column of these cells is read as text."""
    found, _ = profiled(written(tmp_path, with_column(cells)))
    assert found.columns["x"].holds == "text"
    (line,) = [line for line in found.said if line.startswith("column 'x'")]
    assert line.endswith("read as text")
    return line


def with_column(cells, name="x", separator=","):
    """Return CSV of the rows with one more column, its cells repeated as far as they must."""
    lines = [LINES[0] + f",{name}"]
    lines += [f"{line},{cells[i % len(cells)]}" for i, line in enumerate(LINES[1:])]
    return "\n".join(lines).replace(",", separator) + "\n"


def column(tmp_path, cells, **changes):
    """Return the distinct values of a column of text, in order, and its arrow type."""
    found = table(written(tmp_path, with_column(cells)), **changes)["x"]
    return found.to_pylist()[: len(cells)], str(found.type)


def same_rows(found):
    pd.testing.assert_frame_equal(found.to_pandas()[list(ROWS)], ROWS, check_dtype=False)


# How a file is written


def zipped_files(files):
    raw = io.BytesIO()
    with zipfile.ZipFile(raw, "w") as archive:
        for name, text in files.items():
            archive.writestr(name, text)
    return raw.getvalue()


def opened_quote(first, last):
    """Return CSV in which a quote that opens in one row is closed in another one."""
    lines = with_column(["u"]).splitlines()
    lines[first] = lines[first].replace(",u", ',"u')
    lines[last] = lines[last].replace(",u", ',u"')
    return "\n".join(lines) + "\n"


def utf16(text):
    return codecs.BOM_UTF16_LE + text.encode("utf-16-le")


def zipped(text):
    raw = io.BytesIO()
    with zipfile.ZipFile(raw, "w") as archive:
        archive.writestr("folder/rows.csv", text)
        archive.writestr("__MACOSX/folder/._rows.csv", b"\0\5\26\7")
        archive.writestr(".DS_Store", b"\0")
    return raw.getvalue()


def zstd(text):
    return pa.compress(text.encode(), codec="zstd", asbytes=True)


CSV = "\n".join(LINES) + "\n"


@pytest.mark.parametrize(
    "content",
    [
        CSV,
        CSV.replace("\n", "\r\n"),
        CSV.replace("\n", "\r"),
        CSV.replace(",", ";"),
        CSV.replace(",", "\t"),
        CSV.replace(",", "|"),
        CSV.replace(",", "  "),
        CSV.replace(",", ";").replace(".", ","),
        "sep=;\n" + CSV.replace(",", ";"),
        codecs.BOM_UTF8 + CSV.encode(),
        utf16(CSV),
        CSV.encode("utf-16-le"),
        CSV.encode("utf-16-be"),
        "# made by hand\n\n" + CSV,
        "a title\nof 2 lines\n" + CSV,
        CSV.replace(",", ", "),
        CSV.replace("\n", ",\n"),
        CSV.replace("\n", ",\n").replace("Class,\n", "Class\n"),
        gzip.compress(CSV.encode()),
        bz2.compress(CSV.encode()),
        lzma.compress(CSV.encode()),
        zstd(CSV),
        zipped(CSV),
        CSV.rstrip("\n"),
        CSV + "\n\n",
        "units,of,the,rows,below\n" + CSV,
    ],
)
def test_a_table_is_the_same_however_it_is_written(tmp_path, content):
    same_rows(table(written(tmp_path, content, "named-as-one-likes")))


@pytest.mark.parametrize("start", ["PK", "BZ", "PAR1", "ORC ", "BZh91AY"])
def test_a_header_that_begins_like_another_format_is_a_header(tmp_path, start):
    found = table(written(tmp_path, CSV.replace("a,", f"{start}_a,", 1)))
    assert found.column_names[0] == f"{start}_a"
    assert found.num_rows == len(ROWS)


@pytest.mark.parametrize("name", ["Größe", "prix €", "año"])
@pytest.mark.parametrize("encoding", ["utf-8", "cp1252"])
def test_names_and_texts_of_western_europe_are_read_in_their_encoding(tmp_path, name, encoding):
    content = with_column(["Österreich", "España", "straße"], name).encode(encoding)
    found = table(written(tmp_path, content))
    assert found.column_names[-1] == name
    assert set(found[name].to_pylist()) == {"Österreich", "España", "straße"}


def test_bytes_that_are_no_utf8_far_down_the_file_are_read_as_cp1252(tmp_path):
    many = "\n".join([LINES[0] + ",x", *(f"{line},cafe" for line in LINES[1:] * 300)])
    assert len(many) > 300_000
    last = f"{LINES[-1]},café\n"
    path = written(tmp_path, many.encode() + b"\n" + last.encode("cp1252"))
    assert table(path)["x"].to_pylist()[-1] == "café"
    with pytest.raises(InputError, match=r"are not all in data\.read\.encoding 'utf-8'"):
        table(path, read={"encoding": "utf8"})


def test_text_that_may_be_in_two_encodings_shows_both(tmp_path):
    russian = with_column(["мужчина", "женщина"]).encode("cp1251")
    with pytest.raises(InputError, match=r"is not UTF-8, .*as cp1252.*data\.read\.encoding"):
        table(written(tmp_path, russian))
    found = table(written(tmp_path, russian), read={"encoding": "cp1251"})
    assert set(found["x"].to_pylist()) == {"мужчина", "женщина"}


@pytest.mark.parametrize(
    ("encoding", "words"),
    [
        ("cp1250", ["Łódź", "Wrocław", "Kraków", "Białystok"]),
        ("cp1250", ["České Budějovice", "Děčín", "Plzeň"]),
        ("cp1250", ["Győr", "Fertőd", "Budapest"]),
        ("cp1254", ["Diyarbakır", "Şanlıurfa", "Niğde"]),  # noqa: RUF001
        ("cp1251", ["Москва", "Казань"]),
    ],
)
def test_words_of_other_languages_are_not_taken_for_western_ones(tmp_path, encoding, words):
    path = written(tmp_path, with_column(words).encode(encoding))
    with pytest.raises(InputError, match=r"is not UTF-8, .* as cp1252, .*data\.read\.encoding"):
        table(path)
    assert set(table(path, read={"encoding": encoding})["x"].to_pylist()) == set(words)


@pytest.mark.parametrize("deep", [False, True])
@pytest.mark.parametrize("word", ["that\u00e5\u00d5s", "that\u00e5\u00d5s \x81"])
def test_a_few_words_that_a_program_spoilt_stop_no_english_text_and_a_line_names_one(
    tmp_path, deep, word
):
    english = '"and so it was, one of many sentences about nothing at all"'
    lines = with_column([english]).splitlines()
    rows = [*lines[1:] * (70 if deep else 1), lines[-1].replace("nothing", word), *lines[1:]]
    path = written(tmp_path, "\n".join([lines[0], *rows]).encode("latin-1"))
    found, _ = profiled(path)
    assert word in table(path)["x"].to_pylist()[-61]
    (line,) = [line for line in found.said if line.startswith("not UTF-8")]
    assert line == (
        "not UTF-8, read as cp1252: words such as 'that\u00e5\u00d5s' may be misread; if they are, "
        "write the file's encoding into data.read.encoding"
    )


@pytest.mark.parametrize("undefined", [b"", b"\x81", b"\x8d\x8f\x90\x9d"])
@pytest.mark.parametrize("deep", [False, True])
def test_a_byte_that_the_encoding_leaves_out_changes_no_other_text(tmp_path, deep, undefined):
    spoilt = b"that\xe5\xd5s " + undefined + b"one"
    rows = [b"1.5,Children\x92s \x80,0", b"2.5,Children\x92s \x80,1"] * (9000 if deep else 200)
    rows[10:10] = [b"1.5,one of many sentences about nothing at all,0"] * 200
    rows[-50] = b"1.5," + spoilt + b",0"
    found = table(written(tmp_path, b"\n".join([b"a,x,Class", *rows])))["x"].to_pylist()
    assert found[:2] == found[-2:] == ["Children\u2019s \u20ac"] * 2
    assert found[-50] == spoilt.decode("latin-1")


def test_a_header_of_another_encoding_is_asked_about_however_long_the_text(tmp_path):
    content = with_column(["one of many sentences about nothing at all"], "p\u0142e\u0107")
    with pytest.raises(InputError, match="is not UTF-8, and what else is not sure"):
        table(written(tmp_path, content.encode("cp1250")))


@pytest.mark.parametrize(
    "words",
    [
        ["Orléans", "Besançon", "l’Haÿ", "où", "Œuvre", "NÎMES"],  # noqa: RUF001
        ["lunedì", "però", "città", "così"],
        ["São João", "põe", "ações", "10 €", "n° 5", "5 m²"],
        ["¿Qué?", "¡Hola!", "Ñuñoa", "Málaga"],
        ["Ærø", "Ålesund", "Straße", "20×30 cm"],  # noqa: RUF001
    ],
)
def test_words_of_western_languages_are(tmp_path, words):
    path = written(tmp_path, with_column([f'"{word}"' for word in words]).encode("cp1252"))
    assert set(table(path)["x"].to_pylist()) == set(words)


@pytest.mark.parametrize(("mark", "encoding"), [("utf-8-sig", "utf-8"), ("utf-16", "utf-16-le")])
def test_a_byte_order_mark_is_no_text_whatever_the_encoding_is_said_to_be(tmp_path, mark, encoding):
    path = written(tmp_path, CSV.encode(mark))
    same_rows(table(path, read={"encoding": encoding}))
    same_rows(
        table(path, read={"encoding": encoding, "header": False, "skip": 1, "columns": list(ROWS)})
    )
    with pytest.raises(InputError, match=f"the byte-order mark of {mark}, and .* says 'cp1252'"):
        table(path, read={"encoding": "cp1252"})


def test_a_file_without_a_header_keeps_its_first_row(tmp_path):
    found = table(written(tmp_path, "\n".join(LINES[1:])), target=4)
    assert found.column_names == ["0", "1", "2", "3", "4"]
    assert found.num_rows == len(ROWS)
    assert found["0"][0].as_py() == ROWS["a"][0]


def test_names_of_columns_can_be_given(tmp_path):
    names = [*"pqrs", "Class"]
    for content in ("\n".join(LINES[1:]), CSV):
        found = table(written(tmp_path, content), read={"columns": names})
        assert found.column_names == names
        assert found.num_rows == len(ROWS)
    with pytest.raises(InputError, match=r"data\.read\.columns must name every column .* 5, got 2"):
        table(written(tmp_path, CSV), read={"columns": ["p", "q"]})


@pytest.mark.parametrize("header", ["0,1,2,3,4", "a,b,c,d,0", "a b,b,c,d,4"])
def test_numbers_in_a_header_are_names(tmp_path, header):
    target = header.rpartition(",")[2]
    found = table(written(tmp_path, "\n".join([header, *LINES[1:]])), target=target)
    assert found.column_names == header.split(",")
    assert found.num_rows == len(ROWS)


def test_a_first_row_of_years_may_be_a_header_or_a_row(tmp_path):
    rows = ["2019,2020,2021", *(f"{i % 7},{i % 5},{i % 4 == 0:d}" for i in range(60))]
    path = written(tmp_path, "\n".join(rows))
    with pytest.raises(InputError, match=r"in two ways: its first row, \['2019', .*read\.header"):
        table(path, target="outcome")
    assert table(path, target=2021).num_rows == 60
    assert table(path, target=2, positive=[1], read={"header": False}).num_rows == 61


def test_of_two_rows_of_names_the_one_with_the_target_is_the_header(tmp_path):
    both = "X1,X2,X3,X4,Y\n" + CSV
    assert table(written(tmp_path, both)).column_names == ["a", "b", "c", "d", "Class"]
    assert table(written(tmp_path, both), target="Y").column_names[:2] == ["X1", "X2"]
    with pytest.raises(InputError, match=r"2 rows that may be the header: .*X1.* and .*'a'"):
        table(written(tmp_path, both), target="Z")
    found, _ = profiled(written(tmp_path, both), target="Z", read={"skip": 1})
    assert list(found.columns) == ["a", "b", "c", "d", "Class"]


def test_a_name_is_the_same_however_its_letters_are_composed(tmp_path):
    path = written(tmp_path, CSV.replace("Class", "Gro\u0308ße"))
    assert table(path, target="Größe").column_names[-1] == "Größe"


# Rows that do not fit


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (CSV.replace("\n", ",7\n", 4).replace(",7\n", "\n", 1), "has 6 fields in row"),
        (CSV + "0.5,0.2\n", "has 2 fields in its last row, where the header names 5: the file"),
        (CSV + '0.5,"half', "has 2 fields in its last row"),
        (CSV.replace("\n", ",7\n").replace("Class,7", "Class"), "can be read in two ways: its he"),
        (CSV.replace("d,", "a,", 1), "must name each column once, got 'a' in columns 1, 4"),
        (CSV.replace("d,", "Class,", 1), "must name each column once, got 'Class' in columns 4, 5"),
        (CSV.replace("d,", " a ,", 1), "must name each column once, got 'a'"),
        (gzip.compress(CSV.encode())[:200], "it is damaged or was cut off"),
        (zipped(CSV)[:200], "begins as a zip archive"),
        (b"PK\5\6" + b"\0" * 18, "an archive without files"),
        (b"\0" * 4096, "begins with 4,096 zero bytes"),
        (CSV.encode() + b"\0" * 4096, "holds zero bytes"),
        (b"", "it is empty"),
        (b"\n \n", "it is empty"),
        ("<!DOCTYPE html>\n<html><body>Sign in, please</body></html>", "is a web page"),
        ("\n\n  <html lang=en>\n", "is a web page"),
        ("version https://git-lfs.github.com/spec/v1\noid sha256:0\nsize 1\n", "a Git LFS pointer"),
        (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + b"\0" * 99, "cannot be read as a workbook"),
        (zipped_files({"content.xml": "<x/>"}), "cannot be read as a workbook"),
        (zipped_files({"xl/workbook.xml": "<x/>"}), "cannot be read as a workbook"),
        ('[{"a": 1, "Class": 0}]', "is JSON"),
        ("@RELATION iris\n@attribute a numeric\n@data\n1,2\n", "is an ARFF file"),
        ("1 1:0.5 2:3\n0 1:0.25\n", "is a sparse (LIBSVM) file"),
        ("%PDF-1.7\n", "is a PDF"),
        (gzip.compress(gzip.compress(CSV.encode())), "a compressed file in a compressed file"),
        (gzip.compress(zipped(CSV)), "an archive in a compressed file"),
        (CSV + CSV, "the header stands again in 1 of the rows"),
        ("u,w,Class\n" + "x,y,0\nz,y,1\n" * 30 + "u,w,Class\n", "the header stands again in 1"),
        ("% a comment\n%\n@Relation x\n@data\n1,2\n", "is an ARFF file"),
        ("<!-- a page -->\n<html>", "is a web page"),
        (gzip.compress(b"PAR1\x15\x04\x15" + b"\0" * 50), "is Parquet in a compressed file"),
        (b"Obj\1\4\x14avro.codec" + b"\0" * 50, "is an Avro file"),
        ('<?xml version="1.0"?>\n<rows><row a="1"/></rows>', "is XML, not CSV"),
        ('<?xml version="1.0"?>\n<!DOCTYPE html><html>', "is a web page"),
        ('<?xml version="1.0"?>\n<!-- of May -->\n<rows><row a="1"/></rows>', "is XML, not CSV"),
        ('<!-- of May -->\n<?xslt href="a"?>\n<ns:rows x="1">', "is XML, not CSV"),
        ('<?xml version="1.0"?>\n<!DOCTYPE rows SYSTEM "r.dtd">\n<rows>', "is XML, not CSV"),
        ('<?xml version="1.0"?>\n<!-- a\npage --><html>', "is a web page"),
        (gzip.compress(b"a.csv".ljust(257, b"\0") + b"ustar" + b"\0" * 999), "is a tar archive"),
        (opened_quote(20, 21), "field 6 of row 20 holds rows of the table: a quote in it is not"),
        (opened_quote(20, 40), "field 6 of row 20 holds rows of the table"),
        (opened_quote(20, 40).replace("\n", "\r\n"), "field 6 of row 20 holds rows of the table"),
        ("\n".join([*LINES[:20], "# later", *LINES[20:]]), "has 1 field in row 20, where"),
        (b"PAR1\x15\x04\x15" + b"\0" * 50, "was cut off"),
        ("one\ntwo\nthree\n", "has one column, 'one': a table needs the target and a feature"),
        ("1 b; 2\n3 c\n\n4\n", "no separator"),
        (b"\x93NUMPY\1\0v\0{'descr': '<f8'}", "is a NumPy array"),
        (zipped_files({"x.npy": "a", "y.npy": "b"}), "is NumPy arrays"),
        (zipped_files({"[Content_Types].xml": "", "word/document.xml": ""}), "and no workbook"),
        (b"MATLAB 5.0 MAT-file, Platform: x" + bytes(99), "is a MATLAB file"),
        (gzip.compress(b"RDX3\nX\n\0\0\0\3\0\4\2\1"), "is a file of R"),
        (gzip.compress(b"X\n\0\0\0\3\0\4\2\1" + bytes(99)), "is a file of R"),
        (b"$FL3@(#) SPSS DATA FILE" + bytes(99), "is an SPSS file"),
        (bytes(12) + b"\xc2\xea\x81\x60\xb3\x14" + bytes(99), "is a SAS file"),
        ("HEADER RECORD*******LIBRARY HEADER RECORD!!!!!!!000  \n", "is a SAS transport file"),
        (b"\x72\2\1\0\4\0" + bytes(99), "is a Stata file"),
        (b"\3\x7b\1\x1f\7\0\0\0" + bytes(99), "is a dBase file"),
        (b"\0\1\0\0Standard ACE DB\0" + bytes(99), "is an Access database"),
        ("outs:\n- md5: 0123\n  size: 1\n  path: mine.csv\n", "is a pointer of DVC's"),
        ("md5: 0\nfrozen: true\nouts:\n- md5: 1\n  path: a.csv\n", "is a pointer of DVC's"),
        (
            "-- a dump\nCREATE TABLE t (a INT, b INT);\nINSERT INTO t VALUES (1,2);\n",
            "is a file of SQL",
        ),
        ("/* a */ /* b;\n*/;\n-- c\nDROP TABLE t;\n", "is a file of SQL"),
        ("<html><table><tr><td>1</td></tr></table></html>", "if it shows the rows, open it in a"),
        (
            CSV.replace("0", "0\0", 1),
            "holds zero bytes in its text, as a download that was cut off",
        ),
        (CSV + f"0.5,0.5,0.5,{'x' * 5_000_000},0\n", "has a row of more than 2 MB; a quote"),
    ],
)
def test_a_file_that_is_not_what_it_is_called_says_so_in_one_line(tmp_path, content, said):
    with pytest.raises(InputError, match=re.escape(said)) as caught:
        table(written(tmp_path, content))
    assert "\n" not in str(caught.value)
    assert "t.csv" in str(caught.value)


def test_names_to_write_for_columns_that_are_named_twice_do(tmp_path):
    path = written(tmp_path, CSV.replace("d,", "a,", 1))
    with pytest.raises(InputError) as refused:
        table(path)
    names = ["a", "b", "c", "a 4", "Class"]
    assert str(refused.value).endswith(f"for all columns into data.read.columns, as {names}.")
    assert table(path, read={"columns": names}).column_names == names


def test_columns_of_parquet_that_are_named_twice_get_advice_that_helps(tmp_path):
    rows = pa.Table.from_arrays([pa.array([0, 1] * 10)] * 3, names=["a", "a", "Class"])
    pq.write_table(rows, tmp_path / "t.parquet")
    with pytest.raises(InputError, match=r"'a' in columns 1, 2; write the Parquet file anew"):
        table(tmp_path / "t.parquet")


@pytest.mark.parametrize(
    ("header", "names"),
    [
        ("a,a 3,a,d,Class", ["a", "a 3", "a 4", "d", "Class"]),
        ("a,a,a 2,a 3,Class", ["a", "a 4", "a 2", "a 3", "Class"]),
        ("a,b,a,a 4,a", ["a", "b", "a 3", "a 4", "a 5"]),
    ],
)
def test_names_to_write_are_free(tmp_path, header, names):
    with pytest.raises(InputError) as refused:
        table(written(tmp_path, "\n".join([header, *LINES[1:]])))
    assert str(refused.value).endswith(f"into data.read.columns, as {names}.")


def test_long_names_and_many_places_are_cut_in_a_message(tmp_path):
    with pytest.raises(InputError) as refused:
        table(written(tmp_path, "\n".join([f"{'n' * 60},{'n' * 60},b,c,Class", *LINES[1:]])))
    assert f"got '{'n' * 40}' in columns 1, 2; write" in str(refused.value)
    assert str(refused.value).endswith("for all columns into data.read.columns.")
    wide = [",".join(["a"] * 30 + ["Class"]), *(",".join("1" * 30 + str(i % 2)) for i in range(60))]
    with pytest.raises(InputError, match="in columns 1, 2, 3, 4, 5, 6, 7, 8, 9, 10 and 20 more;"):
        table(written(tmp_path, "\n".join(wide)))


def test_comments_above_a_table_are_looked_at_once(tmp_path):
    # A pattern that tries every way to cut them does not end.
    with pytest.raises(InputError):
        table(written(tmp_path, "/* x */ " * 100))


def test_the_one_table_of_an_archive_is_read_whatever_explains_it(tmp_path):
    raw = io.BytesIO()
    with zipfile.ZipFile(raw, "w") as archive:
        archive.writestr("README.txt", "of a table\n")
        archive.writestr("rows/a.csv", CSV)
    same_rows(table(written(tmp_path, raw.getvalue())))


def test_text_of_several_lines_is_no_row_of_the_table(tmp_path):
    cells = ['"one,\ntwo, three\nand 4, 5"', '"a ""quoted"" word\n\n1,2,3"', "none"]
    found = table(written(tmp_path, with_column(cells)))["x"].to_pylist()
    assert found[:3] == ["one,\ntwo, three\nand 4, 5", 'a "quoted" word\n\n1,2,3', "none"]


def test_an_archive_of_two_tables_names_them(tmp_path):
    raw = io.BytesIO()
    with zipfile.ZipFile(raw, "w") as archive:
        archive.writestr("a.csv", CSV)
        archive.writestr("b.csv", CSV)
    with pytest.raises(InputError, match=r"must hold one file, got 2: a\.csv, b\.csv"):
        table(written(tmp_path, raw.getvalue()))


# What cells mean


@pytest.mark.parametrize(
    ("cells", "values", "kind"),
    [
        (["1", "2", "3"], [1, 2, 3], "int64"),
        (["1", "", "3"], [1, None, 3], "double"),
        (["1.5", "?", "3"], [1.5, None, 3], "double"),
        (["1.5", "N/A", " ", "na"], [1.5, None, None, None], "double"),
        (["7", "-", "8", "."], [7, None, 8, None], "double"),
        (["7", "Unknown", "8"], [7, None, 8], "double"),
        (["0x1A", "0x1B"], ["0x1A", "0x1B"], "string"),
        (['"1,234.50"', '"12,345,678.25"', "7"], [1234.5, 12345678.25, 7], "double"),
        (['"1,234"', '"1,234,567"'], [1234, 1234567], "double"),
        (["1'234.5", "7"], [1234.5, 7], "double"),
        (["$5.20", '"$1,000.00"', "-$3"], [5.2, 1000, -3], "double"),
        (["5 €", "7 €"], [5, 7], "double"),
        (["5 EUR", "7.5 EUR"], [5, 7.5], "double"),
        (["USD 5", "EUR 7"], ["USD 5", "EUR 7"], "string"),
        (["$1.7e308", "-"], [1.7e308, None], "double"),
        (["(5.5)", "7.25"], [-5.5, 7.25], "double"),
        (['"($1,005.5)"', "7 %", "-$5"], ["($1,005.5)", "7 %", "-$5"], "string"),
        (['"($1,005.5)"', "-$5", "£7"], ["($1,005.5)", "-$5", "£7"], "string"),
        (['"($1,005.5)"', "-$5", "$ -6"], [-1005.5, -5, -6], "double"),
        (["-10.000)", "[10.000-15.000)", "[75.000-"], None, "string"),
        (["(5", "--5", "(-5)", "7"], None, "string"),
        (["5.5-", '"1,234.5-"', "8"], [-5.5, -1234.5, 8], "double"),
        (["-5-", "7"], None, "string"),
        (["\u22125", "7"], [-5, 7], "double"),
        (["13.2%", "8%"], [13.2, 8], "double"),
        (["13.2%", "8"], ["13.2%", "8"], "string"),
        (["$5", "€7"], ["$5", "€7"], "string"),
        (['"R$ 1.234,50"', '"R$ 7,25"'], [1234.5, 7.25], "double"),
        (["₹5", "₹ 6.5"], [5, 6.5], "double"),
        (['"5,50 zł"', '"6,25 zł"'], [5.5, 6.25], "double"),
        (["R$ 5", "US$ 5"], ["R$ 5", "US$ 5"], "string"),
        (["5.5", "#N/D"], [5.5, None], "double"),
        (["5.5", "*", ":", "\u2013", "k.A."], None, "string"),
        (["red", "*"], ["red", "*"], "string"),
        (["$60K - $80K", "Less than $40K"], ["$60K - $80K", "Less than $40K"], "string"),
        (["True", "false"], [True, False], "bool"),
        (["True", "", "False"], [True, None, False], "bool"),
        (["yes", "no"], ["yes", "no"], "string"),
        (["red", "Unknown", "?"], ["red", None, None], "string"),
        (["b'red'", "b'?'", "b''", "'?'"], ["b'red'", None, None, None], "string"),
        ([" red", "red "], ["red", "red"], "string"),
        (["12345678901234567890", "12345678901234567891"], None, "string"),
        (["9007199254740993"], [9007199254740993], "int64"),
        (["A11", "12"], ["A11", "12"], "string"),
        (["1000", "2000"], [1000, 2000], "int64"),
        (["", ""], [None, None], "double"),
    ],
)
def test_text_becomes_what_it_stands_for(tmp_path, cells, values, kind):
    found, type_ = column(tmp_path, cells)
    assert type_ == kind
    assert found == (values if values is not None else [cell.strip('"') for cell in cells])


@pytest.mark.parametrize(
    ("cells", "first"),
    [
        (["2023-01-13", "2024-12-01"], datetime.datetime(2023, 1, 13)),
        (["2023-01-13T08:30", "9999-12-31 23:59:59"], datetime.datetime(2023, 1, 13, 8, 30)),
        (["0001-01-01", "2023-01-13"], datetime.datetime(1, 1, 1)),
        (["13/01/2023", "01/02/2023"], datetime.datetime(2023, 1, 13)),
        (["02/13/2023", "01/02/2023"], datetime.datetime(2023, 2, 13)),
        (["1/2/2023 3:04 PM", "1/13/2023 3:04 AM"], datetime.datetime(2023, 1, 2, 15, 4)),
        (["01.02.2023", "03.04.2023"], datetime.datetime(2023, 2, 1)),
        (["13 Jan 2023", "1 February 2023"], datetime.datetime(2023, 1, 13)),
        (['"Jan 13, 2023"', '"Feb 1, 2023"'], datetime.datetime(2023, 1, 13)),
        (["2023-01-13 08:00:00+02:00", "2023-01-14 08:00:00Z"], datetime.datetime(2023, 1, 13, 6)),
        (["13-Jan-68", "14-Jan-70"], datetime.datetime(2068, 1, 13)),
        (["13JAN2023", "1Feb2023"], datetime.datetime(2023, 1, 13)),
        (["13JAN23:10:11:12", "01FEB23:00:00:00.5"], datetime.datetime(2023, 1, 13, 10, 11, 12)),
        (["13/Jan/2023:10:11:12 +0200"], datetime.datetime(2023, 1, 13, 8, 11, 12)),
        (["2023-Jan-13", "2023-Feb-01"], datetime.datetime(2023, 1, 13)),
        (["2023-01-13 10:11:12.25-05"], datetime.datetime(2023, 1, 13, 15, 11, 12, 250_000)),
        (["13/1/2023 3:04 p.m.", "1/1/2023 3:04 a. m."], datetime.datetime(2023, 1, 13, 15, 4)),
        (["13-JAN-23 12.04.05.000001 AM"], datetime.datetime(2023, 1, 13, 0, 4, 5, 1)),
    ],
)
def test_dates_are_moments_in_the_order_that_they_show(tmp_path, cells, first):
    found, type_ = column(tmp_path, cells)
    assert type_ == "timestamp[us]"
    assert found[0] == first
    assert all(isinstance(value, datetime.datetime) for value in found)


@pytest.mark.parametrize(
    ("cells", "first"),
    [
        (["2015-12", "2016-01"], "2015-12-01"),
        (["12/2015", "01/2016"], "2015-12-01"),
        (["Dec-2015", "Jan-2016"], "2015-12-01"),
        (["Tue, 05 Jan 2021 10:30:00 GMT", "Wed, 06 Jan 2021 10:30:00 GMT"], "2021-01-05T10:30"),
        (["Tuesday, 05 January 2021", "Wednesday, 06 January 2021"], "2021-01-05"),
        (
            ["Wed Oct 10 20:19:24 +0000 2018", "Thu Oct 11 20:19:24 +0000 2018"],
            "2018-10-10T20:19:24",
        ),
        (
            ["Wed Oct 10 20:19:24 +0200 2018", "Thu Oct 11 20:19:24 +0200 2018"],
            "2018-10-10T18:19:24",
        ),
        (["26. August 2022", "1. März 2023"], "2022-08-26"),
        (["20220826T101530Z", "20230301T000000Z"], "2022-08-26T10:15:30"),
        (["20220826 1015", "20230301 0000"], "2022-08-26T10:15"),
        (["26 de agosto de 2022", "1 de março de 2023"], "2022-08-26"),
        (["26 ago 2022", "1 dic 2022"], "2022-08-26"),
        (["26 août 2022", "1 févr. 2023"], "2022-08-26"),
    ],
)
def test_dates_of_months_and_in_other_languages_are_moments(tmp_path, cells, first):
    content = with_column([f'"{cell}"' for cell in cells])
    found = table(written(tmp_path, content))["x"]
    assert str(found.type) == "timestamp[us]"
    assert found[0].as_py() == datetime.datetime.fromisoformat(first)


@pytest.mark.parametrize(
    "cells",
    [
        ["2015-13", "2015-12"],
        ["Dec-15", "Jan-16"],
        ["Room 2015", "Mar 2015"],
        ["1015-12"],
        ["13ABC2023"],
        ["13JAN2023X"],
    ],
)
def test_what_looks_like_a_month_is_none(tmp_path, cells):
    assert column(tmp_path, cells)[1] == "string"


@pytest.mark.parametrize("cells", [["1000", "1001"], ["2023-13-45"], ["31/31/2023"], ["12:30"]])
def test_what_is_no_date_is_none(tmp_path, cells):
    assert not column(tmp_path, cells)[1].startswith("timestamp")


@pytest.mark.parametrize(
    ("cells", "shown"),
    [
        (["2023-02-30", "2023-01-13"], "such as '2023-02-30'"),
        (["2023-01-13T00:00:00Z", "2023-01-13"], "not all in one form"),
        (["13/01/2023", "01/13/2023"], "dates in no one order"),
        (
            ["2023-01-13 10:00 EST", "2023-01-14 10:00 EDT"],
            "as '2023-01-13 10:00 EST', in a form that is",
        ),
        (["2023-01-13T10", "2023-01-14T11"], "as '2023-01-13T10', in a form that is not known"),
    ],
)
def test_dates_that_are_not_of_one_form_stay_text_and_a_line_says_so(tmp_path, cells, shown):
    assert shown in line_on_text(tmp_path, cells)


def test_what_looks_like_a_number_is_one():
    """Whatever is taken for a number can be converted to the one that Python reads."""
    draw = np.random.default_rng(0)
    tokens = [
        *"0159.,+-()% $€'e",
        "12",
        "123",
        ",234",
        ".234",
        "EUR",
        "e3",
        "\u2212",
        "\u00a0",
        "--",
    ]
    texts = sorted({"".join(draw.choice(tokens, size=draw.integers(1, 7))) for _ in range(20_000)})
    for mark, style in cells.STYLES.items():
        numbers = pa.array(texts).filter(pc.match_substring_regex(pa.array(texts), style))
        written = cells.plain(numbers, mark)
        assert len(numbers) > 300
        assert pc.cast(written, "double").to_pylist() == [*map(float, written.to_pylist())]


def test_a_gap_of_a_date_is_one(tmp_path):
    found, type_ = column(tmp_path, ["2023-01-13", "0000-00-00", ""])
    assert type_ == "timestamp[us]"
    assert found[1:] == [None, None]


@pytest.mark.parametrize("wrong", ["31/02/2024", "31/04/2023", "00/01/2024", "29/02/2023"])
def test_a_day_that_no_month_has_is_asked_about(tmp_path, wrong):
    """It would be a gap without a word."""
    cells = [f"{1 + n % 28:02}/03/2024" for n in range(59)]
    path = written(tmp_path, "x,Class\n" + "".join(
        f"{cell},{n % 5 == 0:d}\n" for n, cell in enumerate([*cells, wrong])
    ))  # fmt: skip
    with pytest.raises(InputError, match=rf"holds dates but for '{wrong}', which is none, in 1 of"):
        table(path)
    assert table(path, read={"missing": {"x": [wrong]}})["x"].null_count == 1
    assert table(path, read={"text": ["x"]})["x"].to_pylist()[-1] == wrong
    assert table(path, drop=["x"]).num_rows == 60


def test_many_days_that_no_month_has_make_text_and_a_line(tmp_path):
    path = written(tmp_path, with_column(["13/01/2024", "31/02/2024"]))
    said = "column 'x': dates, but some are none, such as '31/02/2024', read as text"
    assert said in profiled(path)[0].said
    assert set(table(path)["x"].to_pylist()) == {"13/01/2024", "31/02/2024"}


@pytest.mark.parametrize(
    "cells", [["01/31/2024", "02/05/2024"], ["31/01/2024 23:59", "05/02/2024"]]
)
def test_days_of_long_months_are_dates(tmp_path, cells):
    assert table(written(tmp_path, with_column(cells)))["x"].null_count == 0


@pytest.mark.parametrize("seen", ["\u200b{0}", "\u200f{0}\u200e", "{0}\u00ad", "\u2060{0} "])
def test_marks_that_nobody_sees_change_no_number_text_or_name(tmp_path, seen):
    lines = [f"{seen.format('x')},{seen.format('k')},Class"]
    lines += [f"{seen.format(n)},{seen.format('ab'[n % 2])},{n % 5 == 0:d}" for n in range(60)]
    read = table(written(tmp_path, "\n".join(lines)))
    assert read["x"].to_pylist() == list(range(60))
    assert read["k"].to_pylist()[:2] == ["a", "b"]


@pytest.mark.parametrize(
    ("cells", "doubted"),
    [
        (["13/01/45", "14/01/99"], "13/01/45"),
        (["13-Jan-36", "14-Jan-01"], "13-Jan-36"),
        (["13/01/35", "14/01/69"], ""),
        (["13/01/1945", "14/01/1968"], ""),
    ],
)
def test_a_year_of_two_digits_that_may_be_of_another_century_gets_a_line(tmp_path, cells, doubted):
    path = written(tmp_path, with_column(cells))
    said = (
        f"column 'x': years of two digits are those from 1969 to 2068, also of {doubted!r}; write "
        "four digits where they are others"
    )
    assert (said in profiled(path)[0].said) == bool(doubted)
    assert str(table(path)["x"].type) == "timestamp[us]"


def test_dates_whose_order_is_unsure_show_both_and_can_be_told(tmp_path):
    cells = ["01/02/2023", "03/04/2023"]
    with pytest.raises(InputError, match=r"'x' can be read in two ways: '01/02/2023' begins with"):
        column(tmp_path, cells)
    february, march = datetime.datetime(2023, 2, 1), datetime.datetime(2023, 1, 2)
    assert column(tmp_path, cells, read={"dates": "day_first"})[0][0] == february
    assert column(tmp_path, cells, read={"dates": "month_first"})[0][0] == march
    # What is dropped stops nobody.
    assert column(tmp_path, cells, drop=["x"])[1] == "string"


def test_a_comma_that_may_be_a_decimal_one_shows_both_readings(tmp_path):
    lines = ["k;x;Class", *(f"{i};1,23{i % 10};{i % 5 == 0:d}" for i in range(60))]
    path = written(tmp_path, "\n".join(lines))
    with pytest.raises(InputError, match=r"'1,230' is 1230 if .*is '\.', and 1\.230 if it is ','"):
        table(path)
    assert table(path, read={"decimal": ","})["x"][0].as_py() == 1.23
    assert table(path, read={"decimal": "."})["x"][0].as_py() == 1230


def test_one_column_tells_the_decimal_mark_of_another(tmp_path):
    lines = ["u;x;Class", *(f"0,{i}5;1,23{i % 10};{i % 5 == 0:d}" for i in range(60))]
    assert table(written(tmp_path, "\n".join(lines)))["x"][0].as_py() == 1.23
    lines = ["u;x;Class", *(f"0,{i}5;1.23{i % 10};{i % 5 == 0:d}" for i in range(60))]
    assert table(written(tmp_path, "\n".join(lines)))["x"][0].as_py() == 1230
    lines = ["u;x;Class", *(f"0.{i}5;1,23{i % 10};{i % 5 == 0:d}" for i in range(60))]
    assert table(written(tmp_path, "\n".join(lines)))["x"][0].as_py() == 1230


def test_a_word_in_many_rows_of_numbers_makes_text_and_a_line_says_how_to_mend_it(tmp_path):
    cells = [*map(str, range(50)), *["broken"] * 10]
    path = written(tmp_path, with_column(cells))
    found, _ = profiled(path)
    assert found.columns["x"].holds == "text"
    assert found.said[-1] == (
        "column 'x': numbers but for 'broken' in 10 of 60 rows, read as text; data.read.missing: "
        "{'x': ['broken']} makes them numbers with gaps"
    )
    read = {"missing": {"x": ["broken"]}}
    assert column(tmp_path, cells, read=read)[0][-11:] == [49, *[None] * 10]


@pytest.mark.parametrize(
    "cells",
    [
        [*"0123"] * 12 + ["3+"] * 12,  # few numbers: codes
        [*map(str, range(20)), *["a"] * 40],  # mostly text
        [*map(str, range(50)), *"abcd" * 2, "a", "b"],  # many words: codes
    ],
)
def test_codes_among_which_are_numbers_are_text_without_a_word(tmp_path, cells):
    found, _ = profiled(written(tmp_path, with_column(cells)))
    assert found.columns["x"].holds == "text"
    assert not [line for line in found.said if line.startswith("column")]


def test_a_row_of_totals_is_named_as_one(tmp_path):
    content = with_column([*map(str, range(60))]) + "0,0,0,0,0,Total\n"
    with pytest.raises(InputError, match=r"; a row of totals, as 'Total' may be one, must go\.$"):
        table(written(tmp_path, content))


def test_a_stray_word_among_numbers_is_asked_about(tmp_path):
    cells = [*map(str, range(59)), "broken"]
    with pytest.raises(InputError, match=r"numbers but for 'broken' in 1 of 60 rows"):
        column(tmp_path, cells)
    assert column(tmp_path, cells, read={"missing": ["broken"]})[0][-2:] == [58, None]
    assert column(tmp_path, cells, read={"text": ["x"]})[0][-2:] == ["58", "broken"]


def test_marks_of_missing_values_can_be_given_and_taken_back(tmp_path):
    assert column(tmp_path, ["5", "-999", "7"], read={"missing": [-999]})[0] == [5, None, 7]
    assert column(tmp_path, ["5.5", "-999.0"], read={"missing": {"x": [-999]}})[0] == [5.5, None]
    assert column(tmp_path, ["5", "-999"], read={"missing": {"a": [-999]}})[0] == [5, -999]
    assert column(tmp_path, ["None", "garage"])[0] == [None, "garage"]
    assert column(tmp_path, ["None", "garage"], read={"present": ["None"]})[0] == ["None", "garage"]


def test_numbers_and_then_text_far_down_are_text_as_they_stand(tmp_path):
    lines = ["id,Class", *(f"{i:07d},{i % 9 == 0:d}" for i in range(400_000))]
    lines += [f"C{i},1" for i in range(9)]
    found = table(written(tmp_path, "\n".join(lines)))
    assert found["id"].to_pylist()[:2] == ["0000000", "0000001"]
    assert found["id"].to_pylist()[-1] == "C8"


def test_what_was_taken_for_what_comes_back(tmp_path):
    found, _ = profiled(written(tmp_path, with_column(["5", "?", "N/A"])))
    assert found.rows == 60
    assert found.columns["x"].to_dict() == {
        "holds": "number",
        "missing": 40,
        "marks": {"?": 20, "N/A": 20},
        "distinct": 1,
    }
    assert found.labels == {"0": 48, "1": 12}
    assert "CSV: utf-8, separator comma, header in row 1" in found.said
    assert any(line.startswith("taken for missing: '?' (20)") for line in found.said)


# Columns that number the rows


@pytest.mark.parametrize("name", ["", "Unnamed: 0", "rownames"])
def test_a_column_that_numbers_the_rows_is_left_out_with_a_line(tmp_path, name):
    lines = [f"{name},{LINES[0]}", *(f"{i},{line}" for i, line in enumerate(LINES[1:]))]
    found, _ = profiled(written(tmp_path, "\n".join(lines)))
    assert found.left_out == (name or "Unnamed: 0",)
    assert f"left out, as the numbers of rows: {name or 'Unnamed: 0'!r}" in found.said


def test_a_column_without_name_and_value_is_left_out_with_a_line(tmp_path):
    lines = [f",{LINES[0]}", *(f",{line}" for line in LINES[1:])]
    found, _ = profiled(written(tmp_path, "\n".join(lines)))
    assert found.left_out == ("Unnamed: 0",)
    assert "left out, as they have neither name nor value: 'Unnamed: 0'" in found.said
    assert not any("numbers of rows" in line for line in found.said)


@pytest.mark.parametrize("times", [1, 2, 3, 4])
def test_an_index_that_was_written_again_and_again_is_left_out(tmp_path, times):
    """Each time pandas finds a column without a name, and calls it as none is called yet."""
    path = written(tmp_path, "\n".join(LINES))
    for _ in range(times):
        pd.read_csv(path).to_csv(path)
    found, _ = profiled(path)
    assert found.left_out == tuple(name for name in pd.read_csv(path) if "Unnamed" in name)
    assert len(found.left_out) == times


def test_row_names_of_r_are_left_out(tmp_path):
    lines = [LINES[0], *(f"{i + 1},{line}" for i, line in enumerate(LINES[1:]))]
    found, _ = profiled(written(tmp_path, "\n".join(lines)))
    assert found.left_out == ("Unnamed: 0",)
    same_rows(table(written(tmp_path, "\n".join(lines))))


def test_a_column_without_a_name_whose_numbers_repeat_numbers_no_rows(tmp_path):
    found, _ = profiled(written(tmp_path, with_column(["1", "2", "3"], name="")))
    assert found.left_out == ()
    assert "a column without a name is called 'Unnamed: 5'" in found.said


@pytest.mark.parametrize("line", ["---,---,---,---,---", ":--,--:,---,:-:,-", "=,==,=,=,="])
def test_a_line_under_the_header_is_no_row(tmp_path, line):
    found, section = profiled(written(tmp_path, CSV.replace("\n", f"\n{line}\n", 1)))
    assert found.rows == len(ROWS)
    assert "header in row 1, the 1 row below it left out" in found.said[0]
    same_rows(pa.concat_tables(reading.pieces(found, labels.decide(found, section))))


def test_whole_numbers_that_no_double_holds_stay_apart(tmp_path):
    cells = [str(2**60 + i) for i in range(3)]
    assert column(tmp_path, cells) == ([2**60, 2**60 + 1, 2**60 + 2], "int64")
    values, type_ = column(tmp_path, [*cells, "?"])
    assert (values, type_) == ([*cells, None], "string")
    values, type_ = column(tmp_path, [*cells, "-"])
    assert (values, type_) == ([*cells, "-"], "string")


# Folders


def test_tables_of_a_folder_that_are_not_read_are_named(tmp_path):
    (tmp_path / "rows" / "below").mkdir(parents=True)
    ROWS.to_csv(tmp_path / "rows" / "a.csv", index=False)
    for name in ("b.txt", "below/c.csv", "notes.md", ".d.csv"):
        (tmp_path / "rows" / name).write_text("x\n")
    said = sources.profile(data(tmp_path / "rows")).said
    assert said[-1] == (
        "not read, of other names or in folders below: 'b.txt', 'below/c.csv'; see data.pattern"
    )
    (tmp_path / "rows" / "b.txt").unlink()
    (tmp_path / "rows" / "a.csv").rename(tmp_path / "rows" / "a.data")
    (tmp_path / "rows" / "below" / "c.csv").unlink()
    found = sources.profile(data(tmp_path / "rows"))
    assert found.rows == len(ROWS)
    assert not any("not read" in line for line in found.said)


def test_parts_may_have_their_columns_in_any_order_and_one_type_over_all(tmp_path):
    first = ROWS.assign(n=range(60), t="5")
    second = ROWS.assign(n=np.arange(60) / 2, t="C5")[["n", "t", "Class", *"dcba"]]
    (tmp_path / "rows").mkdir()
    first.to_csv(tmp_path / "rows" / "a.csv", index=False)
    second.to_csv(tmp_path / "rows" / "b.csv", index=False)
    (tmp_path / "rows" / "c.csv").write_text("Class,a,b,c,d,n,t\n")
    (tmp_path / "rows" / "d.csv").write_text("")
    for hidden in ("._a.csv", "_SUCCESS", "_tmp.csv", ".hidden.csv"):
        (tmp_path / "rows" / hidden).write_bytes(b"\0\1")
    checkpoints = tmp_path / "rows" / ".ipynb_checkpoints"
    checkpoints.mkdir()
    (checkpoints / "a-checkpoint.csv").write_text(CSV)
    found = table(tmp_path / "rows", pattern="**/*.csv")
    assert found.num_rows == 120
    assert found["n"].to_pylist() == [*map(float, range(60)), *(np.arange(60) / 2)]
    assert found["t"].to_pylist() == ["5"] * 60 + ["C5"] * 60
    assert found["a"].to_pylist() == ROWS["a"].tolist() * 2


def test_parts_of_other_columns_are_refused_with_the_difference(tmp_path):
    ROWS.to_csv(tmp_path / "a.csv", index=False)
    ROWS.rename(columns={"a": "z"}).to_csv(tmp_path / "b.csv", index=False)
    with pytest.raises(InputError, match=r"it lacks 'a' and has 'z'"):
        table(tmp_path)


@pytest.mark.parametrize("end", ["parquet", "csv"])
def test_folders_of_partitions_are_columns(tmp_path, end):
    for year in (2023, 2024):
        folder = tmp_path / f"year={year}" / "month=a%20b"
        folder.mkdir(parents=True)
        if end == "csv":
            ROWS.to_csv(folder / "part-0.csv", index=False)
        else:
            ROWS.to_parquet(folder / "part-0.parquet")
    found = table(tmp_path)
    assert found["year"].to_pylist() == [2023] * 60 + [2024] * 60
    assert set(found["month"].to_pylist()) == {"a b"}


def test_a_folder_of_both_formats_asks_which(tmp_path):
    ROWS.to_csv(tmp_path / "a.csv", index=False)
    ROWS.to_parquet(tmp_path / "b.parquet")
    with pytest.raises(InputError, match=r"must hold CSV or Parquet files, got both"):
        table(tmp_path)
    same_rows(table(tmp_path, pattern="*.csv"))


# Parquet


def parquet(tmp_path, **columns):
    path = tmp_path / "t.parquet"
    rows = pa.Table.from_pandas(ROWS, preserve_index=False)
    for name, values in columns.items():
        rows = rows.append_column(name, values)
    pq.write_table(rows, path)
    return path


def repeated(values, type_=None):
    return pa.array((values * 60)[:60], type_)


@pytest.mark.parametrize(
    ("values", "type_", "expected", "kind"),
    [
        ([Decimal("1.25"), None], pa.decimal128(5, 2), [1.25, None], "double"),
        ([Decimal(7), Decimal(8)], pa.decimal128(9, 0), [7, 8], "int64"),
        ([b"red", b"blue"], pa.binary(), ["red", "blue"], "string"),
        (["5", "?", "7.5"], pa.string(), [5, None, 7.5], "double"),
        (["0012", "0013"], pa.large_string(), [12, 13], "int64"),
        ([True, None], pa.bool_(), [True, None], "bool"),
        ([1, None], pa.int32(), [1, None], "int32"),
        ([1.5, float("nan")], pa.float32(), [1.5, None], "float"),
        ([datetime.time(1, 0), datetime.time(0, 1)], pa.time64("us"), [3600, 60], "double"),
        ([datetime.timedelta(hours=1)], pa.duration("ms"), [3600], "double"),
        ([datetime.date(9999, 12, 31)], pa.date32(), [datetime.date(9999, 12, 31)], "date32[day]"),
        ([None, None], pa.null(), [None, None], "double"),
    ],
)
def test_types_of_warehouses_are_read(tmp_path, values, type_, expected, kind):
    found = table(parquet(tmp_path, x=repeated(values, type_)))["x"]
    assert found.to_pylist()[: len(expected)] == expected
    assert str(found.type) == kind


def test_categories_stay_categories(tmp_path):
    found = table(parquet(tmp_path, x=repeated(["u", None, "v"]).dictionary_encode()))["x"]
    assert pa.types.is_dictionary(found.type)
    assert found.to_pylist()[:3] == ["u", None, "v"]


def test_lists_are_refused_by_name_unless_dropped(tmp_path):
    path = parquet(tmp_path, x=repeated([[1, 2], [3]]))
    with pytest.raises(InputError, match=r"lists, structures or the like, .*'x'; name them in"):
        table(path)
    assert "x" not in table(path, drop=["x"]).column_names


def test_bytes_that_are_no_text_are_refused_by_name(tmp_path):
    with pytest.raises(InputError, match="in column 'x' that are no string"):
        table(parquet(tmp_path, x=repeated([b"\xff\xfe"])))


def test_the_index_of_pandas_is_a_column_where_it_has_a_name(tmp_path):
    path = tmp_path / "t.parquet"
    days = pd.date_range("2023-01-01", periods=60, name="when")
    ROWS.set_index(days).to_parquet(path)
    assert str(table(path)["when"].type).startswith("timestamp")
    ROWS.set_index(pd.Index([7, *range(59)])).to_parquet(path)
    assert profiled(path)[0].left_out == ("__index_level_0__",)
    ROWS.set_index(pd.RangeIndex(5, 65, name="customer")).to_parquet(path)
    assert any("'customer'" in line for line in profiled(path)[0].said)


@pytest.mark.parametrize(
    ("levels", "names"),
    [
        ([("x", "a"), ("x", "b"), ("y", "Class")], ["a", "b", "Class"]),
        ([("x", "a"), ("y", "a"), ("", "Class")], ["x.a", "y.a", "Class"]),
    ],
)
def test_columns_of_two_levels_have_names_of_one(tmp_path, levels, names):
    rows = ROWS[["a", "b", "Class"]].set_axis(pd.MultiIndex.from_tuples(levels), axis=1)
    rows.to_parquet(tmp_path / "t.parquet")
    assert table(tmp_path / "t.parquet").column_names == names


# Files larger than memory


def test_a_large_file_is_read_twice_and_written_in_pieces(tmp_path, monkeypatch):
    path = written(tmp_path, with_column(["5", "?", "7"]))
    whole = table(path)
    monkeypatch.setattr(reading, "HELD", 0)
    monkeypatch.setattr(reading, "WRITTEN", 0)
    monkeypatch.setattr(reading.layout.delimited, "BLOCK", 500)
    found, section = profiled(path)
    answer = labels.decide(found, section)
    pieces = list(reading.pieces(found, answer))
    assert len(pieces) > 3
    assert pa.concat_tables(pieces).to_pylist() == whole.to_pylist()


class Counted(io.FileIO):
    """A file that counts the bytes read from it."""

    bytes = 0

    def read(self, size=-1):
        part = super().read(size)
        self.bytes += len(part)
        return part


def test_a_group_of_rows_as_large_as_the_file_is_read_a_page_at_a_time(tmp_path):
    path, names = tmp_path / "t.parquet", [f"x{i}" for i in range(8)]
    values = np.random.default_rng(0).normal(size=1_000_000)
    pq.write_table(pa.table(dict.fromkeys(names, values)), path, use_dictionary=False)
    assert pq.read_metadata(path).num_row_groups == 1
    file = Counted(path)
    rows = batches(SimpleNamespace(open=lambda mode: file), names)
    first = next(rows).num_rows
    # Of each column's 8 MB no more than its first pages.
    assert file.bytes < path.stat().st_size / 3
    assert first + sum(batch.num_rows for batch in rows) == len(values)


def test_rows_without_a_label_are_left_out_after_their_number_was_said(tmp_path):
    content = CSV + "1,2,3,4,\n1,2,3,4, \n"
    with pytest.raises(InputError, match=r"got 2 rows without; write data\.unlabelled: drop"):
        table(written(tmp_path, content))
    same_rows(table(written(tmp_path, content), unlabelled="drop"))


def test_a_folder_that_cannot_be_listed_is_refused_and_not_passed_over(tmp_path, monkeypatch):
    """A glob says nothing of it: its rows would be missing without a word."""
    for name in ("a", "b", "year=2023"):
        (tmp_path / name).mkdir()
        frame(20, 4).to_csv(tmp_path / name / "rows.csv", index=False)
    scan, shut = os.scandir, ["/b"]

    def refusing(folder):
        if str(folder).endswith(shut[0]):
            raise PermissionError(13, "Permission denied", str(folder))
        return scan(folder)

    monkeypatch.setattr(os, "scandir", refusing)
    for shut[0], pattern in (("/b", "**/*.csv"), ("/year=2023", "*"), (str(tmp_path), "*")):
        with pytest.raises(PermissionError):
            matching(tmp_path, pattern)
    shut[0] = "/b"  # which "*" does not look into
    assert [part.path.parent.name for part in matching(tmp_path, "*")] == ["year=2023"]


@pytest.mark.parametrize(
    ("values", "said"),
    [
        ([f"{number} km" for number in range(20)], "numbers with 'km' around them, as '0 km'"),
        ([f"<{number}" for number in range(20)], "numbers with '<' around them, as '<0'"),
        ([f"{number}{'kM'[number % 2]}" for number in range(20)], "numbers with 'M', 'k' around"),
        ([f"{number}{'ABCDE'[number % 5]}" for number in range(20)], None),  # codes
        ([f"{number} km" for number in range(10)], None),  # categories
        ([f"{number}{letter}" for number in range(10) for letter in "AB"], None),  # codes
        ([f"{number}{letter}" for number in range(9) for letter in "abc"], None),
        ([f"{number}{letter}" for number in range(10) for letter in "KM"], "with 'K', 'M' around"),
        ([f"{number}{unit}" for number in range(10) for unit in ("m", "km")], "with 'km', 'm' a"),
        ([f"{number}-{number + 5}" for number in range(20)], None),
        ([f"€{number}.5{'KM'[number % 2]}" for number in range(20)], "with 'K', 'M' around"),
    ],
)
def test_numbers_with_a_unit_are_text_and_a_line_says_so(tmp_path, values, said):
    content = "x,Class\n" + "".join(f"{value},{i % 2}\n" for i, value in enumerate(values))
    found, _ = profiled(written(tmp_path, content))
    lines = [line for line in found.said if "around them" in line]
    assert len(lines) == (said is not None)
    assert all(said in line and line.endswith("read as text") for line in lines)


@pytest.mark.parametrize(
    ("values", "seconds"),
    [
        (["14:05", "9:30"], [50_700, 34_200]),
        (["1:02:03", "101:00:59.5"], [3723, 363_659.5]),
        (["2:05 PM", "12:30 am"], [50_700, 1800]),
        (["14:05", "-", "0:00"], [50_700, None, 0]),
        (["1 days 00:05:00", "-1 days +23:59:59.5", "00:00:07"], [86_700, -0.5, 7]),
    ],
)
def test_times_are_numbers_of_seconds_and_a_line_says_so(tmp_path, values, seconds):
    path = written(tmp_path, with_column(values))
    found, _ = profiled(path)
    assert f"column 'x': times, as {values[0]!r}, read as seconds" in found.said
    assert table(path)["x"].to_pylist()[: len(values)] == seconds
    assert set(table(path, read={"text": ["x"]})["x"].to_pylist()) <= {*values, None}


@pytest.mark.parametrize(
    ("values", "shown"),
    [(["59:10", "1:02:03"], "59:10"), (["1:2", "14:05"], ""), (["14:05", "noon"], "")],
)
def test_times_in_two_forms_are_text_and_a_line_says_so(tmp_path, values, shown):
    path = written(tmp_path, with_column(values))
    assert set(table(path)["x"].to_pylist()) == {*values}
    found, _ = profiled(path)
    assert [line for line in found.said if line.startswith("column 'x'")] == [
        f"column 'x': times, as '{shown}', but not all in one form, read as text; in one form, or "
        "as numbers, they would have an order"
    ] * bool(shown)


def test_numbers_in_other_digits_are_text_and_a_line_says_so(tmp_path):
    path = written(tmp_path, with_column(["\u0661\u0662", "7", ""]))
    assert profiled(path)[0].said[-1] == (
        "column 'x': numbers in other digits than 0 to 9, as '\u0661\u0662', read as text"
    )
    assert table(path)["x"].to_pylist()[:3] == ["\u0661\u0662", "7", None]


@pytest.mark.parametrize(
    ("values", "code"), [(["7", "12E4"], "12E4"), (["7", "12e4", "1.2E4"], "")]
)
def test_codes_that_are_numbers_as_well_get_a_line(tmp_path, values, code):
    path = written(tmp_path, with_column(values))
    assert table(path)["x"].to_pylist()[:2] == [7, 120_000]
    said = f"column 'x': read as numbers, though {code!r} may be a code; data.read.text: [x] keeps"
    assert any(line.startswith(said) for line in profiled(path)[0].said) == bool(code)


@pytest.mark.parametrize("cell", ["\u00b2", "\u2460", "9" * 5000])
@pytest.mark.parametrize("head", ["k,x,Class\n", ""])
def test_digits_that_are_no_number_of_a_row_stop_nothing(tmp_path, cell, head):
    """Signs of footnotes, and codes of thousands of digits, which int() refuses."""
    lines = (f"{cell}{n % 3 or ''},{n / 2},{n % 5 == 0:d}\n" for n in range(60))
    path = written(tmp_path, head + "".join(lines))
    read = table(path, target="Class" if head else "2")
    assert read["k" if head else "0"].to_pylist()[:4] == [cell, f"{cell}1", f"{cell}2", cell]


def test_row_names_may_end_in_digits_that_are_no_number(tmp_path):
    lines = (f"{n}\u00b2,{n},{n % 5 == 0:d}\n" for n in range(60))
    read = table(written(tmp_path, "x,Class\n" + "".join(lines)))
    assert read["Unnamed: 0"].to_pylist()[:2] == ["0\u00b2", "1\u00b2"]


@pytest.mark.parametrize(("separator", "shown"), [("^", "'^'"), ("::", "':'"), ("\x1f", r"'\037'")])
def test_a_separator_that_is_none_is_named(tmp_path, separator, shown):
    rows = [("a", "k.1", "Class"), *((f"{n}.5", "x-y", f"{n % 5 == 0:d}") for n in range(60))]
    path = written(tmp_path, "\n".join(map(separator.join, rows)))
    with pytest.raises(InputError, match=re.escape(f'as "tr {shown} ')):
        table(path)


@pytest.mark.parametrize("rows", [["a.1", "b.2", "c.3"], ["one two"] * 9, ["a^b", "c", "d^"]])
def test_a_mark_that_stands_in_no_row_as_often_as_in_the_others_is_no_separator(tmp_path, rows):
    with pytest.raises(InputError) as raised:
        table(written(tmp_path, "\n".join(rows)))
    assert "tr " not in str(raised.value)


@pytest.mark.parametrize(
    ("first", "other", "target"),
    [
        ("a,b,Class\n", "b,Class,a\n", "Class"),
        ("Title\na,b,Class\n", "Title of May\nb,Class,a\n", "Class"),
        ("a,b,Class\n---,---,---\n", "b,Class,a\n---,---,---\n", "Class"),
        ("a,b,Class,\n", "b,Class,a,\n", "Class"),
        ("Title\n", "Another title\n", "2"),
    ],
)
def test_a_part_is_read_below_its_own_header_and_what_stands_above(tmp_path, first, other, target):
    """The first part is the largest, by which the others are read."""
    for name, head, rows in (("1", first, range(90)), ("2", other, range(90, 120))):
        cells = [(f"{n}.5", str(n % 3), f"{n % 5 == 0:d}") for n in rows]
        order = (1, 2, 0) if "b,Class,a" in head else (0, 1, 2)
        lines = (",".join(row[i] for i in order) + "," * head.endswith(",\n") for row in cells)
        written(tmp_path, head + "\n".join(lines) + "\n", f"part-{name}.csv")
    read = table(tmp_path, target=target)
    first_column, label = read.column(0).to_pylist(), read[target].to_pylist()
    assert first_column == [n + 0.5 for n in range(120)]
    assert label == [int(n % 5 == 0) for n in range(120)]


@pytest.mark.parametrize(
    ("other", "said"),
    [
        ("a,b\n1,0\n", r"it lacks 'Class': mend it"),
        ("a,b,Class,x\n1,0,1,2\n", r"it has 'x': mend it"),
        ("a,a,Class\n1,0,1\n", r"it lacks 'b': mend it"),
        ("a,b,b,Class\n1,0,1,1\n", r"it has some twice: mend it"),
    ],
)
def test_a_part_with_other_names_says_which(tmp_path, other, said):
    rows = "".join(f"{n}.5,{n % 3},{n % 5 == 0:d}\n" for n in range(60))
    written(tmp_path, "a,b,Class\n" + rows, "1.csv")
    written(tmp_path, other, "2.csv")
    with pytest.raises(InputError, match=said):
        table(tmp_path)
