"""Owns change data capture: what changed since a moment, 30 days back at most, 1000 entities at most."""

from .books import Books
from .clock import parse_moment
from .entities import BY_PATH
from .faults import missing
from .query.select import refused
from .render import dumps, loads

LOOK_BACK_S = 30 * 86400
MOST = 1000


def run(books: Books, entities: str | None, changed_since: str | None) -> str:
    """The value of `CDCResponse` as JSON text. Raises `Fault`."""
    if not entities:
        raise missing("entities")
    if not changed_since:
        raise missing("changedSince")
    try:
        since = parse_moment(changed_since, books.company.zone)
    except (ValueError, OverflowError):
        raise refused(f"Invalid date format for changedSince: {changed_since[:50]}") from None
    if since < books.epoch - LOOK_BACK_S - 86400:
        raise refused("changedSince must be within the last 30 days")
    answers, left = [], MOST
    for name in entities.split(","):
        entity = BY_PATH.get(name.strip().lower())
        if entity is None:
            raise refused(f"Entity {name[:100]} is not supported")
        found = books.store.db.execute(
            "SELECT body, deleted, id FROM entity WHERE realm = ? AND kind = ? AND updated >= ? "
            "ORDER BY updated, id LIMIT ?",
            (books.realm, entity.kind, int(since), left),
        ).fetchall()
        left -= len(found)
        bodies = [_deleted(body, number) if gone else entity.printed(body) for body, gone, number in found]
        answers.append(
            f'{{"{entity.kind}":[{",".join(bodies)}],"startPosition":1,"maxResults":{len(bodies)}}}' if bodies else "{}"
        )
    return f'[{{"QueryResponse":[{",".join(answers)}]}}]'


def _deleted(body: str, number: int) -> str:
    stamp = loads(body)["MetaData"]["LastUpdatedTime"]
    return dumps({"domain": "QBO", "status": "Deleted", "Id": str(number), "MetaData": {"LastUpdatedTime": stamp}})
