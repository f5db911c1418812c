"""From the body of a POST, PUT or PATCH to the wish it states, each attribute checked at this door."""

from collections.abc import Iterator
from typing import Any

from bot.sandbox.platform.changes import Wish
from bot.sandbox.platform.schema import ACCOUNT_SCHEMA
from bot.sandbox.platform.wire import RefusalError

PATCH_SCHEMA = "urn:ietf:params:scim:api:messages:2.0:PatchOp"

_PREFIX = ACCOUNT_SCHEMA.lower() + ":"
_USER_PREFIX = "urn:ietf:params:scim:schemas:core:2.0:user:"

# attribute as the wire names it, in lower case → the field of a wish, its type, the value that takes it away
_ATTRIBUTES: dict[str, tuple[str, type, Any]] = {
    "active": ("active", bool, None),
    "username": ("handle", str, None),
    "displayname": ("display_name", str, ""),
    "externalid": ("external_id", str, ""),
    _PREFIX + "followers": ("followers", int, None),
    _PREFIX + "following": ("following", int, None),
    _PREFIX + "verified": ("verified", bool, None),
    _PREFIX + "tags": ("tags", list, []),
}
_READ_ONLY = ("id", "meta", _PREFIX + "deactivation")


def of_patch(body: dict[str, Any]) -> Wish:
    """Return the wish of a PATCH; 400 where it is not one. Later operations win."""
    named = body.get("schemas")
    if not isinstance(named, list) or PATCH_SCHEMA not in named:
        raise RefusalError(400, f"The body's schemas do not name {PATCH_SCHEMA}.", scim_type="invalidSyntax")
    operations = body.get("Operations")
    if not isinstance(operations, list) or not operations or not all(isinstance(one, dict) for one in operations):
        raise RefusalError(400, "Operations is not a list of at least one operation.", scim_type="invalidSyntax")
    fields: dict[str, Any] = {}
    for operation in operations:
        for name, value in _written(operation):
            _set(fields, name, value)
    return Wish(**fields)


def of_resource(body: dict[str, Any]) -> Wish:
    """Return the wish of a POST or PUT: what it does not name stays as it is, what is read-only is ignored."""
    fields: dict[str, Any] = {}
    for name, value in _leaves("", body):
        if value is not None and name in _ATTRIBUTES:
            _set(fields, name, value)
    if "handle" not in fields:
        raise RefusalError(400, "userName is missing.", scim_type="invalidValue")
    return Wish(**fields)


def _written(operation: dict[str, Any]) -> Iterator[tuple[str, Any]]:
    """Return the attributes one operation writes; a removal writes None."""
    verb = str(operation.get("op", "")).lower()
    path = str(operation.get("path") or "").lower().removeprefix(_USER_PREFIX)
    if verb not in ("add", "replace", "remove"):
        raise RefusalError(400, f"There is no operation {operation.get('op')!r}.", scim_type="invalidSyntax")
    if verb == "remove":
        if not path:
            raise RefusalError(400, "A removal needs a path.", scim_type="noTarget")
        yield path, None
        return
    if "value" not in operation:
        raise RefusalError(400, f"The operation {verb} needs a value.", scim_type="invalidValue")
    yield from _leaves(path, operation["value"])


def _leaves(path: str, value: Any) -> Iterator[tuple[str, Any]]:
    """Split a value for the whole user, or for the whole extension, into its attributes."""
    if path not in ("", _PREFIX[:-1]):
        yield path, value
        return
    if not isinstance(value, dict):
        raise RefusalError(400, "A value without a path to an attribute must be an object.", scim_type="invalidValue")
    for key, item in value.items():
        name = key.lower().removeprefix(_USER_PREFIX)
        if name != "schemas":
            yield from _leaves(f"{path}:{name}" if path else name, item)


def _set(fields: dict[str, Any], name: str, value: Any) -> None:
    if name.split(".", maxsplit=1)[0] in _READ_ONLY or name.startswith(_PREFIX + "deactivation"):
        raise RefusalError(400, f"{name} is read-only.", scim_type="mutability")
    if name not in _ATTRIBUTES:
        raise RefusalError(400, f"There is no attribute {name!r}.", scim_type="invalidPath")
    field, kind, nothing = _ATTRIBUTES[name]
    if value is None:
        if nothing is None:
            raise RefusalError(400, f"{name} cannot be taken away.", scim_type="mutability")
        value = nothing
    fields[field] = _checked(name, value, kind)


def _checked(name: str, value: Any, kind: type) -> Any:
    """Return the value as a wish holds it; 400 where it is of another type."""
    if not _is_a(kind, value):
        raise RefusalError(400, f"{name} is not a {kind.__name__}: {value!r}.", scim_type="invalidValue")
    if name != "username":
        return tuple(value) if kind is list else value
    handle = value.strip().removeprefix("@")
    if not handle:
        raise RefusalError(400, "userName is empty.", scim_type="invalidValue")
    return handle


def _is_a(kind: type, value: Any) -> bool:
    """Whether the value is of exactly that type, a bool being no int here, and a list one of texts."""
    if isinstance(value, list):
        return kind is list and all(isinstance(item, str) for item in value)
    return type(value) is kind
