"""Reads a CSV file row by row, in the encodings and with the headers that utilities' spreadsheets give."""

import codecs
import csv
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Protocol

from app.import_cells import Row
from core.errors import BadInput

ENCODINGS = ("utf-8-sig", "gb18030")
"""Tried in this order when none is named."""
_BLOCK = 1 << 20


class Columns(Protocol):
    """What a file may have as columns, with the Chinese header accepted for each, which it must have, its manual."""

    @property
    def columns(self) -> Mapping[str, str]: ...

    @property
    def required(self) -> tuple[str, ...]: ...

    @property
    def manual(self) -> str: ...


class UnusableFile(BadInput):
    """The file cannot be read as a table."""

    code = "unusable_file"


def detect(file: Path) -> str:
    """Return the first of ENCODINGS in which the whole file can be read. Raises UnusableFile."""
    for encoding in ENCODINGS:
        if _readable(file, encoding):
            return encoding
    raise UnusableFile(f"{file}: neither UTF-8 nor GB18030; save it as CSV in UTF-8")


def _readable(file: Path, encoding: str) -> bool:
    decoder = codecs.getincrementaldecoder(encoding)()
    with file.open("rb") as source:
        try:
            while block := source.read(_BLOCK):
                decoder.decode(block)
            decoder.decode(b"", final=True)
        except UnicodeDecodeError:
            return False
    return True


def count_rows(file: Path) -> int:
    """Return about how many rows the file holds, for a progress bar."""
    with file.open("rb") as source:
        return sum(block.count(b"\n") for block in iter(lambda: source.read(_BLOCK), b""))


def rows(file: Path, table: Columns, encoding: str) -> Iterator[Row | tuple[int, str]]:
    """Yield each row, or its line and what is wrong with its shape.

    Raises UnusableFile when the header lacks a column or the file is no CSV file in this encoding.
    """
    try:
        with file.open(encoding=encoding, newline="") as source:
            first = source.readline()
            delimiter = _delimiter(first)
            source.seek(0)
            reader = csv.reader(source, delimiter=delimiter)
            header = _header(file, table, next(reader, []))
            for cells in reader:
                if any(cell.strip() for cell in cells):
                    yield _row(header, cells, reader.line_num)
    except csv.Error as error:
        raise UnusableFile(f"{file}:{reader.line_num}: not a CSV row: {error}; check its quotation marks") from None
    except UnicodeDecodeError:
        raise UnusableFile(f"{file}: not in {encoding}; leave --encoding away to let it be found") from None


def _delimiter(first: str) -> str:
    return max((",", ";", "\t"), key=first.count)


def _header(file: Path, table: Columns, cells: list[str]) -> list[str]:
    """The columns of the file under their English names. Raises UnusableFile."""
    chinese = {name: column for column, name in table.columns.items()}
    named = [cell.strip() for cell in cells]
    found = [chinese.get(name, name.lower()) for name in named]
    where = f"{file}:1"
    if lacking := [f"{column} ({table.columns[column]})" for column in table.required if column not in found]:
        raise UnusableFile(f"{where}: the header lacks {', '.join(lacking)}; see {table.manual}")
    strange = [name for name, column in zip(named, found, strict=True) if column not in table.columns]
    if strange:
        known = ", ".join(table.columns)
        raise UnusableFile(f"{where}: unknown column {strange[0][:60]!r}; known: {known}; see {table.manual}")
    if len(set(found)) < len(found):
        raise UnusableFile(f"{where}: a column stands there twice; remove one")
    return found


def _row(header: list[str], cells: list[str], line: int) -> Row | tuple[int, str]:
    if len(cells) > len(header):
        return line, f"{len(cells)} cells under {len(header)} columns; put cells with a comma into quotation marks"
    return Row(line, dict(zip(header, cells, strict=False)))
