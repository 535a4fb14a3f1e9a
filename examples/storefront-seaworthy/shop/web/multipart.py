"""Reading multipart/form-data (RFC 7578), strictly: one file field, the boundaries where they must be."""

import re

from ..errors import ShopError

BOUNDARY = re.compile(r"""[0-9A-Za-z'()+_,./:=? -]{0,69}[0-9A-Za-z'()+_,./:=?-]""")
TOKEN = r"[!#$%&'*+.^_`|~0-9A-Za-z-]+"
PARAMETER = re.compile(r"\s*;\s*(" + TOKEN + r")=(?:(" + TOKEN + r")|\"((?:[^\"\\]|\\.)*)\")\s*")


def parse_media_type(value):
    """A media type in lower case and its parameters by lower-case name; a 415 when it is malformed."""
    essence = re.match(r"\s*(" + TOKEN + "/" + TOKEN + r")\s*", value)
    if essence is None:
        raise ShopError(415, "Content-Type is missing or malformed.")
    return essence[1].lower(), parse_parameters(value, essence.end(), 415)


def parse_parameters(value, position, status):
    """The `; name=value` of a header from `position` on."""
    parameters = {}
    while position < len(value):
        match = PARAMETER.match(value, position)
        if match is None:
            if value[position:].strip("; \t") == "":
                break
            raise ShopError(status, "A header's parameters are malformed.")
        quoted = match[3]
        parameters[match[1].lower()] = match[2] if quoted is None else re.sub(r"\\(.)", r"\1", quoted)
        position = match.end()
    return parameters


def field_name(head):
    """The form field's name that a part's headers give, or None."""
    for line in head.decode("latin-1").split("\r\n"):
        name, _, value = line.partition(":")
        if name.strip().lower() == "content-disposition":
            disposition = re.match(r"\s*form-data\b\s*", value, re.IGNORECASE)
            if disposition:
                return parse_parameters(value, disposition.end(), 400).get("name")
    return None


def read_file(parameters, body, wanted):
    """The bytes of the form's one field with this name."""
    boundary = parameters.get("boundary", "")
    if not BOUNDARY.fullmatch(boundary):
        raise ShopError(400, "The form has no boundary, or a malformed one.")
    mark = b"\r\n--" + boundary.encode("ascii")
    pieces = (b"\r\n" + body).split(mark)
    if len(pieces) < 2 or not pieces[-1].startswith(b"--"):
        raise ShopError(400, "The form is not closed by its boundary.")
    found = []
    for piece in pieces[1:-1]:
        head, blank, data = piece.lstrip(b" \t").partition(b"\r\n\r\n")
        if not blank or not head.startswith(b"\r\n"):
            raise ShopError(400, "A part of the form is malformed.")
        if field_name(head) != wanted:
            raise ShopError(422, f"The form may have the field `{wanted}` and nothing else.")
        found.append(data)
    if len(found) != 1:
        raise ShopError(422, f"The form needs one field `{wanted}`.")
    return found[0]
