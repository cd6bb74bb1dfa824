"""Companies of the simulator, and a server that plays Intuit, for the tests of the gateway."""

from collections.abc import Callable, Iterator
from typing import Any

import pytest
from pytest_django import Settings

from qbsync.gateway.company import Company, Priority
from tests.gateway.replay import Replay
from tests.simulated import Simulator


@pytest.fixture
def open_company(simulator: Simulator) -> Callable[..., Company]:
    """Open a company of the simulator with a token of its own."""

    def open_it(realm: str, **options: Any) -> Company:
        token = simulator.tokens(realm)["access_token"]
        return Company(realm, token, **{"priority": Priority.PEOPLE, **options})

    return open_it


@pytest.fixture
def intuit(settings: Settings) -> Iterator[Callable[..., Replay]]:
    """Start a server that gives these answers, and point the settings to it."""
    servers: list[Replay] = []

    def start(*answers: bytes) -> Replay:
        server = Replay(*answers)
        servers.append(server)
        settings.QBO_API_BASE_URL = settings.QBO_OAUTH_BASE_URL = server.url
        settings.QBO_DISCOVERY_URL = f"{server.url}/.well-known/openid_configuration"
        return server

    yield start
    for server in servers:
        server.close()
