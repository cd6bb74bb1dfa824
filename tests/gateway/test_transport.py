"""What goes over the wire, and answers that never come; Intuit is played by recorded bytes."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from pytest_django import Settings

from qbsync.gateway.faults import Fault, FaultKind
from qbsync.gateway.transport import Transport
from tests.gateway.replay import DROP, STALL, Replay, answer

Start = Callable[..., Replay]


def send(*, is_write: bool, body: bytes | None = b"{}") -> dict[str, object]:
    """Send something to the server that plays Intuit."""
    transport = Transport.open("1234", "secret-token")
    return transport.send("create", "customer", body=body, params={"requestid": "r-1"}, is_write=is_write)[0]


def fault_of(*, is_write: bool = True) -> Fault:
    with pytest.raises(Fault) as caught:
        send(is_write=is_write)
    return caught.value


def test_every_request_carries_minor_version_token_and_requestid(intuit: Start) -> None:
    server = intuit(answer(200, {"Customer": {}}))
    send(is_write=True, body='{"DisplayName":"José"}'.encode())
    [request] = server.requests
    assert request.startswith("POST /v3/company/1234/customer?minorversion=75&requestid=r-1 HTTP/1.1\r\n")
    assert "\r\nAuthorization: Bearer secret-token\r\n" in request
    assert request.endswith('{"DisplayName":"José"}')


def test_letters_are_read_as_utf_8_also_where_the_answer_names_no_charset(intuit: Start) -> None:
    intuit(answer(200, '{"Customer": {"DisplayName": "Zoë 中文"}}', Content__Type="application/json"))
    assert send(is_write=False) == {"Customer": {"DisplayName": "Zoë 中文"}}


def test_a_dropped_connection_leaves_the_outcome_of_a_write_unknown(intuit: Start) -> None:
    intuit(DROP, DROP)
    fault = fault_of(is_write=True)
    assert (fault.kind, fault.outcome_known, fault.timed_out) == (FaultKind.UNAVAILABLE, False, False)
    assert fault_of(is_write=False).outcome_known


def test_an_answer_cut_off_in_the_middle_leaves_the_outcome_unknown(intuit: Start) -> None:
    intuit(answer(200, '{"Customer": {"Id": "58"}}')[:-10])
    assert not fault_of().outcome_known


def test_no_answer_in_time_leaves_the_outcome_unknown(intuit: Start, settings: Settings) -> None:
    settings.QBO_TIMEOUT_S = 0.2
    intuit(STALL)
    fault = fault_of()
    assert (fault.kind, fault.outcome_known, fault.timed_out) == (FaultKind.UNAVAILABLE, False, True)


def test_a_refused_connection_has_changed_nothing(intuit: Start) -> None:
    intuit().close()
    fault = fault_of()
    assert (fault.kind, fault.outcome_known) == (FaultKind.UNAVAILABLE, True)


def test_a_redirect_is_not_followed_with_our_token(intuit: Start) -> None:
    server = intuit(answer(302, Location="/elsewhere"))
    fault = fault_of()
    assert (fault.kind, fault.http_status, fault.outcome_known) == (FaultKind.UNAVAILABLE, 302, False)
    assert len(server.requests) == 1


def test_retry_after_and_intuit_tid_are_kept(intuit: Start) -> None:
    intuit(answer(429, "<html></html>", Retry__After="7", intuit_tid="1-abc"))
    fault = fault_of()
    assert (fault.kind, fault.retry_after_s, fault.intuit_tid) == (FaultKind.THROTTLED, 7, "1-abc")
