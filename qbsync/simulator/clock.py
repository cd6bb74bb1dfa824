"""Owns the simulator's idea of now, which tests may shift; never sleeps."""

import time
from datetime import UTC, date, datetime
from zoneinfo import ZoneInfo


class Clock:
    """Wall-clock time plus an offset in seconds, or a moment at which it stands still; `POST /_sim/clock` sets them."""

    def __init__(self, offset_s: float = 0.0) -> None:
        self.offset_s = offset_s
        self.stopped_at: float | None = None

    def stop(self, *, still: bool) -> None:
        """Stand still at the present moment, or run again. Offsets move a clock that stands still, too."""
        self.stopped_at = (self.stopped_at or time.time()) if still else None

    def now(self) -> float:
        """Seconds since the epoch on the simulator's clock."""
        return (time.time() if self.stopped_at is None else self.stopped_at) + self.offset_s


def stamp(epoch: float, zone: ZoneInfo) -> str:
    """A MetaData time as QuickBooks prints it: company offset, no fraction (`2020-09-29T05:58:16-07:00`)."""
    return datetime.fromtimestamp(int(epoch), zone).isoformat()


def stamp_ms(epoch: float, zone: ZoneInfo) -> str:
    """The top-level `time` of an answer: company offset and milliseconds."""
    return datetime.fromtimestamp(epoch, zone).isoformat(timespec="milliseconds")


def stamp_utc(epoch: float) -> str:
    """UTC with a `Z` and milliseconds, as in webhook bodies."""
    return datetime.fromtimestamp(epoch, UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")


def today(epoch: float, zone: ZoneInfo) -> date:
    """The company's calendar date."""
    return datetime.fromtimestamp(epoch, zone).date()


def parse_moment(text: str, zone: ZoneInfo) -> float:
    """Epoch seconds of a date or an ISO moment as clients send it; without an offset it is company time.

    Raises `ValueError` for anything else.
    """
    cleaned = text.strip().replace(" ", "+") if "T" in text else text.strip()
    moment = datetime.fromisoformat(cleaned)
    if moment.tzinfo is None:
        moment = moment.replace(tzinfo=zone)
    return moment.timestamp()
