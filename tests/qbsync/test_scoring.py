"""How likely a customer is the one of an account, and the reasons that people read."""

import pytest

from qbsync.naming import parse, search_keys
from qbsync.scoring import Band, Party, ranked, score

SURE, LIKELY, POSSIBLE = Band.SURE, Band.LIKELY, Band.POSSIBLE


@pytest.mark.parametrize(
    ("ours", "theirs", "band", "reason"),
    [
        ("Acme", "ACME", SURE, "Same name"),
        ("Smith John", "John Smith", SURE, "Same words in another order"),
        ("Smith, John", "John Smith", SURE, "Same words in another order"),
        ("Smith & Sons", "Smith and Sons", SURE, "Differs only in “&” and “and”"),
        ("Miller + Moss", "Miller and Moss", SURE, "Differs only in punctuation, spaces or accents"),
        ("José Álvarez", "Jose Alvarez", SURE, "Differs only in accents"),
        ("O’Brien Ltd", "OBrien Ltd", SURE, "Differs only in punctuation, spaces or accents"),
        ("A.B.C. Plumbing", "ABC Plumbing", SURE, "Words are divided in another way"),
        ("Mc Donald Dairy", "McDonald Dairy", SURE, "Words are divided in another way"),
        ("Acme LLC", "Acme", SURE, "Differs only in the legal form: LLC only here"),
        ("Acme", "Acme, Inc.", SURE, "Differs only in the legal form: Inc. only in QuickBooks"),
        ("Acme L.L.C.", "Acme LLC", SURE, "Legal form written differently: L.L.C. / LLC"),
        ("Acme Incorporated", "Acme Inc.", SURE, "Legal form written differently: Incorporated / Inc."),
        ("Hill Dental PLLC", "Hill Dental P.L.L.C.", SURE, "Legal form written differently: PLLC / P.L.L.C."),
        ("Acme LLC", "Acme Inc.", LIKELY, "Differs only in the legal form: LLC / Inc."),
        ("Acme Corp", "Acme Co.", LIKELY, "Differs only in the legal form: Corp / Co."),
        ("Peter Jonson", "Peter Johnson", LIKELY, "1 letter differs: Jonson / Johnson"),
        ("Jennifer Morrsion", "Jennifer Morrison", LIKELY, "1 letter differs: Morrsion / Morrison"),
        ("J. Smith", "John Smith", LIKELY, "J. may be John"),
        ("John Smith", "J Smith", LIKELY, "J. may be John"),
        ("Rob Carpenter", "Robert Carpenter", LIKELY, "Rob may be Robert"),
        ("John Smith", "John & Mary Smith", LIKELY, "John Smith is one of John & Mary Smith"),
        ("John & Mary Smith", "Smith, Mary", LIKELY, "Smith, Mary is one of John & Mary Smith"),
        ("John & Mary Smith", "The Smith Family", LIKELY, "Household of the same surname: Smith"),
        ("John and Mary Smith", "Smith, Mary & John", SURE, "Same words in another order"),
        ("The Smiths", "Smith Family", SURE, "Same household, written differently"),
        ("John Smith & Mary Smith", "John & Mary Smith", SURE, "Same household, written differently"),
        ("Acme Plumbing", "Acme Plumbing Services", LIKELY, "Only in QuickBooks’ name: Services"),
        ("Acme Plumbing West", "Acme Plumbing", LIKELY, "Not in QuickBooks’ name: West"),
        ("John Smith Jr.", "John Smith Sr.", POSSIBLE, "Not in QuickBooks’ name: Jr."),
        ("Adam Cordingley", "Stella Cordingley", POSSIBLE, "Not in QuickBooks’ name: Adam"),
    ],
)
def test_similar_names_are_suggested_with_their_reason(ours: str, theirs: str, band: Band, reason: str) -> None:
    found = score(Party(ours), Party(theirs))
    assert (found.band, reason in found.reasons) == (band, True), found


@pytest.mark.parametrize(
    ("ours", "theirs"),
    [("55 Twin Lane", "56 Twin Lane"), ("Unit 2 Holdings", "Unit 3 Holdings"), ("Kim Lee", "Tim Lee")],
)
def test_other_numbers_and_other_short_words_are_never_likely(ours: str, theirs: str) -> None:
    assert score(Party(ours), Party(theirs)).band in (None, POSSIBLE)


@pytest.mark.parametrize(("ours", "theirs"), [("Acme LLC", "Bright Dental LLC"), ("John", "Mary"), ("🙂", "Acme")])
def test_strangers_are_not_suggested(ours: str, theirs: str) -> None:
    assert score(Party(ours), Party(theirs)).band is None


def test_only_an_equal_folded_name_scores_100() -> None:
    assert score(Party("Acme"), Party("ACME")).points == 100
    everything = {"emails": ("a@acme.test",), "phones": ("555-123-4567",)}
    nearly = score(Party("Acme LLC", **everything), Party("Acme", **everything))
    assert 98 <= nearly.points < 100


def test_an_equal_address_raises_what_the_names_say() -> None:
    ours = Party("José Álvarez", emails=("Jose@Alvarez.test",), phones=("+1 (212) 555-0143",))
    by_email = score(ours, Party("Roadrunner Catering", emails=("jose@alvarez.TEST",)))
    by_phone = score(ours, Party("Roadrunner Catering", phones=("212.555.0143",)))
    assert (by_email.band, by_email.reasons) == (LIKELY, ("Same e-mail address",))
    assert (by_phone.band, by_phone.reasons) == (POSSIBLE, ("Same phone number",))
    initials = score(ours, Party("J. Alvarez", emails=("jose@alvarez.test",)))
    assert (initials.band, initials.reasons) == (SURE, ("J. may be José", "Same e-mail address"))


def test_empty_and_short_phones_are_not_equal() -> None:
    assert score(Party("Acme", phones=("", "911")), Party("Zenith", phones=("", "911"))).band is None


def test_a_customer_can_be_found_by_its_company_and_by_a_contact() -> None:
    by_company = score(Party("Acme LLC"), Party("Jane Roe", other_names=("Acme LLC",)))
    by_contact = score(Party("Acme LLC", other_names=("Jane Roe",)), Party("Jane Roe"))
    assert (by_company.band, by_company.reasons) == (SURE, ("Company name in QuickBooks: Acme LLC",))
    assert (by_contact.band, by_contact.reasons) == (LIKELY, ("Named like the contact: Jane Roe",))


def test_a_rare_word_in_common_counts_more_than_a_common_one() -> None:
    customers = [Party(f"{name} Smith") for name in ("Ann", "Ben", "Carl", "Dora", "Eve", "Finn")] + [
        Party("Xanthe Pernini")
    ]
    scores = ranked(Party("Xanthe Smith"), customers)
    assert max(scores, key=lambda one: one.value) == scores[-1]


def test_hostile_names_are_compared_too() -> None:
    for name in (
        "",
        " ",
        "&&&",
        "LLC",
        "....",
        "a" * 5000,
        "x " * 3000,
        "‮evil",
        "Ωμέγα ΑΕ",
        "'; DROP TABLE--",
        "الشركة",
    ):
        assert 0 <= score(Party(name), Party("Acme")).value <= 100
        assert score(Party(name), Party(name)).points == 100
        search_keys(name)


def test_a_name_of_a_legal_form_alone_keeps_its_words() -> None:
    assert parse("The Company").core == "company"
    assert parse("The And").core == "the and"


def test_a_household_is_looked_for_by_each_of_its_people() -> None:
    assert search_keys("John & Mary Smith") == ["john smith", "mary smith", "smith family"]
