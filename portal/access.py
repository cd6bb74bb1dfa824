"""Who may do what: finds the signed-in person's membership, and guards views by role.

It decides on roles only; which accounts a person sees is said by ``Account.objects.visible_to(membership)``.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import wraps
from typing import Concatenate, ParamSpec, cast

from django.contrib.auth.decorators import login_required
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponseBase
from django.utils.functional import SimpleLazyObject

from portal.models import Firm, Membership, Role

SESSION_KEY = "membership_id"
P = ParamSpec("P")
View = Callable[Concatenate[HttpRequest, P], HttpResponseBase]


class MemberRequest(HttpRequest):
    """A request of a signed-in person with a membership, as every guarded view gets it."""

    membership: Membership
    firm: Firm


def _membership_of(request: HttpRequest) -> Membership | None:
    """The membership the person works under: the one chosen in this session, else their first."""
    if not request.user.is_authenticated:
        return None
    mine = Membership.objects.filter(user=request.user).select_related("firm", "user")
    chosen: int = request.session.get(SESSION_KEY, 0)
    return (mine.filter(pk=chosen).first() if chosen else None) or mine.order_by("pk").first()


class FirmMiddleware:
    """Puts ``request.membership`` on every request: a lazy Membership, falsy where there is none."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponseBase]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponseBase:
        request.membership = SimpleLazyObject(lambda: _membership_of(request))  # type: ignore[attr-defined]
        return self.get_response(request)


def member_required(
    *roles: Role, refusal: str = "You do not have permission to do this."
) -> Callable[[Callable[Concatenate[MemberRequest, P], HttpResponseBase]], View[P]]:
    """Guard a view: anonymous people go to sign-in; others need a membership, in one of the roles if any are named.

    The view gets ``request.membership`` and ``request.firm``.

    Raises:
        PermissionDenied: signed in, but without the role; ``refusal`` is shown.
    """

    def decorate(view: Callable[Concatenate[MemberRequest, P], HttpResponseBase]) -> View[P]:
        @wraps(view)
        def guarded(request: HttpRequest, *args: P.args, **kwargs: P.kwargs) -> HttpResponseBase:
            member_request = cast(MemberRequest, request)
            if not member_request.membership:
                raise PermissionDenied("You are not a member of any firm.")
            if roles and member_request.membership.role not in roles:
                raise PermissionDenied(refusal)
            member_request.firm = member_request.membership.firm
            return view(member_request, *args, **kwargs)

        return login_required(guarded)

    return decorate


manager_required = member_required(Role.OWNER, Role.ADMIN, refusal="Only an owner or an admin of the firm can do this.")
owner_required = member_required(Role.OWNER, refusal="Only the owner of the firm can do this.")
