"""A new key of TOKEN_ENCRYPTION_KEYS: everything moves to it, and the old one can go."""

from io import StringIO

import pytest
from allauth.mfa.adapter import get_adapter
from allauth.mfa.models import Authenticator
from cryptography.fernet import Fernet, InvalidToken
from django.core.management import CommandError, call_command
from django.utils import timezone
from pytest_django import Settings

from portal.models import Firm, User
from qbsync.models import Connection
from qbsync.rotation import rotate

pytestmark = pytest.mark.django_db

OLD, NEW = Fernet.generate_key().decode(), Fernet.generate_key().decode()


@pytest.fixture
def connection(settings: Settings) -> Connection:
    """A connection whose tokens the old key has encrypted."""
    settings.TOKEN_ENCRYPTION_KEYS = [OLD]
    return Connection.objects.create(
        firm=Firm.objects.create(name="Alice & Partners"),
        realm_id="1",
        status_changed_at=timezone.now(),
        access_token="the access token",
        refresh_token="the refresh token",
    )


def run(*options: str) -> str:
    out = StringIO()
    call_command("rotate_keys", *options, stdout=out)
    return out.getvalue()


def test_after_the_rotation_the_new_key_alone_opens_everything(connection: Connection, settings: Settings) -> None:
    alice = User.objects.create_user("alice@firm.test", "secret", name="Alice Archer")
    app = Authenticator.objects.create(user=alice, type="totp", data={"secret": get_adapter().encrypt("ABCD")})
    codes = {"seed": get_adapter().encrypt("5eed"), "used_mask": 5}
    recovery = Authenticator.objects.create(user=alice, type="recovery_codes", data=codes)

    settings.TOKEN_ENCRYPTION_KEYS = [NEW, OLD]
    assert run() == (
        "0 secrets were encrypted with the newest key; 4 with an older one, and are with the newest now.\n"
    )
    settings.TOKEN_ENCRYPTION_KEYS = [NEW]
    connection.refresh_from_db()
    assert (connection.access_token, connection.refresh_token) == ("the access token", "the refresh token")
    app.refresh_from_db()
    recovery.refresh_from_db()
    assert get_adapter().decrypt(app.data["secret"]) == "ABCD"
    assert get_adapter().decrypt(recovery.data["seed"]) == "5eed"
    assert recovery.data["used_mask"] == 5
    assert run("--check").startswith("4 secrets were encrypted with the newest key; 0 with an older one.")


def test_the_check_fails_while_the_old_key_is_needed_and_writes_nothing(
    connection: Connection, settings: Settings
) -> None:
    settings.TOKEN_ENCRYPTION_KEYS = [NEW, OLD]
    with pytest.raises(CommandError, match="older keys are still needed"):
        run("--check")
    settings.TOKEN_ENCRYPTION_KEYS = [NEW]
    with pytest.raises(InvalidToken):
        connection.refresh_from_db()


def test_all_pages_are_rotated(connection: Connection, settings: Settings, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("qbsync.rotation._PAGE", 2)
    for number in range(4):
        Connection.objects.create(
            firm=Firm.objects.create(name=f"Firm {number}"),
            realm_id=f"2{number}",
            status_changed_at=timezone.now(),
            refresh_token=f"refresh {number}",
        )
    settings.TOKEN_ENCRYPTION_KEYS = [NEW, OLD]
    assert rotate(write=True).older == 6
    assert rotate(write=False).newest == 6


def test_what_no_key_opens_is_named_and_the_rest_goes_on(connection: Connection, settings: Settings) -> None:
    settings.TOKEN_ENCRYPTION_KEYS = [NEW]
    with pytest.raises(CommandError) as refused:
        run()
    assert f"qbsync_connection.access_token of row {connection.pk}" in str(refused.value)
    assert f"qbsync_connection.refresh_token of row {connection.pk}" in str(refused.value)
    assert "the access token" not in str(refused.value)


def test_tokens_that_are_refreshed_meanwhile_are_not_put_back(
    connection: Connection, settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    settings.TOKEN_ENCRYPTION_KEYS = [NEW, OLD]
    from portal import crypto

    renew = crypto.renew

    def refreshed_before(token: str) -> str:
        Connection.objects.filter(pk=connection.pk).update(access_token="newer", refresh_token="newer still")
        return renew(token)

    monkeypatch.setattr(crypto, "renew", refreshed_before)
    rotate(write=True)
    connection.refresh_from_db()
    assert (connection.access_token, connection.refresh_token) == ("newer", "newer still")
