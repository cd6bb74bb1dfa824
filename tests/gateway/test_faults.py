"""The fault table: each code, in each shape of body that it comes in, and what follows from it."""

from __future__ import annotations

import json
from typing import Any

import pytest

from qbsync.gateway.answers import read_response
from qbsync.gateway.faults import CODES, RULES, Fault, FaultKind, FaultScope, Retry, classify

TID = "1-6560a1b2-1f3c"


def business(code: str, message: str = "M", detail: str = "D", kind: str = "ValidationFault") -> str:
    error = {"Message": message, "Detail": detail, "code": code, "element": ""}
    return json.dumps({"Fault": {"Error": [error], "type": kind}, "time": "2026-11-23T08:00:00.000-08:00"})


def gateway(code: str, message: str = "M", detail: str = "D", kind: str = "AUTHENTICATION") -> str:
    error = {"message": message, "detail": detail, "code": code, "element": None}
    fault = {"error": [error], "type": kind}
    return json.dumps({"warnings": None, "intuitObject": None, "fault": fault, "time": 1601391072830})


def xml(code: str, message: str = "M", detail: str = "D", kind: str = "ValidationFault") -> str:
    return (
        '<?xml version="1.0" encoding="UTF-8" standalone="yes"?>'
        '<IntuitResponse xmlns="http://schema.intuit.com/finance/v3" time="2026-11-23T08:00:00.000-08:00">'
        f'<Fault type="{kind}"><Error code="{code}" element=""><Message>{message}</Message><Detail>{detail}</Detail>'
        "</Error></Fault></IntuitResponse>"
    )


HTML = "<html>\r\n<head><title>503 Service Temporarily Unavailable</title></head>\r\n<body><hr></body>\r\n</html>"


def fault_of(status: int, body: str, *, is_write: bool = True, headers: dict[str, str] | None = None) -> Fault:
    with pytest.raises(Fault) as caught:
        read_response(status, body, {"intuit_tid": TID, **(headers or {})}, is_write=is_write)
    return caught.value


def test_every_kind_has_a_sentence_and_a_remedy() -> None:
    assert set(RULES) == set(FaultKind)
    for rule in RULES.values():
        assert rule.sentence.endswith(".")
        assert rule.remedy.endswith(".")


@pytest.mark.parametrize("shape", [business, gateway, xml])
@pytest.mark.parametrize(("code", "kind"), sorted(CODES.items()))
def test_a_code_means_the_same_in_every_shape(code: str, kind: FaultKind, shape: Any) -> None:
    fault = fault_of(400, shape(code, kind="ValidationFault"))
    assert (fault.kind, fault.code, fault.message, fault.detail) == (kind, code, "M", "D")
    assert fault.intuit_tid == TID


@pytest.mark.parametrize("code", sorted(CODES))
def test_a_code_means_the_same_in_an_answer_of_200(code: str) -> None:
    assert fault_of(200, business(code)).kind == CODES[code]


@pytest.mark.parametrize(
    ("status", "body", "kind"),
    [
        (401, gateway("3200", "message=AuthenticationFailed; errorCode=003200; statusCode=401"), "token_refused"),
        (401, gateway("", "message=AuthenticationFailed; errorCode=003200; statusCode=401"), "token_refused"),
        (401, "", "token_refused"),
        (401, business("100", "AuthorizationFault", kind="AUTHORIZATION"), "not_authorized"),
        (403, gateway("3100", "message=ApplicationAuthorizationFailed; errorCode=003100"), "not_authorized"),
        (403, gateway("003001", "message=ThrottleExceeded; errorCode=003001; statusCode=403"), "throttled"),
        (403, HTML, "unavailable"),
        (404, HTML, "unavailable"),
        (429, xml("3001", kind="SERVICE"), "throttled"),
        (429, business("3001", kind="SERVICE"), "throttled"),
        (429, gateway("3001", kind="SERVICE"), "throttled"),
        (429, "", "throttled"),
        (429, HTML, "throttled"),
        (400, business("10000", kind="SystemFault"), "unavailable"),
        (500, business("10000", kind="SystemFault"), "unavailable"),
        (500, business("6240"), "unavailable"),
        (502, HTML, "unavailable"),
        (503, HTML, "unavailable"),
        (504, "", "unavailable"),
        (302, "", "unavailable"),
        (200, HTML, "unavailable"),
        (200, "", "unavailable"),
        (200, "[]", "unavailable"),
        (400, business("", kind="SystemFault"), "unavailable"),
        (400, business("", kind="AuthenticationFault"), "token_refused"),
        (403, business("", kind="AuthorizationFault"), "not_authorized"),
        (400, business("9341"), "unknown"),
        (400, business("not a number"), "unknown"),
        (400, "{}", "unavailable"),
        (400, '{"Fault": "text"}', "unavailable"),
        (400, '{"Fault": {"Error": "text"}}', "unavailable"),
        (400, "<not closed", "unavailable"),
        (400, '<!DOCTYPE x [<!ENTITY y "z">]><Fault><Error code="6240"/></Fault>', "unavailable"),
    ],
)
def test_status_and_code_decide_together(status: int, body: str, kind: str) -> None:
    assert fault_of(status, body).kind == kind


def test_610_of_a_deleted_transaction_is_told_from_610_of_something_inactive() -> None:
    deleted = "Object Not Found : Another user has deleted this transaction."
    inactive = "Object Not Found : Something you're trying to use has been made inactive."
    assert fault_of(400, business("610", "Object Not Found", deleted)).kind is FaultKind.DELETED
    assert fault_of(400, business("610", "Object Not Found", inactive)).kind is FaultKind.NOT_FOUND


def test_of_several_errors_the_first_decides_and_every_detail_is_kept() -> None:
    errors = [{"Message": "M", "Detail": "one", "code": "6240"}, {"Message": "M", "Detail": "two", "code": "2050"}]
    fault = fault_of(400, json.dumps({"Fault": {"Error": errors, "type": "ValidationFault"}}))
    assert (fault.kind, fault.detail) == (FaultKind.NAME_TAKEN, "one; two")


@pytest.mark.parametrize(
    ("status", "body", "is_known"),
    [
        (400, business("6240"), True),
        (401, gateway("3200"), True),
        (429, xml("3001"), True),
        (403, HTML, True),
        (500, business("10000", kind="SystemFault"), False),
        (503, HTML, False),
        (408, HTML, False),
        (200, HTML, False),
        (200, business("10000", kind="SystemFault"), False),
        (400, business("600"), False),
    ],
)
def test_the_outcome_of_a_write_is_unknown_where_quickbooks_may_have_executed_it(
    status: int, body: str, is_known: bool
) -> None:
    assert fault_of(status, body, is_write=True).outcome_known is is_known
    assert fault_of(status, body, is_write=False).outcome_known is True


@pytest.mark.parametrize(
    ("header", "seconds"),
    [("30", 30.0), ("0", 1.0), ("99999", 900.0), ("soon", None), ("nan", None), ("inf", None), ("", None)],
)
def test_retry_after_is_heeded_within_reason(header: str, seconds: float | None) -> None:
    assert fault_of(429, "", headers={"Retry-After": header}).retry_after_s == seconds


@pytest.mark.parametrize(
    ("kind", "retry", "scope"),
    [
        (FaultKind.TOKEN_REFUSED, Retry.REFRESH_TOKEN, FaultScope.CONNECTION),
        (FaultKind.THROTTLED, Retry.WAIT_FOR_QUOTA, FaultScope.CONNECTION),
        (FaultKind.UNAVAILABLE, Retry.RETRY_SAME_ID, FaultScope.CONNECTION),
        (FaultKind.STALE, Retry.REREAD_AND_RETRY, FaultScope.RECORD),
        (FaultKind.NAME_TAKEN, Retry.PARK, FaultScope.ACCOUNT),
        (FaultKind.PERIOD_CLOSED, Retry.PARK, FaultScope.RECORD),
        (FaultKind.GRANT_REVOKED, Retry.STOP_CONNECTION, FaultScope.CONNECTION),
        (FaultKind.COMPANY_SUSPENDED, Retry.TRY_RARELY, FaultScope.CONNECTION),
        (FaultKind.UNKNOWN, Retry.PARK, FaultScope.RECORD),
    ],
)
def test_what_follows_from_a_kind(kind: FaultKind, retry: Retry, scope: FaultScope) -> None:
    assert (RULES[kind].retry, RULES[kind].scope) == (retry, scope)


def test_a_fault_in_a_log_says_nobodys_name() -> None:
    fault = fault_of(400, business("6240", "Duplicate Name", "Another customer is already using Alice Munro"))
    assert str(fault) == f"name_taken (HTTP 400, code 6240, intuit_tid {TID})"
    assert "Alice" not in f"{fault!r} {fault}"


def test_leading_zeros_of_a_code_do_not_matter() -> None:
    assert classify(403, "003001") is FaultKind.THROTTLED
