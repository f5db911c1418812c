"""What tells two states apart: all that a rule, the driver or the oracle can still look at, and nothing else.

Left out is what only people read: who ended a request and in which words, when a vote was cast and from which of a
person's Slack accounts, which policy was in force; and of a request that has ended its card and its votes. The clock
counts while a request lives or may still be filed, a task that is done while its key may come again.
"""

from collections.abc import Hashable

from bot.core.incident import Incident
from bot.core.record import stamp
from bot.core.request import LIVE, Request
from tests.core.search.game import Game
from tests.core.search.world import Ledger, Platform, State


def outline(state: State, game: Game) -> Hashable:
    of, ledger = game.outlines.of, state.ledger
    now = stamp(state.now)
    live = {request.id for request in ledger.requests if _live(request)}
    return (
        state.now if live or game.asks_left(state) else None,
        state.spent,
        state.roster,
        of(ledger, lambda ledger: _ledger(ledger, game)),
        frozenset(key for key in ledger.finished if key.split(":")[1] in live or key.endswith(now)),
        of(state.platform, _platform),
        of(state.memory),
        tuple(card for card in state.cards if card[0] in live),
        frozenset((id, revision, card) for id, revision, _, card in state.signed if id in live),
    )


def _live(request: Request) -> bool:
    return request.state in LIVE or request.unratified


def _ledger(ledger: Ledger, game: Game) -> Hashable:
    of, limited = game.outlines.of, game.scope.asks > 1
    return (
        tuple(of(request, lambda r: _request(r, limited=limited)) for request in ledger.requests),
        tuple(of(incident, _incident) for incident in ledger.incidents),
        of(
            ledger.verdicts,
            lambda verdicts: tuple(
                (v.account, v.at, v.actor, v.operation, v.explained, v.why, v.incident) for v in verdicts
            ),
        ),
        ledger.sightings,
        ledger.restores,
        ledger.todo,
    )


def _request(request: Request, *, limited: bool) -> Hashable:
    always = (request.id, request.state, request.operation, request.action, request.subject.id, request.explains)
    counted = (request.filed_at, request.claimed_at, request.requester) if limited else ()
    emergency = (request.emergency, request.undo, request.requester)
    if not _live(request):
        return (*always, *counted, emergency)
    votes = frozenset((v.person, v.revision, v.choice, v.digest) for v in request.votes)
    clocks = (request.expires_at, request.not_before, request.execute_by, request.waits_since, request.ratify_by)
    shown = (request.revision, request.subject, request.tier, request.quorum, request.requester_slack)
    return (*always, *counted, emergency, votes, *clocks, request.waits_for, *shown, request.if_match, request.undoes)


def _incident(incident: Incident) -> Hashable:
    known = (incident.id, incident.kind, incident.state, incident.account, incident.person, incident.request)
    return (*known, incident.acknowledged_at is None, incident.instance)


def _platform(platform: Platform) -> Hashable:
    """Accounts by their state; what the feed has told of is in the accounts and the ledger."""
    return platform
