"""Every address of the project, by name, as the resolver knows them."""

from __future__ import annotations

from collections.abc import Iterator

from django.urls import URLPattern, URLResolver, get_resolver


def url_names() -> list[str]:
    """Return each address's name, with its namespaces before it: ``account_info``, ``admin:index``.

    Raises:
        AssertionError: an address has no name, so that no line could be about it.
    """
    return sorted(set(_names(get_resolver().url_patterns, "")))


def _names(patterns: list[URLPattern | URLResolver], namespace: str) -> Iterator[str]:
    for pattern in patterns:
        if isinstance(pattern, URLResolver):
            inner = f"{namespace}{pattern.namespace}:" if pattern.namespace else namespace
            yield from _names(pattern.url_patterns, inner)
        elif namespace.startswith("admin:") and pattern.name is None:
            continue  # Django's own catch-all and redirections
        else:
            assert pattern.name, f"Give the address {pattern.pattern} a name in its urls.py."
            yield f"{namespace}{pattern.name}"
