"""A firm with a person of each kind and an object of each kind, and real requests of these people."""

from __future__ import annotations

from contextlib import suppress
from dataclasses import dataclass, replace
from typing import Any

from django.core.cache import cache
from django.db import connection
from django.test import Client
from django.urls import NoReverseMatch, reverse
from psycopg2 import sql

from accounts.models import Service, Tag
from accounts.views.importing import Waiting
from portal.invitations import token_of
from portal.models import Invitation, Membership, Role
from qbsync.digest.links import stop_address
from qbsync.states import DocumentReason, DocumentStatus
from tests.access.bodies import BODIES
from tests.portal.people import confirm, join, set_up
from tests.qbsync.desk import NOON, Desk, make_desk

ROLES = ("anonymous", "unassigned", "assigned", "views all", "admin", "owner", "elsewhere")
"""Who asks. Unassigned, assigned and views all are employees of the firm; elsewhere owns another firm."""

CSRF = "c" * 32
IMPORT = "an-import-that-waits"


@dataclass(frozen=True)
class World:
    """The firm, its people, and the objects that addresses are about, by the words the table uses for them."""

    desk: Desk
    people: dict[str, Membership]
    sessions: dict[str, str]
    objects: dict[str, Any]
    browser: Client  # one for all, without its cookies in between: making one loads all middleware

    def ask(self, role: str, method: str, name: str, words: str, *, csrf: bool = True, body: Any = None) -> Any:
        """Request the address as this person's browser would, and return the answer.

        ``words`` name the objects in the address; a word that names none stands for itself, and one that begins with
        a question mark is the query. A POST sends what the address's form would send, or the ``body`` given.
        """
        address = self.address(name, words)
        if method == "POST" and body is None:
            body = self.body(name)
        return self.request(role, method, address, body, csrf=csrf)

    def request(self, role: str, method: str, address: str, body: Any = None, *, csrf: bool = True) -> Any:
        """Request this very address, as ``ask`` does."""
        client = self.browser
        client.cookies.clear()
        if role in self.sessions:
            client.cookies["sessionid"] = self.sessions[role]
        headers = {}
        if csrf:
            client.cookies["csrftoken"] = CSRF
            headers["X-CSRFToken"] = CSRF
        if method == "GET":
            return client.get(address, headers=headers)
        return client.post(address, body, headers=headers)

    def body(self, name: str) -> dict[str, Any]:
        """Return what the address's form sends."""
        return BODIES[name](self.objects) if name in BODIES else {}

    def address(self, name: str, words: str) -> str:
        """Return the address with its objects; one of the admin site's is given the number 1 where it wants any."""
        path = [self.objects.get(word, word) for word in words.split() if not word.startswith("?")]
        query = "".join(word for word in words.split() if word.startswith("?")).format(**self.objects)
        candidates = [path, [1], ["portal"], [1, 1]] if name.startswith("admin:") else [path]
        for arguments in candidates:
            with suppress(NoReverseMatch):
                return reverse(name, args=arguments) + query
        raise AssertionError(f"The address {name} wants other arguments than “{words}”.")

    def about(self, **objects: Any) -> World:
        """The same people, asking about other objects."""
        return replace(self, objects={**self.objects, **objects})


def outcome(answer: Any) -> str:
    """What a person got, in one word: ok, sign-in, or the number of the refusal."""
    where = answer.headers.get("Location", "")
    if where.startswith((f"{reverse('sign_in')}?next=", f"{reverse('admin:login')}?next=")):
        return "sign-in"
    return "ok" if answer.status_code < 400 else str(answer.status_code)


def fingerprint() -> dict[str, str]:
    """A hash of all rows of each table, to tell whether anything changed."""
    tables = sorted(set(connection.introspection.table_names()) - {"django_migrations"})
    hashed = "SELECT {}, md5(coalesce(string_agg(row::text, '|' ORDER BY row::text), '')) FROM {} row"
    each = [sql.SQL(hashed).format(sql.Literal(table), sql.Identifier(table)) for table in tables]
    with connection.cursor() as cursor:
        cursor.execute(sql.SQL(" UNION ALL ").join(each))
        return dict(cursor.fetchall())


def make_world() -> World:
    """Make all of it, as rows. Nothing of it is known to a QuickBooks company."""
    desk = make_desk()
    people = {
        "unassigned": desk.erin,
        "assigned": join(desk.firm, "Tessa Team", Role.EMPLOYEE),
        "views all": join(desk.firm, "Vera View", Role.EMPLOYEE),
        "admin": desk.adam,
        "owner": desk.olivia,
        "elsewhere": desk.nadia,
    }
    people["views all"].view_all_accounts = True
    people["views all"].save()
    objects = make_objects(desk, people)
    for person in people.values():
        content = b"Name\nJane Green\n"
        cache.set(f"books-import:{person.pk}:{IMPORT}", Waiting("accounts", "clients.csv", content), 600)
    sessions = {}
    for role, person in people.items():
        client = Client()
        client.force_login(person.user)
        confirm(client, for_good=True)
        sessions[role] = client.cookies["sessionid"].value
    return World(desk, people, sessions, objects, Client(enforce_csrf_checks=True, raise_request_exception=False))


def make_objects(desk: Desk, people: dict[str, Membership], mark: str = "") -> dict[str, Any]:
    """Make an object of each kind, and return their ids; every name ends in the mark."""
    account = desk.failed(f"Acme{mark}")
    account.team.add(people["assigned"])
    linked = desk.synced(f"Linked LLC{mark}")
    linked.team.add(people["assigned"])
    archived = desk.account(f"Archived Ltd{mark}")
    refused: dict[str, Any] = {
        "status": DocumentStatus.FAILED,
        "reason": DocumentReason.REFUSED,
        "detail": {"message": f"The books are closed.{mark}", "code": "6210"},
        "settled_revision": 1,
    }
    customer = desk.customer(f"Acme Incorporated{mark}")
    secured = join(desk.firm, f"Paula{mark} Phone", Role.EMPLOYEE)
    set_up(secured)
    invited = Invitation.objects.create(firm=desk.firm, email=f"ivy{mark}@example.com")
    return {
        "account": account.pk,
        "linked": linked.pk,
        "archived": archived.pk,
        "invoice": desk.invoice(linked, **refused).pk,
        "payment": desk.payment(linked, **refused).pk,
        "customer": customer.pk,
        "tag": Tag.objects.create(firm=desk.firm, name=f"Monthly{mark}").pk,
        "member": people["assigned"].pk,
        "with-app": secured.pk,
        "service": Service.objects.create(firm=desk.firm, name=f"Payroll{mark}", rate=95).pk,
        "import": IMPORT,
        "invited": invited.pk,
        "token": token_of(invited.key),
        "stop": stop_address(people["admin"]).rstrip("/").rpartition("/")[2],
        "seen_at": NOON.replace(year=2030).isoformat(),
    }
