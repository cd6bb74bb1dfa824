"""The form of a tag."""

from __future__ import annotations

from typing import Any

from django import forms

from accounts.forms.fields import text
from accounts.models import Tag, TagColor
from accounts.services.tags import NAME_LIMIT
from portal.forms import dress


class TagForm(forms.Form):
    """A tag's name and colour."""

    name = text("Name", NAME_LIMIT, required=True, autocomplete="off")
    color = forms.ChoiceField(label="Color", choices=TagColor.choices, widget=forms.RadioSelect)

    def __init__(self, *args: Any, tag: Tag | None = None, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.initial = {"name": tag.name, "color": tag.color} if tag else {"color": TagColor.SLATE.value}
        dress(self)
