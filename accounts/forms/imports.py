"""The form that takes a CSV file."""

from __future__ import annotations

from typing import Any

from django import forms
from django.core.files.uploadedfile import UploadedFile

from accounts.importing import Kind
from portal.forms import dress

MOST_BYTES = 20 * 1024 * 1024  # it waits in the cache until it is confirmed; the command import_books takes larger ones


class ImportForm(forms.Form):
    """A CSV file, and what it holds."""

    kind = forms.ChoiceField(
        label="What the file holds",
        choices=[(kind.value, kind.value.capitalize()) for kind in Kind],
        widget=forms.RadioSelect,
    )
    file = forms.FileField(
        label="CSV file",
        allow_empty_file=True,  # what an empty file lacks is said by the report
        widget=forms.FileInput(attrs={"accept": ".csv,.txt,.tsv,text/csv,text/plain"}),
    )

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        dress(self)

    def clean_file(self) -> UploadedFile:
        """Refuse what is too large to wait in the cache."""
        file: UploadedFile = self.cleaned_data["file"]
        if (file.size or 0) > MOST_BYTES:
            raise forms.ValidationError(
                f"The file is larger than {MOST_BYTES // 1024 // 1024} MB. Split it into several files."
            )
        return file
