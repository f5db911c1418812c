"""What `/countersign` answers. Names and handles stand in rich text, so that nobody's text becomes markup."""

import asyncio
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import partial
from typing import Any

from bot.core.account import Instance
from bot.core.containing import BUDGET_OVER
from bot.core.errors import LedgerAway, PlatformAway, PlatformRefused
from bot.core.incident import Incident
from bot.core.latching import SWEEP
from bot.core.refusal import Refusal, Why
from bot.core.request import Request
from bot.core.transition import ActorStands, Latch, Standing
from bot.flows.report import listed
from bot.flows.world import World
from bot.ports import CardAt, View
from bot.slack.cards import who
from bot.slack.language import N_, Language
from bot.slack.sentences import because, refusal_sentence
from bot.slack.subjects import asked
from bot.slack.text import Element, bold, code, escaped, link, moment, one_line, rich, words
from bot.slack.wording import KINDS, OUTCOMES, STANDS

HELP = (
    N_("/deactivate @handle reason: ask for an account to be deactivated"),
    N_("/restore @handle reason: ask for an account to be restored"),
    N_("/countersign pending: what waits for a decision"),
    N_("/countersign status @handle: what was asked for and what happened to an account"),
    N_("/countersign incidents: what nobody had approved, and what became of it"),
    N_("/countersign guard: whether the guard follows the platform"),
    N_("/countersign roster add, remove or leave, then @person: ask for a change of the roster"),
    N_("/countersign protect @handle: ask for an account to be protected"),
    N_("/countersign guard observe or enforce: ask for the guard to only look for a while, or to act again"),
    N_("/countersign reinstate staff:name reason: ask for an actor whom the guard keeps out to be let in again"),
    N_("/countersign release reason: ask for a latched sweep to restore again"),
    N_("/countersign help: this list"),
)
STANDING = {
    Standing.CONTAINED: N_("{actor} is locked out on the platform since {when}"),
    Standing.CONTAINING: N_("{actor} is being locked out on the platform since {when}"),
    Standing.UNCONTAINABLE: N_("⚠ {actor} cannot be locked out on the platform, seen {when}"),
}
"""How an actor stands, in a list."""
SHOWN = 20
FOUND_WITHIN = 10.0
"""Seconds that the platform has to find an account: the command is acknowledged, but somebody waits."""

Line = list[Element]
LinkTo = Callable[[CardAt], str]


@dataclass(frozen=True, kw_only=True, slots=True)
class Answer:
    """An ephemeral answer."""

    text: str
    blocks: list[dict[str, Any]]


@dataclass(frozen=True, kw_only=True, slots=True)
class Asked:
    """A subcommand, who reads its answer in which language, and where cards are found."""

    world: World
    lang: Language
    link_to: LinkTo

    async def answer(self, word: str, rest: str) -> Answer:
        """Answer a subcommand; one that does not exist gets the list of those that do."""
        try:
            match word:
                case "pending":
                    return await self._pending()
                case "status":
                    return await self._status(rest)
                case "incidents":
                    return await self._incidents()
                case "guard" if not rest:
                    return await self._guard()
                case _:
                    return self._explained(word)
        except LedgerAway:
            return _answer(self.lang.say("What is on record cannot be read at the moment; try again."), ())

    def _explained(self, word: str) -> Answer:
        """What there is, where somebody asks for it, or has written something else."""
        say = self.lang.say
        if word in {"guard", "roster", "protect"}:
            return _answer(say("More is needed behind that word:"), self._help(word))
        if word in {"help", ""}:
            return _answer(say("What Countersign understands"), self._help())
        return _answer(say("There is no such subcommand. These there are:"), self._help())

    def _help(self, of: str = "") -> list[Line]:
        """Every subcommand, or those that begin with a word."""
        return [[words(self.lang.say(line))] for line in HELP if line.startswith(f"/countersign {of}" if of else "/")]

    def _no(self, refusal: Refusal) -> Answer:
        return _answer(refusal_sentence(self.lang, refusal), ())

    async def _pending(self) -> Answer:
        waiting, cards = await self.world.ledger.read(_with_cards(_undecided))
        say = self.lang.say
        title = say("Waiting for a decision") if waiting else say("Nothing waits for a decision.")
        return _answer(title, [self._request(request, cards) for request in waiting])

    async def _incidents(self) -> Answer:
        """Those that are not undone first, then the latest; the cards have the buttons."""
        found, cards = await self.world.ledger.read(_with_cards(listed))
        say = self.lang.say
        title = say("Incidents, those not undone first") if found else say("No incident is on record.")
        return _answer(title, [self._listed(incident, cards) for incident in found])

    def _listed(self, incident: Incident, cards: Mapping[str, CardAt]) -> Line:
        """An incident where the account is not named above it."""
        account = [words(f" · @{one_line(incident.handle, most=80)} "), code(one_line(incident.account, most=100))]
        return [*self._incident(incident, cards), *account]

    async def _status(self, handle: str) -> Answer:
        """The history of an account: what was asked for, what happened, with links to the cards."""
        if not handle:
            return self._no(Refusal(why=Why.HANDLE_EMPTY))
        try:
            async with asyncio.timeout(FOUND_WITHIN):
                account = await self.world.platform.find(handle)
        except (PlatformAway, PlatformRefused, TimeoutError):
            return _answer(self.lang.say("The platform does not answer at the moment; try again."), ())
        if account is None:
            return self._no(Refusal(why=Why.UNKNOWN_ACCOUNT, facts={"handle": handle}))
        id, ledger = account.id, self.world.ledger
        requests, asked = await ledger.read(_with_cards(lambda view: view.requests_of_account(id, limit=SHOWN)))
        incidents, found = await ledger.read(_with_cards(lambda view: view.incidents(account=id, limit=SHOWN)))
        lines = [self._request(request, asked) for request in requests if not request.by_policy]
        lines += [self._incident(incident, found) for incident in incidents]
        text = N_("@{handle} ({id}) is active") if account.active else N_("@{handle} ({id}) is deactivated")
        if account.instance is not None:
            lines.insert(0, await self._down(account.instance))
        title = self.lang.say(text, handle=one_line(account.handle, most=80), id=one_line(id, most=100))
        return _answer(title, lines or [[words(self.lang.say("Nothing is on record for it."))]])

    async def _down(self, instance: Instance) -> Line:
        """Who took the account down, and whether the guard let it stand."""
        judged = await self.world.ledger.read(lambda view: view.judged(instance))
        why = because(self.lang, judged.why) if judged else self.lang.say("nobody has judged it yet")
        by = bold(one_line(instance.actor or self.lang.say("unknown"), most=100))
        if instance.at is None:
            return self.lang.line("Taken down by {who}: {why}", who=by, why=why)
        return self.lang.line("Taken down by {who}, {when}: {why}", who=by, when=moment(instance.at), why=why)

    async def _guard(self) -> Answer:
        latch, actors = await self.world.ledger.read(partial(_locked, at=self.world.now()))
        guard, at, say = self.world.policy.guard, self.world.now(), self.lang.say
        watch = self.world.status.watch(self.world.clock.monotonic(), at)
        until = guard.observes_until
        if guard.enforces_at(at):
            lines = [say("The guard enforces.")]
        elif until is not None and at < until:
            lines = [say("⚠ The guard only observes, until {when}.", when=self.lang.time(until))]
        else:
            lines = [say("⚠ The guard only observes.")]
        if watch.lag is None:
            lines.append(say("The platform's feed has not answered yet."))
        else:
            lines.append(say("The platform's feed answered {span} ago.", span=self._ago(watch.lag)))
        if watch.platform_away:
            lines.append(say("The platform cannot be reached at the moment."))
        if watch.swept is not None:
            lines.append(say("The last sweep ended {span} ago.", span=self._ago(watch.swept)))
        if latch is not None and latch.since is not None:
            text = N_("⚠ The sweep is latched since {when}: it restores nothing that the feed did not announce.")
            lines.append(say(text, when=self.lang.time(latch.since)))
        told: list[Line] = [[words(line)] for line in lines]
        return _answer(say("The guard"), [*told, *(_actor_line(self.lang, stands) for stands in actors[:SHOWN])])

    def _ago(self, seconds: float) -> str:
        return self.lang.span(timedelta(seconds=max(seconds, 0)))

    def _request(self, request: Request, cards: Mapping[str, CardAt]) -> Line:
        return [
            *self._name(request.id, cards),
            *self.lang.line(": {what} ", what=asked(self.lang, request)),
            code(one_line(request.subject.id, most=100)),
            words(" · "),
            *self.lang.line(
                "asked by {who} {when}", who=who(request, request.requester), when=moment(request.filed_at)
            ),
            words(f" · {self.lang.say(OUTCOMES[request.state])}"),
        ]

    def _incident(self, incident: Incident, cards: Mapping[str, CardAt]) -> Line:
        by = one_line(incident.actor or self.lang.say("unknown"), most=100)
        text = N_(": {what} by {who} {when} · {now}")
        told = self.lang.line(
            text,
            what=self.lang.say(KINDS[incident.kind]),
            who=bold(by),
            when=moment(incident.at or incident.seen_at),
            now=self.lang.say(STANDS[incident.state]),
        )
        text = N_("down for {span}")
        down: Line = []
        if incident.down_for is not None:
            down = [words(f" · {self.lang.say(text, span=self.lang.span(incident.down_for))}")]
        return [*self._name(incident.id, cards), *told, *down]

    def _name(self, id: str, cards: Mapping[str, CardAt]) -> Line:
        """A record's id, leading to its card where one stands."""
        address = self.link_to(cards[id]) if id in cards else ""
        return [link(address, id) if address else bold(id)]


def _locked(view: View, *, at: datetime) -> tuple[Latch | None, Sequence[ActorStands]]:
    """The latch, and whom the guard keeps out; whom it could not, for as long as what they did counts."""
    found = view.actors(STANDING)
    counts = [one for one in found if one.standing is not Standing.UNCONTAINABLE or one.since > at - BUDGET_OVER]
    return view.latch(SWEEP), counts


def _actor_line(lang: Language, stands: ActorStands) -> Line:
    actor = code(one_line(stands.actor, most=100))
    return lang.line(STANDING[stands.standing], actor=actor, when=moment(stands.since))


def _undecided(view: View) -> Sequence[Request]:
    """What waits for a decision: emergencies first, for they are undone soon."""
    return [*view.unratified(), *view.pending(limit=SHOWN)][:SHOWN]


def _with_cards(query: Callable[[View], Sequence[Any]]) -> Callable[[View], tuple[Sequence[Any], dict[str, CardAt]]]:
    """The records that a query finds, and where the card of each stands."""

    def read(view: View) -> tuple[Sequence[Any], dict[str, CardAt]]:
        records = query(view)
        cards = {record.id: card for record in records if (card := view.card(record.id)) is not None}
        return records, cards

    return read


def _answer(title: str, lines: Sequence[Line]) -> Answer:
    elements: Line = [bold(title)]
    for line in lines:
        elements += [words("\n"), *line]
    return Answer(text=escaped(title), blocks=[rich(*elements)])
