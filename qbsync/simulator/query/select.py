"""Owns the meaning of queries: which properties exist and can be filtered, the SQL that finds them, the answer."""

from collections.abc import Callable, Mapping
from decimal import Decimal
from typing import Any

from .. import clock as clocks
from ..books import Books
from ..entities import BY_PATH, EntityType
from ..entities.schema import Field
from ..faults import Fault
from ..render import dumps, loads
from ..store import casefold, folded
from .grammar import Condition, Query, parse

DEFAULT_PAGE, LARGEST_PAGE, LONGEST_PATTERN = 100, 1000, 4000
MOST_CONDITIONS, MOST_SORTINGS, MOST_COLUMNS = 100, 20, 500
LAST_POSITION = 2**31 - 1
_COLUMNS = {"Id": "id", "DocNumber": "doc", "CustomerRef": "customer", "TxnDate": "txn_date", "Active": "active"}
_STAMPS = {"createtime": "created", "lastupdatedtime": "updated"}


def refused(detail: str) -> Fault:
    """4001: the query reads well but means nothing here."""
    return Fault("4001", "Invalid query", f"QueryValidationError: {detail}")


def run(books: Books, text: str, *, page: int | None = None) -> str:
    """Answer a query: the value of `QueryResponse` as JSON text. Raises `Fault` 4000 or 4001.

    `page` cuts it after so many rows, as QuickBooks is reported to do where rows are large.
    """
    query = parse(text)
    entity = BY_PATH.get(query.entity.lower())  # documented as case-sensitive, but node-quickbooks sends lower case
    if entity is None:
        raise refused(f"Entity {query.entity[:100]} is not supported")
    entity.check_available(books)
    size = DEFAULT_PAGE if query.most is None else query.most
    for value, low, high in ((query.start, 1, LAST_POSITION), (size, 0 if query.counting else 1, LARGEST_PAGE)):
        if value < low:
            raise refused(f"value {value} is too small. Min allowed value is {low}")
        if value > high:
            raise refused(f"value {value} is too large. Max allowed value is {high}")
    counts = ((query.conditions, MOST_CONDITIONS), (query.order, MOST_SORTINGS), (query.columns or (), MOST_COLUMNS))
    if any(len(parts) > most for parts, most in counts):
        raise refused("The query has too many conditions or properties")
    where, arguments = _where(books, entity, query)
    if query.counting:
        counted = books.store.db.execute(f"SELECT count(*) FROM entity WHERE {where}", arguments).fetchone()  # noqa: S608
        return f'{{"totalCount":{counted[0]}}}'
    columns = [_column(entity, name) for name in query.columns] if query.columns else None
    sql = f"SELECT body FROM entity WHERE {where} ORDER BY {_order(books, entity, query)} LIMIT ? OFFSET ?"  # noqa: S608
    found = books.store.db.execute(
        sql, (*arguments, size if page is None else min(size, page), query.start - 1)
    ).fetchall()
    if not found:
        return "{}"
    bodies = [body for (body,) in found]
    if columns is not None:
        bodies = [dumps(_project(loads(body), columns)) for body in bodies]
    else:
        bodies = [entity.printed(body) for body in bodies]
    also = {_column(entity, name)[0] for name in query.also}
    if columns is None and entity.kind == "Item" and "Sku" not in also:
        bodies = [_without_sku(body) for body in bodies]
    whole = entity.counted and query.start == 1 and len(bodies) < size and page is None
    total = f',"totalCount":{len(bodies)}' if whole else ""
    return f'{{"{entity.kind}":[{",".join(bodies)}],"startPosition":{query.start},"maxResults":{len(bodies)}{total}}}'


def _without_sku(body: str) -> str:
    """Recorded: the star does not stand for an item's Sku; `select *, Sku` asks for it."""
    if '"Sku":' not in body:
        return body
    return dumps({name: value for name, value in loads(body).items() if name != "Sku"})


def _where(books: Books, entity: EntityType, query: Query) -> tuple[str, list[Any]]:
    parts, arguments = ["realm = ? AND kind = ? AND deleted = 0"], [books.realm, entity.kind]
    if entity.listed and not any(each.prop.lower() == "active" for each in query.conditions):
        parts.append("active = 1")
    for condition in query.conditions:
        sql, values = _condition(books, entity, condition)
        parts.append(sql)
        arguments.extend(values)
    return " AND ".join(parts), arguments


def _field(entity: EntityType, prop: str) -> tuple[str, Field]:
    name = prop if prop in entity.fields else next((each for each in entity.fields if each.lower() == prop.lower()), "")
    known = entity.fields.get(name)
    if known is None or name in ("MetaData", "sparse", "domain"):
        raise refused(f"Property {prop[:100]} not found for Entity {entity.kind}")
    if not known.filterable:
        raise refused(f"property '{prop}' is not queryable")
    return name, known


def _stamp(prop: str) -> str | None:
    head, _, tail = prop.partition(".")
    return _STAMPS.get(tail.lower()) if head.lower() == "metadata" else None


def _condition(books: Books, entity: EntityType, condition: Condition) -> tuple[str, list[Any]]:
    stamp = _stamp(condition.prop)
    if stamp:
        moments = [_moment(books, condition.prop, value) for value in condition.values]
        if condition.operator == "LIKE":
            raise refused(f"Operator LIKE is not supported for property {condition.prop}")
        return _compare(stamp, condition.operator, moments)
    name, field = _field(entity, condition.prop)
    if condition.operator == "LIKE":
        return _like(books, entity, name, condition)
    values = [_literal(name, field, value) for value in condition.values]
    column = _COLUMNS.get(name)
    if name == entity.name_property and not _nested(entity):
        return _named(books, condition.operator, name, values)
    if column:
        return _compare(column, condition.operator, values)
    expression = f"json_extract(body, '{_path(name, field)}')"
    if field.kind in ("text", "record"):
        expression, fold = _folding(books, expression)
        values = [fold(value) for value in values]
    return _compare(expression, condition.operator, values)


def _folding(books: Books, expression: str) -> tuple[str, Callable[[Any], Any]]:
    """An expression as the company compares text, and the same for the client's values."""
    equality = books.company.options.name_equality
    if equality == "insensitive":
        return f"casefold({expression})", casefold
    return (f"folded({expression})", folded) if equality == "folded" else (expression, str)


def _nested(entity: EntityType) -> bool:
    return bool(getattr(entity, "nested", False))


def _path(name: str, field: Field) -> str:
    inner = {"ref": ".value", "record": ".Address"}.get(field.kind, "")
    return f"$.{name}{inner}"


def _named(books: Books, operator: str, name: str, values: list[Any]) -> tuple[str, list[Any]]:
    """A condition on a list's name, by its index where the comparison allows it."""
    if books.company.options.name_equality == "insensitive":
        return _compare("name", operator, [str(value).casefold() for value in values])
    expression, fold = _folding(books, f"json_extract(body, '$.{name}')")
    return _compare(expression, operator, [fold(value) for value in values])


def _compare(expression: str, operator: str, values: list[Any]) -> tuple[str, list[Any]]:
    if operator == "IN":
        return f"{expression} IN ({','.join('?' * len(values))})", values
    return f"{expression} {operator} ?", values


def _like(books: Books, entity: EntityType, name: str, condition: Condition) -> tuple[str, list[Any]]:
    pattern = str(condition.values[0])
    if len(pattern) > LONGEST_PATTERN:
        raise refused("The pattern is too long")
    plain = pattern.replace("!", "!!").replace("_", "!_")
    field = entity.fields[name]
    expression = "id" if name == "Id" else f"json_extract(body, '{_path(name, field)}')"
    if name != "Id":
        expression, fold = _folding(books, expression)
        plain = fold(plain)
    return f"{expression} LIKE ? ESCAPE '!'", [plain]


def _literal(name: str, field: Field, value: Any) -> Any:
    if field.kind == "flag":
        if isinstance(value, str) and value.lower() in ("true", "false"):
            return int(value.lower() == "true")
        if not isinstance(value, bool):
            raise refused(f"Invalid value for property {name}: {str(value)[:50]}")
        return int(value)
    if field.kind in ("number", "id", "ref"):
        try:
            number = Decimal(str(value)) if not isinstance(value, bool) else None
        except ArithmeticError:
            number = None
        if field.kind == "ref" and name != "CustomerRef":
            return str(value)
        if number is None or not number.is_finite() or number.adjusted() > 17 or number.adjusted() < -30:
            if field.kind == "number":
                raise refused(f"Invalid value for property {name}: {str(value)[:50]}")
            return -1
        return int(number) if number == number.to_integral_value() else float(number)
    return str(value).lower() if isinstance(value, bool) else str(value)


def _moment(books: Books, prop: str, value: Any) -> int:
    try:
        return int(clocks.parse_moment(str(value), books.company.zone))
    except (ValueError, OverflowError):
        raise refused(f"Invalid date format for property {prop}: {str(value)[:50]}") from None


def _order(books: Books, entity: EntityType, query: Query) -> str:
    if not query.order:
        return "sorted, id" if entity.listed else "id DESC"
    parts = []
    for prop, descending in query.order:
        stamp = _stamp(prop)
        if stamp:
            expression = stamp
        else:
            name, field = _field(entity, prop)
            listed_name = name == entity.name_property and not _nested(entity)
            expression = "name" if listed_name else _COLUMNS.get(name, f"json_extract(body, '{_path(name, field)}')")
        parts.append(f"{expression} {'DESC' if descending else 'ASC'}")
    return ", ".join([*parts, "id"]) if not parts[-1].startswith("id ") else ", ".join(parts)


def _column(entity: EntityType, prop: str) -> tuple[str, ...]:
    if _stamp(prop):
        tail = prop.partition(".")[2]
        return "MetaData", {"createtime": "CreateTime", "lastupdatedtime": "LastUpdatedTime"}[tail.lower()]
    head = prop.partition(".")[0]
    name = next((each for each in entity.fields if each.lower() == head.lower()), None)
    if name is None:
        raise refused(f"Property {prop[:100]} not found for Entity {entity.kind}")
    return (name, *prop.split(".")[1:])


def _project(body: Mapping[str, Any], columns: list[tuple[str, ...]]) -> dict[str, Any]:
    wanted = {path[0]: path for path in columns}
    result: dict[str, Any] = {}
    for name, value in body.items():
        if name in ("domain", "sparse"):
            result[name] = True if name == "sparse" else value
        elif name in wanted:
            inner = wanted[name][1:]
            result[name] = {inner[0]: value.get(inner[0])} if inner and isinstance(value, dict) else value
    return result
