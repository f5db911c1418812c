"""The forms. Block id, action id and the input's name are one; what was typed is never lost."""

import json
from typing import Any

from bot.core.account import Account
from bot.core.asking import REASON_MAX, REASON_MIN, is_url
from bot.core.policy import Policy, Tier
from bot.core.quorum import Quorum
from bot.core.request import Action, Request
from bot.core.voting import DENIAL_MIN
from bot.slack.cards import grounds, named
from bot.slack.language import N_, Language
from bot.slack.subjects import account_lines, asked, subject_lines
from bot.slack.text import Block, Element, bold, context, moment, one_line, plain_text, rich, words
from bot.slack.wording import needs, tier_name

View = dict[str, Any]

TITLES = {Action.DEACTIVATE: N_("Deactivate an account"), Action.RESTORE: N_("Restore an account")}
HANDLE_MAX = 200
"""Characters of a handle or an id; what is longer names no account."""


def looking_up(lang: Language, action: Action, handle: str) -> View:
    """What is opened at once, for a `trigger_id` lives three seconds."""
    name = one_line(handle.removeprefix("@"), most=80)
    shown = lang.say("Looking up @{handle} …", handle=name) if handle else lang.say("One moment …")
    return {
        "type": "modal",
        "callback_id": "looking_up",
        "title": plain_text(lang.say(TITLES[action])),
        "close": plain_text(lang.say("Cancel")),
        "blocks": [{"type": "section", "text": plain_text(shown)}],
    }


def looking_up_rules(lang: Language) -> View:
    """The same for a change of the rules."""
    return {
        "type": "modal",
        "callback_id": "looking_up",
        "title": plain_text(lang.say("Change the rules")),
        "close": plain_text(lang.say("Cancel")),
        "blocks": [{"type": "section", "text": plain_text(lang.say("One moment …"))}],
    }


def submit_request(
    lang: Language,
    action: Action,
    *,
    policy: Policy,
    account: Account | None,
    tier: Tier | None,
    quorum: Quorum | None,
    typed: dict[str, str],
    notice: str | None,
    emergency: bool = False,
) -> View:
    """The form, with who the account really is once it is known; `emergency` where the person may tick it."""
    facts = _facts(lang, account, tier, quorum) if account and tier and quorum else []
    warnings = [notice] if notice else []
    if len(typed.get("reason", "")) > REASON_MAX:
        too_long = N_("What you typed was longer than {most} characters; its end is missing below.")
        warnings.append(lang.say(too_long, most=REASON_MAX))
    warned = [{"type": "section", "text": plain_text(f"⚠ {warning}")} for warning in warnings]
    confirm = tier is not None and tier.confirm_handle
    return {
        "type": "modal",
        "callback_id": "submit_request",
        "title": plain_text(lang.say(TITLES[action])),
        "submit": plain_text(lang.say("Ask for approval")),
        "close": plain_text(lang.say("Cancel")),
        "private_metadata": json.dumps(
            {"action": action.value, "id": account.id if account else None, "etag": account.etag if account else None}
        ),
        "blocks": [*warned, *facts, *_inputs(lang, policy, typed, confirm=confirm, emergency=emergency)],
    }


def _inputs(lang: Language, policy: Policy, typed: dict[str, str], *, confirm: bool, emergency: bool) -> list[Block]:
    hint = lang.say("{least} to {most} characters.", least=REASON_MIN, most=REASON_MAX)
    inputs = [
        input_block("handle", lang.say("Account (@handle or id)"), line_input("handle", typed)),
        input_block("category", lang.say("Category"), _category(policy, typed)),
        input_block("reason", lang.say("Reason, for those who decide"), reason_input(typed), hint=hint),
        input_block("evidence", lang.say("Evidence (a link)"), evidence_input(typed), optional=True),
    ]
    if emergency:
        span = lang.span(policy.limits.ratify_within)
        within = lang.say("It is undone after {span} unless others ratify it.", span=span)
        box = _emergency(lang, typed)
        inputs.append(input_block("emergency", lang.say("Emergency"), box, optional=True, hint=within))
    if confirm:
        again = lang.say("Type the handle again to confirm")
        inputs.append(input_block("confirm_handle", again, line_input("confirm_handle", typed)))
    return inputs


def input_block(
    name: str, label: str, element: dict[str, Any], *, optional: bool = False, hint: str | None = None
) -> Block:
    block = {"type": "input", "block_id": name, "label": plain_text(label), "element": element, "optional": optional}
    return {**block, "hint": plain_text(hint)} if hint else block


def line_input(name: str, typed: dict[str, str]) -> dict[str, Any]:
    element = {"type": "plain_text_input", "action_id": name, "max_length": HANDLE_MAX}
    given = " ".join(typed.get(name, "").split())[:HANDLE_MAX]
    return {**element, "initial_value": given} if given else element


def reason_input(typed: dict[str, str]) -> dict[str, Any]:
    element = {"type": "plain_text_input", "action_id": "reason", "max_length": REASON_MAX, "multiline": True}
    given = typed.get("reason", "")[:REASON_MAX]
    return {**element, "initial_value": given} if given else element


def _category(policy: Policy, typed: dict[str, str]) -> dict[str, Any]:
    options = [{"text": plain_text(name, most=75), "value": name} for name in policy.categories]
    element = {"type": "static_select", "action_id": "category", "options": options}
    chosen = next((o for o in options if o["value"] == typed.get("category")), None)
    return {**element, "initial_option": chosen} if chosen else element


def evidence_input(typed: dict[str, str]) -> dict[str, Any]:
    element = {"type": "url_text_input", "action_id": "evidence"}
    given = typed.get("evidence", "")
    return {**element, "initial_value": given} if is_url(given) else element


def _emergency(lang: Language, typed: dict[str, str]) -> dict[str, Any]:
    label = lang.say("Act now; it is undone unless approved in time")
    option = {"text": plain_text(label, most=75), "value": "emergency"}
    element = {"type": "checkboxes", "action_id": "emergency", "options": [option]}
    return {**element, "initial_options": [option]} if "emergency" in typed else element


def _facts(lang: Language, account: Account, tier: Tier, quorum: Quorum) -> list[Block]:
    """Who it really is: the immutable id beside the handle, what weighs, and who must approve."""
    who, *warnings = account_lines(lang, account)
    text = N_("Tier {tier}: needs {approvals}.")
    needed = lang.say(text, tier=tier_name(lang, tier.name), approvals=needs(lang, quorum))
    return [who, *warnings, rich(*_state(lang, account)), context(needed)]


def _state(lang: Language, account: Account) -> list[Element]:
    down = account.deactivation
    if account.active:
        return [words(lang.say("Active"))]
    found: list[Element] = [words(lang.say("Deactivated"))]
    if down and down.at:
        found += [words(" "), *lang.line("since {when}", when=moment(down.at))]
    if down and down.actor:
        found += [words(" "), *lang.line("by {actor}", actor=one_line(down.actor, most=100))]
    return found


def deny_request(lang: Language, request: Request, *, digest: str, on_home: bool) -> View:
    """Ask for the reason of a deny; it is final, and the requester is told."""
    element = {
        "type": "plain_text_input",
        "action_id": "reason",
        "multiline": True,
        "min_length": DENIAL_MIN,
        "max_length": REASON_MAX,
    }
    hint = lang.say("The requester is told. A deny is final.")
    return {
        "type": "modal",
        "callback_id": "deny_request",
        "title": plain_text(lang.say("Deny the request")),
        "submit": plain_text(lang.say("Deny")),
        "close": plain_text(lang.say("Cancel")),
        "private_metadata": json.dumps({"id": request.id, "digest": digest, "home": on_home}),
        "blocks": [
            rich(bold(named(lang, request.id, asked(lang, request)))),
            *subject_lines(lang, request),
            *grounds(lang, request),
            input_block("reason", lang.say("Why do you deny it?"), element, hint=hint),
        ],
    }
