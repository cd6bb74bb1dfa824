"""Documents that are with another customer in QuickBooks, and the Undo of what was pressed on an account."""

from __future__ import annotations

from datetime import timedelta

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.http import require_http_methods

from portal.access import MemberRequest, manager_required
from qbsync import clock, services
from qbsync.presentation import counted
from qbsync.selectors import connection_of, history_of, standing
from qbsync.selectors.moves import Moves, copies_in_quickbooks
from qbsync.selectors.undo import undoable
from qbsync.services import Refused
from qbsync.views.answers import REFUSED, changed, dialog_response, not_changed, visible_account

_TOLD_FOR = timedelta(days=1)
_MOST_TOLD = 200


@manager_required
@require_http_methods(["GET", "HEAD", "POST"])
def elsewhere(request: MemberRequest, pk: int) -> HttpResponse:
    """Show which documents are with another customer in QuickBooks, and why; on POST, have them moved."""
    account, error = visible_account(request, pk), ""
    if request.method == "POST":
        try:
            count = services.documents_move(account=account, by=request.membership.user)
        except Refused as refused:
            error = str(refused)
        else:
            messages.success(
                request, f"{counted(count, 'document')} being moved." if count else "Nothing more to move."
            )
            return redirect("quickbooks_elsewhere", pk)
    now, connection = standing(account), connection_of(account.firm)
    customer = now.sync.customer if now.sync else None
    found = copies_in_quickbooks(account, connection, but_of=customer.qbo_id) if customer and connection else Moves()
    moved = history_of(account).filter(event="moved", at__gt=clock.about_now() - _TOLD_FOR)
    context = {
        "account": account,
        "tab": "info",
        "standing": now,
        "customer": customer,
        "moves": found,
        "moved": list(moved[:_MOST_TOLD]),
        "is_moving": any(one.is_moving for one in found.documents),
        "error": error,
    }
    return render(request, "qbsync/elsewhere.html", context, status=REFUSED if error else 200)


@manager_required
@require_http_methods(["GET", "HEAD", "POST"])
def undo(request: MemberRequest, pk: int) -> HttpResponse:
    """Say what would be taken back; on POST, take it back."""
    account = visible_account(request, pk)
    if request.method == "POST":
        try:
            services.account_undo(account=account, by=request.membership.user)
        except Refused as refused:
            return not_changed(request, account, str(refused))
        return changed(request, account, f"Undone. {account.name} is being synced.")
    return dialog_response(request, "qbsync/_undo_dialog.html", {"account": account, "undoable": undoable(account)})
