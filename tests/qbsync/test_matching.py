"""Folding and matching of names."""

import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from qbsync.matching import Candidate, fold, holder_of, match, name_before_deletion
from qbsync.states import Reason


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("O'Brien", "O’Brien"),
        ("O'Brien", "Oʼbrien"),
        ("A – B", "A - B"),
        ("A — B", "a - b"),
        ("“Best” Foods", '"Best" Foods'),
        ("José", "José"),
        ("Smith & Sons", "SMITH  &\N{NO-BREAK SPACE}sons"),
        (" Acme ", "acme"),
        ("Straße", "STRASSE"),
        ("Ｆｕｌｌ", "full"),
        ("中文", "中文"),
        ("x" * 500, "X" * 500),
        ("back\\", "Back\\"),
    ],
)
def test_names_that_are_the_same(one: str, other: str) -> None:
    assert fold(one) == fold(other)


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("José", "Jose"),
        ("AT&T", "AT and T"),
        ("Acme Inc.", "Acme Inc"),
        ("Acme Inc", "Acme LLC"),
        ("Acme: West", "Acme West"),
        ("Smith, John", "John Smith"),
        ("O'Brien", "OBrien"),
        ("x" * 500, "x" * 501),
    ],
)
def test_names_that_tell_customers_apart(one: str, other: str) -> None:
    assert fold(one) != fold(other)


@given(st.text())
def test_folding_twice_changes_nothing_more(name: str) -> None:
    assert fold(fold(name)) == fold(name)


@given(st.text())
def test_composed_and_decomposed_forms_are_the_same(name: str) -> None:
    assert fold(unicodedata.normalize("NFD", name)) == fold(unicodedata.normalize("NFC", name))


def test_the_name_before_a_deletion_is_found_again() -> None:
    assert name_before_deletion("Acme (deleted)") == "Acme"
    assert name_before_deletion("Acme (deleted 2)") == "Acme"
    assert name_before_deletion("Acme (deletedx)") == "Acme (deletedx)"


def customer(key: int = 1, name: str = "Acme", **changes: object) -> Candidate:
    fields = {"kind": "customer", "name": name, "key": key, "can_match": True, **changes}
    return Candidate(**fields)  # type: ignore[arg-type]


def test_exactly_one_free_customer_is_linked() -> None:
    assert match("Acme", [customer(7)]).customer == 7


def test_a_vendor_of_the_name_does_not_keep_its_customer_from_being_linked() -> None:
    assert match("Acme", [customer(7), Candidate("vendor", "Acme")]).customer == 7


@pytest.mark.parametrize(
    ("candidates", "reason"),
    [
        ([], Reason.NO_MATCH),
        ([customer(1), customer(2)], Reason.SEVERAL_MATCHES),
        ([customer(1), customer(2, taken_by="Beta (B1)")], Reason.SEVERAL_MATCHES),
        ([customer(taken_by="Beta (B1)")], Reason.CUSTOMER_TAKEN),
        ([customer(taken_by="Acme (A1)", taken_by_namesake=True)], Reason.NAMESAKE_LINKED),
        ([Candidate("vendor", "Acme")], Reason.HELD_BY_VENDOR),
        ([Candidate("vendor", "Acme", active=False)], Reason.NO_MATCH),
        ([Candidate("employee", "Acme")], Reason.HELD_BY_EMPLOYEE),
        ([customer(can_match=False, name="Parent:Acme")], Reason.HELD_BY_CUSTOMER),
        ([customer(can_match=False, active=False, name="Acme (deleted)")], Reason.HELD_BY_INACTIVE),
    ],
)
def test_what_is_not_certain_is_never_linked(candidates: list[Candidate], reason: Reason) -> None:
    verdict = match("Acme", candidates)
    assert (verdict.customer, verdict.reason) == (None, reason)


def test_a_namesake_among_the_accounts_comes_before_any_customer() -> None:
    verdict = match("Acme", [customer(7)], ["Acme (A2)"])
    assert (verdict.customer, verdict.reason, verdict.detail["others"]) == (
        None,
        Reason.NAMESAKE_ACCOUNT,
        ["Acme (A2)"],
    )


def test_who_holds_a_name_is_named() -> None:
    held = holder_of("acme", [Candidate("vendor", "ACME Supplies")])
    assert held is not None
    assert held.detail == {"name": "acme", "holder": "ACME Supplies"}


CANDIDATES = st.builds(
    Candidate,
    kind=st.sampled_from(["customer", "vendor", "employee"]),
    name=st.just("Acme"),
    key=st.integers(1, 5),
    can_match=st.booleans(),
    active=st.booleans(),
    taken_by=st.sampled_from(["", "Beta (B1)"]),
)


@given(st.lists(CANDIDATES, max_size=5), st.lists(st.just("Acme (A2)"), max_size=1))
def test_a_link_is_made_only_to_the_single_one_that_can_match(candidates: list[Candidate], others: list[str]) -> None:
    verdict = match("Acme", candidates, others)
    assert (verdict.customer is None) == (verdict.reason != Reason.NONE)
    if verdict.customer is not None:
        able = [one for one in candidates if one.can_match]
        assert [one.key for one in able] == [verdict.customer]
        assert not others
        assert not able[0].taken_by
