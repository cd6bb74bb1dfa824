"""QuickBooks' parts of other apps' pages: cells, panel, filter, banner. They show; what they show, selectors say."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime, timedelta
from typing import Any

from django import template
from django.template.context import RequestContext
from django.urls import reverse

from accounts.models import Account, Invoice, Payment
from portal.models import Firm
from portal.workers import queues_without_worker
from qbsync import health, menus, presentation
from qbsync.causes import cause_label
from qbsync.choosing import value_of
from qbsync.document_filters import document_filter_choices
from qbsync.filters import FILTER_PARAM, filter_choices
from qbsync.models import Customer
from qbsync.models.connection import LIVE, SyncRun
from qbsync.selectors import (
    Standing,
    connection_of,
    connection_with_health,
    document_standing,
    reactivable,
    standing,
)
from qbsync.selectors.customers import survivor_of
from qbsync.selectors.errors import Cause, awaited_invoice
from qbsync.selectors.moves import count_elsewhere
from qbsync.selectors.undo import undoable
from qbsync.states import DRIFT_REASONS, DocumentStatus, Reason
from qbsync.wording import explain_document

register = template.Library()

STEPS = [(1, "What will happen"), (2, "Accounts and date"), (3, "Sign in at Intuit"), (4, "Where income goes")]
ICONS = {
    "synced": "check-circle",
    "not_synced": "minus-circle",
    "skipped": "no-symbol",
    "failed": "exclamation-circle",
    "syncing": "arrow-path",
    "waiting": "clock",
}


@register.filter
def css_class(status: str) -> str:
    """Return a status as it is spelled in class names: ``not-synced``."""
    return str(status).replace("_", "-")


@register.filter
def status_icon(status: str) -> str:
    """Return the name of the icon of a status."""
    return ICONS[status]


@register.filter
def choice_value(customer: Customer) -> str:
    """Return what a form sends when this customer is chosen."""
    return value_of(customer)


@register.filter
def firm_time(at: datetime | None, firm: Firm) -> str:
    """Return a time as the firm's people read it; nothing for None."""
    return presentation.moment(at, firm) if at else ""


@register.filter
def endpoint_name(endpoint: str) -> str:
    """Return what is asked at an endpoint of QuickBooks, in plain words; its own name where there are none."""
    return presentation.ENDPOINTS.get(endpoint, endpoint)


@register.filter
def rough_time(left: timedelta) -> str:
    """Return how much longer it will take, no finer than anyone could promise."""
    seconds = left.total_seconds()
    if seconds < 50:
        return "Less than a minute left"
    minutes = round(seconds / 60)
    return f"About {presentation.counted(max(minutes, 1), 'minute')} left"


@register.filter
def run_time(run: SyncRun) -> str:
    """Return how long a run that has ended took."""
    seconds = round((run.ended_at - run.started_at).total_seconds()) if run.ended_at else 0
    return f"{seconds} s" if seconds < 90 else f"{seconds // 60} min {seconds % 60:02} s"


@register.inclusion_tag("qbsync/_stepper.html")
def quickbooks_steps(step: int) -> dict[str, Any]:
    """Show the four steps of connecting, with the current one marked."""
    return {"step": step, "steps": STEPS}


@register.inclusion_tag("qbsync/_cell.html")
def quickbooks_cell(account: Account) -> dict[str, Any]:
    """Show the status of an account in the list, with its tooltip; one under way is kept up to date by the poller."""
    return cell_context(account)


def cell_context(account: Account) -> dict[str, Any]:
    """Return what ``_cell.html`` needs."""
    now = standing(account)
    return {
        "account": account,
        "standing": now,
        "label": presentation.LABELS[now.status],
        "message": presentation.message(now, account.firm),
        "tip_id": f"qb-tip-{account.pk}",
    }


@register.inclusion_tag("qbsync/_poller.html")
def quickbooks_poller(accounts: Iterable[Account]) -> dict[str, Any]:
    """Keep all cells under way up to date by one request every two seconds, until none of them is any more."""
    return {"is_needed": any(standing(account).is_under_way for account in accounts)}


@register.inclusion_tag("qbsync/_panel.html", takes_context=True)
def quickbooks_panel(context: RequestContext, account: Account) -> dict[str, Any]:
    """Show the account's QuickBooks panel, in every state; the menu only to those who may use it."""
    return {**panel_context(account, context["request"].membership), "csrf_token": context.get("csrf_token")}


def panel_context(account: Account, membership: Any) -> dict[str, Any]:
    """Return what ``_panel.html`` needs, for the person of this membership."""
    now = standing(account)
    return {
        "account": account,
        "standing": now,
        "label": presentation.LABELS[now.status],
        "message": presentation.message(now, account.firm, where="the menu at the right"),
        "membership": membership,
        "menu": menus.menu(now, account) if membership.may_manage else [],
        "reactivable": _reactivable(now) if membership.may_manage else None,
        "survivor": _survivor(now) if membership.may_manage else None,
        "resumable": _resumable(now) if membership.may_manage else None,
        "undoable": undoable(account) if membership.may_manage and now.is_connected else None,
        "elsewhere": count_elsewhere(account, now.sync.customer) if now.sync and now.sync.customer else 0,
        "is_moving": now.is_under_way or now.waiting > 0,
    }


def _reactivable(now: Standing) -> Customer | None:
    """The inactive customer that one press makes active and links, where the account's message names one."""
    is_said = now.sync is not None and now.sync.reason == now.reason
    return reactivable([now.sync]).get(now.sync.account_id) if now.sync and is_said else None


def _survivor(now: Standing) -> Customer | None:
    """Whom one press links the account to, where its customer was merged; a taken one is refused with a sentence."""
    gone = now.sync.remembered_customer if now.sync and now.reason == Reason.CUSTOMER_MERGED else None
    return survivor_of(gone) if gone else None


def _resumable(now: Standing) -> Customer | None:
    """The customer that one press links again: its link was lost when it was deactivated, and it is active again."""
    is_lost = now.sync is not None and now.sync.reason == now.reason == Reason.CUSTOMER_INACTIVE
    found = now.sync.remembered_customer if now.sync and is_lost else None
    return found if found and found.active else None


@register.inclusion_tag("qbsync/_document_cell.html", takes_context=True)
def quickbooks_document_cell(context: RequestContext, document: Invoice | Payment) -> dict[str, Any]:
    """Show the status of an invoice or payment, with its tooltip and, to those who may use it, its menu."""
    may_manage = bool(context["request"].membership.may_manage)
    return {**document_context(document, may_manage=may_manage), "csrf_token": context.get("csrf_token")}


def document_context(document: Invoice | Payment, *, may_manage: bool) -> dict[str, Any]:
    """Return what ``_document_cell.html`` needs."""
    now = document_standing(document)
    kind = "invoice" if isinstance(document, Invoice) else "payment"
    connection = connection_of(document.firm)
    has_copy = bool(now.qbo_id and connection)
    return {
        "document": document,
        "kind": kind,
        "standing": now,
        "label": presentation.DOCUMENT_LABELS[now.status],
        "message": presentation.document_message(now, document),
        "link": menus.quickbooks_url(connection, kind, now.qbo_id) if has_copy and connection else "",
        "tip_id": f"qb-tip-{kind}-{document.pk}",
        "cell_url": reverse(f"quickbooks_{kind}_cell", args=[document.pk]),
        "may_manage": may_manage,
        "menu": menus.document_menu(now, document) if may_manage else [],
    }


@register.inclusion_tag("qbsync/_question.html", takes_context=True)
def quickbooks_question(context: RequestContext, document: Invoice | Payment) -> dict[str, Any]:
    """Show, on a document's own page, what waits for a decision: a copy changed in QuickBooks, or an early invoice."""
    found = question_context(document, context["request"].membership)
    return {**found, "csrf_token": context.get("csrf_token")}


def question_context(document: Invoice | Payment, membership: Any) -> dict[str, Any]:
    """Return what ``_question.html`` needs; it shows nothing where nobody has to decide."""
    now = document_standing(document)
    context = {"document": document, "kind": "invoice" if isinstance(document, Invoice) else "payment", "question": ""}
    if now.sync is None:
        return context
    has_drifted = now.status == DocumentStatus.FAILED and now.reason in DRIFT_REASONS
    if has_drifted:
        items = menus.remedies(now, document)
    elif isinstance(document, Payment) and (invoice := awaited_invoice(document)):
        items = [menus.sync_awaited(document, invoice)]
    else:
        return context
    sentence, remedy = explain_document(now.reason, now.sync.detail)
    return {
        **context,
        "question": now.reason,
        "label": cause_label(Cause(now.reason)),
        "sentence": sentence,
        "remedy": remedy,
        "differences": now.sync.detail.get("differences", []),
        "since": presentation.moment(now.sync.changed_at, document.firm),
        "may_manage": membership.may_manage,
        "remedies": items if membership.may_manage else [],
    }


@register.inclusion_tag("qbsync/_filter.html", takes_context=True)
def quickbooks_filter(context: RequestContext) -> dict[str, Any]:
    """Show the choice of statuses for the list's form of filters."""
    return {
        "name": FILTER_PARAM,
        "choices": filter_choices(),
        "chosen": context["request"].GET.get(FILTER_PARAM, ""),
    }


@register.inclusion_tag("qbsync/_filter.html", takes_context=True)
def quickbooks_document_filter(context: RequestContext) -> dict[str, Any]:
    """Show the choice of statuses for a form of filters over invoices or payments."""
    chosen = context["request"].GET.get(FILTER_PARAM, "")
    return {"name": FILTER_PARAM, "choices": document_filter_choices(), "chosen": chosen}


@register.inclusion_tag("qbsync/_banner.html", takes_context=True)
def quickbooks_banner(context: RequestContext) -> dict[str, Any]:
    """Show, on every page, what needs attention about the connection; nothing while all is well."""
    membership = getattr(context.get("request"), "membership", None)
    if not membership:
        return {}
    connection = connection_with_health(membership.firm)
    if connection is None or connection.status not in LIVE:
        return {}
    path = context["request"].path
    found = health_of(connection, membership.firm)
    needs = []
    if membership.may_manage and connection.is_ready and path != reverse("quickbooks_errors"):
        needs = presentation.needs(connection)
    return {
        "membership": membership,
        "notice": next((notice for notice in found if membership.is_owner or notice.kind != "not_set_up"), None),
        "needs": needs,
        "is_settings_page": path == reverse("quickbooks_settings"),
    }


def health_of(connection: Any, firm: Firm) -> list[health.Notice]:
    """Return what is wrong with a live connection that came from ``connection_with_health``, the gravest first."""
    silent = queues_without_worker() if connection.is_waiting else []
    return health.notices(connection, firm, silent_queues=silent, is_stalled=connection.is_stalled)
