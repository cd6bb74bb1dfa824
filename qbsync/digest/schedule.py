"""Says who gets the digest and whose is due now; keeps what people chose. Sends nothing."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from zoneinfo import ZoneInfo

from django.db.models import QuerySet
from django.utils import timezone

from portal.models import Firm, Membership, Role, User
from qbsync import clock
from qbsync.models import Digest, DigestChoice, DigestState
from qbsync.models.connection import LIVE
from qbsync.models.digests import USUAL_TIME

_SATURDAY = 5


@dataclass(frozen=True, slots=True)
class Chosen:
    """Whether a member gets the digest, and at what time of the firm's day."""

    is_wanted: bool
    send_at: time


def chosen(membership: Membership) -> Chosen:
    """Return what holds for a member: what was chosen, or else the owner gets it and others do not."""
    choice: DigestChoice | None = getattr(membership, "digest_choice", None)
    if choice is None:
        return Chosen(membership.is_owner, USUAL_TIME)
    return Chosen(choice.is_wanted, choice.send_at)


def readers(firm: Firm) -> QuerySet[Membership]:
    """Return the members who may get the digest: those who can act on it."""
    return _able().filter(firm=firm).order_by("user__name", "pk")


def choose(*, membership: Membership, is_wanted: bool, send_at: time, by: User | None) -> None:
    """Keep what was chosen for a member, by themselves or by the owner; None for the link in an e-mail."""
    DigestChoice.objects.update_or_create(
        membership=membership, defaults={"is_wanted": is_wanted, "send_at": send_at, "chosen_by": by}
    )


def day_of(firm: Firm, now: datetime) -> date:
    """Return the firm's calendar day."""
    return _local(firm, now).date()


def is_due(membership: Membership, now: datetime) -> bool:
    """Whether the member's digest of the day may go out: a weekday, the time has come, and it is wanted."""
    wish, local = chosen(membership), _local(membership.firm, now)
    return wish.is_wanted and local.weekday() < _SATURDAY and local.time() >= wish.send_at


def due(now: datetime | None = None) -> list[int]:
    """Return the members whose digest of the day is due and neither decided nor under way. Two statements."""
    now = now or timezone.now()
    ready = _able().filter(firm__quickbooks__status__in=LIVE, firm__quickbooks__set_up_at__isnull=False)
    wanted = [one for one in ready if is_due(one, now)]
    taken = _taken(wanted, now)
    return [one.pk for one in wanted if (one.pk, day_of(one.firm, now)) not in taken]


def _able() -> QuerySet[Membership]:
    able = Membership.objects.filter(role__in=[Role.OWNER, Role.ADMIN], user__is_active=True)
    return able.select_related("user", "firm", "digest_choice")


def _taken(memberships: Iterable[Membership], now: datetime) -> set[tuple[int, date]]:
    lately = Digest.objects.filter(membership__in=[one.pk for one in memberships], day__gte=now - timedelta(days=2))
    free = lately.filter(state=DigestState.CLAIMED, claimed_until__lt=clock.about_now())
    return set(lately.exclude(pk__in=free.values("pk")).values_list("membership_id", "day"))


def _local(firm: Firm, now: datetime) -> datetime:
    return timezone.localtime(now, ZoneInfo(firm.time_zone))
