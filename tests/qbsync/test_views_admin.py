"""The admin site's view of the sync: everything readable, no token, nothing to change."""

from django.test import Client

from portal.models import User
from tests.qbsync.desk import Desk


def _ops() -> Client:
    browser = Client()
    browser.force_login(User.objects.create_superuser("ops@portal.test", "secret", name="Oscar Ops"))
    return browser


def test_ops_read_a_connection_without_its_tokens(desk: Desk) -> None:
    desk.connection.access_token = desk.connection.refresh_token = "a-secret-token"
    desk.connection.save()
    page = _ops().get(f"/admin/qbsync/connection/{desk.connection.pk}/change/")
    assert page.status_code == 200 and b"Hartwell Books" in page.content
    assert b"a-secret-token" not in page.content


def test_every_list_of_the_sync_opens_and_offers_no_adding(desk: Desk) -> None:
    desk.invoice(desk.synced("Acme"), status="synced", qbo_id="7", settled_revision=1, pushed_revision=1)
    ops = _ops()
    models = (
        "connection",
        "accountsync",
        "invoicesync",
        "paymentsync",
        "customer",
        "historyentry",
        "pushintent",
        "syncrun",
    )
    for model in models:
        page = ops.get(f"/admin/qbsync/{model}/")
        assert page.status_code == 200, model
        assert ops.get(f"/admin/qbsync/{model}/add/").status_code == 403, model
