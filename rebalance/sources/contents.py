"""Tell what a file holds by its first bytes, and open its text, decompressed."""

import bz2
import gzip
import lzma
import re
import zipfile
import zlib
from contextlib import contextmanager, nullcontext

from rebalance.errors import InputError, one_line
from rebalance.sources import workbook

PARQUET = b"PAR1"
SAMPLE = 256 * 1024
SAVE = "save the table as CSV or Parquet"
ZIP, GZIP, XZ, ZSTD = b"PK\x03\x04", b"\x1f\x8b", b"\xfd7zXZ\x00", b"\x28\xb5\x2f\xfd"
BZIP2, BLOCK = b"BZh", b"1AY&SY"
# First bytes of files that hold no table of text, their format, and what to do.
FOREIGN = (
    (b"\x89HDF\r\n", "an HDF5 file", SAVE),
    (b"ARROW1", "an Arrow (Feather) file", "save the table as Parquet"),
    (b"ORC", "an ORC file", "save the table as Parquet"),
    (b"SQLite format 3", "an SQLite database", SAVE),
    (PARQUET, "Parquet in a compressed file", "unpack it: Parquet is compressed in itself"),
    (b"<stata_dta>", "a Stata file", SAVE),
    (b"Obj\x01", "an Avro file", "save the table as Parquet"),
    (b"\x80\x02", "a Python pickle", "save the table as Parquet"),
    (b"\x80\x03", "a Python pickle", "save the table as Parquet"),
    (b"\x80\x04\x95", "a Python pickle", "save the table as Parquet"),
    (b"\x80\x05\x95", "a Python pickle", "save the table as Parquet"),
    (b"\x93NUMPY", "a NumPy array", SAVE),
    (b"MATLAB ", "a MATLAB file", SAVE),
    (b"RDX", "a file of R", SAVE),
    (b"RDA", "a file of R", SAVE),
    (b"X\n\0\0\0", "a file of R", SAVE),
    (b"$FL2", "an SPSS file", SAVE),
    (b"$FL3", "an SPSS file", SAVE),
    (bytes(12) + b"\xc2\xea\x81\x60", "a SAS file", SAVE),
    (b"\0\1\0\0Standard ", "an Access database", SAVE),
    (b"\x89PNG", "a picture", SAVE),
    (b"\xff\xd8\xff", "a picture", SAVE),
    (GZIP, "a compressed file in a compressed file", "unpack it"),
    (ZIP, "an archive in a compressed file", "unpack it"),
    (b"PK\x05\x06", "an archive without files", "fetch it again"),
    (b"7z\xbc\xaf\x27\x1c", "a 7z archive", "unpack it"),
    (b"Rar!\x1a\x07", "a RAR archive", "unpack it"),
)
# The same of what is text as well.
OF_TEXT = (
    (b"version https://git-lfs.github.com/spec", "a Git LFS pointer", "run 'git lfs pull'"),
    (b"%pdf-1.", "a PDF", SAVE),
    (b"header record*******", "a SAS transport file", SAVE),
)
# What lies in an archive that is the file of a program, by the end of its name.
PROGRAMS = (
    (".npy", "NumPy arrays", SAVE),
    (".iwa", "a document of Apple's", SAVE),
    ("[Content_Types].xml", "a document of an office program, and no workbook", SAVE),
)
TEXT = re.compile(r"\.(csv|tsv|tab)$", re.IGNORECASE)
ANY_CASE = re.IGNORECASE | re.DOTALL
# By what follows the first bytes, of files that are no text: the version of Stata's format and an
# order of bytes; dBase's, and a day.
FORMS = (
    (re.compile(rb"[\x69-\x73][\x01\x02]\x01\x00"), "a Stata file", SAVE),
    (re.compile(rb"[\x03\x83\x8b].[\x01-\x0c][\x01-\x1f]", re.DOTALL), "a dBase file", SAVE),
)
FORMS_OF_TEXT = (
    (re.compile(rb"(%[^\n]*\n|\s)*@relation\s", ANY_CASE), "an ARFF file", SAVE),
    (re.compile(rb"[-+\d.]+( \d+:[-+\d.eE]+)+ *\r?\n"), "a sparse (LIBSVM) file", SAVE),
    (
        re.compile(rb"([\w.]+:[^\n]*\n(- [^\n]*\n)?)*?outs:\r?\n- "),
        "a pointer of DVC's",
        "name the file that it stands for, which 'dvc pull' fetches",
    ),
    (
        re.compile(
            rb"(?:--[^\n]*\n|/\*(?:(?!\*/).)*\*/;?|\s)*+(?:create\s+table|insert\s+into|drop\s+table)\s",
            ANY_CASE,
        ),
        "a file of SQL",
        SAVE,
    ),
)
# What begins as XML does, or with a comment, and the name of its first element.
XML = re.compile(
    rb"(?:<\?xml[^>]*>|<!--.*?-->)(?:\s|<!--.*?-->|<\?.*?\?>)*<(?:!doctype\s+)?([a-z_][\w:.-]*)",
    re.IGNORECASE | re.DOTALL,
)
OF_A_PAGE = {b"html", b"head", b"body", b"table", b"script", b"svg", b"title", b"meta", b"div"}
MARKUP = (
    b"<!doctype", b"<!--", b"<html", b"<head", b"<body", b"<table", b"<?xml", b"<script", b"<svg",
)  # fmt: skip
BROKEN = (OSError, EOFError, zlib.error, lzma.LZMAError, zipfile.BadZipFile)


def is_parquet(path):
    """Say whether a file is Parquet; `InputError` where it begins as one and is cut off."""
    with path.open("rb") as file:
        head = file.read(512)
        if not head.startswith(PARQUET):
            return False
        file.seek(0, 2)
        size = file.tell()
        file.seek(max(0, size - 4))
        if file.read(4) == PARQUET and size > 8:
            return True
    if _is_text(head):
        return False
    raise InputError(
        f"{path} cannot be read as Parquet: it begins as one and does not end as one; the "
        "download was cut off: fetch it again."
    )


def is_plain(path):
    """Say whether a file is text as it stands: not Parquet, no workbook, not compressed."""
    with path.open("rb") as file:
        head = file.read(16)
    if head.startswith((ZIP, GZIP, XZ, ZSTD, workbook.OLD)):
        return False
    return not (head.startswith(BZIP2) and head[4:10] == BLOCK) and not is_parquet(path)


def _is_text(head):
    return not any(byte < 9 or 13 < byte < 32 for byte in head)


@contextmanager
def opened(path, sheet=""):
    """Open the text of a file, decompressed, or of a workbook's sheet, for reading bytes.

    Raises
    ------
    InputError
        Where the file is no text, or damaged.
    """
    try:
        with path.open("rb") as file:
            head = file.read(16)
            if head.startswith(ZIP) and not zipfile.is_zipfile(file):
                raise InputError(
                    f"{path} cannot be read as CSV: it begins as a zip archive, which an Excel "
                    "workbook is as well, and does not end as one; fetch it again, or save the "
                    "sheet as CSV."
                )
            file.seek(0)
            is_workbook = workbook.is_workbook(path)
            with (
                workbook.opened(path, sheet) if is_workbook else _decompressed(path, file, head)
            ) as stream:
                yield stream
    except BROKEN as error:
        reason = one_line(error) or type(error).__name__
        raise InputError(
            f"{path} cannot be read as CSV: {reason}; it is damaged or was cut off: fetch it again."
        ) from error


def _decompressed(path, file, head):
    if head.startswith(ZIP):
        return _member(path, file)
    if head.startswith(GZIP):
        return gzip.open(file)
    if head.startswith(BZIP2) and head[4:10] == BLOCK:
        return bz2.open(file)
    if head.startswith(XZ):
        return lzma.open(file)
    if head.startswith(ZSTD):
        import pyarrow as pa

        return pa.CompressedInputStream(file, "zstd")
    return nullcontext(file)


@contextmanager
def _member(path, file):
    """Open the one table in a zip archive; what macOS adds to one is no table."""
    with zipfile.ZipFile(file) as archive:
        names = [name for name in archive.namelist() if not name.endswith("/")]
        tables = [
            name
            for name in names
            if not any(part.startswith((".", "__MACOSX")) for part in name.split("/"))
        ]
        if len(tables) > 1:
            # What explains a table lies beside it: a README, a licence.
            tables = [name for name in tables if TEXT.search(name)] or tables
        for end, what, todo in PROGRAMS:
            if any(name.endswith(end) for name in tables):
                raise InputError(f"{path} is {what}, not CSV or Parquet; {todo}.")
        if len(tables) != 1:
            raise InputError(
                f"{path} must hold one file, got {len(tables)}{': ' * bool(tables)}"
                f"{', '.join(tables[:10])}; unpack it and name the file or the folder in data.path."
            )
        try:
            with archive.open(tables[0]) as stream:
                yield stream
        except (RuntimeError, NotImplementedError) as error:
            raise InputError(f"{path} cannot be unpacked: {one_line(error)}; unpack it.") from error


def sample(path, sheet=""):
    """Return the first bytes of a file's text, and whether they are all of it.

    Raises
    ------
    InputError
        Where the file is empty or no text: a web page, a pointer, a workbook.
    """
    with opened(path, sheet) as stream:
        head = stream.read(SAMPLE)
        whole = not stream.read(1)
    _refuse_foreign(path, head)
    return head, whole


def _refuse_foreign(path, head):
    shown = head.removeprefix(b"\xef\xbb\xbf").lstrip()
    if not shown:
        raise InputError(f"{path} cannot be read as CSV: it is empty.")
    # A header may begin with the same letters; the text below it tells.
    known = OF_TEXT if _is_text(shown[:512]) else FOREIGN
    for magic, what, todo in known:
        if shown[: len(magic)].lower() == magic.lower():
            raise InputError(f"{path} is {what}, not CSV or Parquet; {todo}.")
    for form, what, todo in FORMS_OF_TEXT if _is_text(shown[:512]) else FORMS:
        if form.match(shown):
            raise InputError(f"{path} is {what}, not CSV or Parquet; {todo}.")
    if head[257:262] == b"ustar":
        raise InputError(f"{path} is a tar archive, not CSV or Parquet; unpack it.")
    if (xml := XML.match(shown[:4096])) and xml[1].lower() not in OF_A_PAGE:
        raise InputError(f"{path} is XML, not CSV or Parquet; {SAVE}.")
    if shown[:512].lower().startswith(MARKUP):
        own = "if it shows the rows, open it in a spreadsheet and save the sheet as CSV; if not, "
        raise InputError(
            f"{path} is a web page, not CSV; {own * (b'<table' in shown.lower())}its address asks "
            "for a log-in or leads to a page about the file: download the file itself."
        )
    if shown[:1] in b"{[" and b'":' in shown[:4096]:
        raise InputError(f"{path} is JSON, not CSV; {SAVE}.")
    if not head.strip(b"\0"):
        raise InputError(
            f"{path} cannot be read as CSV: it begins with {len(head):,} zero bytes; the file was "
            "reserved and never written: fetch it again."
        )
