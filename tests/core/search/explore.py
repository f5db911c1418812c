"""Breadth first over every state that can be reached, the oracle asked at every step."""

import gc
import time
from collections.abc import Iterator
from dataclasses import dataclass, field, replace

from bot.core.transition import TaskKind
from tests.core.search import carrying, guarding, hands, nature, oracle
from tests.core.search.game import Game, Step
from tests.core.search.ledger import KeyTaken
from tests.core.search.outline import outline
from tests.core.search.world import Memory, State


@dataclass(frozen=True, kw_only=True)
class Search:
    """What a search found: how much there is, and the shortest way to something that must not be, if there is one."""

    states: int
    transitions: int
    seconds: float
    wrong: str | None = None
    way: tuple[str, ...] = ()

    def told(self) -> str:
        steps = "".join(f"\n  {place}. {label}" for place, label in enumerate(self.way, start=1))
        return f"{self.wrong}{steps}"


@dataclass
class _Known:
    """The states met so far, each with the one it was first reached from."""

    game: Game
    numbers: dict[object, int] = field(default_factory=dict)
    parent: list[int] = field(default_factory=list)
    label: list[str] = field(default_factory=list)
    state: list[State] = field(default_factory=list)

    transitions: int = 0

    def meet(self, state: State, parent: int, label: str) -> int:
        found = outline(state, self.game)
        number = self.numbers.get(found)
        if number is not None:
            return number
        number = self.numbers[found] = len(self.parent)
        self.parent.append(parent)
        self.label.append(label)
        self.state.append(state)
        return number

    def way(self, number: int) -> tuple[str, ...]:
        labels: list[str] = []
        while number >= 0:
            labels.append(self.label[number])
            number = self.parent[number]
        return tuple(label for label in reversed(labels) if label)


FORGOTTEN = Memory()
DO = {
    TaskKind.CARRY_OUT.value: carrying.carry_out,
    TaskKind.EXPIRE.value: carrying.expire_when_due,
    TaskKind.JUDGE.value: guarding.judge_later,
}
BY_ITSELF = frozenset({"carry", "read", "late", "expire", "guard", "sweep", "time"})
"""What happens without anybody, sooner or later."""


def moves(state: State, game: Game) -> Iterator[Step]:
    """Everything that may happen next."""
    yield from hands.steps(state, game)
    for todo in state.ledger.todo:
        yield from DO[todo.kind](state, game, todo)
    yield from guarding.steps(state, game)
    for call in state.platform.on_its_way:
        yield carrying.lands(state, call)
    if state.memory != FORGOTTEN:
        yield Step(kind="crash", label="the bot crashes and starts again", after=replace(state, memory=FORGOTTEN))
    yield from nature.steps(state, game)


def explore(game: Game, *, limit: int = 1_000_000) -> Search:
    """Search everything the game's scope can reach, or until something is found that must not be.

    With a `limit` only so many states are looked at, and whether the bot comes to an end is not asked.
    """
    gc.disable()  # nothing here makes cycles, and all that is kept would be gone through again and again
    try:
        return _explore(game, limit)
    finally:
        gc.enable()


def _explore(game: Game, limit: int) -> Search:
    began, known, onward = time.process_time(), _Known(game=game), []
    for state in game.scope.start:
        known.meet(state, -1, "")
    wrong, way = None, ()
    while wrong is None and len(onward) < min(len(known.state), limit):
        wrong, way, by_itself = _look_round(known, len(onward))
        onward.append(by_itself)
    whole = len(onward) == len(known.state)
    if wrong is None and whole and (lost := _never_quiet(onward)) is not None:
        wrong, way = "I8: the bot alone never comes to an end", known.way(lost)
    return Search(
        states=len(known.state),
        transitions=known.transitions,
        seconds=time.process_time() - began,
        wrong=wrong,
        way=way if wrong else (),
    )


def _look_round(known: _Known, at: int) -> tuple[str | None, tuple[str, ...], tuple[int, ...]]:
    """Take every step from a state: the first that is wrong and the way to it; else where the bot goes by itself."""
    game, state, by_itself = known.game, known.state[at], []
    try:
        for step in moves(state, game):
            known.transitions += 1
            if wrong := oracle.wrong(state, step, game):
                return wrong, (*known.way(at), step.label), ()
            number = known.meet(step.after, at, step.label)
            if number != at and step.kind in BY_ITSELF:
                by_itself.append(number)
    except (KeyTaken, AssertionError, LookupError) as error:
        return f"a rule stops half way: {error!r}", known.way(at), ()
    return None if by_itself else oracle.stuck(state), known.way(at), tuple(by_itself)


def _never_quiet(onward: list[tuple[int, ...]]) -> int | None:
    """The first state from which nothing that happens by itself leads to one where nothing more does."""
    back: list[list[int]] = [[] for _ in onward]
    for number, nexts in enumerate(onward):
        for following in nexts:
            if following < len(back):
                back[following].append(number)
    quiet = [number for number, nexts in enumerate(onward) if not nexts]
    reaches = bytearray(len(onward))
    for number in quiet:
        reaches[number] = 1
    while quiet:
        for before in back[quiet.pop()]:
            if not reaches[before]:
                reaches[before] = 1
                quiet.append(before)
    return next((number for number, reached in enumerate(reaches) if not reached), None)
