"""Identifiers: short ones that people read out, unguessable ones that the platform carries."""

import secrets

_LETTERS = "ABCDEFGHJKMNPQRSTVWXYZ23456789"
"""Without those that are misread: no I, L, O, U, 0 and 1."""


def request_id() -> str:
    """`REQ-` and ten letters: 49 bits, so that two requests never share one."""
    return "REQ-" + _letters(10)


def incident_id() -> str:
    return "INC-" + _letters(10)


def operation_key() -> str:
    """128 bits that nobody guesses: who knows it could have a deactivation explained."""
    return "op-" + secrets.token_hex(16)


def _letters(count: int) -> str:
    return "".join(secrets.choice(_LETTERS) for _ in range(count))
