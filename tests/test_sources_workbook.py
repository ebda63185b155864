"""Workbooks: a sheet is read as the CSV that it would be saved as."""

import datetime
import sys
from xml.sax.saxutils import escape

import numpy as np
import pandas as pd
import pyarrow as pa
import pytest

from rebalance import sources
from rebalance.cli import setup
from rebalance.errors import InputError
from rebalance.sources import workbook
from tests.strategies import frame
from tests.test_sources_reading import data, written, zipped_files

ROWS = frame(60, 12).round(3)
DAY = datetime.date(1899, 12, 30)
MAIN = 'xmlns="http://schemas.openxmlformats.org/spreadsheetml/2006/main"'
OFFICE = "http://schemas.openxmlformats.org/officeDocument/2006/relationships"
PACKAGE = "http://schemas.openxmlformats.org/package/2006"


def cell(value):
    """Return a cell as Excel writes it: dates are numbers with a style."""
    if isinstance(value, bool):
        return f'<c t="b"><v>{int(value)}</v></c>'
    if isinstance(value, datetime.date):
        return f'<c s="1"><v>{(value - DAY).days}</v></c>'
    if isinstance(value, str):
        return f'<c t="inlineStr"><is><t xml:space="preserve">{escape(value)}</t></is></c>'
    return "<c/>" if value is None else f"<c><v>{value!r}</v></c>"


def sheet(rows):
    lines = "".join(f"<row>{''.join(map(cell, row))}</row>" for row in rows)
    return f"<worksheet {MAIN}><sheetData>{lines}</sheetData></worksheet>"


def book(path, sheets, hidden=()):
    """Write a workbook of Excel: the rows of each sheet by its name."""
    listed, related, kinds, files = "", "", "", {}
    for number, (name, rows) in enumerate(sheets.items(), start=1):
        state = ' state="hidden"' * (name in hidden)
        listed += f'<sheet name="{name}" sheetId="{number}" r:id="r{number}"{state}/>'
        place = f"worksheets/sheet{number}.xml"
        related += f'<Relationship Id="r{number}" Type="{OFFICE}/worksheet" Target="{place}"/>'
        kinds += (
            f'<Override PartName="/xl/{place}" ContentType="application/vnd.openxmlformats-'
            'officedocument.spreadsheetml.worksheet+xml"/>'
        )
        files[f"xl/{place}"] = sheet(rows)
    files["xl/workbook.xml"] = (
        f'<workbook {MAIN} xmlns:r="{OFFICE}"><sheets>{listed}</sheets></workbook>'
    )
    files["xl/_rels/workbook.xml.rels"] = (
        f'<Relationships xmlns="{PACKAGE}/relationships">{related}'
        f'<Relationship Id="s" Type="{OFFICE}/styles" Target="styles.xml"/></Relationships>'
    )
    files["xl/styles.xml"] = (
        f'<styleSheet {MAIN}><cellXfs count="2"><xf numFmtId="0"/><xf numFmtId="14"/></cellXfs>'
        "</styleSheet>"
    )
    files["[Content_Types].xml"] = f'<Types xmlns="{PACKAGE}/content-types">{kinds}</Types>'
    files["_rels/.rels"] = (
        f'<Relationships xmlns="{PACKAGE}/relationships"><Relationship Id="w" '
        f'Type="{OFFICE}/officeDocument" Target="xl/workbook.xml"/></Relationships>'
    )
    return written(path, zipped_files(files), "t.xlsx")


def table(**columns):
    """Return the rows as a sheet has them, the header first, with more columns."""
    rows = ROWS.assign(**columns).astype(object)
    rows = rows.where(rows.notna(), None)
    return [list(rows), *(list(row) for row in rows.itertuples(index=False, name=None))]


def plain(rows):
    return [[each.item() if hasattr(each, "item") else each for each in row] for row in rows]


def read(path, **changes):
    section = data(path, **changes)
    profiled = sources.profile(section)
    return pa.concat_tables(sources.pieces(section, profiled)), profiled


def test_the_first_sheet_is_read_with_the_types_of_its_cells(tmp_path):
    days = [datetime.date(2023, 1, 1) + datetime.timedelta(int(i)) for i in range(60)]
    columns = {
        "n": [None, *range(59)],
        "ok": [True, False] * 30,
        "text": ['a, "b"', "c\n;d"] * 30,
        "day": days,
    }
    above = [["A report", None], [None, None]]
    sheets = {"rows": [*above, *plain(table(**columns))], "notes": [["x"]], "old": [["y"]]}
    found, profiled = read(book(tmp_path, sheets, hidden=["old"]))
    assert profiled.said[0] == "workbook, sheet 'rows'; not read: 'notes', header in row 2"
    pd.testing.assert_frame_equal(found.to_pandas()[list(ROWS)], ROWS, check_dtype=False)
    assert found["n"].to_pylist() == [None, *range(59)]
    assert found["ok"].to_pylist() == columns["ok"]
    assert found["text"].to_pylist() == columns["text"]
    assert [moment.date() for moment in found["day"].to_pylist()] == days


@pytest.mark.parametrize(
    ("notes", "said"),
    [
        ([["see below"]], "has no rows below its first line, 'see below'"),
        ([["a", "b"], [1, 2]], "--target 'Class' is no column; the columns are 'a', 'b'"),
    ],
)
def test_where_the_first_sheet_is_not_the_table_the_others_are_named(tmp_path, notes, said):
    path = book(tmp_path, {"notes": notes, "rows": plain(table())})
    with pytest.raises(InputError) as refused:
        setup.profile(str(path), "Class")
    assert said in str(refused.value)
    assert str(refused.value).endswith(
        "; it is a workbook, sheet 'notes'; not read: 'rows': data.read.sheet names another."
    )
    assert setup.profile(str(path), "Class", {"sheet": "rows"}).rows == 60


def test_labels_and_whole_numbers_have_no_point(tmp_path):
    rows = plain(table(Class=np.where(ROWS["Class"], 2.0, 1.0), code=[2.0**60] * 60))
    found, profiled = read(book(tmp_path, {"s": rows}), positive=2)
    assert profiled.labels == {"1": 48, "2": 12}
    assert found["Class"].to_pylist() == ROWS["Class"].tolist()
    assert found["code"].to_pylist()[0] == 2**60


def test_another_sheet_can_be_named(tmp_path):
    path = book(tmp_path, {"notes": [["x"]], "rows": plain(table())})
    found, profiled = read(path, read={"sheet": "rows"})
    assert found.num_rows == 60
    assert profiled.said[0].startswith("workbook, sheet 'rows'; not read: 'notes'")
    with pytest.raises(InputError, match=r"data\.read\.sheet 'row' is no sheet of .*'notes', 'r"):
        read(path, read={"sheet": "row"})
    with pytest.raises(InputError, match=r"data\.read\.sheet names 'rows', and .* is no workbook"):
        read(written(tmp_path, ROWS.to_csv(index=False)), read={"sheet": "rows"})


def test_without_the_extra_one_line_says_what_to_install(tmp_path, monkeypatch):
    path = book(tmp_path, {"rows": plain(table())})
    monkeypatch.setitem(sys.modules, "python_calamine", None)
    workbook._read.cache_clear()
    with pytest.raises(InputError, match=r"t\.xlsx is a workbook: pip install 'rebalance\[xlsx\]'"):
        read(path)


def test_a_workbook_of_open_document_is_read(tmp_path):
    def cells(row):
        texts = (f"<text:p>{escape(str(each))}</text:p>" for each in row)
        return "".join(
            f'<table:table-cell office:value-type="string">{text}</table:table-cell>'
            for text in texts
        )

    lines = "".join(f"<table:table-row>{cells(row)}</table:table-row>" for row in table())
    office = "urn:oasis:names:tc:opendocument:xmlns"
    content = (
        f'<office:document-content xmlns:office="{office}:office:1.0" '
        f'xmlns:table="{office}:table:1.0" xmlns:text="{office}:text:1.0"><office:body>'
        f'<office:spreadsheet><table:table table:name="one">{lines}</table:table>'
        "</office:spreadsheet></office:body></office:document-content>"
    )
    kind = "application/vnd.oasis.opendocument.spreadsheet"
    manifest = (
        f'<manifest:manifest xmlns:manifest="{office}:manifest:1.0">'
        f'<manifest:file-entry manifest:full-path="/" manifest:media-type="{kind}"/>'
        "</manifest:manifest>"
    )
    files = {"mimetype": kind, "content.xml": content, "META-INF/manifest.xml": manifest}
    found, _ = read(written(tmp_path, zipped_files(files), "t.ods"))
    pd.testing.assert_frame_equal(found.to_pandas()[list(ROWS)], ROWS, check_dtype=False)
