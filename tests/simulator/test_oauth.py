"""OAuth 2 through intuit-oauth and by hand: consent, exchange, rotation, expiry, revocation, OpenID."""

from typing import Any
from urllib.parse import parse_qs, urlsplit

import jwt
import pytest
import requests
from intuitlib.client import AuthClient
from intuitlib.enums import Scopes
from intuitlib.exceptions import AuthClientError

from tests.simulator.client import Company, control
from tests.simulator.conftest import Process

CALLBACK = "http://localhost:8000/callback"
BASIC = ("simulator-client", "simulator-secret")


def client(process: Process) -> AuthClient:
    """Intuit's own client, told where to discover the simulator."""
    discovery = f"{process.url}/.well-known/openid_configuration"
    return AuthClient(*BASIC, CALLBACK, discovery)


def consent(url: str, **decided: str) -> dict[str, str]:
    """Post the authorize page's form; the parameters of the redirect."""
    asked = {name: values[0] for name, values in parse_qs(urlsplit(url).query).items()}
    assert requests.get(url, timeout=10).ok
    page = urlsplit(url)._replace(query="").geturl()
    answer = requests.post(page, data={**asked, **decided}, allow_redirects=False, timeout=10)
    assert answer.status_code == 302, answer.text
    assert answer.headers["Location"].startswith(CALLBACK + "?")
    return {name: values[0] for name, values in parse_qs(urlsplit(answer.headers["Location"]).query).items()}


def connected(process: Process, company: Company, *scopes: Scopes) -> AuthClient:
    """A client that has been through the consent."""
    auth = client(process)
    url = auth.get_authorization_url(list(scopes or (Scopes.ACCOUNTING,)), state_token="s-1")
    answer = consent(url, realm_id=company.realm, decision="allow", email="owner@firm.test")
    assert (answer["state"], answer["realmId"]) == ("s-1", company.realm)
    auth.get_bearer_token(answer["code"], realm_id=answer["realmId"])
    return auth


def bearer(process: Process, **form: str) -> requests.Response:
    """A call of the token endpoint."""
    return requests.post(f"{process.url}/oauth2/v1/tokens/bearer", data=form, auth=BASIC, timeout=10)


def test_a_consent_gives_tokens_that_open_that_company_alone(process: Process, company: Company, make_company) -> None:
    auth = connected(process, company)
    assert (auth.expires_in, auth.x_refresh_token_expires_in // 86400) in ((3600, 101), (3600, 100))
    headers = {"Authorization": f"Bearer {auth.access_token}"}
    assert requests.get(f"{company.base}/customer/1", headers=headers, timeout=10).ok
    other = make_company()
    refused = requests.get(f"{other.base}/companyinfo/{other.realm}", headers=headers, timeout=10)
    assert (refused.status_code, refused.json()["fault"]["error"][0]["code"]) == (403, "3100")


def test_a_denied_consent_says_so_and_keeps_the_state(process: Process, company: Company) -> None:
    url = client(process).get_authorization_url([Scopes.ACCOUNTING], state_token="s-2")
    answer = consent(url, decision="deny")
    assert (answer["error"], answer["state"]) == ("access_denied", "s-2")
    assert "code" not in answer


@pytest.mark.parametrize(
    "changed",
    [{"client_id": "other"}, {"redirect_uri": "http://evil.test/cb"}, {"redirect_uri": "javascript:alert(1)"},
     {"response_type": "token"}, {"scope": ""}, {"state": ""}, {"realm_id": "1"}],
)  # fmt: skip
def test_a_wrong_request_stays_on_the_page(process: Process, company: Company, changed: dict[str, str]) -> None:
    form = {"client_id": BASIC[0], "redirect_uri": CALLBACK, "response_type": "code", "scope": "x", "state": "s",
            "realm_id": company.realm, "decision": "allow", **changed}  # fmt: skip
    answer = requests.post(f"{process.url}/connect/oauth2", data=form, allow_redirects=False, timeout=10)
    assert answer.status_code == 400
    assert 'role="alert"' in answer.text


def test_a_code_is_good_once_for_its_own_address_and_ten_minutes(process: Process, company: Company) -> None:
    def code() -> str:
        url = client(process).get_authorization_url([Scopes.ACCOUNTING], state_token="s")
        return consent(url, realm_id=company.realm, decision="allow")["code"]

    first = code()
    spent = bearer(process, grant_type="authorization_code", code=first, redirect_uri=CALLBACK)
    assert spent.ok
    assert bearer(process, grant_type="authorization_code", code=first, redirect_uri=CALLBACK).status_code == 400
    elsewhere = bearer(process, grant_type="authorization_code", code=code(), redirect_uri="http://localhost/x")
    assert elsewhere.json()["error"] == "invalid_grant"
    late = code()
    control(process.url, "POST", "/_sim/clock", {"offset_s": 601})
    assert bearer(process, grant_type="authorization_code", code=late, redirect_uri=CALLBACK).status_code == 400


def test_a_wrong_secret_is_invalid_client(process: Process) -> None:
    form = {"grant_type": "refresh_token", "refresh_token": "x"}
    for auth in (("simulator-client", "wrong"), None):
        answer = requests.post(f"{process.url}/oauth2/v1/tokens/bearer", data=form, auth=auth, timeout=10)
        assert (answer.status_code, answer.json()["error"]) == (401, "invalid_client")


def test_an_unknown_refresh_token_is_invalid_grant_in_intuits_words(process: Process) -> None:
    answer = bearer(process, grant_type="refresh_token", refresh_token="nonsense")
    assert answer.status_code == 400
    assert answer.json() == {"error": "invalid_grant", "error_description": "Incorrect or invalid refresh token"}


def test_a_refresh_token_changes_once_it_is_a_day_old(process: Process, company: Company) -> None:
    auth = connected(process, company)
    first = auth.refresh_token
    auth.refresh()
    assert auth.refresh_token == first
    control(process.url, "POST", "/_sim/clock", {"offset_s": 86_500})
    auth.refresh()
    second = auth.refresh_token
    assert second != first
    control(process.url, "POST", "/_sim/clock", {"offset_s": 2 * 86_400})
    auth.refresh(refresh_token=first)
    assert auth.refresh_token == second
    control(process.url, "POST", "/_sim/clock", {"offset_s": 3 * 86_400})
    with pytest.raises(AuthClientError):
        auth.refresh(refresh_token=first)
    auth.refresh(refresh_token=second)


def test_a_refresh_token_can_be_made_to_work_once(process: Process, company: Company) -> None:
    company.control("options", {"refresh_rotation": "always"})
    auth = connected(process, company)
    first = auth.refresh_token
    auth.refresh()
    assert auth.refresh_token != first
    with pytest.raises(AuthClientError):
        auth.refresh(refresh_token=first)


def test_an_idle_refresh_token_dies_after_101_days_and_any_after_5_years(process: Process, company: Company) -> None:
    auth = connected(process, company)
    control(process.url, "POST", "/_sim/clock", {"offset_s": 102 * 86_400})
    with pytest.raises(AuthClientError):
        auth.refresh()


def test_the_hard_expiry_is_told_to_who_asks(process: Process, company: Company) -> None:
    form = {"grant_type": "refresh_token", "refresh_token": company.tokens["refresh_token"]}
    asked = {"x-include-refresh-token-hard-expires-in": "true"}
    url = f"{process.url}/oauth2/v1/tokens/bearer"
    told = requests.post(url, data=form, auth=BASIC, headers=asked, timeout=10).json()
    assert told["x_refresh_token_hard_expires_in"] // 86_400 in (1824, 1825)
    assert "x_refresh_token_hard_expires_in" not in requests.post(url, data=form, auth=BASIC, timeout=10).json()


def test_an_access_token_expires_after_an_hour_with_the_recorded_answer(process: Process, company: Company) -> None:
    control(process.url, "POST", "/_sim/clock", {"offset_s": 3601})
    answer = company.get("customer/1")
    assert answer.status_code == 401
    assert answer.headers["WWW-Authenticate"] == 'Bearer realm="Intuit", error="invalid_token"'
    body: dict[str, Any] = answer.json()
    assert list(body) == [
        "warnings", "intuitObject", "fault", "report", "queryResponse", "batchItemResponse", "attachableResponse",
        "syncErrorResponse", "requestId", "time", "status", "cdcresponse",
    ]  # fmt: skip
    error = body["fault"]["error"][0]
    assert error["message"] == "message=AuthenticationFailed; errorCode=003200; statusCode=401"
    assert error["detail"] == f"Token expired: {company.tokens['access_token']}"
    assert (error["code"], error["element"], body["fault"]["type"]) == ("3200", None, "AUTHENTICATION")
    assert isinstance(body["time"], int)


@pytest.mark.parametrize("which", ["access_token", "refresh_token"])
def test_revoking_any_token_ends_the_grant(process: Process, company: Company, which: str) -> None:
    auth = connected(process, company)
    assert auth.revoke(token=getattr(auth, which))
    with pytest.raises(AuthClientError):
        auth.refresh()
    headers = {"Authorization": f"Bearer {auth.access_token}"}
    assert requests.get(f"{company.base}/customer/1", headers=headers, timeout=10).status_code == 401
    assert company.get("customer/1").ok


def test_openid_says_who_consented_with_a_token_that_verifies(process: Process, company: Company) -> None:
    auth = connected(process, company, Scopes.ACCOUNTING, Scopes.OPENID, Scopes.EMAIL)
    assert auth.get_user_info().json()["email"] == "owner@firm.test"
    keys = jwt.PyJWKClient(auth.jwks_uri)
    key = keys.get_signing_key_from_jwt(auth.id_token).key
    claims = jwt.decode(auth.id_token, key, algorithms=["RS256"], audience=BASIC[0], issuer=auth.issuer_uri)
    assert claims["realmid"] == company.realm


def test_the_token_endpoint_can_fail_as_planned(process: Process, company: Company) -> None:
    company.control("faults", [{"match": {"endpoint": "token"}, "kind": "http", "status": 503}])
    form = {"grant_type": "refresh_token", "refresh_token": company.tokens["refresh_token"]}
    assert [bearer(process, **form).status_code for _ in range(2)] == [503, 200]


def test_a_refused_refresh_is_answered_to_the_byte(company: Company) -> None:
    answer = requests.post(
        f"{company.url}/oauth2/v1/tokens/bearer", auth=("simulator-client", "simulator-secret"), timeout=10,
        data={"grant_type": "refresh_token", "refresh_token": "AB-none"},
    )  # fmt: skip
    assert answer.status_code == 400
    assert answer.text == '{"error":"invalid_grant","error_description":"Incorrect or invalid refresh token"}'
    assert answer.headers["Content-Type"] == "application/json;charset=utf-8"
