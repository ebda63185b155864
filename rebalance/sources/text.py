"""Decode a table's text: which encoding it is in, and its bytes as UTF-8."""

import codecs
import re
from functools import cache

from rebalance.errors import InputError

MARKS = (
    (codecs.BOM_UTF8, "utf-8-sig"),
    (codecs.BOM_UTF32_LE, "utf-32"),
    (codecs.BOM_UTF32_BE, "utf-32"),
    (codecs.BOM_UTF16_LE, "utf-16"),
    (codecs.BOM_UTF16_BE, "utf-16"),
)
WORD = re.compile(r"[^\W\d_]*[^\x00-\x7f][^\x00-\x7f\w]*[^\W\d_]*")
# Characters of Western European text other than letters.
SIGNS = set("€°ºª«»“”„‘’‚–—…·•£¥§©®™±²³µ¼½¾¿¡´`¨×÷ \xa0")  # noqa: RUF001
# What cp1252 makes of letters of other encodings: signs between letters and capitals after small
# letters in Polish, Czech ì and Hungarian õ where Italian and Portuguese have none, and letters of
# Icelandic, of which Turkish text is full.
MISPLACED = re.compile(
    r"[^\W\d_][£¥§©®±²³¹µ¼½¾¿¡¨÷][^\W\d_]|[£¥¯][^\W\d_]|(?<=[a-zà-ÿ])[À-ÖØ-ÝŸŠŽ]"
    r"|ì[^\W\d_]|õ(?!e)|[ðþýÐÞÝ]"
)
WORDS = re.compile(r"[^\W\d_]+")
# The share of zero bytes, and of misread words among all words, up to which some got into a text;
# and of misread words among those with other letters than ASCII's, up to which chance explains it.
FEW, MISREAD = 0.01, 0.02
OTHERS = ("cp1250", "cp1254", "cp1251", "latin-1")


UNDEFINED = "rebalance.undefined"


def _undefined(error):
    """Return the sign of Latin-1 for one of the five bytes that cp1252 leaves out; or the byte."""
    if isinstance(error, UnicodeDecodeError):
        return error.object[error.start : error.end].decode("latin-1"), error.end
    signs = error.object[error.start : error.end]
    return signs.encode("latin-1", errors="replace"), error.end


codecs.register_error(UNDEFINED, _undefined)


def decoder(encoding):
    """Return an incremental decoder; of cp1252 one that takes every byte."""
    errors = UNDEFINED if codecs.lookup(encoding).name == "cp1252" else "strict"
    return codecs.getincrementaldecoder(encoding)(errors)


class NotUtf8(Exception):  # noqa: N818 it ends a reading, to begin another
    """Bytes that are no UTF-8, in a file that began as such."""

    def __init__(self, part):
        super().__init__()
        self.part = part


def encoding(path, head, said=""):
    """Return the encoding of a text by its first bytes, or raise `InputError` where it is unsure.

    What ``said`` names is it, but for the byte-order mark that the text may begin with.

    A byte-order mark tells; then the zero bytes of UTF-16; then UTF-8, which other text hardly
    ever is by chance. What is left has one byte a character: Western European (cp1252, which has
    Latin-1 in it), if it reads as words. charset-normalizer takes a short German header for
    Japanese and Spanish text for Polish, so it only says what else a doubtful text may be.
    """
    for mark, name in MARKS:
        if head.startswith(mark):
            if said and not said.startswith(name.removesuffix("-sig")):
                raise InputError(
                    f"{path} begins with the byte-order mark of {name}, and data.read.encoding "
                    f"says {said!r}; leave that out."
                )
            return name
    if said:
        return said
    if b"\0" in head[:4096]:
        return _two_bytes(path, head)
    if is_utf8(head, whole=False):
        return "utf-8"
    return western(path, head)


def _two_bytes(path, head):
    """Return UTF-16 in the order of bytes that the zeros of ASCII letters show."""
    even, odd = head[:4096:2].count(0), head[1:4096:2].count(0)
    most, least = max(even, odd), min(even, odd)
    if most > len(head[:4096]) * 0.2 and least < most * 0.05:
        return "utf-16-be" if even > odd else "utf-16-le"
    if head.count(0) < len(head) * FEW and is_utf8(head, whole=False):
        raise _zeros(path)
    raise InputError(
        f"{path} cannot be read as CSV: it holds zero bytes and is no text; if it is, write its "
        "encoding into data.read.encoding."
    )


def _zeros(path):
    """Return what to say of zero bytes that stand in text."""
    return InputError(
        f"{path} holds zero bytes in its text, as a download that was cut off or a program leaves "
        "them: fetch it again, or remove them, as \"tr -d '\\000' < old.csv > new.csv\" does."
    )


def is_utf8(part, whole=True):
    """Say whether bytes are UTF-8; where they are not the whole, the last may be cut."""
    try:
        codecs.getincrementaldecoder("utf-8")().decode(part, final=whole)
    except UnicodeDecodeError:
        return False
    return True


def western(path, part):
    """Return the encoding of Western European text, or raise `InputError` for other text.

    A few words that do not read as such, among very many, are what programs made of an apostrophe.
    """
    text, name = part.decode("cp1252", errors=UNDEFINED), "cp1252"
    words = WORD.findall(text)
    strange = strange_words(text)
    if len(strange) <= len(words) * MISREAD:
        return name
    header = text.partition("\n")[0]
    if len(strange) <= len(WORDS.findall(text)) * FEW and not strange_words(header):
        return name
    import charset_normalizer

    best = charset_normalizer.from_bytes(part).best()
    raw = strange[0].encode(name, errors=UNDEFINED)
    readings = {
        name: raw.decode(name, errors="replace")
        for name in [*([best.encoding] if best else []), *OTHERS]
    }
    other = next((name for name in readings if readings[name] != strange[0]), "latin-1")
    raise InputError(
        f"{path} is not UTF-8, and what else is not sure: {strange[0][:40]!r} as cp1252, "
        f"{readings[other][:40]!r} as {other}; write the right one into data.read.encoding."
    )


def strange_words(text):
    """Return the words with other letters than ASCII's that are none of a Western language.

    >>> strange_words("Größe café thatåÕs")
    ['thatåÕs']
    """
    return [word for word in WORD.findall(text) if not _reads(word)]


def misread(text, encoding):
    """Return lines on words that show that the encoding is perhaps another one."""
    return [
        f"not UTF-8, read as {encoding}: words such as {word[:20]!r} may be misread; if they are, "
        "write the file's encoding into data.read.encoding"
        for word in strange_words(text)[:1]
    ]


def _reads(word):
    """Say whether a word with other letters than ASCII's is one of a Western language."""
    if MISPLACED.search(word):
        return False
    letters = [char for char in word if char.isalpha()]
    foreign = [char for char in letters if char > "\x7f"]
    signs = [char for char in word if char > "\x7f" and not char.isalpha()]
    return set(signs) <= SIGNS and (len(foreign) <= 2 or len(foreign) <= len(letters) / 2)


class Utf8:
    """A binary stream of text in any encoding, read as UTF-8 from a given byte on.

    ``change`` is applied to whole lines, as `blanks_to_tabs` is.
    """

    closed = False

    def __init__(self, stream, path, encoding, start=0, change=None):
        self.stream, self.path, self.encoding = stream, path, encoding
        self.decoder = decoder(encoding)
        self.plain = codecs.lookup(encoding).name == "utf-8"
        self.start, self.change = start, change
        self.line, self.ready, self.ended = b"", b"", False

    def read(self, size=-1):
        """Return up to ``size`` bytes; none at the end."""
        size = size if size > 0 else 1 << 23
        while not self.ready and not self.ended:
            part = self._decoded(bytes(self.stream.read(size)))
            if self.start:
                skipped = min(self.start, len(part))
                part, self.start = part[skipped:], self.start - skipped
            self.ready = self._changed(part) if self.change else part
        part, self.ready = self.ready[:size], self.ready[size:]
        return part

    def _decoded(self, raw):
        self.ended = not raw
        if b"\0" in raw and self.plain:
            raise _zeros(self.path)
        if self.plain and raw.isascii() and not self.decoder.getstate()[0]:
            return raw
        try:
            return self.decoder.decode(raw, final=self.ended).encode()
        except UnicodeDecodeError as error:
            if self.plain:
                raise NotUtf8(raw[max(0, error.start - 4096) : error.start + 4096]) from error
            raise InputError(
                f"{self.path} is not in {self.encoding}: {error.reason}; write its encoding into "
                "data.read.encoding."
            ) from error

    def _changed(self, part):
        """Return whole lines as they are to be; the rest comes with the next call."""
        part = self.line + part
        # A carriage return alone ends a line as well; the last one may have a line feed behind it.
        last = part.rfind(b"\n") + 1 or part.rfind(b"\r", 0, -1) + 1
        end = len(part) if self.ended else last
        part, self.line = part[:end], part[end:]
        return self.change(part)

    def close(self):
        """Do nothing: the caller closes the stream."""

    def readable(self):
        """Say that it can be read."""
        return True


LEADING = re.compile(rb"(?<![^\r\n])[ \t]+|[ \t]+(?=[\r\n]|\Z)")
RUNS = re.compile(rb"[ \t]+")
QUOTED = re.compile(rb'("[^"]*")|[ \t]+')


def blanks_to_tabs(part):
    r"""Return lines whose fields stand between runs of blanks with one tab between them.

    >>> blanks_to_tabs(b'  1   2.5 "a b" ')
    b'1\t2.5\t"a b"'
    """
    part = LEADING.sub(b"", part)
    if b'"' in part:
        return QUOTED.sub(lambda match: match[1] or b"\t", part)
    return RUNS.sub(b"\t", part)


WRAPPED = re.compile(r'(?<![^\r\n])"((?:[^"\r\n]|"")*)"[ \t]*(?=[\r\n]|\Z)')
PAIR = re.compile(r'"((?:[^"]|"")*)"')


def unwrapped(text):
    """Return lines without the quotes around each of them; a quote inside stands there twice.

    >>> unwrapped('"1;""a b"";2"'), unwrapped('"1";"2"')
    ('1;"a b";2', '"1";"2"')
    """
    return WRAPPED.sub(lambda match: match[1].replace('""', '"'), text)


def unwrapped_bytes(part):
    """Return `unwrapped` lines of UTF-8."""
    return unwrapped(part.decode()).encode()


@cache
def _fields_in_quotes(separator):
    """Return the pattern of a field in quotes; group 1 are the blanks before it.

    Groups 2 and 3 are a field with escaped quotes, group 4 is one that the text does not end.
    """
    end = rf'"(?= *(?:[\r\n{re.escape(separator)}]|\Z))'
    line, lines = (rf'(?:[^"{more}]|"")*+{end}' for more in (r"\r\n", ""))
    inside = r'((?:\\"|""|[^"\\{more}]|\\(?!"))*+)'
    one, more = (inside.format(more=more) + end for more in (r"\r\n", ""))
    whole = inside.format(more="") + r"\Z"
    return re.compile(
        rf'(?<![^\r\n{re.escape(separator)}])( *)"(?:{line}|{one}|{lines}|{more}|{whole})'
    )


def unescaped(text, separator):
    r"""Return text in which a doubled quote replaces an escaped one, in fields in quotes.

    Each field is decided by itself, and the text keeps its length.

    >>> unescaped('"say \\"no\\" now",C:\\u,"C:\\"', ",")
    '"say ""no"" now",C:\\u,"C:\\"'
    """
    return _plain(text, separator)[0] if '\\"' in text else text


def _plain(text, separator, *, blanks=True):
    """Return `unescaped` text, and whether it ends inside a field in quotes.

    ``blanks`` says whether those before the quotes of a field stay.
    """
    is_open = False

    def plain(match):
        nonlocal is_open
        is_open = match[4] is not None
        field = match[0] if blanks else match[0][len(match[1]) :]
        return re.sub(r'\\"|""', '""', field) if match.lastindex > 1 else field

    return _fields_in_quotes(separator).sub(plain, text), is_open


class PlainQuotes:
    r"""A change of lines of UTF-8 to `unescaped` ones, without blanks before the quotes of a field.

    A field may go on from one call to the next.

    >>> change = PlainQuotes(",")
    >>> change(b'1, "so \\"be\\"\n'), change(b'\\"it\\" now",2\n')
    (b'1,"so ""be""\n', b'""it"" now",2\n')
    """

    def __init__(self, separator):
        self.separator, self.inside = separator, False
        before = separator.encode()
        self.looked_for = (b'\\"', before + b' "', b'\n "', b'\r "', b'  "')

    def __call__(self, part):
        """Return changed lines."""
        if b'"' not in part:
            return part
        first = part.startswith(b' "')
        if not first and not any(mark in part for mark in self.looked_for):
            self.inside ^= part.count(b'"') % 2 == 1
            return part
        opening = '"' * self.inside
        text, self.inside = _plain(opening + part.decode(), self.separator, blanks=False)
        return text.removeprefix(opening).encode()


def unquoted(cell):
    """Return a cell without the two quotes around it, where one inside stands there twice.

    >>> unquoted('"a"'), unquoted('"a" or "b"'), unquoted('"a ""b"" c"')
    ('a', '"a" or "b"', 'a "b" c')
    """
    match = PAIR.fullmatch(cell)
    return match[1].replace('""', '"') if match else cell
