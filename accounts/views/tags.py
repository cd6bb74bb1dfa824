"""Settings > Tags: the tags of the firm's accounts, and the forms that make, change and delete them."""

from __future__ import annotations

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.views.decorators.http import require_http_methods, require_safe

from accounts import selectors, services
from accounts.forms import TagForm, refuse
from accounts.models import Tag
from accounts.services import BooksError
from portal.access import MemberRequest, manager_required


@require_safe
@manager_required
def tag_list(request: MemberRequest) -> HttpResponse:
    """Show the firm's tags, and how many accounts have each."""
    return render(request, "accounts/tag_list.html", {"tags": selectors.tags_in_use(request.firm)})


@require_http_methods(["GET", "HEAD", "POST"])
@manager_required
def tag_create(request: MemberRequest) -> HttpResponse:
    """Make a tag."""
    return _form(request, None)


@require_http_methods(["GET", "HEAD", "POST"])
@manager_required
def tag_edit(request: MemberRequest, pk: int) -> HttpResponse:
    """Rename or recolour a tag."""
    return _form(request, _tag(request, pk))


@require_http_methods(["GET", "HEAD", "POST"])
@manager_required
def tag_delete(request: MemberRequest, pk: int) -> HttpResponse:
    """Ask whether a tag shall go, then delete it."""
    tag = _tag(request, pk)
    if request.method == "POST":
        services.tag_delete(tag=tag)
        messages.success(request, f"The tag {tag.name} was deleted.")
        return redirect("tag_list")
    return render(request, "accounts/tag_delete.html", {"tag": tag})


def _form(request: MemberRequest, tag: Tag | None) -> HttpResponse:
    form = TagForm(request.POST if request.method == "POST" else None, tag=tag)
    if form.is_valid():
        try:
            if tag is None:
                saved = services.tag_create(firm=request.firm, **form.cleaned_data)
            else:
                saved = services.tag_update(tag=tag, **form.cleaned_data)
        except BooksError as error:
            refuse(form, error)
        else:
            messages.success(request, f"The tag {saved.name} was {'saved' if tag else 'added'}.")
            return redirect("tag_list")
    return render(request, "accounts/tag_form.html", {"form": form, "tag": tag}, status=422 if form.errors else 200)


def _tag(request: MemberRequest, pk: int) -> Tag:
    return get_object_or_404(selectors.tags_in_use(request.firm), pk=pk)
