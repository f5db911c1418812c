"""The forms with which a change of the bot's own rules is asked for; the same form and inputs as any request's."""

import json
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

from bot.core.account import Account
from bot.core.asking import REASON_MAX, REASON_MIN
from bot.core.overlay import RuleVerb
from bot.core.ruling import ACTION_OF
from bot.slack.language import N_, Language
from bot.slack.modals import View, evidence_input, input_block, line_input, reason_input
from bot.slack.subjects import account_lines
from bot.slack.text import Block, context, plain_text

TITLES = {
    RuleVerb.ADD: N_("Add to the roster"),
    RuleVerb.REMOVE: N_("Remove from the roster"),
    RuleVerb.LEAVE: N_("Note a last day"),
    RuleVerb.PROTECT: N_("Protect an account"),
    RuleVerb.OBSERVE: N_("Only observe"),
    RuleVerb.ENFORCE: N_("Enforce again"),
}
"""At most 24 characters, in every language."""
OPTIONS_MAX = 100
"""Slack's bound on the options of a select."""


@dataclass(frozen=True, kw_only=True, slots=True)
class RuleForm:
    """What the form holds: what was typed, and what is known of it."""

    verb: RuleVerb
    typed: dict[str, str]
    groups: Sequence[str]
    """The groups that the policy speaks of, for who is added."""
    notice: str | None = None
    account: Account | None = None
    at_once: bool = False
    """Nobody more has to approve it."""
    demands: str | None = None
    """What the change would take, as a sentence."""
    chosen: Sequence[str] = field(default=())
    user: str = ""


def rule_form(lang: Language, form: RuleForm) -> View:
    """The form; never without what was typed."""
    warned = [{"type": "section", "text": plain_text(f"⚠ {form.notice}")}] if form.notice else []
    facts = account_lines(lang, form.account) if form.account else []
    demands = [context(form.demands)] if form.demands else []
    known = form.account.id if form.account else None
    metadata = {"action": ACTION_OF[form.verb].value, "verb": form.verb.value, "id": known}
    return {
        "type": "modal",
        "callback_id": "submit_request",
        "title": plain_text(lang.say(TITLES[form.verb])),
        "submit": plain_text(lang.say("Change it now") if form.at_once else lang.say("Ask for the change")),
        "close": plain_text(lang.say("Cancel")),
        "private_metadata": json.dumps(metadata),
        "blocks": [*warned, *facts, *demands, *_inputs(lang, form)],
    }


def _inputs(lang: Language, form: RuleForm) -> list[Block]:
    hint = lang.say("{least} to {most} characters.", least=REASON_MIN, most=REASON_MAX)
    return [
        *_whom(lang, form),
        input_block("reason", lang.say("Reason, for those who decide"), reason_input(form.typed), hint=hint),
        input_block("evidence", lang.say("Evidence (a link)"), evidence_input(form.typed), optional=True),
    ]


def _whom(lang: Language, form: RuleForm) -> list[Block]:
    """Whom or what it is about; the guard is one."""
    match form.verb:
        case RuleVerb.ADD:
            return [_person(lang, form), *_new_person(lang, form)]
        case RuleVerb.REMOVE:
            return [_person(lang, form)]
        case RuleVerb.LEAVE:
            day = line_input("last_day", form.typed)
            hint = lang.say("As in 2026-11-21; the day itself is the last.")
            return [_person(lang, form), input_block("last_day", lang.say("Last day"), day, hint=hint)]
        case RuleVerb.PROTECT:
            return [input_block("handle", lang.say("Account (@handle or id)"), line_input("handle", form.typed))]
        case _:
            return []


def _person(lang: Language, form: RuleForm) -> Block:
    hint = lang.say("The name that the roster and the log use, not the one that Slack shows.")
    return input_block("handle", lang.say("Name on the roster"), line_input("handle", form.typed), hint=hint)


def _new_person(lang: Language, form: RuleForm) -> list[Block]:
    select: dict[str, Any] = {"type": "users_select", "action_id": "slack_user"}
    if form.user:
        select["initial_user"] = form.user
    options = [{"text": plain_text(name, most=75), "value": name} for name in form.groups[:OPTIONS_MAX]]
    groups: dict[str, Any] = {"type": "multi_static_select", "action_id": "groups", "options": options}
    if ticked := [option for option in options if option["value"] in form.chosen]:
        groups["initial_options"] = ticked
    return [
        input_block("slack_user", lang.say("Slack user"), select),
        input_block("groups", lang.say("Groups"), groups),
        input_block("team", lang.say("Team"), line_input("team", form.typed), optional=True),
    ]
