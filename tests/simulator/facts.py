"""How a table of facts is kept: each fact has a name and a check against a company."""

import re
from collections.abc import Callable

import requests

from tests.simulator.client import Company

Fact = Callable[[Company], None]
STAMP = r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d"
OFFSET = r"[+-]\d\d:\d\d"


class Table:
    """Facts in the order in which they were entered."""

    def __init__(self) -> None:
        self.names: list[str] = []
        self.checks: list[Fact] = []

    def fact(self, name: str) -> Callable[[Fact], Fact]:
        """Enter a fact into the table."""
        assert re.match(r"\d(\.\d+)? ", name), "a fact begins with the section that it belongs to"

        def enter(check: Fact) -> Fact:
            self.names.append(name)
            self.checks.append(check)
            return check

        return enter


def raw(company: Company, path: str, body: str, content_type: str = "application/json") -> requests.Response:
    """POST a body as text."""
    headers = {"Content-Type": content_type}
    return company.session.post(f"{company.base}/{path}", data=body.encode(), headers=headers, timeout=10)


def fault(answer: requests.Response) -> dict:
    """The only error of a Fault."""
    (error,) = answer.json()["Fault"]["Error"]
    return error
