"""Makes, renews and ends a firm's connection to a QuickBooks company, and reads what its last step offers.

Never sends a record and never decides what is synced: going on after a reconnect is ``qbsync.services``' business.
"""

from __future__ import annotations

import logging
import re
import secrets
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any, TypeVar

from django.db import IntegrityError, transaction

from portal.models import Firm, User
from qbsync import clock, credentials, history, mirror, services
from qbsync.documents import tax_rules
from qbsync.gateway import oauth
from qbsync.gateway.company import BatchQuery, Company
from qbsync.gateway.faults import Fault, FaultKind
from qbsync.gateway.limiter import Priority, QuotaWait
from qbsync.gateway.queries import select
from qbsync.metering import count_requests
from qbsync.models import ArchivedCompany, Connection, ConnectionStatus
from qbsync.models.connection import LIVE
from qbsync.services.companies import company_forget, company_take_up

logger = logging.getLogger(__name__)
T = TypeVar("T")
Sent = Counter[tuple[str, bool]]  # requests by endpoint, and whether Intuit meters them

_REALM = re.compile("[0-9]{1,40}")
_TAX_CODES = select("TaxCode", "Active = true")
_UNAVAILABLE = "QuickBooks does not answer at the moment. Nothing was changed; please try again in a few minutes."
_NOT_LET_IN = "QuickBooks does not let this sign-in into the company. Nothing was changed; please start again."
_TAKEN = (
    "This QuickBooks company is already connected to another firm in this portal. Nothing was changed. "
    "Disconnect it there first, or choose another company."
)
_OTHER_COMPANY = (
    "Your firm is linked to another QuickBooks company, {}. Nothing was changed. Sign in again and choose that "
    "company, or disconnect it and start with another one."
)
_OTHER_CURRENCY = (
    "{name} keeps its books in {theirs}, but the amounts of your firm are in {ours}, so nothing can be sent there. "
    "Nothing was changed. Sign in again and choose a company in {ours}."
)


class ConnectRefused(Exception):
    """The connection was not made, and nothing was changed; the message is a sentence for the owner."""


@dataclass(frozen=True)
class Choices:
    """What the last step of connecting offers: (id, name) pairs, and the ids proposed (empty: none).

    ``tax_codes`` is empty unless the company's rules ask for a choice of them.
    """

    income_accounts: Sequence[tuple[str, str]]
    service_items: Sequence[tuple[str, str]]
    suggested_income_account: str
    suggested_service_item: str
    tax_codes: Sequence[tuple[str, str]]


def new_state() -> str:
    """Return an unguessable value that ties Intuit's answer to the browser session that asked."""
    return secrets.token_urlsafe(32)


def authorize_url(*, firm: Firm, state: str) -> str:
    """Return the address of Intuit's sign-in page, to which the firm's owner goes.

    Raises:
        ConnectRefused: Intuit does not answer.
    """
    try:
        url = oauth.authorize_url(state)
    except Fault as fault:
        raise ConnectRefused(_UNAVAILABLE) from fault
    logger.info("Firm %s goes to Intuit's sign-in page.", firm.pk)
    return url


def connection_complete(
    *, firm: Firm, by: User, code: str, realm_id: str, scope: str, sync_date: date | None
) -> Connection:
    """Connect the firm to the company, or renew the connection to the same one, which keeps settings and links.

    The realm comes from the browser's address bar, so it is believed only after the fresh token has opened that
    company; the row is written after that, in one transaction.

    Args:
        firm: whose owner signed in.
        by: the owner.
        code, realm_id: as Intuit's answer carried them; its ``state`` was checked by the caller.
        scope, sync_date: chosen in the steps before; a connection that was set up keeps its own.

    Raises:
        ConnectRefused: nothing was changed, and what Intuit had granted was revoked where nobody else lives on it.
    """
    if not _REALM.fullmatch(realm_id):
        raise ConnectRefused("QuickBooks' answer names no company. Nothing was changed; please start again.")
    grant = _exchange(code)
    sent: Sent = Counter()
    try:
        _refuse_other_company(firm, realm_id)
        name = _company_name(firm, realm_id, grant, sent)
        connection = _store(firm, by, realm_id, grant, name, scope, sync_date)
    except ConnectRefused:
        _give_up(realm_id, grant)
        raise
    count_requests(connection.pk, sent)
    return connection


def connection_disconnect(*, connection: Connection, by: User | None) -> None:
    """End the connection: its tokens are erased and the grant revoked, its links kept for a later reconnect.

    A connection that was never set up has nothing of its company to keep: it goes altogether, or forgets the company
    where it is of a firm that had one before, so that another can be chosen.
    The grant is revoked after the commit; the portal is disconnected also when Intuit does not answer.
    """
    with transaction.atomic():
        row = Connection.objects.select_for_update().filter(pk=connection.pk, status__in=LIVE).first()
        if row is None:
            return
        token, before, now = row.refresh_token, row.status, clock.about_now()
        row.status, row.status_changed_at, row.broken_reason = ConnectionStatus.DISCONNECTED, now, ""
        row.access_token = row.refresh_token = ""
        row.access_expires_at = row.refresh_expires_at = row.hard_expires_at = row.refreshing_until = None
        row.token_version += 1
        entry = history.of_connection(row, event="disconnected", at=now, by=by, company=row.company_name)
        entry.before = before
        entry.save()
        if row.set_up_at is not None:
            row.save()
        elif ArchivedCompany.objects.filter(firm=row.firm_id).exists():
            company_forget(row)
            row.save()
        else:
            row.delete()
        transaction.on_commit(lambda: oauth.revoke_quietly(token))


def choices(*, connection: Connection) -> Choices:
    """Read the income accounts, service items and tax codes of the company, and what it is set to, in one request.

    Raises:
        ConnectRefused: the company cannot be read at the moment, or the connection is broken.
    """
    queries = [
        BatchQuery("accounts", select("Account", "AccountType = 'Income'")),
        BatchQuery("items", select("Item", "Type = 'Service'")),
        BatchQuery("codes", _TAX_CODES),
        *mirror.OF_THE_COMPANY,
    ]
    answer = _as_owner(lambda: _with_token(connection, lambda company: company.batch(queries)))
    for outcome in answer.items.values():
        if isinstance(outcome, Fault):
            raise ConnectRefused(outcome.rule.sentence) from outcome
    mirror.keep_company(connection, answer)
    connection.refresh_from_db()
    accounts, items, codes = (_rows(answer.items[name]) for name in ("accounts", "items", "codes"))
    service = next((item for item in items if item.get("Name") == "Services"), items[0] if items else {})
    income = str((service.get("IncomeAccountRef") or {}).get("value", ""))
    ids = [str(account["Id"]) for account in accounts]
    return Choices(
        income_accounts=_pairs(accounts),
        service_items=_pairs(items),
        suggested_income_account=income if income in ids else next(iter(ids), ""),
        suggested_service_item=str(service.get("Id", "")),
        tax_codes=_code_pairs(codes) if tax_rules(connection).needs_taxable_code else [],
    )


def tax_codes(*, connection: Connection) -> list[tuple[str, str]]:
    """Return id and name of the tax codes that the company offers for sales, in one request.

    Raises:
        ConnectRefused: as ``choices``.
    """
    return _code_pairs(_as_owner(lambda: _with_token(connection, lambda company: company.query(_TAX_CODES))))


# --- Steps of connecting --------------------------------------------------------------------------------------------


def _exchange(code: str) -> oauth.Grant:
    try:
        return oauth.exchange(code)
    except Fault as fault:
        if fault.kind in (FaultKind.GRANT_REVOKED, FaultKind.REQUEST_INVALID):
            raise ConnectRefused(
                "QuickBooks did not accept this sign-in; it may be too old or used already. "
                "Nothing was changed; please start again."
            ) from fault
        raise ConnectRefused(_sentence(fault)) from fault


def _give_up(realm_id: str, grant: oauth.Grant) -> None:
    """Revoke a grant that is not wanted; unless a firm is connected to this company: whether Intuit ends one grant
    only, or all that the portal has for the company, is not documented."""
    if not Connection.objects.filter(realm_id=realm_id, status__in=LIVE).exists():
        oauth.revoke_quietly(grant.refresh_token)


def _refuse_other_company(firm: Firm, realm_id: str) -> None:
    """Refuse what the database would refuse, before anything is read from the company."""
    mine = Connection.objects.filter(firm=firm).first()
    if mine is not None and mine.realm_id not in ("", realm_id):
        raise ConnectRefused(_OTHER_COMPANY.format(mine.company_name or mine.realm_id))
    if Connection.objects.filter(realm_id=realm_id, status__in=LIVE).exclude(firm=firm).exists():
        raise ConnectRefused(_TAKEN)


def _company_name(firm: Firm, realm_id: str, grant: oauth.Grant, sent: Sent) -> str:
    """The company's name; refused where its books are in another currency than the firm's."""
    company = _open(realm_id, grant.access_token, sent)
    info = _as_owner(company.company_info).body
    name = str(info.get("CompanyName") or info.get("LegalName") or "")[:200]
    currencies = _as_owner(company.preferences).body.get("CurrencyPrefs") or {}
    home = (currencies.get("HomeCurrency") or {}).get("value") or firm.currency
    if home != firm.currency:
        raise ConnectRefused(_OTHER_CURRENCY.format(name=name or realm_id, theirs=home, ours=firm.currency))
    return name


def _store(
    firm: Firm, by: User, realm_id: str, grant: oauth.Grant, name: str, scope: str, sync_date: date | None
) -> Connection:
    """Write the connection. Two answers that come at once are told apart by the database's constraints."""
    try:
        with transaction.atomic():
            now = clock.about_now()
            row = Connection.objects.select_for_update().filter(firm=firm).first() or Connection(firm=firm)
            before = row.status if row.realm_id else ""
            if row.realm_id not in ("", realm_id):
                raise ConnectRefused(_OTHER_COMPANY.format(row.company_name or row.realm_id))
            is_taken_up = False
            if not row.realm_id:
                row.realm_id = realm_id
                is_taken_up = bool(row.pk) and company_take_up(row, by=by)
            if row.set_up_at is None:
                row.scope, row.sync_date = scope, sync_date
            row.access_token, row.refresh_token = grant.access_token, grant.refresh_token
            ends = credentials.expiry(grant)
            row.access_expires_at, row.refresh_expires_at, row.hard_expires_at = ends.access, ends.refresh, ends.hard
            row.token_version += 1
            row.status, row.status_changed_at, row.connected_by = ConnectionStatus.ACTIVE, now, by
            row.company_name, row.broken_reason = name, ""
            row.refreshing_until = row.paused_until = row.outage_since = row.rests_until = None
            row.trouble = ""
            row.save()
            event = "taken_up" if is_taken_up else "reconnected" if before else "connected"
            entry = history.of_connection(row, event=event, at=now, by=by, company=name)
            entry.before = before
            entry.save()
            if row.set_up_at is not None:
                transaction.on_commit(lambda: services.connection_resumed(row, by))
            return row
    except IntegrityError as error:
        # Somebody was faster: another firm with this company, or a second answer for this firm.
        _refuse_other_company(firm, realm_id)
        raise ConnectRefused("Your firm was connected at the same moment. Please look at the settings.") from error


# --- Reading as the owner who waits ---------------------------------------------------------------------------------


def _open(realm_id: str, access_token: str, sent: Sent) -> Company:
    def count(endpoint: str, metered: bool) -> None:
        sent[endpoint, metered] += 1

    return Company(realm_id, access_token, priority=Priority.PEOPLE, on_request=count)


def _with_token(connection: Connection, read: Callable[[Company], T]) -> T:
    """Read with a valid token; one that QuickBooks refuses although it should be valid is refreshed once."""
    sent: Sent = Counter()
    token = credentials.access_token(connection.pk)
    try:
        return read(_open(connection.realm_id, token.value, sent))
    except Fault as fault:
        if fault.kind is not FaultKind.TOKEN_REFUSED:
            raise
        token = credentials.access_token(connection.pk, refuse=token.value)
        return read(_open(connection.realm_id, token.value, sent))
    finally:
        count_requests(connection.pk, sent)


def _as_owner(read: Callable[[], T]) -> T:
    try:
        return read()
    except QuotaWait as wait:
        raise ConnectRefused("QuickBooks is busy with this company. Please try again in a minute.") from wait
    except Fault as fault:
        raise ConnectRefused(_sentence(fault)) from fault


def _sentence(fault: Fault) -> str:
    if fault.kind in (FaultKind.UNAVAILABLE, FaultKind.THROTTLED):
        return _UNAVAILABLE
    if fault.kind in (FaultKind.TOKEN_REFUSED, FaultKind.NOT_AUTHORIZED, FaultKind.NOT_ADMIN):
        return _NOT_LET_IN
    return f"{fault.rule.sentence} {fault.rule.remedy}"


def _rows(outcome: Any) -> list[dict[str, Any]]:
    return outcome if isinstance(outcome, list) else []


def _code_pairs(codes: Sequence[dict[str, Any]]) -> list[tuple[str, str]]:
    """The codes to choose from: not those that only say of a line in the US whether it is taxable."""
    return _pairs([code for code in codes if not code.get("Hidden") and code["Id"] not in ("TAX", "NON")])


def _pairs(rows: Sequence[dict[str, Any]]) -> list[tuple[str, str]]:
    pairs = [(str(row["Id"]), str(row.get("FullyQualifiedName") or row.get("Name") or row["Id"])) for row in rows]
    return sorted(pairs, key=lambda pair: pair[1].casefold())
