"""The one refusal of the books: which fields are wrong, each with sentences for the person at the form."""

from __future__ import annotations

from django.core.exceptions import NON_FIELD_ERRORS


class BooksError(Exception):
    """Nothing was changed, because of these sentences.

    ``field_errors`` maps a field's name to its sentences; what concerns no single field is under ``"__all__"``, so
    that a form takes the whole with ``form.add_error(None, error.field_errors)``.
    """

    def __init__(self, field_errors: dict[str, list[str]]) -> None:
        self.field_errors = field_errors
        super().__init__(" ".join(self.sentences))

    @property
    def sentences(self) -> list[str]:
        """Every sentence, in the order in which they were found."""
        return [sentence for sentences in self.field_errors.values() for sentence in sentences]


class Problems:
    """Collects what is wrong, so that a person hears all of it at once."""

    def __init__(self) -> None:
        self.field_errors: dict[str, list[str]] = {}

    def add(self, sentence: str, field: str = NON_FIELD_ERRORS) -> None:
        """Note one sentence about a field, or about the whole."""
        self.field_errors.setdefault(field, []).append(sentence)

    def refuse_if_any(self) -> None:
        """Raise BooksError when anything was noted."""
        if self.field_errors:
            raise BooksError(self.field_errors)


def refuse(sentence: str, field: str = NON_FIELD_ERRORS) -> BooksError:
    """Return the refusal that has this one sentence."""
    return BooksError({field: [sentence]})
