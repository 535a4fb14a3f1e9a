"""`openapi.json` at work: which operation a request means, and whether its parameters and its body are as promised.

The document is read at the start and requests are held to it, so that what it says and what the shop does cannot part.
"""

import json
import re
from datetime import date
from urllib.parse import unquote_to_bytes

from ..errors import ShopError

MAX_INTEGER_DIGITS = 18
INTEGER = re.compile(r"-?(0|[1-9][0-9]{0,17})")
DATE = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}")
BAD_ESCAPE = re.compile(r"%(?![0-9A-Fa-f]{2})")


class Violation(Exception):
    """A value is not as its schema has it; the text says where and how."""


def is_integer(value):
    """Whether a JSON value is a whole number: 3 and 3.0 are, true is not."""
    return (isinstance(value, int) and not isinstance(value, bool)) or (isinstance(value, float) and value.is_integer())


TYPES = {
    "object": lambda value: isinstance(value, dict),
    "array": lambda value: isinstance(value, list),
    "string": lambda value: isinstance(value, str),
    "boolean": lambda value: isinstance(value, bool),
    "integer": is_integer,
}


def check_string(schema, value, where):
    """The keywords of strings."""
    if any("\ud800" <= character <= "\udfff" for character in value):
        raise Violation(f"{where}: it has half of a surrogate pair")
    if len(value) < schema.get("minLength", 0):
        raise Violation(f"{where}: it needs {schema['minLength']} characters or more")
    if len(value) > schema.get("maxLength", len(value)):
        raise Violation(f"{where}: it may have {schema['maxLength']} characters")
    if "pattern" in schema and not re.search(re.sub(r"\$$", r"\\Z", schema["pattern"]), value):
        raise Violation(f"{where}: it must match {schema['pattern']}")
    if schema.get("format") == "date":
        return to_date(value, where)
    return value


def to_date(value, where):
    """A `datetime.date` of `YYYY-MM-DD`."""
    if DATE.fullmatch(value):
        try:
            return date.fromisoformat(value)
        except ValueError as error:
            raise Violation(f"{where}: {error}") from error
    raise Violation(f"{where}: it must be a date like 2026-03-01")


def check_object(schema, value, where, schemas):
    """The keywords of objects."""
    properties = schema.get("properties", {})
    for name in schema.get("required", ()):
        if name not in value:
            raise Violation(f"{where}: {name} is missing")
    if schema.get("additionalProperties") is False and not properties.keys() >= value.keys():
        raise Violation(f"{where}: it may have {', '.join(properties)} and nothing else")
    return {
        name: check(properties[name], item, f"{where}.{name}", schemas) if name in properties else item
        for name, item in value.items()
    }


def check(schema, value, where, schemas):
    """The value as the shop uses it (a whole float becomes an int, a date a date); raises Violation."""
    if "$ref" in schema:
        schema = schemas[schema["$ref"].rsplit("/", 1)[1]]
    if not TYPES[schema["type"]](value):
        raise Violation(f"{where}: it must be of type {schema['type']}")
    if schema["type"] == "object":
        return check_object(schema, value, where, schemas)
    if schema["type"] == "string":
        return check_string(schema, value, where)
    if schema["type"] == "integer":
        if not schema.get("minimum", value) <= value <= schema.get("maximum", value):
            raise Violation(f"{where}: it must be from {schema.get('minimum')} to {schema.get('maximum')}")
        return int(value)
    return value


def no_constant(name):
    """NaN and Infinity are Python's, not JSON's."""
    raise ValueError(f"{name} is not JSON")


def to_int(digits):
    """A JSON integer; one with too many digits for any of our numbers is not worth its conversion."""
    if len(digits) > MAX_INTEGER_DIGITS:
        raise ValueError("a number has too many digits")
    return int(digits)


def to_object(pairs):
    """A JSON object in which no name stands twice."""
    found = dict(pairs)
    if len(found) < len(pairs):
        raise ValueError("a name stands twice in an object")
    return found


def parse_json(body):
    """The value of a JSON text in UTF-8; a 400 for everything else."""
    try:
        return json.loads(
            body.decode("utf-8"), parse_constant=no_constant, parse_int=to_int, object_pairs_hook=to_object
        )
    except (ValueError, RecursionError) as error:
        raise ShopError(400, "The body is not JSON that can be taken here.") from error


def decode(text, plus_is_space):
    """Percent-decoded UTF-8 text; a 400 for anything that is not."""
    if BAD_ESCAPE.search(text):
        raise ShopError(400, "The address has a malformed percent-encoding.")
    try:
        return unquote_to_bytes(text.replace("+", " ") if plus_is_space else text).decode("utf-8")
    except UnicodeDecodeError as error:
        raise ShopError(400, "The address is not UTF-8.") from error


def split_target(target):
    """The path's decoded segments and the query's text."""
    if target.lower().startswith(("http://", "https://")):
        target = "/" + target.split("://", 1)[1].partition("/")[2]
    if not target.startswith("/") or "#" in target:
        raise ShopError(400, "The address must be a path.")
    path, _, query = target.partition("?")
    return [decode(segment, False) for segment in path[1:].split("/")], query


def parse_query(text):
    """The query as {name: [values]}."""
    found = {}
    for pair in text.split("&"):
        name, _, value = pair.partition("=")
        if name:
            found.setdefault(decode(name, True), []).append(decode(value, True))
    return found


class Operation:
    """One operation of the document."""

    def __init__(self, template, method, entry, schemas):
        self.segments = template[1:].split("/")
        self.method = method.upper()
        self.id = entry["operationId"]
        self.needs_login = bool(entry.get("security"))
        self.parameters = entry.get("parameters", [])
        self.content = entry.get("requestBody", {}).get("content", {})
        self.schemas = schemas

    def match(self, segments):
        """The path's parameters as texts, or None when this is another path."""
        if len(segments) != len(self.segments):
            return None
        found = {}
        for ours, theirs in zip(self.segments, segments):
            if ours.startswith("{"):
                found[ours[1:-1]] = theirs
            elif ours != theirs:
                return None
        return found

    def parameter(self, schema, text, where):
        """A parameter's value from its text; raises Violation."""
        if schema["type"] == "integer":
            if not INTEGER.fullmatch(text):
                raise Violation(f"{where}: it must be a whole number")
            return check(schema, int(text), where, self.schemas)
        return check(schema, text, where, self.schemas)

    def read_parameters(self, path, query):
        """All parameters by name; a 404 for a path that cannot be, a 400 for a query that is not as promised."""
        values = {}
        for parameter in self.parameters:
            name, schema = parameter["name"], parameter["schema"]
            try:
                if parameter["in"] == "path":
                    values[name] = self.parameter(schema, path[name], name)
                    continue
                given = query.get(name, [])
                if len(given) > 1:
                    raise Violation(f"{name}: it may stand once")
                if not given and parameter["required"]:
                    raise Violation(f"{name}: it is missing")
                values[name] = self.parameter(schema, given[0], name) if given else schema.get("default")
            except Violation as error:
                if parameter["in"] == "path":
                    raise ShopError(404, "There is nothing here.") from error
                raise ShopError(400, str(error)) from error
        return values

    def read_json(self, body):
        """The JSON body, checked; a 400 when it is not JSON, a 422 when it is not as promised."""
        value = parse_json(body)
        try:
            return check(self.content["application/json"]["schema"], value, "body", self.schemas)
        except Violation as error:
            raise ShopError(422, str(error)) from error


class Contract:
    """All operations of a document."""

    def __init__(self, document):
        schemas = document["components"]["schemas"]
        self.operations = [
            Operation(template, method, entry, schemas)
            for template, item in document["paths"].items()
            for method, entry in item.items()
        ]

    def find(self, method, segments):
        """The operation and its path parameters. HEAD is GET without a body. A 404 or a 405 when there is none."""
        wanted = "GET" if method == "HEAD" else method
        allowed = set()
        for operation in self.operations:
            path = operation.match(segments)
            if path is None:
                continue
            if operation.method == wanted:
                return operation, path
            allowed.update({"GET", "HEAD"} if operation.method == "GET" else {operation.method})
        if allowed:
            raise ShopError(405, f"{method} cannot be done here.", [("Allow", ", ".join(sorted(allowed)))])
        raise ShopError(404, "There is nothing here.")
