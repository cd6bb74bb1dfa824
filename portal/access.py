"""Who may do what: finds the signed-in person's membership, and guards views by role.

It decides on roles only; which accounts a person sees is said by ``Account.objects.visible_to(membership)``.

A session works under one membership. When that changes, or is gone, the CSRF token changes with it: a form that was
opened in one firm can then not be sent into another.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from functools import wraps
from typing import Concatenate, ParamSpec, cast

from allauth.mfa.models import Authenticator
from django.contrib.auth.decorators import login_required
from django.contrib.auth.signals import user_logged_in
from django.core.exceptions import PermissionDenied
from django.db.models import BooleanField, Exists, ExpressionWrapper, OuterRef, Q, QuerySet
from django.dispatch import receiver
from django.http import HttpRequest, HttpResponseBase, StreamingHttpResponse
from django.middleware.csrf import rotate_token
from django.shortcuts import redirect
from django.utils.functional import SimpleLazyObject

from portal import isolation, logs
from portal.models import Firm, Membership, Role, User

SESSION_KEY = "membership_id"
P = ParamSpec("P")
View = Callable[Concatenate[HttpRequest, P], HttpResponseBase]


class MemberRequest(HttpRequest):
    """A request of a signed-in person with a membership, as every guarded view gets it."""

    membership: Membership
    firm: Firm


def authenticator_app(user: str) -> Exists:
    """Return the condition that the person in that column signs in with an authenticator app as well."""
    return Exists(Authenticator.objects.filter(user=OuterRef(user), type=Authenticator.Type.TOTP))


def _memberships_of(user: User) -> QuerySet[Membership]:
    missing = ExpressionWrapper(
        Q(firm__requires_two_factor=True) & ~authenticator_app("user"), output_field=BooleanField()
    )
    # With the firm's connection, which every page asks for; it is reached by its name, as the templates reach its tags
    mine = Membership.objects.filter(user=user).select_related("firm__quickbooks", "user").order_by("pk")
    elsewhere = Exists(Membership.objects.filter(user=OuterRef("user")).exclude(pk=OuterRef("pk")))
    return mine.annotate(lacks_two_factor=missing, has_other_firms=elsewhere)


def _membership_of(request: HttpRequest) -> Membership | None:
    """The membership the person works under: the one chosen in this session, else their first."""
    if not isinstance(request.user, User):
        return None
    mine = _memberships_of(request.user)
    chosen: int = request.session.get(SESSION_KEY, 0)
    return (mine.filter(pk=chosen).first() if chosen else None) or mine.first()


def work_under(request: HttpRequest, membership: Membership) -> None:
    """Let the session go on in this membership's firm; forms that were opened before can no longer be sent."""
    request.session[SESSION_KEY] = membership.pk
    rotate_token(request)


@receiver(user_logged_in)
def begin_in_the_first_firm(request: HttpRequest, user: User, **kwargs: object) -> None:
    """Write into a new session under which membership it begins."""
    if first := Membership.objects.filter(user=user).order_by("pk").values_list("pk", flat=True).first():
        request.session[SESSION_KEY] = first


class FirmMiddleware:
    """Puts ``request.membership`` on every request: a lazy Membership, falsy where there is none.

    With the request ends what ``isolation`` guards.
    """

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponseBase]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponseBase:
        request.membership = SimpleLazyObject(lambda: _membership_of(request))  # type: ignore[attr-defined]
        with isolation.unguarded():
            response = self.get_response(request)
            if isinstance(response, StreamingHttpResponse):
                response.streaming_content = isolation.keep_guarded(cast(Iterable[bytes], response.streaming_content))
        return response


def member_required(
    *roles: Role, refusal: str = "You do not have permission to do this."
) -> Callable[[Callable[Concatenate[MemberRequest, P], HttpResponseBase]], View[P]]:
    """Guard a view: anonymous people go to sign-in; others need a membership, in one of the roles if any are named.

    The view gets ``request.membership`` and ``request.firm``. Where the firm requires two-factor sign-in, people
    without it get no further than to its set-up.

    Raises:
        PermissionDenied: signed in, but without the role; ``refusal`` is shown.
    """

    def decorate(view: Callable[Concatenate[MemberRequest, P], HttpResponseBase]) -> View[P]:
        @wraps(view)
        def guarded(request: HttpRequest, *args: P.args, **kwargs: P.kwargs) -> HttpResponseBase:
            member_request = cast(MemberRequest, request)
            if not member_request.membership:
                raise PermissionDenied("You are not a member of any firm.")
            if request.session.get(SESSION_KEY, member_request.membership.pk) != member_request.membership.pk:
                _go_on_elsewhere(member_request)
            if member_request.membership.must_set_up_two_factor:
                return redirect("mfa_activate_totp")
            if roles and member_request.membership.role not in roles:
                raise PermissionDenied(refusal)
            member_request.firm = member_request.membership.firm
            isolation.serve(member_request.firm)
            logs.add(firm=member_request.firm.pk)
            return view(member_request, *args, **kwargs)

        return login_required(guarded)

    return decorate


def _go_on_elsewhere(request: MemberRequest) -> None:
    """Move a session whose firm is gone to the person's next one, unless it was about to change something."""
    if request.method not in ("GET", "HEAD"):
        raise PermissionDenied("You are no longer a member of the firm that this page was of. Nothing was changed.")
    work_under(request, request.membership)


manager_required = member_required(Role.OWNER, Role.ADMIN, refusal="Only an owner or an admin of the firm can do this.")
owner_required = member_required(Role.OWNER, refusal="Only the owner of the firm can do this.")
