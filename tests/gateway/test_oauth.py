"""OAuth with the simulator, and with recorded bytes of Intuit's refusals."""

from __future__ import annotations

from collections.abc import Callable
from urllib.parse import parse_qs, urlsplit

import pytest
from pytest_django import Settings

from qbsync.gateway import oauth
from qbsync.gateway.company import Company
from qbsync.gateway.faults import Fault, FaultKind
from tests.gateway.replay import DROP, Replay, answer
from tests.simulated import Simulator

Start = Callable[..., Replay]
PAIR = {
    "access_token": "access-2",
    "refresh_token": "refresh-2",
    "expires_in": 3600,
    "x_refresh_token_expires_in": 8726400,
    "token_type": "bearer",
}


@pytest.fixture
def discovered(intuit: Start) -> Callable[..., Replay]:
    """A server that gives its discovery document first, then these answers."""

    def start(*answers: bytes) -> Replay:
        server = intuit()
        names = {"authorization_endpoint": "authorize", "token_endpoint": "token", "revocation_endpoint": "revoke"}
        document = {name: f"{server.url}/{path}" for name, path in names.items()}
        server.answers = [answer(200, document), *answers]
        return server

    return start


def test_the_browser_goes_to_the_sign_in_page_where_it_can_reach_it(simulator: Simulator, settings: Settings) -> None:
    settings.QBO_BROWSER_BASE_URL = "https://sign-in.example.test"
    url = urlsplit(oauth.authorize_url("state-1"))
    assert (url.scheme, url.netloc, url.path) == ("https", "sign-in.example.test", "/connect/oauth2")
    assert parse_qs(url.query) == {
        "client_id": ["simulator-client"],
        "response_type": ["code"],
        "scope": ["com.intuit.quickbooks.accounting"],
        "redirect_uri": [settings.QBO_REDIRECT_URI],
        "state": ["state-1"],
    }


def test_a_refreshed_token_opens_the_company_and_a_revoked_one_does_not(simulator: Simulator) -> None:
    realm = simulator.company("Munro Books")
    grant = oauth.refresh(simulator.tokens(realm)["refresh_token"])
    assert Company(realm, grant.access_token).company_info().body["CompanyName"] == "Munro Books"
    assert grant.access_expires_in_s == 3600
    assert grant.refresh_expires_in_s > 90 * 24 * 3600
    assert grant.hard_expires_in_s is not None and 1824 < grant.hard_expires_in_s / 86_400 <= 1825

    oauth.revoke(grant.refresh_token)

    with pytest.raises(Fault) as refused:
        Company(realm, grant.access_token).company_info()
    assert refused.value.kind is FaultKind.TOKEN_REFUSED
    with pytest.raises(Fault) as revoked:
        oauth.refresh(grant.refresh_token)
    assert revoked.value.kind is FaultKind.GRANT_REVOKED


def test_a_code_that_intuit_did_not_give_is_refused(simulator: Simulator) -> None:
    with pytest.raises(Fault) as caught:
        oauth.exchange("invented")
    assert caught.value.kind is FaultKind.GRANT_REVOKED


def test_wrong_keys_are_the_operators_fault_and_not_the_connections(simulator: Simulator, settings: Settings) -> None:
    token = simulator.tokens(simulator.company())["refresh_token"]
    settings.QBO_CLIENT_SECRET = "wrong"
    with pytest.raises(Fault) as caught:
        oauth.refresh(token)
    assert caught.value.kind is FaultKind.APP_REFUSED


def test_the_discovery_document_is_fetched_once(discovered: Start) -> None:
    server = discovered(answer(200, PAIR), answer(200, PAIR))
    oauth.refresh("refresh-1")
    oauth.refresh("refresh-1")
    oauth.authorize_url("state")
    asked = [request.split(" ")[1] for request in server.requests]
    assert asked == ["/.well-known/openid_configuration", "/token", "/token"]


def test_the_rolling_and_the_hard_end_of_the_refresh_token_are_told_apart(discovered: Start) -> None:
    server = discovered(answer(200, {**PAIR, "x_refresh_token_hard_expires_in": 600}), answer(200, PAIR))
    grant = oauth.refresh("refresh-1")
    assert (grant.refresh_expires_in_s, grant.hard_expires_in_s) == (8726400, 600)
    assert "x-include-refresh-token-hard-expires-in: true" in server.requests[-1].lower()
    assert oauth.refresh("refresh-1").hard_expires_in_s is None


def test_a_pair_is_kept_although_its_lifetimes_are_missing(discovered: Start) -> None:
    discovered(answer(200, {"access_token": "a", "refresh_token": "r"}))
    grant = oauth.refresh("refresh-1")
    assert (grant.refresh_token, grant.access_expires_in_s) == ("r", 3600)


@pytest.mark.parametrize(
    ("response", "kind", "outcome_known"),
    [
        (answer(400, {"error": "invalid_grant", "error_description": "Token revoked"}), "grant_revoked", True),
        (answer(401, {"error": "invalid_client"}), "app_refused", True),
        (answer(401, "<html></html>"), "app_refused", True),
        (answer(429, "slow down"), "throttled", True),
        (answer(400, "<html></html>"), "unavailable", True),
        (answer(503, {"error": "invalid_grant"}), "unavailable", False),
        (answer(200, "<html></html>"), "unavailable", False),
        (answer(200, "[]"), "unavailable", False),
        (answer(200, {"access_token": "a"}), "unavailable", False),
        (answer(302, Location="/elsewhere"), "unavailable", True),
        (DROP, "unavailable", False),
    ],
)
def test_what_a_refusal_to_refresh_means(discovered: Start, response: bytes, kind: str, outcome_known: bool) -> None:
    server = discovered(response)
    with pytest.raises(Fault) as caught:
        oauth.refresh("refresh-1")
    assert (caught.value.kind, caught.value.outcome_known) == (kind, outcome_known)
    assert len(server.requests) == 2


def test_intuit_down_before_anything_is_known_of_it(intuit: Start) -> None:
    intuit(answer(503, "<html></html>"))
    with pytest.raises(Fault) as caught:
        oauth.authorize_url("state")
    assert caught.value.kind is FaultKind.UNAVAILABLE


def test_revoking_quietly_never_stands_in_the_way(discovered: Start) -> None:
    discovered(answer(500))
    assert oauth.revoke_quietly("refresh-1") is False


def test_no_token_and_no_code_reaches_the_log(discovered: Start, caplog: pytest.LogCaptureFixture) -> None:
    refusal = {"error": "invalid_grant", "error_description": "refresh-1 is not valid"}
    discovered(answer(200, PAIR), answer(400, refusal))
    with caplog.at_level("DEBUG"):
        grant = oauth.exchange("code-1")
        with pytest.raises(Fault) as caught:
            oauth.refresh("refresh-1")
    told = f"{caplog.text} {grant!r} {caught.value!r} {caught.value}"
    assert "Intuit OAuth refresh: status 400" in told
    assert not [secret for secret in ("code-1", "refresh-1", "access-2", "refresh-2") if secret in told]
