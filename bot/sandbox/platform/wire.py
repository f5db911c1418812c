"""A call as it came and the answer it gets: values, so that a call outlives its caller."""

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property
from http import HTTPStatus
from typing import Any

from scim2_models import Error

from bot.sandbox.platform.faults import Rule

SCIM_TYPE = "application/scim+json"
JSON_TYPE = "application/json"


class RefusalError(Exception):
    """The call is not carried out; becomes an error answer with this status and detail."""

    def __init__(self, status: int, detail: str, *, scim_type: str | None = None) -> None:
        super().__init__(detail)
        self.status = status
        self.detail = detail
        self.scim_type = scim_type


@dataclass(frozen=True)
class Call:
    """One HTTP call, read to its end. `rule` is the fault that applies to it."""

    method: str
    path: str
    parts: Mapping[str, str] = field(default_factory=dict)
    query: Mapping[str, str] = field(default_factory=dict)
    headers: Mapping[str, str] = field(default_factory=dict)
    raw: bytes = b""
    rule: Rule | None = None

    @cached_property
    def body(self) -> dict[str, Any]:
        """The JSON object of the body; 400 where it is none."""
        try:
            body = json.loads(self.raw)
        except ValueError as error:
            raise RefusalError(400, f"The body is not JSON: {error}.", scim_type="invalidSyntax") from error
        if not isinstance(body, dict):
            raise RefusalError(400, "The body is not a JSON object.", scim_type="invalidSyntax")
        return body

    @property
    def operation(self) -> str | None:
        return self.headers.get("Idempotency-Key") or None

    @property
    def reason(self) -> str | None:
        return self.headers.get("X-Reason") or None

    @property
    def fault(self) -> str | None:
        return None if self.rule is None else self.rule.kind

    def whole_number(self, name: str, default: int) -> int:
        """Return a whole number of the query; 400 where it is something else."""
        text = self.query.get(name)
        try:
            return default if text is None else int(text)
        except ValueError as error:
            raise RefusalError(400, f"{name} is not a whole number: {text!r}.", scim_type="invalidValue") from error


@dataclass(frozen=True, slots=True)
class Answer:
    """What goes back."""

    status: int
    body: bytes = b""
    content_type: str = JSON_TYPE
    headers: Mapping[str, str] = field(default_factory=dict)

    @property
    def good(self) -> bool:
        return HTTPStatus.OK <= self.status < HTTPStatus.MULTIPLE_CHOICES


def said(body: object, *, status: int = 200, content_type: str = JSON_TYPE, **headers: str) -> Answer:
    """Return an answer with a JSON body."""
    return Answer(status, encoded(json.dumps(body, ensure_ascii=False, separators=(",", ":"))), content_type, headers)


def encoded(text: str) -> bytes:
    """Return JSON in UTF-8; half a character that came in a header or an escape goes out as an escape again."""
    return text.encode(errors="backslashreplace")


def refused(status: int, detail: str, *, scim_type: str | None = None, retry_after: float | None = None) -> Answer:
    """Return an error answer: a SCIM error on every port, for one shape is enough."""
    error = Error(status=status, detail=detail, scim_type=scim_type).model_dump()
    headers = {} if retry_after is None else {"Retry-After": f"{retry_after:g}"}
    return Answer(status, encoded(json.dumps(error, ensure_ascii=False)), SCIM_TYPE, headers)
