"""Owns the reading of a request: which endpoint, entity and operation an address, its parameters and body mean."""

from dataclasses import dataclass, field
from typing import Any

from aiohttp import web

from . import xmlform
from .entities import BY_PATH, EntityType
from .render import NotJson, loads
from .writes import operation_of

XML = ("application/xml", "text/xml")
_RESERVED = {"query", "batch", "cdc", "upload"}


@dataclass
class Call:
    """One request as far as its address tells; `take_body` adds what its body tells."""

    realm: str
    method: str
    tail: str
    parameters: dict[str, str]
    content_type: str
    wants_xml: bool
    path: str
    content_header: str = ""
    endpoint: str = "other"
    entity: EntityType | None = None
    number: str | None = None
    action: str | None = None
    operation: str = ""
    raw: bytes = b""
    text: str = ""
    sent: Any = None
    broken: str | None = None  # why the body cannot be read: "encoding" or the parser's words
    entities: set[str] = field(default_factory=set)

    @property
    def label(self) -> str:
        """For the log."""
        return f"{self.operation or self.endpoint} {', '.join(sorted(self.entities))}".strip()

    def take_body(self, raw: bytes) -> None:
        """Read the body; what cannot be read is noted, not raised."""
        self.raw = raw
        if self.endpoint == "upload":
            return
        try:
            self.text = raw.decode("utf-8")
        except UnicodeDecodeError:
            self.broken = "encoding"
            return
        if self.endpoint == "query":
            self.text = self.text if self.method == "POST" else self.parameters.get("query", "")
            return
        if self.endpoint not in ("write", "batch", "taxservice"):
            return
        try:
            self.sent = xmlform.read(self.text) if self.content_type in XML else loads(self.text)
            self.text.encode()
            _refuse_surrogates(self.sent)
        except NotJson as error:
            self.broken = str(error)[:200]
            return
        if self.endpoint == "write":
            self.endpoint = self.operation = operation_of(self.parameters.get("operation"), self.sent)
            if "void" in self.parameters.get("include", ""):
                self.operation = self.endpoint = "void"
        elif self.endpoint == "batch" and isinstance(self.sent, dict):
            items = self.sent.get("BatchItemRequest")
            for item in items if isinstance(items, list) else []:
                if isinstance(item, dict):
                    self.entities |= {name for name in item if name not in ("bId", "operation", "optionsData", "Query")}


def _refuse_surrogates(value: Any) -> None:
    """Half a surrogate pair cannot be stored or answered: it is no text."""
    if isinstance(value, str):
        if not value.isascii():
            try:
                value.encode()
            except UnicodeEncodeError:
                raise NotJson("Invalid UTF-16 surrogate") from None
    elif isinstance(value, dict):
        for name, each in value.items():
            _refuse_surrogates(name)
            _refuse_surrogates(each)
    elif isinstance(value, list):
        for each in value:
            _refuse_surrogates(each)


def read_call(request: web.Request) -> Call:
    """What the address asks for."""
    accept = request.headers.get("Accept", "")
    tail = request.match_info["tail"].rstrip("/")
    call = Call(
        request.match_info["realm"], request.method, tail, dict(request.query), request.content_type,
        "xml" in accept and "json" not in accept, request.path, request.headers.get("Content-Type", ""),
    )  # fmt: skip
    head, *rest = tail.split("/")
    if head in _RESERVED and not rest:
        call.endpoint = call.operation = head
        return call
    if tail == "taxservice/taxcode" and request.method == "POST":
        call.endpoint = call.operation = "taxservice"
        return call
    entity = BY_PATH.get(head)
    if entity is None or head != head.lower() or len(rest) > 2:
        return call
    call.entity, call.entities = entity, {entity.kind}
    if request.method == "GET" and len(rest) <= 1:
        call.endpoint = call.operation = "read"
        call.number = rest[0] if rest else None
    elif len(rest) == 2:
        call.number, call.action = rest
        call.endpoint = call.operation = rest[1] if rest[1] in ("send", "pdf") else "other"
    elif request.method == "POST" and not rest:
        call.endpoint = "write"
    return call
