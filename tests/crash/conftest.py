"""What crash runs need: somebody who presses the buttons, and a worker with short leases and waits."""

from collections.abc import Callable

import pytest

from portal.models import User
from tests.crash.runs import WORKER
from tests.workers import Worker


@pytest.fixture
def alice(transactional_db: None) -> User:
    """Whoever presses the buttons in all firms."""
    return User.objects.create_user("alice@firm.test", "secret", name="Alice Archer")


@pytest.fixture
def start_crash_worker(start_worker: Callable[..., Worker]) -> Callable[[], Worker]:
    """Start a worker for both queues, with the leases and waits of these runs."""
    return lambda: start_worker(concurrency=4, **WORKER)
