"""The QuickBooks simulator as tests see it: a real process, spoken to over HTTP; never imported."""

from typing import Any, cast

import requests

Entity = dict[str, Any]


class Simulator:
    """One running simulator. Every method is one call of its control API, and raises when that refuses."""

    def __init__(self, url: str) -> None:
        self.url = url
        self._session = requests.Session()
        self._session.trust_env = False
        self._clock_was_set = False

    def company(
        self,
        name: str = "Books of the Test Firm",
        *,
        realm_id: str | None = None,
        **entities: list[Entity] | Entity | str,
    ) -> str:
        """Make a company with these entities by type (`Customer=[{…}]`, `Preferences={…}`); return its realm.

        A realm that is there already is left as it is.
        """
        body = {"name": name, **({"realm_id": realm_id} if realm_id else {}), **entities}
        return str(self._call("POST", "/_sim/companies", body)["realm_id"])

    def tokens(self, realm: str) -> dict[str, str]:
        """A pair of tokens without the browser: access_token and refresh_token."""
        return cast(dict[str, str], self._call("POST", f"/_sim/companies/{realm}/tokens", {}))

    def stats(self, realm: str) -> dict[str, Any]:
        """Requests by endpoint, throttled answers, and entities by type."""
        return cast(dict[str, Any], self._call("GET", f"/_sim/companies/{realm}/stats"))

    def entities(self, realm: str, kind: str) -> list[Entity]:
        """Every entity of the type (`Invoice`), inactive and deleted ones too."""
        return cast(list[Entity], self._call("GET", f"/_sim/companies/{realm}/entities/{kind}"))

    def faults(self, realm: str, *planned: Entity) -> None:
        """Plan faults in place of those planned so far; none clears them."""
        self._call("DELETE", f"/_sim/companies/{realm}/faults")
        if planned:
            self._call("POST", f"/_sim/companies/{realm}/faults", list(planned))

    def planned(self, realm: str) -> list[Entity]:
        """The planned faults as they are now, each with its counters."""
        return cast(list[Entity], self._call("GET", f"/_sim/companies/{realm}/faults"))

    def latency(self, realm: str, *, request_ms: int = 0, batch_item_ms: int = 0) -> None:
        """Make every request, and every item of a batch, take this long."""
        wanted = {"request_ms": request_ms, "batch_item_ms": batch_item_ms}
        self._call("POST", f"/_sim/companies/{realm}/latency", wanted)

    def limits(self, realm: str, scale: float) -> None:
        """Multiply Intuit's throttles; 1 is Intuit's own, 0 lifts them."""
        self._call("POST", f"/_sim/companies/{realm}/limits", {"scale": scale})

    def merge(self, realm: str, kind: str, *, gone: str, into: str) -> None:
        """Merge one entity into another, as a bookkeeper does in QuickBooks."""
        self._call("POST", f"/_sim/companies/{realm}/merge", {"entity": kind, "from": gone, "into": into})

    def change(self, realm: str, kind: str, number: str, **values: Any) -> None:
        """Change an entity as a person does in QuickBooks: no SyncToken is needed."""
        self._call("POST", f"/_sim/companies/{realm}/change", {"entity": kind, "id": number, "values": values})

    def create(self, realm: str, kind: str, **values: Any) -> None:
        """Enter an entity as a person does in QuickBooks."""
        body = {"entity": kind, "operation": "create", "values": values}
        self._call("POST", f"/_sim/companies/{realm}/change", body)

    def remove(self, realm: str, kind: str, number: str, *, operation: str = "delete") -> None:
        """Delete a document, or void it, as a person does in QuickBooks."""
        self._call("POST", f"/_sim/companies/{realm}/change", {"entity": kind, "id": number, "operation": operation})

    def webhooks(self, realm: str, *, url: str, verifier_token: str) -> None:
        """Have what happens in the company told to this address; an empty one ends it."""
        self._call("POST", f"/_sim/companies/{realm}/webhooks", {"url": url, "verifier_token": verifier_token})

    def options(self, realm: str, **options: Any) -> None:
        """Choose the company's answers to what is not known of Intuit's; `forget_requestids=True` too."""
        self._call("POST", f"/_sim/companies/{realm}/options", options)

    def clock(self, offset_s: float) -> None:
        """Set the simulator's clock this far from the true one. The fixture puts it back."""
        self._clock_was_set = offset_s != 0
        self._call("POST", "/_sim/clock", {"offset_s": offset_s})

    def put_back(self) -> None:
        """Undo what outlives a test."""
        if self._clock_was_set:
            self.clock(0)

    def _call(self, method: str, path: str, body: object = None) -> Any:
        answer = self._session.request(method, self.url + path, json=body, timeout=30)
        assert answer.ok, f"{method} {path} -> {answer.status_code} {answer.text}"
        return answer.json() if answer.content else None
