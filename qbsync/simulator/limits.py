"""Owns Intuit's throttles: per realm 500 requests a minute, 10 a second, 10 at once, 40 batches a minute."""

from collections import defaultdict, deque
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from . import clock as clocks
from . import faults
from .clock import Clock
from .company import Company

if TYPE_CHECKING:
    from .simulator import Simulator

PER_MINUTE, PER_SECOND, AT_ONCE, BATCHES_PER_MINUTE = 500, 10, 10, 40
MESSAGE = "message=ThrottleExceeded; errorCode=003001; statusCode=429"
DETAIL = "The request limit was reached. Try again later"


@dataclass
class _Use:
    minute: deque[float] = field(default_factory=deque)
    second: deque[float] = field(default_factory=deque)
    batches: deque[float] = field(default_factory=deque)
    under_way: int = 0


class Limits:
    """What each realm has used. A refused request is not counted, so waiting always helps."""

    def __init__(self, clock: Clock) -> None:
        self.clock = clock
        self.uses: dict[str, _Use] = defaultdict(_Use)

    def admit(self, company: Company, *, batch: bool) -> bool:
        """Whether the company may be asked now; if so the request counts until `leave`."""
        use, scale = self.uses[company.realm], company.throttle_scale
        if scale:
            now = self.clock.now()
            windows = [(use.minute, 60.0, PER_MINUTE), (use.second, 1.0, PER_SECOND)]
            if batch:
                windows.append((use.batches, 60.0, BATCHES_PER_MINUTE))
            for stamps, length, most in windows:
                while stamps and not now - length < stamps[0] <= now:
                    stamps.popleft()
                if len(stamps) >= most * scale:
                    return False
            if use.under_way >= AT_ONCE * scale:
                return False
            for stamps, _, _ in windows:
                stamps.append(now)
        use.under_way += 1
        return True

    def leave(self, company: Company) -> None:
        """A request that was admitted is answered."""
        self.uses[company.realm].under_way -= 1


METERED = ("read", "query", "cdc")


def over_quota(sim: "Simulator", company: Company, endpoint: str) -> bool:
    """Count a metered read; whether the month's quota of them was used up before it."""
    if endpoint not in METERED:
        return False
    month = f"metered.{clocks.stamp_utc(sim.clock.now())[:7]}"
    if company.options.monthly_reads and sim.counter(company.realm, month) >= company.options.monthly_reads:
        return True
    sim.count(company.realm, month)
    return False


def throttled(shape: str, time: str, epoch: float) -> tuple[str, str]:
    """(content type, body) of a 429 in one of its recorded shapes: json, xml or the gateway's envelope."""
    fault = faults.Fault("3001", MESSAGE, DETAIL, kind="SERVICE")
    if shape == "xml":
        return "application/xml", faults.fault_xml(fault, time)
    if shape == "envelope":
        return "application/json", faults.envelope(MESSAGE, DETAIL, "3001", "SERVICE", int(epoch * 1000))
    return "application/json", faults.fault_body(fault, time)
