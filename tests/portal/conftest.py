"""What the tests of the portal's own pages share."""

import pytest

from tests.portal.people import Office, open_office


@pytest.fixture
def office(db: None) -> Office:
    """The firm of the tests, with its people."""
    return open_office()
