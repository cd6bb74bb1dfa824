"""Takes a name apart for comparing: words without accents and punctuation, legal forms, households. Pure.

What is equal for linking is decided by ``matching.fold``; what is found here serves suggestions to people only.
"""

from __future__ import annotations

import re
import unicodedata
from dataclasses import dataclass
from functools import lru_cache

from qbsync.matching import fold

LONGEST = 200
"""How many characters of a name are looked at: more tell nothing, and comparing grows with the square of the words."""

_WORD = re.compile(r"[^\W_]+(?:['.][^\W_]+)*\.?|[&+]|,")
_NO_DECOMPOSITION = str.maketrans({"ø": "o", "ł": "l", "đ": "d", "ð": "d", "þ": "th", "æ": "ae", "œ": "oe", "ı": "i"})

LEGAL_FORMS = {
    "llc": "llc", "inc": "inc", "incorporated": "inc", "ltd": "ltd", "limited": "ltd", "pllc": "pllc",
    "corp": "corp", "corporation": "corp", "llp": "llp", "lllp": "lllp", "gmbh": "gmbh", "plc": "plc",
    "sarl": "sarl", "srl": "srl", "pty": "pty",
}  # fmt: skip
"""Words that say which legal form a company has, wherever they stand, and the form that they mean."""

LEGAL_FORMS_AT_THE_END = {
    "co": "co", "company": "co", "lp": "lp", "pc": "pc", "pa": "pa", "ag": "ag", "sa": "sa", "bv": "bv", "nv": "nv",
    "ab": "ab", "oy": "oy", "kg": "kg", "ug": "ug", "apc": "apc", "aps": "aps", "sas": "sas", "spa": "spa",
}  # fmt: skip
"""Those that are ordinary words, initials or states elsewhere."""

_EMPTY_WORDS = frozenset({"the", "and", "mr", "mrs", "ms", "miss", "dr"})
_FAMILY = frozenset({"family", "household"})
_NO_GIVEN_NAMES = frozenset({"sons", "daughters", "associates", "partners", "bros", "brothers", "sisters", "friends"})


@dataclass(frozen=True, slots=True)
class Word:
    """One word: as compared (no case, accents or punctuation), and as written."""

    text: str
    shown: str

    @property
    def is_number(self) -> bool:
        """Whether it holds a digit; such words are equal or different, never misspelled."""
        return not self.text.isalpha() and any(letter.isdigit() for letter in self.text)


@dataclass(frozen=True, slots=True)
class Household:
    """People who share a surname; no given names for “Smith Family”."""

    surname: str
    given: frozenset[str]


@dataclass(frozen=True, slots=True)
class Name:
    """A name taken apart."""

    shown: str
    folded: str
    words: tuple[Word, ...]
    legal_forms: tuple[Word, ...]  # ``text`` is the form's usual abbreviation
    household: Household | None

    @property
    def core(self) -> str:
        """The words alone, in their order."""
        return " ".join(word.text for word in self.words)


def plain(text: str) -> str:
    """Return text without case, accents, dots and apostrophes: ``O’Brién`` as ``obrien``."""
    folded = fold(text).translate(_NO_DECOMPOSITION)
    letters = (letter for letter in unicodedata.normalize("NFKD", folded) if not unicodedata.combining(letter))
    return "".join(letters).replace(".", "").replace("'", "")


@lru_cache(maxsize=4096)
def parse(name: str) -> Name:
    """Return the name taken apart. Where nothing but empty words or a legal form is left, these are the words."""
    tokens = _tokens(name[:LONGEST])
    spoken = [token for token in tokens if token.text not in _EMPTY_WORDS and token.text != ","]
    words, forms = _without_legal_forms(spoken)
    return Name(
        shown=name,
        folded=fold(name),
        words=tuple(words or [token for token in tokens if token.text != ","]),
        legal_forms=tuple(forms),
        household=None if forms else _household(tokens),
    )


def search_keys(name: str) -> list[str]:
    """Return what to look for so that similar names are found: the words, and the names a household may go by."""
    parsed = parse(name)
    if parsed.household is None:
        return [parsed.core] if parsed.core else []
    surname = parsed.household.surname
    return [*(f"{given} {surname}" for given in sorted(parsed.household.given)[:2]), f"{surname} family"]


def _tokens(name: str) -> list[Word]:
    """Every word, “and” for & and +, and commas; initials written together are taken apart."""
    tokens: list[Word] = []
    for shown in _WORD.findall(unicodedata.normalize("NFKC", name).replace("’", "'").replace("‘", "'")):
        if shown in "&+":
            tokens.append(Word("and", shown))
        elif shown == ",":
            tokens.append(Word(",", shown))
        elif "." in shown.rstrip(".") and plain(shown) not in LEGAL_FORMS | LEGAL_FORMS_AT_THE_END:
            tokens += [Word(plain(part), part) for part in shown.split(".") if part]
        else:
            tokens.append(Word(plain(shown), shown))
    return [token for token in tokens if token.text]


def _without_legal_forms(spoken: list[Word]) -> tuple[list[Word], list[Word]]:
    words, forms = list(spoken), []
    while len(words) > 1 and words[-1].text in LEGAL_FORMS | LEGAL_FORMS_AT_THE_END:
        last = words.pop()
        forms.append(Word((LEGAL_FORMS | LEGAL_FORMS_AT_THE_END)[last.text], last.shown))
    for word in words[1:]:
        if word.text in LEGAL_FORMS:
            forms.append(Word(LEGAL_FORMS[word.text], word.shown))
    return words[:1] + [word for word in words[1:] if word.text not in LEGAL_FORMS], forms[::-1]


def _household(tokens: list[Word]) -> Household | None:
    """The household of “Smith Family”, “The Smiths”, “John & Mary Smith” or “Smith, John & Mary”."""
    texts = [token.text for token in tokens if token.text in {"the", "and"} or token.text not in _EMPTY_WORDS]
    words = [text for text in texts if text not in {"the", "and", ","}]
    if len(words) == 2 and words[1] in _FAMILY:
        return Household(words[0], frozenset())
    if len(words) == 1 and texts[0] == "the" and len(words[0]) > 3 and words[0].endswith("s"):
        return Household(re.sub(r"(?<=[sxz])es$|s$", "", words[0]), frozenset())
    if "and" not in texts or _NO_GIVEN_NAMES & set(words) or not 3 <= len(words) <= 6:
        return None
    if "," in texts:
        surname, given = (_only(part, words) for part in _split(texts, ","))
        return Household(surname[0], frozenset(given)) if len(surname) == 1 and len(given) > 1 else None
    first, second = (_only(part, words) for part in _split(texts, "and"))
    if not first or len(second) < 2:
        return None
    if len(first) > 1 and first[-1] == second[-1]:  # John Smith and Mary Smith
        first = first[:-1]
    return Household(second[-1], frozenset(first) | frozenset(second[:-1]))


def _split(texts: list[str], at: str) -> tuple[list[str], list[str]]:
    return texts[: texts.index(at)], texts[texts.index(at) + 1 :]


def _only(texts: list[str], words: list[str]) -> list[str]:
    return [text for text in texts if text in words]
