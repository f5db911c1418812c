"""`/countersign roster`, `protect`, `guard observe` and `guard enforce`: ask for a change of the bot's own rules."""

import logging
import re
from datetime import date
from difflib import get_close_matches
from typing import Any

from slack_sdk.errors import SlackClientError

from bot.core.account import Account
from bot.core.outlook import outlook
from bot.core.overlay import RuleChange, RuleVerb, parse_change
from bot.core.policy import RULES, Policy
from bot.core.policy_values import LATEST
from bot.core.refusal import Refusal, Why
from bot.core.request import Action, Request
from bot.core.ruling import may_change, quorum_of_change
from bot.flows.change_rules import ask_change
from bot.flows.submit import RECORDED, look_up
from bot.slack.acts import Command, Submission
from bot.slack.call import Call
from bot.slack.language import Language
from bot.slack.modals import looking_up_rules
from bot.slack.opening import draw_in, facts_of
from bot.slack.rule_forms import RuleForm, rule_form
from bot.slack.sentences import refusal_sentence
from bot.slack.wording import needs

log = logging.getLogger(__name__)

_MENTION = re.compile(r"<@(?P<user>[UW][A-Z0-9]+)(\|[^>]*)?>")
NAMED = 3
"""So many names of the roster are offered for one that it does not know."""


def verb_of(text: str) -> tuple[RuleVerb, str] | None:
    """The change that a subcommand begins, and what follows it; None where it is no change."""
    words = text.split()
    for verb in RuleVerb:
        begins = verb.value.split()
        if [word.lower() for word in words[: len(begins)]] == begins:
            return verb, " ".join(words[len(begins) :])
    return None


async def ask(call: Call, command: Command, verb: RuleVerb, rest: str) -> bool:
    """Open the form with what was typed behind the command. False where Slack did not open it."""
    name, _, reason = rest.partition(" ") if verb not in {RuleVerb.OBSERVE, RuleVerb.ENFORCE} else ("", "", rest)
    typed = {"handle": named_on_roster(call.world.policy, name) or name, "reason": reason.strip()}
    return await _open(call, verb, typed, user=command.user, trigger_id=command.trigger_id)


async def ask_again(call: Call, request: Request, *, user: str, trigger_id: str) -> bool:
    """Open the form filled in with what an ended request held. False where Slack did not open it."""
    change = parse_change(request.subject.id)
    typed = {"handle": change.person or change.account, "reason": request.reason, "evidence": request.evidence or ""}
    typed |= {"team": change.team or "", "last_day": change.last_day.isoformat() if change.last_day else ""}
    again = {"chosen": change.groups, "slack_user": change.slack}
    return await _open(call, change.verb, typed, user=user, trigger_id=trigger_id, **again)


async def _open(call: Call, verb: RuleVerb, typed: dict[str, str], *, user: str, trigger_id: str, **again: Any) -> bool:
    """Open the form at once, then draw in it what is known."""
    lang = await call.language_of(user)
    try:
        opened = await call.client.views_open(trigger_id=trigger_id, view=looking_up_rules(lang))
    except (SlackClientError, OSError, TimeoutError) as error:
        log.warning("could not open the form: %s", type(error).__name__)
        return False
    drawn = await _form(call, lang, verb, typed, user=user, **again)
    await draw_in(call, opened["view"], drawn)
    return True


def may_not_change(call: Call, user: str) -> Refusal | None:
    """What is known before anything is typed."""
    policy = call.world.policy
    return may_change(policy, policy.person_of_slack(user), call.world.now())


async def _form(
    call: Call,
    lang: Language,
    verb: RuleVerb,
    typed: dict[str, str],
    *,
    user: str,
    chosen: tuple[str, ...] = (),
    slack_user: str = "",
) -> dict[str, Any]:
    """The form with what is known of what was typed, or with what stands against it."""
    policy, notice, account, tier = call.world.policy, None, None, None
    if verb is RuleVerb.PROTECT and typed.get("handle"):
        found = await facts_of(call, Action.PROTECT, typed["handle"], user)
        if isinstance(found, Refusal):
            notice = refusal_sentence(lang, found)
        else:
            account, tier = found.account, found.tier.name
    likely = _likely(verb, typed, account, policy)
    at_once, demands = _demands(call, lang, likely, user=user, tier=tier)
    groups = sorted(frozenset[str]().union(*(p.groups for p in policy.people.values())))
    return rule_form(
        lang,
        RuleForm(
            verb=verb,
            typed=typed,
            groups=groups,
            notice=notice,
            account=account,
            demands=demands,
            at_once=at_once,
            chosen=chosen,
            user=slack_user,
        ),
    )


def named_on_roster(policy: Policy, typed: str) -> str | None:
    """The person's name as the roster writes it: by that name in any case, or by a mention as Slack writes those."""
    if mention := _MENTION.fullmatch(typed):
        person = policy.person_of_slack(mention["user"])
        return person.id if person is not None else None
    wanted = typed.removeprefix("@").casefold()
    return next((name for name in policy.people if name.casefold() == wanted), None)


def _likely(verb: RuleVerb, typed: dict[str, str], account: Account | None, policy: Policy) -> RuleChange | None:
    """The change that the form is about to ask for, as far as it can be told before it is filled in."""
    name = typed.get("handle", "").removeprefix("@")
    match verb:
        case RuleVerb.OBSERVE | RuleVerb.ENFORCE:
            return RuleChange(verb=verb)
        case RuleVerb.PROTECT:
            return _protecting_or_none(account)
        case RuleVerb.REMOVE if name in policy.people:
            return RuleChange(verb=verb, person=name)
        case RuleVerb.LEAVE if name in policy.people:
            return RuleChange(verb=verb, person=name, last_day=LATEST)
        case _:
            return None


def _demands(
    call: Call, lang: Language, change: RuleChange | None, *, user: str, tier: str | None
) -> tuple[bool, str | None]:
    """Whether the change would be made at once, and what it would take, as a sentence."""
    policy, at = call.world.policy, call.world.now()
    person = policy.person_of_slack(user)
    if person is None or policy.tier(RULES) is None or change is None:
        return False, None
    stricter = outlook(policy, change, at=at, tier=tier).stricter
    quorum = quorum_of_change(policy, person, stricter=stricter, at=at)
    if not quorum.places:
        return True, lang.say("It only makes the rules stricter: it is made as soon as you send this.")
    return False, lang.say("It needs {approvals}.", approvals=needs(lang, quorum))


async def submitted(call: Call, form: Submission, *, identity_known: bool) -> None:
    """File the change that the form asks for, or show the field at fault."""
    try:
        verb = RuleVerb(form.metadata.get("verb", ""))
    except ValueError:
        await call.at_field(form, Refusal(why=Why.UNKNOWN_REQUEST))
        return
    tier: str | None = None
    account: Account | None = None
    if verb is RuleVerb.PROTECT:
        asked = look_up(call.world, action=Action.PROTECT, handle=form.text("handle"), slack_user=form.user)
        found = await call.looked_up(asked)
        if isinstance(found, Refusal):
            await call.at_field(form, found)
            return
        if form.metadata.get("id") != found.account.id:
            await _shown_first(call, form, verb)
            return
        account, tier = found.account, found.tier.name
    change = change_asked(verb, form, account=account, policy=call.world.policy)
    if isinstance(change, Refusal):
        await call.at_field(form, change)
        return
    await _file(call, form, change, tier=tier, identity_known=identity_known)


async def _shown_first(call: Call, form: Submission, verb: RuleVerb) -> None:
    """Nobody protects an account that they were not shown."""
    lang = await call.language_of(form.user)
    typed = {name: value for name, value in form.values.items() if value}
    drawn = await _form(call, lang, verb, typed, user=form.user)
    await call.ack(response_action="update", view=drawn)


async def _file(call: Call, form: Submission, change: RuleChange, *, tier: str | None, identity_known: bool) -> None:
    outcome = await call.recorded(
        ask_change(
            call.world,
            change=change,
            tier=tier,
            reason=form.text("reason"),
            evidence=form.text("evidence") or None,
            slack_user=form.user,
            identity_known=identity_known,
            replay=call.door.key,
        ),
        wrote=lambda filed: not isinstance(filed, Refusal) or filed.why in RECORDED,
    )
    if isinstance(outcome, Refusal):
        await call.at_field(form, outcome)
        return
    await call.ack()


def change_asked(verb: RuleVerb, form: Submission, *, account: Account | None, policy: Policy) -> RuleChange | Refusal:
    """The change that the form holds, or what is wrong with what was typed."""
    typed = form.text("handle").removeprefix("@")
    name = named_on_roster(policy, typed) or typed
    day = _day(form.text("last_day"))
    if verb in {RuleVerb.REMOVE, RuleVerb.LEAVE} and name not in policy.people:
        nearest = get_close_matches(name, policy.people, n=NAMED, cutoff=0)
        return Refusal(why=Why.UNKNOWN_PERSON, input="handle", facts={"nearest": nearest})
    if verb is RuleVerb.LEAVE and day is None:
        return Refusal(why=Why.NO_DATE, input="last_day")
    try:
        return _change(verb, form, name=name, last_day=day, account=account)
    except ValueError as error:
        return Refusal(why=Why.RULES_IMPOSSIBLE, input="handle", facts={"problem": str(error)})


def _change(
    verb: RuleVerb, form: Submission, *, name: str, last_day: date | None, account: Account | None
) -> RuleChange:
    """Raises ValueError with a sentence where no change can be so."""
    match verb:
        case RuleVerb.ADD:
            slack, groups = form.users.get("slack_user", ""), form.chosen.get("groups", ())
            return RuleChange(verb=verb, person=name, slack=slack, groups=groups, team=form.text("team") or None)
        case RuleVerb.REMOVE:
            return RuleChange(verb=verb, person=name)
        case RuleVerb.LEAVE:
            return RuleChange(verb=verb, person=name, last_day=last_day)
        case RuleVerb.PROTECT:
            return _protecting(account)
        case _:
            return RuleChange(verb=verb)


def _day(text: str) -> date | None:
    try:
        return date.fromisoformat(text)
    except ValueError:
        return None


def _protecting_or_none(account: Account | None) -> RuleChange | None:
    try:
        return _protecting(account) if account is not None else None
    except ValueError:
        return None


def _protecting(account: Account | None) -> RuleChange:
    """With the handle where a line can hold it; the id is what counts."""
    assert account is not None
    try:
        return RuleChange(verb=RuleVerb.PROTECT, account=account.id, handle=account.handle)
    except ValueError:
        return RuleChange(verb=RuleVerb.PROTECT, account=account.id)
