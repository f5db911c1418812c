"""The forms. Block id, action id and the input's name are one; what was typed is never lost."""

import json
from typing import Any

from bot.core.account import Account
from bot.core.filing import REASON_MAX, is_url
from bot.core.policy import Policy, Tier
from bot.core.quorum import Quorum
from bot.core.request import Action, Request
from bot.core.voting import DENIAL_MIN
from bot.slack.cards import account_lines, name_warning, shown_reason
from bot.slack.text import (
    Block,
    Element,
    bold,
    code,
    context,
    cut,
    moment,
    number,
    one_line,
    plain_text,
    quote,
    rich,
    words,
)
from bot.slack.wording import VERBS, needs

View = dict[str, Any]

TITLES = {Action.DEACTIVATE: "Deactivate an account", Action.RESTORE: "Restore an account"}
HANDLE_MAX = 200
"""Characters of a handle or an id; what is longer names no account."""
TOO_LONG = f"What you typed was longer than {REASON_MAX:,} characters; its end is missing below."


def looking_up(action: Action, handle: str) -> View:
    """What is opened at once, for a `trigger_id` lives three seconds."""
    shown = f"Looking up @{one_line(handle.removeprefix('@'), most=80)} …" if handle else "One moment …"
    return {
        "type": "modal",
        "callback_id": "looking_up",
        "title": plain_text(TITLES[action]),
        "close": plain_text("Cancel"),
        "blocks": [{"type": "section", "text": plain_text(shown)}],
    }


def submit_request(
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
    facts = _facts(account, tier, quorum) if account and tier and quorum else []
    warnings = [notice] if notice else []
    if len(typed.get("reason", "")) > REASON_MAX:
        warnings.append(TOO_LONG)
    warned = [{"type": "section", "text": plain_text(f"⚠ {warning}")} for warning in warnings]
    confirm = tier is not None and tier.confirm_handle
    return {
        "type": "modal",
        "callback_id": "submit_request",
        "title": plain_text(TITLES[action]),
        "submit": plain_text("Ask for approval"),
        "close": plain_text("Cancel"),
        "private_metadata": json.dumps({"action": action.value, "id": account.id if account else None}),
        "blocks": [*warned, *facts, *_inputs(policy, typed, confirm=confirm, emergency=emergency)],
    }


def _inputs(policy: Policy, typed: dict[str, str], *, confirm: bool, emergency: bool) -> list[Block]:
    inputs = [
        _input("handle", "Account (@handle or id)", _line("handle", typed)),
        _input("category", "Category", _category(policy, typed)),
        _input("reason", "Reason, for those who decide", _reason(typed), hint=f"10 to {REASON_MAX:,} characters."),
        _input("evidence", "Evidence (a link)", _evidence(typed), optional=True),
    ]
    if emergency:
        inputs.append(_input("emergency", "Emergency", _emergency(), optional=True))
    if confirm:
        inputs.append(_input("confirm_handle", "Type the handle again to confirm", _line("confirm_handle", typed)))
    return inputs


def _input(name: str, label: str, element: dict[str, Any], *, optional: bool = False, hint: str | None = None) -> Block:
    block = {"type": "input", "block_id": name, "label": plain_text(label), "element": element, "optional": optional}
    return {**block, "hint": plain_text(hint)} if hint else block


def _line(name: str, typed: dict[str, str]) -> dict[str, Any]:
    element = {"type": "plain_text_input", "action_id": name, "max_length": HANDLE_MAX}
    given = " ".join(typed.get(name, "").split())[:HANDLE_MAX]
    return {**element, "initial_value": given} if given else element


def _reason(typed: dict[str, str]) -> dict[str, Any]:
    element = {"type": "plain_text_input", "action_id": "reason", "max_length": REASON_MAX, "multiline": True}
    given = typed.get("reason", "")[:REASON_MAX]
    return {**element, "initial_value": given} if given else element


def _category(policy: Policy, typed: dict[str, str]) -> dict[str, Any]:
    options = [{"text": plain_text(name, most=75), "value": name} for name in policy.categories]
    element = {"type": "static_select", "action_id": "category", "options": options}
    chosen = next((o for o in options if o["value"] == typed.get("category")), None)
    return {**element, "initial_option": chosen} if chosen else element


def _evidence(typed: dict[str, str]) -> dict[str, Any]:
    element = {"type": "url_text_input", "action_id": "evidence"}
    given = typed.get("evidence", "")
    return {**element, "initial_value": given} if is_url(given) else element


def _emergency() -> dict[str, Any]:
    label = "Act now; it is undone unless approved in time"
    option = {"text": plain_text(label, most=75), "value": "emergency"}
    return {"type": "checkboxes", "action_id": "emergency", "options": [option]}


def _facts(account: Account, tier: Tier, quorum: Quorum) -> list[Block]:
    """Who it really is: the immutable id beside the handle, what weighs, and who must approve."""
    verified = "verified" if account.verified else "not verified"
    tags = cut(", ".join(one_line(tag, most=40) for tag in account.tags), 400, "…") or "no tags"
    return [
        rich(
            bold(one_line(account.display_name)),
            words(f"  @{one_line(account.handle, most=80)}  "),
            code(one_line(account.id, most=100)),
            words(f"\n{number(account.followers)} followers · {verified} · {tags}\n"),
            *_state(account),
        ),
        *name_warning(account.handle, account.display_name),
        context(f"Tier {tier.name}: needs {needs(quorum)}."),
    ]


def _state(account: Account) -> list[Element]:
    down = account.deactivation
    if account.active:
        return [words("Active")]
    since = [words(" since "), moment(down.at)] if down and down.at else []
    by = [words(f" by {one_line(down.actor, most=100)}")] if down and down.actor else []
    return [words("Deactivated"), *since, *by]


def deny_request(request: Request, *, digest: str) -> View:
    """Ask for the reason of a deny; it is final, and the requester is told."""
    element = {
        "type": "plain_text_input",
        "action_id": "reason",
        "multiline": True,
        "min_length": DENIAL_MIN,
        "max_length": REASON_MAX,
    }
    return {
        "type": "modal",
        "callback_id": "deny_request",
        "title": plain_text("Deny the request"),
        "submit": plain_text("Deny"),
        "close": plain_text("Cancel"),
        "private_metadata": json.dumps({"id": request.id, "digest": digest}),
        "blocks": [
            rich(bold(f"{VERBS[request.action]}, asked for as {request.id}")),
            *account_lines(request),
            quote(shown_reason(request)),
            _input("reason", "Why do you deny it?", element, hint="The requester is told. A deny is final."),
        ],
    }
