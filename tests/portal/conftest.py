"""What the tests of the portal's own pages share."""

import pytest
from django.core.cache import cache
from pytest_django import Settings

from portal import settings as production
from tests.portal.people import Office, open_office


@pytest.fixture
def office(db: None) -> Office:
    """The firm of the tests, with its people."""
    return open_office()


@pytest.fixture
def limits(settings: Settings) -> None:
    """The limits of attempts as they are in production, with nothing counted yet."""
    settings.ACCOUNT_RATE_LIMITS = production.ACCOUNT_RATE_LIMITS
    for key in cache._cache.get_client().scan_iter("*allauth:rl:*"):  # type: ignore[attr-defined]
        cache._cache.get_client().delete(key)  # type: ignore[attr-defined]
