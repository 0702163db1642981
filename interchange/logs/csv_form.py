"""How a CSV file is written: its encoding and its delimiter, found out from the file or said by whoever imports it."""

from __future__ import annotations

import codecs
import csv
from typing import IO

from interchange.bad_log import BadLog
from interchange.logs.mapping import Columns
from interchange.logs.source import Source, opened

CHUNK = 1 << 18
DELIMITERS = {",": "a comma", ";": "a semicolon", "\t": "a tab", "|": "a bar"}
"""Those that are tried, in this order, and what they are called."""
_WORDS = {"comma": ",", "semicolon": ";", "tab": "\t", "bar": "|", "\\t": "\t"}
_MARKS = (
    (codecs.BOM_UTF8, "utf-8-sig"),
    (codecs.BOM_UTF32_LE, "utf-32"),
    (codecs.BOM_UTF32_BE, "utf-32"),
    (codecs.BOM_UTF16_LE, "utf-16"),
    (codecs.BOM_UTF16_BE, "utf-16"),
)
_NO_FILES = frozenset(
    {"unicode_escape", "raw-unicode-escape", "unicode-escape", "utf-7", "punycode", "idna", "undefined"}
)
"""What Python calls encodings, and no file is written in."""
FALLBACK = "cp1252"
"""What a file without a mark is taken for that is no UTF-8: the encoding of Western European spreadsheets."""


def encoding_of(source: Source) -> str:
    """The encoding that was said, else the one that the file's first bytes or all of its bytes tell."""
    if source.encoding is not None:
        return _known(source.encoding)
    with opened(source.path) as (stream, _raw):
        begin = stream.read(CHUNK)
        for mark, encoding in _MARKS:
            if begin.startswith(mark):
                return encoding
        if wide := _wide(begin):
            return wide
        return "utf-8" if _is_utf8(begin, stream) else FALLBACK


def called(delimiter: str) -> str:
    """The delimiter in words: a tab is not seen where it is printed."""
    return DELIMITERS.get(delimiter, repr(delimiter))


def delimiter_of(source: Source, header: str) -> str:
    """The delimiter that was said, else the one with which the first line has the columns that are needed."""
    if source.delimiter is not None:
        return _one(source.delimiter)
    if source.notes.delimiter is not None:
        return _one(source.notes.delimiter)
    parts = {each: _split(header, each) for each in DELIMITERS}
    needed = set(named_columns(source.columns))
    fitting = [each for each in DELIMITERS if needed <= set(parts[each])]
    return fitting[0] if fitting else max(DELIMITERS, key=lambda each: len(parts[each]))


def named_columns(columns: Columns) -> tuple[str, str, str]:
    """The columns that every log has."""
    return columns.case, columns.activity, columns.time


def _split(header: str, delimiter: str) -> list[str]:
    try:
        return next(csv.reader([header], delimiter=delimiter), [])
    except csv.Error:
        return []


def _known(name: str) -> str:
    try:
        known = codecs.lookup(name)
        known.incrementaldecoder("strict").decode(b"", final=True)
        "".encode(name)
        if known.name in _NO_FILES:
            raise LookupError(name)
    except (LookupError, TypeError, AttributeError, ValueError) as error:
        accepted = "for example utf-8, utf-16, windows-1252, iso-8859-1, windows-1250"
        raise BadLog(f"there is no encoding {name!r} of texts", accepted=accepted) from error
    return "utf-8-sig" if known.name == "utf-8" else name


def _one(text: str) -> str:
    delimiter = _WORDS.get(text.strip().lower(), text)
    if len(delimiter) != 1 or delimiter.isalnum() or delimiter in '"\r\n ' or not delimiter.isascii():
        accepted = "one character such as , ; or |, or comma, semicolon, tab, bar"
        raise BadLog(f"{text!r} is no delimiter", accepted=accepted)
    return delimiter


def _wide(begin: bytes) -> str | None:
    """UTF-16 without a mark: of Latin letters every other byte is NUL."""
    even, odd, most = begin[0:400:2].count(0), begin[1:400:2].count(0), len(begin[:400]) / 4
    if odd > most:
        return "utf-16-le"
    return "utf-16-be" if even > most else None


def _is_utf8(begin: bytes, stream: IO[bytes]) -> bool:
    decoder = codecs.getincrementaldecoder("utf-8")("strict")
    try:
        while begin:
            decoder.decode(begin)
            begin = stream.read(CHUNK)
        decoder.decode(b"", final=True)
    except UnicodeDecodeError:
        return False
    return True
