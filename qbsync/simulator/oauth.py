"""Owns the OAuth 2 and OpenID endpoints: discovery, authorize page, tokens, revocation, userinfo, keys."""

import base64
import hashlib
import json
from typing import Any
from urllib.parse import urlencode, urlsplit

import jwt
from aiohttp import web
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import rsa

from . import planned, tokens
from .company import Company
from .pages.templates import page
from .render import NotJson, loads
from .simulator import CLIENT_ID, CLIENT_SECRET, Simulator
from .state import SIM

SCOPES = ["openid", "email", "profile", "phone", "address", "com.intuit.quickbooks.accounting"]
_KEY_ID = "simulator-key-1"


def routes() -> list[web.RouteDef]:
    """Where Intuit has them, on one host."""
    return [
        web.get("/.well-known/openid_configuration", discovery),
        web.get("/.well-known/openid_sandbox_configuration", discovery),
        web.get("/.well-known/openid_sandbox_configuration/", discovery),
        web.get("/connect/oauth2", authorize_page),
        web.post("/connect/oauth2", authorize),
        web.post("/oauth2/v1/tokens/bearer", token),
        web.post("/v2/oauth2/tokens/revoke", revoke),
        web.get("/v1/openid_connect/userinfo", userinfo),
        web.get("/op/v1/jwks", jwks),
    ]


async def discovery(request: web.Request) -> web.Response:
    """The discovery document, with this process's own addresses."""
    base = f"{request.scheme}://{request.host}"
    document = {
        "issuer": f"{base}/op/v1",
        "authorization_endpoint": f"{base}/connect/oauth2",
        "token_endpoint": f"{base}/oauth2/v1/tokens/bearer",
        "userinfo_endpoint": f"{base}/v1/openid_connect/userinfo",
        "revocation_endpoint": f"{base}/v2/oauth2/tokens/revoke",
        "jwks_uri": f"{base}/op/v1/jwks",
        "response_types_supported": ["code"],
        "subject_types_supported": ["public"],
        "id_token_signing_alg_values_supported": ["RS256"],
        "scopes_supported": SCOPES,
        "token_endpoint_auth_methods_supported": ["client_secret_post", "client_secret_basic"],
        "claims_supported": ["aud", "exp", "iat", "iss", "realmid", "sub"],
    }
    return _json(document)


def _problem(asked: dict[str, str]) -> str | None:
    parts = urlsplit(asked.get("redirect_uri", ""))
    local = parts.hostname in ("localhost", "127.0.0.1", "::1")
    if asked.get("client_id") != CLIENT_ID:
        return "The client_id is not known. The simulator has one client, simulator-client."
    if not parts.hostname or not (parts.scheme == "https" or (parts.scheme == "http" and local)):
        return "The redirect_uri is not valid: it must be https, or http on localhost."
    if asked.get("response_type") != "code":
        return "The response_type must be code."
    if not asked.get("scope"):
        return "The scope is missing."
    if not asked.get("state"):
        return "The state is missing."
    return None


def _companies(sim: Simulator) -> list[Company]:
    """The companies to choose from: first those that no app is connected to, since one of them is meant."""
    connected = {realm for (realm,) in sim.store.db.execute("SELECT DISTINCT realm FROM grant_ WHERE revoked = 0")}
    return sorted(sim.companies.known.values(), key=lambda company: company.realm in connected)


async def authorize_page(request: web.Request) -> web.Response:
    """Sign in, choose a company, allow or deny."""
    sim, asked = request.app[SIM], dict(request.query)
    problem = _problem(asked)
    companies = _companies(sim)
    status = 400 if problem else 200
    return page(request, "authorize.html", status=status, asked=asked, problem=problem, companies=companies)


async def authorize(request: web.Request) -> web.Response:
    """Take the decision and send the browser back to the client."""
    sim = request.app[SIM]
    form = await _form(request)
    problem = _problem(form)
    allowed = form.get("decision") == "allow"
    if not problem and allowed and form.get("realm_id") not in sim.companies.known:
        problem = "Choose a company."
    if problem:
        companies = _companies(sim)
        return page(request, "authorize.html", status=400, asked=form, problem=problem, companies=companies)
    if not allowed:
        answer = {"error": "access_denied", "error_description": "The user denied access", "state": form["state"]}
    else:
        with sim.store.transaction():
            email = form.get("email") or "owner@simulator.test"
            given = tokens.grant(sim, form["realm_id"], email, form["scope"])
            code = tokens.code(sim, given, form["redirect_uri"])
        answer = {"code": code, "state": form["state"], "realmId": form["realm_id"]}
    joint = "&" if "?" in form["redirect_uri"] else "?"
    raise web.HTTPFound(f"{form['redirect_uri']}{joint}{urlencode(answer)}")


def _client_ok(request: web.Request, form: dict[str, str]) -> bool:
    scheme, _, value = request.headers.get("Authorization", "").partition(" ")
    if scheme.lower() == "basic":
        try:
            pair = base64.b64decode(value, validate=True).decode()
        except (ValueError, UnicodeDecodeError):
            return False
        return pair == f"{CLIENT_ID}:{CLIENT_SECRET}"
    return form.get("client_id") == CLIENT_ID and form.get("client_secret") == CLIENT_SECRET


def _json(body: dict[str, Any], headers: dict[str, str] | None = None, status: int = 200) -> web.Response:
    """Compact JSON under the content type that Intuit's answers carry."""
    named = {"Content-Type": "application/json;charset=utf-8", "Server": "nginx", **(headers or {})}
    return web.Response(status=status, body=json.dumps(body, separators=(",", ":")).encode(), headers=named)


def _refuse(request: web.Request, status: int, error: str, description: str = "") -> web.Response:
    body = {"error": error} | ({"error_description": description} if description else {})
    headers = {"intuit_tid": request.app[SIM].new_tid(), "Cache-Control": "no-cache, no-store"}
    return _json(body, headers, status)


async def _form(request: web.Request) -> dict[str, str]:
    """The fields of a form; one that cannot be read has none."""
    try:
        fields = {name: str(value) for name, value in (await request.post()).items()}
        "".join((*fields, *fields.values())).encode()
    except (ValueError, LookupError):
        return {}
    return fields


async def token(request: web.Request) -> web.Response:
    """Exchange a code or refresh."""
    sim = request.app[SIM]
    form = await _form(request)
    if not _client_ok(request, form):
        return _refuse(request, 401, "invalid_client")
    kind = form.get("grant_type")
    if kind not in ("authorization_code", "refresh_token"):
        return _refuse(request, 400, "unsupported_grant_type")
    missing = "code" if kind == "authorization_code" else "refresh_token"
    if not form.get(missing):
        return _refuse(request, 400, "invalid_request", f"{missing} is required")
    try:
        with sim.store.transaction():
            if kind == "authorization_code":
                given = tokens.spend_code(sim, form["code"], form.get("redirect_uri"))
                current, expires = tokens.refresh_token(sim, given), sim.clock.now() + tokens.REFRESH_S
            else:
                company = _company_of(sim, form["refresh_token"])
                plan = planned.due(company, "token", set(), "refresh", "") if company else None
                if plan:
                    return web.Response(status=int(plan.get("status", 503)), text=plan.get("text", ""))
                given, current, expires = tokens.rotate(sim, form["refresh_token"], company)
            body = _answer(request, given, current, expires)
    except tokens.InvalidGrant as error:
        return _refuse(request, 400, "invalid_grant", str(error))
    headers = {"intuit_tid": sim.new_tid(), "Cache-Control": "no-cache, no-store"}
    return _json(body, headers)


def _company_of(sim: Simulator, value: str) -> Any:
    row = sim.store.db.execute(
        "SELECT g.realm FROM token t JOIN grant_ g ON g.id = t.grant_id WHERE t.value = ?", (value,)
    ).fetchone()
    return sim.companies.known.get(row[0]) if row else None


def _answer(request: web.Request, given: tokens.Grant, current: str, expires: float) -> dict[str, Any]:
    sim = request.app[SIM]
    body: dict[str, Any] = {
        "access_token": tokens.access(sim, given),
        "expires_in": tokens.ACCESS_S,
        "refresh_token": current,
        "x_refresh_token_expires_in": int(expires - sim.clock.now()),
        "token_type": "bearer",
    }
    if request.headers.get("x-include-refresh-token-hard-expires-in", "").lower() == "true":
        end = tokens.hard_end(given, sim.companies.known.get(given.realm))
        body["x_refresh_token_hard_expires_in"] = int(end - sim.clock.now())
    if "openid" in given.scope.split():
        body["id_token"] = _id_token(request, given)
    return body


async def revoke(request: web.Request) -> web.Response:
    """End a grant by its access or refresh token."""
    sim = request.app[SIM]
    if not _client_ok(request, {}):
        return _refuse(request, 401, "invalid_client")
    raw = await request.read()
    try:
        body = loads(raw.decode())
    except (NotJson, UnicodeDecodeError):
        body = await _form(request)
    value = body.get("token") if isinstance(body, dict) else None
    if not isinstance(value, str) or not tokens.revoke(sim, value):
        return _refuse(request, 400, "invalid_request", "Token is not valid")
    return web.Response(status=200, headers={"intuit_tid": sim.new_tid()})


def _subject(email: str) -> str:
    return hashlib.sha256(email.encode()).hexdigest()[:32]


async def userinfo(request: web.Request) -> web.Response:
    """Who gave the consent."""
    sim = request.app[SIM]
    given = tokens.holder(sim, request.headers.get("Authorization", "").removeprefix("Bearer ").strip())
    if given is None:
        return _refuse(request, 401, "invalid_token")
    local = given.email.partition("@")[0].replace(".", " ").title()
    body = {
        "sub": _subject(given.email), "email": given.email, "emailVerified": True, "givenName": local,
        "familyName": "Simulator", "phoneNumber": "+1 5555550100", "phoneNumberVerified": False,
    }  # fmt: skip
    return _json(body, {"intuit_tid": sim.new_tid()})


def _key(sim: Simulator) -> rsa.RSAPrivateKey:
    path = sim.data_dir / "openid-key.pem"
    if not path.exists():
        made = rsa.generate_private_key(public_exponent=65537, key_size=2048)
        text = made.private_bytes(
            serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
        )
        scratch = path.with_suffix(".new")
        scratch.write_bytes(text)
        scratch.chmod(0o600)
        scratch.rename(path)
    key = serialization.load_pem_private_key(path.read_bytes(), password=None)
    if not isinstance(key, rsa.RSAPrivateKey):
        raise TypeError(f"{path} holds no RSA key")
    return key


def _id_token(request: web.Request, given: tokens.Grant) -> str:
    sim, now = request.app[SIM], int(request.app[SIM].clock.now())
    claims = {
        "sub": _subject(given.email), "aud": [CLIENT_ID], "realmid": given.realm, "auth_time": int(given.created),
        "iss": f"{request.scheme}://{request.host}/op/v1", "exp": now + tokens.ACCESS_S, "iat": now,
    }  # fmt: skip
    return jwt.encode(claims, _key(sim), algorithm="RS256", headers={"kid": _KEY_ID})


async def jwks(request: web.Request) -> web.Response:
    """The public key of the id tokens."""
    public = json.loads(jwt.algorithms.RSAAlgorithm.to_jwk(_key(request.app[SIM]).public_key()))
    return _json({"keys": [{**public, "kid": _KEY_ID, "use": "sig", "alg": "RS256"}]})
