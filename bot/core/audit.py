"""The audit log: its canonical form, and the replay that holds it against the tables."""

import json
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from bot.core.record import completed, dump, fold, stamp
from bot.core.transition import Entry

_ENCODER = json.JSONEncoder(sort_keys=True, separators=(",", ":"), ensure_ascii=False, allow_nan=False)


def canonical(value: Any) -> str:
    """JSON with its names in order and no blanks: equal values are equal texts. Raises ValueError for what is none.

    Not RFC 8785, which has no whole numbers beyond 2**53: a platform that counts so far must not stop the guard.
    """
    try:
        text = _ENCODER.encode(value)
    except TypeError as error:
        raise ValueError(str(error)) from error
    text.encode()  # halves of surrogate pairs are no text
    return text


def parse(text: str) -> Any:
    return json.loads(text)


@dataclass(frozen=True, kw_only=True, slots=True)
class Line:
    """An entry with its place in the log."""

    seq: int
    entry: Entry

    def as_json(self) -> dict[str, Any]:
        """The exported form: `{seq, at, kind, by, request, facts}`."""
        e = self.entry
        return {
            "seq": self.seq,
            "at": stamp(e.at),
            "kind": e.kind.value,
            "by": e.by,
            "request": e.request,
            "facts": e.facts,
        }


@dataclass(frozen=True, kw_only=True, slots=True)
class Disagreement:
    """Where log and tables part: the first entry that disagrees, or 0 for a record no entry speaks of."""

    seq: int
    record: str
    what: str


def gaps(lines: Iterable[Line], head: int) -> Iterator[Disagreement]:
    """Sequence numbers run from 1 to `head` without a gap."""
    expected = 1
    for line in lines:
        if line.seq != expected:
            yield Disagreement(seq=expected, record="", what=f"entry {expected} is missing")
            expected = line.seq
        expected += 1
    if expected > head + 1:
        yield Disagreement(seq=head + 1, record="", what=f"the log goes on after entry {head}, the last one given out")
    if expected <= head:
        yield Disagreement(seq=expected, record="", what=f"the log ends before entry {head}, the last one written")


def replay(lines: Iterable[Line]) -> dict[str, tuple[int, dict[str, Any]]]:
    """Every record as the log says it is: id → (sequence number of its last entry, plain fields)."""
    records: dict[str, tuple[int, dict[str, Any]]] = {}
    for line in lines:
        changed = line.entry.facts.get("changes")
        name = line.entry.facts.get("incident") or line.entry.request
        if changed is None or name is None:
            continue
        before = records.get(name)
        records[name] = (line.seq, fold(before[1] if before else None, changed))
    return records


def compare(logged: Mapping[str, tuple[int, dict[str, Any]]], stored: Mapping[str, Any]) -> Iterator[Disagreement]:
    """Hold the replayed records against those stored (requests and incidents by id).

    A field that the log was written before is as if it had told the default.
    """
    for name, (seq, fields) in logged.items():
        if name not in stored:
            yield Disagreement(seq=seq, record=name, what="the log tells of it, the table does not hold it")
            continue
        held, told = dump(stored[name]), completed(type(stored[name]), fields)
        differing = [key for key in held if held[key] != told.get(key)]
        if differing:
            yield Disagreement(seq=seq, record=name, what=f"{', '.join(differing)} is not what the log says")
    for name in stored.keys() - logged.keys():
        yield Disagreement(seq=0, record=name, what="the table holds it, no entry tells of it")
