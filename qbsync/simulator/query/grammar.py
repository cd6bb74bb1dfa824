"""Owns the syntax of queries: Intuit's documented grammar, and 4000 for what it does not hold."""

import re
from dataclasses import dataclass
from decimal import Decimal
from functools import lru_cache
from typing import Any

from lark import Lark, Token, Transformer
from lark.exceptions import UnexpectedCharacters, UnexpectedInput, UnexpectedToken, VisitError

from ..faults import Fault

_GRAMMAR = r"""
    query: SELECT what FROM NAME where? order? paging*
    what: STAR ("," also)* -> everything
        | COUNT "(" STAR ")" -> count
        | NAME ("," NAME)* -> columns
    also: NAME
    where: WHERE condition ((AND | OR) condition)*
    condition: NAME OPERATOR value -> comparison
        | NAME IN "(" value ("," value)* ")" -> membership
        | NAME LIKE STRING -> likeness
        | "(" condition ")" -> grouped
    value: STRING | NUMBER | TRUE | FALSE
    order: (ORDERBY | ORDER BY) sorting ("," sorting)*
    sorting: NAME direction?
    direction: ASC | DESC
    paging: STARTPOSITION SIGNED -> start
        | MAXRESULTS SIGNED -> most
    OPERATOR: "<=" | ">=" | "!=" | "=" | "<" | ">"
    STAR: "*"
    SELECT.2: /select(?![\w.])/i
    FROM.2: /from(?![\w.])/i
    WHERE.2: /where(?![\w.])/i
    AND.2: /and(?![\w.])/i
    OR.2: /or(?![\w.])/i
    IN.2: /in(?![\w.])/i
    LIKE.2: /like(?![\w.])/i
    COUNT.2: /count(?=\s*\()/i
    ORDERBY.2: /orderby(?![\w.])/i
    ORDER.2: /order(?![\w.])/i
    BY.2: /by(?![\w.])/i
    ASC.2: /asc(?![\w.])/i
    DESC.2: /desc(?![\w.])/i
    STARTPOSITION.2: /startposition(?![\w.])/i
    MAXRESULTS.2: /maxresults(?![\w.])/i
    TRUE.2: /true(?![\w.])/i
    FALSE.2: /false(?![\w.])/i
    NAME: /[A-Za-z_][\w.]*/
    STRING: /'(?:[^'\\]|\\.)*'/s
    NUMBER: /-?\d+(\.\d+)?/
    SIGNED: /-?\d+/
    %ignore /\s+/
"""
_ESCAPE = re.compile(r"\\(.)", re.DOTALL)
LONGEST = 100_000


@dataclass(frozen=True)
class Condition:
    """`prop operator values`; operator is one of = != < > <= >= IN LIKE, values text, Decimal or bool."""

    prop: str
    operator: str
    values: tuple[Any, ...]


@dataclass(frozen=True)
class Query:
    """A query as read. `columns` is None for everything, with `also` what was asked for besides the star; `most` is
    None when MAXRESULTS is not given."""

    entity: str
    counting: bool
    columns: tuple[str, ...] | None
    conditions: tuple[Condition, ...]
    order: tuple[tuple[str, bool], ...]
    start: int
    most: int | None
    also: tuple[str, ...] = ()


class _Also(str):
    """The name of a property asked for besides the star."""


class _Read(Transformer[Token, Query]):
    def value(self, parts: list[Token]) -> Any:
        token = parts[0]
        if token.type == "STRING":
            return _ESCAPE.sub(r"\1", token[1:-1])
        if token.type == "NUMBER":
            return Decimal(token)
        return token.type == "TRUE"

    def comparison(self, parts: list[Any]) -> Condition:
        return Condition(str(parts[0]), str(parts[1]), (parts[2],))

    def membership(self, parts: list[Any]) -> Condition:
        return Condition(str(parts[0]), "IN", tuple(parts[2:]))

    def likeness(self, parts: list[Any]) -> Condition:
        return Condition(str(parts[0]), "LIKE", (_ESCAPE.sub(r"\1", parts[2][1:-1]),))

    def grouped(self, parts: list[Any]) -> Condition:
        return parts[0]

    def where(self, parts: list[Any]) -> tuple[str, Any]:
        if any(isinstance(each, Token) and each.type == "OR" for each in parts):  # Intuit's parser reads it
            raise Fault("4001", "Invalid query", "QueryValidationError: OR is not supported")
        return "where", tuple(each for each in parts if isinstance(each, Condition))

    def direction(self, parts: list[Token]) -> bool:
        return parts[0].type == "DESC"

    def sorting(self, parts: list[Any]) -> tuple[str, bool]:
        return str(parts[0]), bool(parts[1:] and parts[1])

    def order(self, parts: list[Any]) -> tuple[str, Any]:
        return "order", tuple(each for each in parts if isinstance(each, tuple))

    def start(self, parts: list[Any]) -> tuple[str, Any]:
        return "start", int(parts[1])

    def most(self, parts: list[Any]) -> tuple[str, Any]:
        return "most", int(parts[1])

    def everything(self, parts: list[Any]) -> tuple[str, Any]:
        return "also", tuple(each for each in parts if not isinstance(each, Token))

    def also(self, parts: list[Token]) -> "_Also":
        return _Also(parts[0])

    def columns(self, parts: list[Any]) -> tuple[str, Any]:
        return "columns", tuple(str(each) for each in parts)

    def count(self, parts: list[Any]) -> tuple[str, Any]:
        return "count", True

    def query(self, parts: list[Any]) -> Query:
        found: dict[str, Any] = dict(each for each in parts if isinstance(each, tuple))
        entity = next(str(each) for each in parts[2:] if isinstance(each, Token) and each.type == "NAME")
        return Query(
            entity, found.get("count", False), found.get("columns"), found.get("where", ()), found.get("order", ()),
            found.get("start", 1), found.get("most"), found.get("also", ()),
        )  # fmt: skip


_PARSER = Lark(
    _GRAMMAR, start="query", parser="lalr", lexer="contextual", maybe_placeholders=False, transformer=_Read()
)


_IMAGES = {
    "$END": "<EOF>", "NAME": "<IDENTIFIER>", "STRING": "<STRING>", "NUMBER": "<INTEGER>", "SIGNED": "<INTEGER>",
    "AND": "<AND>", "OR": "<OR>", "STAR": '"*"', "COMMA": '","', "LPAR": '"("', "RPAR": '")"',
}  # fmt: skip
_OPERATORS = ('"!="', '"<"', '"<="', '"="', '">"', '">="')


def _refused(detail: str) -> Fault:
    return Fault("4000", "Error parsing query", f"QueryParserError: {detail}")


def _image(terminal: str) -> str:
    return _IMAGES.get(terminal, f'"{terminal.lower()}"')


def _unexpected(text: str, token: Token, expected: set[str]) -> Fault:
    """As recorded: what stands there, where, and all that could have stood there instead."""
    if token.type == "$END":
        found, line, column = "<EOF>", text.count("\n") + 1, len(text) - text.rfind("\n") - 1
    else:
        image = f'"{token}"' if token.type == "OPERATOR" else _image(token.type)
        found, line, column = f' {image} "{token[:80]} "', token.line or 1, token.column or 1
    images = {_image(each) for each in expected - {"OPERATOR"}}
    images |= {'"iterator"'} if "STARTPOSITION" in expected else set()
    images |= set(_OPERATORS) if "OPERATOR" in expected else set()
    in_order = sorted(images, key=lambda each: (each != "<EOF>", each.strip('<>"').lower() or each))
    lines = [f"    {each} {'' if each == '<EOF>' else '...'}\n" for each in in_order]
    opening = "Was expecting one of:" if len(lines) > 1 else "Was expecting:"
    return _refused(f'Encountered "{found}" at line {line}, column {column}.\n{opening}\n{"".join(lines)}    ')


def _unreadable(text: str, error: UnexpectedCharacters) -> Fault:
    found = text[error.pos_in_stream or 0]
    met = f'"{found}" ({ord(found)}), after : ""'
    if found == "'":  # a string that nothing ends
        met = f'<EOF> after : "\\\'{text[(error.pos_in_stream or 0) + 1 :][:80]}"'
    return _refused(f"Invalid content. Lexical error at line {error.line}, column {error.column}.  Encountered: {met}")


@lru_cache(maxsize=512)
def parse(text: str) -> Query:
    """Read a query. Raises `Fault` 4000 with the place of the first thing that does not fit, 4001 for OR."""
    if not text.strip():
        raise _refused("The query provided was empty")
    if len(text) > LONGEST:
        raise _refused("The query is too long.")
    try:
        return _PARSER.parse(text)  # type: ignore[return-value] # the transformer makes it a Query
    except UnexpectedToken as error:
        raise _unexpected(text, error.token, set(error.accepts or error.expected)) from error
    except UnexpectedCharacters as error:
        raise _unreadable(text, error) from error
    except (UnexpectedInput, VisitError, ValueError) as error:
        raise _refused("null") from error
