"""Owns the XML form of requests and answers, for clients that speak it: a mapping from and to the JSON form.

References become `<CustomerRef name="…">1</CustomerRef>`, lists become repeated elements, and domain, sparse, status,
bId, positions and time become attributes, as in recorded answers.
"""

from collections.abc import Iterator
from typing import Any, cast
from xml.etree.ElementTree import Element, ParseError, XMLPullParser
from xml.sax.saxutils import escape, quoteattr

from .render import NotJson, dumps, loads

NAMESPACE = "http://schema.intuit.com/finance/v3"
_HEAD = '<?xml version="1.0" encoding="UTF-8" standalone="yes"?>'
_ATTRIBUTES = ("domain", "sparse", "status", "bId", "startPosition", "maxResults", "totalCount")
_LISTS = {
    "Line", "LinkedTxn", "CustomField", "TaxLine", "AttachableRef", "TaxRateDetail", "BatchItemRequest",
    "ItemGroupLine",
}  # fmt: skip
_VALUES = {"CustomerMemo"}  # besides references, what JSON wraps into {"value": …}
DEEPEST = 30


def write(text: str) -> str:
    """An answer's JSON text as XML."""
    body = loads(text)
    time = body.pop("time", None)
    stamp = f" time={quoteattr(str(time))}" if time else ""
    return f'{_HEAD}<IntuitResponse xmlns="{NAMESPACE}"{stamp}>{_elements(body)}</IntuitResponse>'


def _elements(body: dict[str, Any]) -> str:
    return "".join(_element(name, value) for name, value in body.items() if name not in _ATTRIBUTES)


def _element(name: str, value: Any) -> str:
    if isinstance(value, list):
        return "".join(_element(name, each) for each in value)
    if not isinstance(value, dict):
        return f"<{name}>{escape(value if isinstance(value, str) else dumps(value))}</{name}>"
    if "value" in value and set(value) <= {"value", "name", "type"}:
        named = f" name={quoteattr(value['name'])}" if "name" in value else ""
        return f"<{name}{named}>{escape(str(value['value']))}</{name}>"
    if name == "LineEx":
        return f"<LineEx>{''.join(_element('NameValue', each['value']) for each in value['any'])}</LineEx>"
    if name == "Fault":
        return _fault(value)
    given = {each: value[each] for each in _ATTRIBUTES if each in value}
    attributes = "".join(
        f" {each}={quoteattr(item if isinstance(item, str) else dumps(item))}" for each, item in given.items()
    )
    inner = _elements(value)
    return f"<{name}{attributes}>{inner}</{name}>" if inner else f"<{name}{attributes}/>"


def _fault(fault: dict[str, Any]) -> str:
    errors = ""
    for error in fault["Error"]:
        element = f" element={quoteattr(error['element'])}" if error.get("element") else ""
        words = f"<Message>{escape(error['Message'])}</Message><Detail>{escape(error['Detail'])}</Detail>"
        errors += f'<Error code="{error["code"]}"{element}>{words}</Error>'
    return f'<Fault type="{fault["type"]}">{errors}</Fault>'


def read(text: str) -> dict[str, Any]:
    """A request's XML as the body that JSON would have: an entity, or a batch. Raises `NotJson`."""
    if "<!" in text.replace("<![CDATA[", ""):
        raise NotJson("a document type or a comment is not accepted")
    parser: XMLPullParser[Element] = XMLPullParser(["start", "end"])
    depth = 0
    root: Element | None = None
    try:
        parser.feed(text)
        for event, element in cast("Iterator[tuple[str, Element]]", parser.read_events()):
            depth += 1 if event == "start" else -1
            root = element if root is None else root
            if depth > DEEPEST:
                raise NotJson("the elements are nested too deeply")
        parser.close()
    except ParseError as error:
        raise NotJson(str(error)) from error
    if root is None:
        raise NotJson("the document is empty")
    found = _read(root)
    return found if isinstance(found, dict) else {}


def _read(element: Element) -> Any:
    name = _local(element.tag)
    attributes = {_local(each): value for each, value in element.attrib.items()}
    if not len(element):
        text = element.text or ""
        if (name.endswith("Ref") or name in _VALUES) and text:
            return {"value": text.strip()} | ({"name": attributes["name"]} if "name" in attributes else {})
        return {**attributes} if attributes and not text.strip() else text
    body: dict[str, Any] = {each: value for each, value in attributes.items() if each != "name"}
    for child in element:
        key, value = _local(child.tag), _read(child)
        if key in _LISTS:
            body.setdefault(key, []).append(value)
        else:
            body[key] = value
    return body


def _local(tag: str) -> str:
    return tag.rpartition("}")[2]
