"""The policy file: TOML text to `Policy`, with every problem at once and the line of each."""

import re
import tomllib
from datetime import date

from bot.core.errors import Misconfigured
from bot.core.policy import Policy
from bot.core.policy_checks import problems_of
from bot.core.policy_reading import Reading
from bot.core.toml_lines import Path, line_of, lines_of


def parse_policy(text: str) -> Policy:
    """The policy that the text states, with what stands behind the file's own text laid over it.

    Raises Misconfigured with one sentence a problem, in the text's order.
    """
    try:
        top = tomllib.loads(text)
    except (ValueError, RecursionError) as error:
        raise Misconfigured(_no_date(error, text) or _syntax(error)) from None
    reading = Reading()
    policy = reading.policy(top, text)
    # Of a roster half read it would be said that groups lack members, of tiers half read that one is missing: noise.
    complete = {table for table in ("people", "tier") if not reading.noted_in(table)}
    reading.problems.extend(problems_of(policy, complete=complete))
    if reading.problems:
        raise Misconfigured(*_sentences(reading.problems, text))
    return policy


def _no_date(error: Exception, text: str) -> str | None:
    """The sentence about a day that no calendar has, where that is what `tomllib` stumbled over."""
    where = re.search(r"\(at line (\d+), column (\d+)\)$", str(error))
    if where is None:
        return None
    line, column = int(where[1]), int(where[2]) - 1
    for found in re.finditer(r"\d{4}-\d{1,2}-\d{1,2}", text.replace("\r\n", "\n").split("\n")[line - 1]):
        if found.start() <= column < found.end() and not _is_date(found[0]):
            return f"line {line}: “{found[0]}” is no date; write a day that exists, as in 2026-11-21."
    return None


def _is_date(text: str) -> bool:
    try:
        date.fromisoformat(text)
    except ValueError:
        return False
    return True


def _syntax(error: Exception) -> str:
    """`tomllib` says where at the end of its message; some values it fails on without saying where."""
    message = str(error) or type(error).__name__
    where = re.search(r" \(at (?:line (\d+), column \d+|end of document)\)$", message)
    if where is None:
        return f"line 1: the file is not TOML that can be read: {message}."
    said = message[: where.start()]
    return f"line {where[1]}: this is not TOML: {said}." if where[1] else f"The file ends too early: {said}."


def _sentences(problems: list[tuple[Path, str]], text: str) -> list[str]:
    found = lines_of(text)
    placed = sorted((line_of(found, path), _key(path), sentence) for path, sentence in problems)
    return [f"line {line}: {key} {sentence}." for line, key, sentence in dict.fromkeys(placed)]


def _key(path: Path) -> str:
    return ".".join(part for part in path if isinstance(part, str)) or "the file"
