"""Times as logs write them, turned into microseconds since 1970 UTC; a time without a zone needs ``--zone``."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import UTC, datetime, time, timedelta
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from domain import texts
from domain.reach import REACH, in_reach
from interchange.bad_log import BadLog

EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
MICROSECOND = timedelta(microseconds=1)
BLANKS = " \t\r\n"
"""What XML takes away around a value."""
ACCEPTED = "2011-10-01T00:38:44.546+02:00, 2011-10-01 00:38:44, 2011-10-01, 16.01.2017 13:29"
_DOTTED = re.compile(r"(\d{1,2})\.(\d{1,2})\.(\d{4})(?:[ T](\d{1,2}):(\d{2})(?::(\d{2}))?)?$", re.ASCII)


def zone_of(name: str | None) -> ZoneInfo | None:
    """The zone with this IANA name (``Europe/Amsterdam``); None stays None."""
    if name is None:
        return None
    try:
        return ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError) as error:
        raise BadLog(
            f"unknown time zone {name!r}", accepted="an IANA name such as Europe/Amsterdam or UTC"
        ) from error


@dataclass
class Clock:
    """Reads every time of one file; a file that mixes times with and without an offset is refused."""

    zone: ZoneInfo | None
    aware_line: int | None = None
    naive_line: int | None = None
    ambiguous: int = 0
    skipped: int = 0

    def microseconds(self, text: str, line: int, where: str | None = None) -> int:
        """The instant that ``text`` names, in microseconds since 1970 UTC; ``where`` names its column."""
        try:
            return self._microseconds(text, line)
        except BadLog as bad:
            if where is None:
                raise
            raise BadLog(f"{where}: {bad.reason}", line=bad.line, accepted=bad.accepted) from bad

    def _microseconds(self, text: str, line: int) -> int:
        parsed = _parse(text, line)
        if parsed.tzinfo is None:
            parsed = self._localised(parsed, text, line)
        elif self.aware_line is None:
            self.aware_line = line
            self._refuse_mixture(line)
        if not in_reach(parsed):
            raise BadLog(f"the time {text!r} lies too far away", line=line, accepted=f"a time {REACH}")
        return (parsed - EPOCH) // MICROSECOND

    def _localised(self, naive: datetime, text: str, line: int) -> datetime:
        if self.naive_line is None:
            self.naive_line = line
            self._refuse_mixture(line)
        if self.zone is None:
            raise BadLog(
                f"the time {text!r} has no zone", line=line, accepted="an offset in the file, or --zone ZONE"
            )
        earlier, later = naive.replace(tzinfo=self.zone, fold=0), naive.replace(tzinfo=self.zone, fold=1)
        if earlier.utcoffset() != later.utcoffset():
            exists = earlier.astimezone(UTC).astimezone(self.zone).replace(tzinfo=None) == naive
            self.ambiguous += exists
            self.skipped += not exists
        return earlier.astimezone(UTC) if in_reach(naive.replace(tzinfo=UTC)) else naive.replace(tzinfo=UTC)

    def _refuse_mixture(self, line: int) -> None:
        if self.aware_line is not None and self.naive_line is not None:
            raise BadLog(
                f"times with an offset (line {self.aware_line}) and without one (line {self.naive_line}) are mixed",
                line=line,
                accepted="all times with an offset, or all without one and --zone ZONE",
            )


def _parse(text: str, line: int) -> datetime:
    written = text.strip(BLANKS)
    try:
        return texts.instant(written)
    except texts.NotOne:
        pass
    found = _DOTTED.match(written)
    try:
        if found is None:
            return datetime.combine(texts.day(written), time())
        day, month, year, hour, minute, second = (int(part or 0) for part in found.groups())
        return datetime(year, month, day, hour, minute, second)  # noqa: DTZ001 - the zone is added by the caller
    except ValueError as error:
        raise BadLog(f"{text!r} is not a time", line=line, accepted=ACCEPTED) from error


def instant(at_us: int) -> datetime:
    """The aware UTC datetime for microseconds since 1970."""
    return EPOCH + timedelta(microseconds=at_us)
