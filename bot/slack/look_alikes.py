"""Names whose letters read like others: Unicode's table of confusables (UTS 39), asked in one direction.

The question is whether a name would be taken for one in plain letters. It is answered for whole names: “Привет” holds
letters that look like Latin ones and is read as no Latin word, “Роса” can be read as nothing but “Poca”.
"""

import unicodedata

from confusable_homoglyphs.utils import load  # type: ignore[import-untyped]  # it has no types

MOST = 150
"""Characters of a name that are looked at; more are not shown either."""
NEARLY = {"\u1d1b": "t", "\u0138": "k", "\u028d": "m", "\u029c": "h", "\u0299": "b", "\u03c0": "n"}
"""What the table makes of the small Cyrillic т к м н в п: no Latin letter's double, yet read as one among such."""
RARE = frozenset("ѕԁԛԝӏһѵѡҽ")
"""Cyrillic letters that hardly a name is spelled with; one of them, and the rest was meant to be read as Latin."""
OWN = frozenset("æœÆŒ×")
"""Signs of living languages that the table takes for `ae`, `oe` and `x`, and people do not."""
COLOURFUL = "\ufe0f"
"""The one mark that is not seen as one: it makes an emoji colourful."""


def reads_like(name: str) -> str | None:
    """The plain letters that the name would be taken for, where it is not written in them; else None.

    This is the skeleton of UTS 39 (decompose, map), kept readable, and only where all of its letters are plain.
    """
    if name.isascii():
        return None
    text = unicodedata.normalize("NFD", name[:MOST])
    plain = {c: _plain(c) for c in set(text)}
    if None in plain.values() or all(c == read for c, read in plain.items()):
        return None
    meant = any(c.lower() in RARE for c in plain)
    read = "".join(plain[c] or "" for c in text)
    return read if meant or not any(DOUBLES.get(c) in NEARLY for c in plain) else None


def _plain(c: str) -> str | None:
    """What a character is read as; what is no letter is itself; None for a letter that is read as none of ours."""
    if c.isascii() or c == COLOURFUL:
        return c
    letter = c.isalnum() or unicodedata.category(c)[0] == "M"
    double = c if c in OWN else DOUBLES.get(c) or _variant(c)
    if double == "l" and c.isupper():
        return "I"
    plain = "m" if double == "rn" else NEARLY.get(double, double)
    if plain.isascii() and plain.isalnum() and (letter or len(plain) == 1):
        return plain
    return None if letter else c


def _variant(c: str) -> str:
    """The letter of which this is a wide or an ornate form: the table leaves out those that are no look-alikes."""
    kind, _, code = unicodedata.decomposition(c).partition(" ")
    return chr(int(code, 16)) if kind in {"<wide>", "<font>"} else c


def _doubles() -> dict[str, str]:
    """What each character is taken for. The file has every pair in both directions, first the one that is mapped.

    Those that several are mapped to have several entries; the marks of direction around some were meant for a reader.
    """
    found: dict[str, str] = {}
    for character, others in load("confusables.json").items():
        double = others[0]["c"].strip("\u200e")
        if len(others) == 1 and double not in found:
            found[character.strip("\u200e")] = double
    return found


DOUBLES = _doubles()
