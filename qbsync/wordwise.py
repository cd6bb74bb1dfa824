"""Compares two names word by word: what is equal, misspelled, abbreviated or missing, and in words why. Pure."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from enum import IntEnum

from rapidfuzz.distance import OSA, JaroWinkler

from qbsync.naming import Household, Name, Word

_MOST_WORDS = 12
_LEAST_ALIKE = 0.6
_CONTAINED = 0.1
_SAME_LAST_WORD, _ONE_WORD_ALONE = 2.0, 25.0
_FEW = 5
_MOST_JOINED = 4
_INITIAL, _SHORTENED = 0.72, 0.88
_MOST_WITH_TYPOS, _MOST_WITH_MISSING, _MOST_WITH_INITIALS, _MOST_WITH_NUMBERS = 92.0, 88.0, 86.0, 45.0
_ONE_OF_A_HOUSEHOLD, _SAME_HOUSEHOLD, _OF_THE_FAMILY = 88.0, 96.0, 80.0


class Rarity:
    """How rare words are among the names that are compared: sharing a rare one tells more than sharing “Smith”."""

    def __init__(self, names: Iterable[Name] = ()) -> None:
        counted = [{word.text for word in name.words} for name in names]
        self._total = len(counted)
        self._counts = Counter(text for texts in counted for text in texts)

    def of(self, text: str) -> float:
        """Return 1 for a word of one name or none, down to 0 for a word of them all; 1 among a few names."""
        if self._total < _FEW:
            return 1.0
        return 1 - math.log(max(1, self._counts[text])) / math.log(self._total)


class How(IntEnum):
    """How two words correspond."""

    EQUAL = 0
    SHORTENED = 1
    INITIAL = 2
    MISSPELLED = 3


@dataclass(frozen=True, slots=True)
class Pair:
    """A word of ours and the word of theirs that it corresponds to; ``alike`` is 1 for equal ones."""

    ours: Word
    theirs: Word
    alike: float
    how: How
    at: tuple[int, int]


@dataclass(frozen=True, slots=True)
class Comparison:
    """How alike two names are, from 0 to 100, and why."""

    value: float
    reasons: tuple[str, ...]


def compare(ours: Name, theirs: Name, rarity: Rarity | None = None) -> Comparison:
    """Return how alike the names are. 100 only where they are equal as ``matching.fold`` has it."""
    if ours.folded == theirs.folded:
        return Comparison(100.0, ("Same name",))
    if not ours.words or not theirs.words:
        return Comparison(0.0, ())
    found = _by_words(ours, theirs, rarity or Rarity())
    kin = _by_household(ours, theirs)
    return kin if kin and kin.value >= found.value else found


def alike(a: Word, b: Word) -> tuple[float, How]:
    """Return how alike two words are, 0 to 1, and in which way."""
    if a.text == b.text:
        return 1.0, How.EQUAL
    if a.is_number or b.is_number:
        return 0.0, How.MISSPELLED
    short, long = sorted((a.text, b.text), key=len)
    if len(short) == 1:
        return (_INITIAL, How.INITIAL) if long[0] == short else (0.0, How.INITIAL)
    if len(short) >= 3 and len(long) - len(short) >= 2 and long.startswith(short):
        return _SHORTENED, How.SHORTENED
    by_edits = OSA.normalized_similarity(a.text, b.text)
    likeness = (by_edits + JaroWinkler.similarity(a.text, b.text)) / 2
    # Cubed, so that one equal word outweighs two that resemble others a little
    return (likeness**3, How.MISSPELLED) if likeness >= _LEAST_ALIKE else (0.0, How.MISSPELLED)


def _joined(ours: Sequence[Word], theirs: Sequence[Word]) -> tuple[list[Word], list[Word], bool]:
    """Both lists, with neighbours that the other side writes as one word put together: Mc Donald, McDonald."""
    left, right = list(ours), list(theirs)
    for words, others in ((left, {word.text for word in right}), (right, {word.text for word in left})):
        for length in range(_MOST_JOINED, 1, -1):
            for at in range(len(words) - length, -1, -1):
                part = words[at : at + length]
                whole = Word("".join(word.text for word in part), " ".join(word.shown for word in part))
                if whole.text in others and not {word.text for word in part} <= others:
                    words[at : at + length] = [whole]
    return left, right, len(left) < len(ours) or len(right) < len(theirs)


def _pairs(ours: Sequence[Word], theirs: Sequence[Word]) -> list[Pair]:
    """Which word corresponds to which: the most alike first, each word once."""
    possible = []
    for i, a in enumerate(ours):
        for j, b in enumerate(theirs):
            likeness, how = alike(a, b)
            if likeness:
                possible.append(Pair(a, b, likeness, how, (i, j)))
    possible.sort(key=lambda pair: (-pair.alike, abs(pair.at[0] - pair.at[1])))
    chosen: list[Pair] = []
    mine: set[int] = set()
    yours: set[int] = set()
    for pair in possible:
        if pair.at[0] not in mine and pair.at[1] not in yours:
            mine.add(pair.at[0])
            yours.add(pair.at[1])
            chosen.append(pair)
    return sorted(chosen, key=lambda pair: pair.at)


def _weight(word: Word, rarity: Rarity) -> float:
    """How much a word counts: long and rare ones tell more."""
    by_length = 0.5 if len(word.text) == 1 else 1 + min(len(word.text), 8) / 8
    return by_length * (1 + rarity.of(word.text))


def _likeness(pairs: Sequence[Pair], unpaired: tuple[Sequence[Word], Sequence[Word]], rarity: Rarity) -> float:
    """How much of both names corresponds, 0 to 100; a name that is contained in the other one counts a little more."""
    weights = [_weight(max(pair.ours, pair.theirs, key=lambda word: len(word.text)), rarity) for pair in pairs]
    matched = sum(pair.alike * weight for pair, weight in zip(pairs, weights, strict=True))
    left, right = (sum(weights) + sum(_weight(word, rarity) for word in words) for words in unpaired)
    in_both, in_shorter = 2 * matched / (left + right), matched / min(left, right)
    return 100 * ((1 - _CONTAINED) * in_both + _CONTAINED * in_shorter)


def _by_words(ours: Name, theirs: Name, rarity: Rarity) -> Comparison:
    left, right, is_divided = _joined(ours.words[:_MOST_WORDS], theirs.words[:_MOST_WORDS])
    pairs = _pairs(left, right)
    missing_there = [word for i, word in enumerate(left) if i not in {pair.at[0] for pair in pairs}]
    missing_here = [word for j, word in enumerate(right) if j not in {pair.at[1] for pair in pairs}]
    value = _likeness(pairs, (missing_there, missing_here), rarity)
    reasons: list[str] = []
    spoiled = [pair for pair in pairs if pair.how == How.MISSPELLED]
    short = [pair for pair in pairs if pair.how in (How.INITIAL, How.SHORTENED)]
    if spoiled:
        value = min(value, _MOST_WITH_TYPOS)
        reasons += [_misspelled(pair) for pair in spoiled[:2]]
    if short:
        value = min(value, _MOST_WITH_INITIALS)
        reasons += [_shortened(pair) for pair in short[:2]]
    if missing_here or missing_there:
        value = min(value + _by_the_last_word(left, right), _MOST_WITH_MISSING)
        reasons += _missing(missing_here, missing_there)
    if any(w.is_number for w in missing_here) and any(w.is_number for w in missing_there):
        value = min(value, _MOST_WITH_NUMBERS)
    order = [pair.at[1] for pair in pairs]
    if order != sorted(order):
        value -= 1
        reasons.append("Same words in another order" if not reasons else "Words in another order")
    if is_divided:
        value -= 1
        reasons.append("Words are divided in another way")
    taken, reason = _legal_forms(ours, theirs, is_alone=not reasons)
    value -= taken
    if reason:
        reasons.append(reason)
    if not reasons:
        value -= 1
        reasons.append(_small_difference(ours, theirs))
    return Comparison(max(value, 0.0), tuple(reasons))


def _by_the_last_word(left: Sequence[Word], right: Sequence[Word]) -> float:
    """What is added where words are missing: a shared surname tells more than a given name, one word alone little."""
    if min(len(left), len(right)) == 1:
        return -_ONE_WORD_ALONE
    return _SAME_LAST_WORD if left[-1].text == right[-1].text else 0.0


def _misspelled(pair: Pair) -> str:
    letters = OSA.distance(pair.ours.text, pair.theirs.text)
    names = f"{pair.ours.shown} / {pair.theirs.shown}"
    return f"{letters} letter{'s' if letters > 1 else ''} differ{'' if letters > 1 else 's'}: {names}"


def _shortened(pair: Pair) -> str:
    short, long = sorted((pair.ours, pair.theirs), key=lambda word: len(word.text))
    dot = "." if len(short.text) == 1 and not short.shown.endswith(".") else ""
    return f"{short.shown}{dot} may be {long.shown}"


def _missing(here: Sequence[Word], there: Sequence[Word]) -> list[str]:
    reasons = []
    if there:
        reasons.append(f"Not in QuickBooks’ name: {_listed(there)}")
    if here:
        reasons.append(f"Only in QuickBooks’ name: {_listed(here)}")
    return reasons


def _listed(words: Sequence[Word]) -> str:
    return " ".join(word.shown for word in words)


def _legal_forms(ours: Name, theirs: Name, *, is_alone: bool) -> tuple[float, str]:
    """What differing legal forms take away, and how they differ: an LLC and an Inc. may be two companies."""
    mine, yours = [w.text for w in ours.legal_forms], [w.text for w in theirs.legal_forms]
    shown = _listed(ours.legal_forms), _listed(theirs.legal_forms)
    if mine == yours:
        return (1.0, f"Legal form written differently: {shown[0]} / {shown[1]}") if shown[0] != shown[1] else (0.0, "")
    if mine and yours:
        how = "Differs only in the legal form" if is_alone else "Another legal form"
        return 9.0, f"{how}: {shown[0]} / {shown[1]}"
    where = "here" if mine else "in QuickBooks"
    how = "Differs only in the legal form" if is_alone else "Legal form"
    return 4.0, f"{how}: {shown[0] or shown[1]} only {where}"


def _small_difference(ours: Name, theirs: Name) -> str:
    if "&" in ours.shown + theirs.shown and ("&" in ours.shown) != ("&" in theirs.shown):
        return "Differs only in “&” and “and”"
    if ours.folded.replace(" ", "").isascii() != theirs.folded.replace(" ", "").isascii():
        return "Differs only in accents"
    return "Differs only in punctuation, spaces or accents"


def _by_household(ours: Name, theirs: Name) -> Comparison | None:
    """What two names have in common as those of a household, or of one of its people."""
    mine, yours = ours.household, theirs.household
    if mine and yours:
        return _two_households(mine, yours)
    if mine:
        return _one_of(mine, ours, theirs)
    return _one_of(yours, theirs, ours) if yours else None


def _two_households(mine: Household, yours: Household) -> Comparison | None:
    if mine.surname != yours.surname:
        return None
    if mine.given == yours.given:
        return Comparison(_SAME_HOUSEHOLD, ("Same household, written differently",))
    if not mine.given or not yours.given:
        return Comparison(_OF_THE_FAMILY, (f"Household of the same surname: {mine.surname.title()}",))
    return None


def _one_of(household: Household, its_name: Name, other: Name) -> Comparison | None:
    texts = [word.text for word in other.words]
    if household.surname not in texts or not 2 <= len(texts) <= 3 or other.legal_forms:
        return None
    if household.given & set(texts):
        return Comparison(_ONE_OF_A_HOUSEHOLD, (f"{other.shown} is one of {its_name.shown}",))
    return None
