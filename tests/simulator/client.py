"""A plain HTTP client of the simulator for its own tests: no retries, no interpretation."""

import json
from typing import Any

import requests

Body = dict[str, Any]


def control(url: str, method: str, path: str, body: Any = None) -> Any:
    """A call of the control API that must succeed."""
    answer = requests.request(method, url + path, json=body, timeout=60)
    assert answer.ok, answer.text
    return answer.json()


def sale_line(amount: Any = 100, **detail: Any) -> Body:
    """A line of an invoice for the item Services."""
    return {
        "Amount": amount, "DetailType": "SalesItemLineDetail",
        "SalesItemLineDetail": {"ItemRef": {"value": "1"}, **detail},
    }  # fmt: skip


def applied(invoice: Body, amount: Any) -> Body:
    """A line of a payment that is applied to an invoice."""
    return {"Amount": amount, "LinkedTxn": [{"TxnId": invoice["Id"], "TxnType": "Invoice"}]}


class Refused(Exception):
    """A Fault that a helper was answered."""

    def __init__(self, answer: requests.Response) -> None:
        super().__init__(answer.text)
        self.status = answer.status_code
        errors = answer.json()["Fault"]["Error"]
        self.code, self.message, self.detail = errors[0]["code"], errors[0]["Message"], errors[0]["Detail"]
        self.element = errors[0].get("element")


class Company:
    """One company of a simulator and an access token for it."""

    def __init__(self, url: str, realm: str) -> None:
        self.url, self.realm = url, realm
        self.base = f"{url}/v3/company/{realm}"
        self.session = requests.Session()
        self.tokens = self.control("tokens")
        self.session.headers.update({"Authorization": f"Bearer {self.tokens['access_token']}"})
        self.session.headers.update({"Accept": "application/json"})

    @classmethod
    def made(cls, url: str, **given: Any) -> "Company":
        """A new company with lifted throttles."""
        made = cls(url, control(url, "POST", "/_sim/companies", given)["realm_id"])
        made.control("limits", {"scale": 0})
        return made

    def control(self, path: str, body: Any = None, method: str = "POST") -> Any:
        """A call of the control API about this company."""
        return control(self.url, method, f"/_sim/companies/{self.realm}/{path}", body)

    def post(self, path: str, body: Any = None, **kwargs: Any) -> requests.Response:
        """POST a JSON body as it is given."""
        kwargs.setdefault("timeout", 30)
        return self.session.post(f"{self.base}/{path}", json=body, **kwargs)

    def get(self, path: str, **params: Any) -> requests.Response:
        """GET."""
        return self.session.get(f"{self.base}/{path}", params=params, timeout=30)

    def query(self, text: str) -> Body:
        """The QueryResponse of a query; raises `Refused`."""
        headers = {"Content-Type": "application/text"}
        answer = self.session.post(f"{self.base}/query", data=text.encode(), headers=headers, timeout=30)
        return self._good(answer)["QueryResponse"]

    def _good(self, answer: requests.Response) -> Body:
        if not answer.ok:
            raise Refused(answer)
        return answer.json()

    def write(self, kind: str, body: Body, **params: str) -> Body:
        """POST an entity and return the entity of the answer; raises `Refused`."""
        return self._good(self.post(kind.lower(), body, params=params))[kind]

    def read(self, kind: str, number: str) -> Body:
        """Read an entity; raises `Refused`."""
        return self._good(self.get(f"{kind.lower()}/{number}"))[kind]

    def update(self, kind: str, entity: Body, **values: Any) -> Body:
        """A sparse update at the entity's own SyncToken; raises `Refused`."""
        sent = {"Id": entity["Id"], "SyncToken": entity["SyncToken"], "sparse": True, **values}
        return self.write(kind, sent)

    def delete(self, kind: str, entity: Body) -> Body:
        """Delete; raises `Refused`."""
        return self.write(kind, {"Id": entity["Id"], "SyncToken": entity["SyncToken"]}, operation="delete")

    def invoice(self, amount: Any = 100, customer: str = "1", **values: Any) -> Body:
        """A new invoice of one line."""
        return self.write("Invoice", {"CustomerRef": {"value": customer}, "Line": [sale_line(amount)], **values})

    def payment(self, amount: Any, *lines: Body, customer: str = "1", **values: Any) -> Body:
        """A new payment."""
        sent = {"CustomerRef": {"value": customer}, "TotalAmt": amount, "Line": list(lines), **values}
        return self.write("Payment", sent)

    def batch(self, *items: Body, requestid: str | None = None) -> list[Body]:
        """A batch whose bIds are the places in it."""
        numbered = [{"bId": str(place), **item} for place, item in enumerate(items)]
        params = {"requestid": requestid} if requestid else {}
        answer = self.post("batch", {"BatchItemRequest": numbered}, params=params)
        found: list[Body] = self._good(answer)["BatchItemResponse"]
        return found

    def everything(self) -> dict[str, list[Body]]:
        """All that the company holds, for comparing before and after."""
        kinds = control(self.url, "GET", f"/_sim/companies/{self.realm}/stats")["entities"]
        return {kind: self.control(f"entities/{kind}", method="GET") for kind in kinds}


def parsed(answer: requests.Response) -> Any:
    """An answer's JSON with numbers kept as they were printed."""
    return json.loads(answer.text, parse_float=str)
