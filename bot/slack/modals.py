"""The forms. Block id, action id and the input's name are one; what was typed is never lost."""

import json
from typing import Any

from bot.core.account import Account
from bot.core.filing import EVIDENCE_MAX, REASON_MAX
from bot.core.policy import Policy, Tier
from bot.core.quorum import Quorum
from bot.core.request import Action, Request
from bot.slack.text import Block, bold, context, cut, flags, group, number, one_line, plain_text, rich, words

View = dict[str, Any]

TITLES = {Action.DEACTIVATE: "Deactivate an account", Action.RESTORE: "Restore an account"}
NEVER_SHORTER = 3
"""Characters of a deny's reason."""


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
) -> View:
    """The form, with who the account really is once it is known."""
    facts = _facts(account, tier, quorum) if account and tier and quorum else []
    warned: list[Block] = [{"type": "section", "text": plain_text(f"⚠ {notice}")}] if notice else []
    confirm = tier is not None and tier.confirm_handle
    return {
        "type": "modal",
        "callback_id": "submit_request",
        "title": plain_text(TITLES[action]),
        "submit": plain_text("Ask for approval"),
        "close": plain_text("Cancel"),
        "private_metadata": json.dumps({"action": action.value, "id": account.id if account else None}),
        "blocks": [*warned, *facts, *_inputs(policy, typed, confirm=confirm)],
    }


def _inputs(policy: Policy, typed: dict[str, str], *, confirm: bool) -> list[Block]:
    options = [{"text": plain_text(name, most=75), "value": name} for name in policy.categories[:100]]
    chosen = next((o for o in options if o["value"] == typed.get("category")), None)
    category = {"type": "static_select", "action_id": "category", "options": options}
    inputs = [
        _input("handle", "Account (@handle or id)", _text("handle", typed, most=200)),
        _input("category", "Category", {**category, "initial_option": chosen} if chosen else category),
        _input("reason", "Reason, for those who decide", _reason(typed)),
        _input("evidence", "Evidence (a link)", _evidence(typed), optional=True),
    ]
    if confirm:
        again = _input("confirm_handle", "Type the handle again to confirm", _text("confirm_handle", typed, most=200))
        inputs.append(again)
    return inputs


def _input(name: str, label: str, element: dict[str, Any], *, optional: bool = False) -> Block:
    return {
        "type": "input",
        "block_id": name,
        "label": plain_text(label),
        "element": element,
        "optional": optional,
    }


def _text(name: str, typed: dict[str, str], *, most: int) -> dict[str, Any]:
    element = {"type": "plain_text_input", "action_id": name, "max_length": most}
    given = typed.get(name, "")[:most]
    return {**element, "initial_value": given} if given else element


def _reason(typed: dict[str, str]) -> dict[str, Any]:
    return {**_text("reason", typed, most=REASON_MAX), "multiline": True}


def _evidence(typed: dict[str, str]) -> dict[str, Any]:
    element = {"type": "url_text_input", "action_id": "evidence"}
    given = typed.get("evidence", "")
    return {**element, "initial_value": given} if given and len(given) <= EVIDENCE_MAX else element


def _facts(account: Account, tier: Tier, quorum: Quorum) -> list[Block]:
    """Who it really is: the immutable id beside the handle, what weighs, and who must approve."""
    state = "active" if account.active else "deactivated"
    verified = "verified" if account.verified else "not verified"
    tags = ", ".join(one_line(tag, most=40) for tag in account.tags) or "no tags"
    lines = [
        rich(bold(one_line(account.display_name)), words(f"  @{one_line(account.handle)}  ({account.id})")),
        context(cut(f"{state} · {number(account.followers)} followers · {verified} · {tags}", 2000)),
        context(f"tier {tier.name} · needs {needs(quorum)}"),
    ]
    if found := [*flags(account.handle), *flags(account.display_name)]:
        lines.append(context(f"⚠ The name {', '.join(dict.fromkeys(found))}: go by the id."))
    return lines


def needs(quorum: Quorum) -> str:
    """What a quorum demands, in words."""
    parts = [f"{count} of {group(name)}" for name, count in quorum.groups]
    if quorum.extra:
        parts.append(f"{quorum.extra} more of any of these (the leaver rule binds the requester)")
    return " and ".join(parts) + (", from different teams" if quorum.different_teams else "")


def deny_request(request: Request, *, digest: str) -> View:
    """Ask for the reason of a deny; it is final, and the requester is told."""
    who = f"@{one_line(request.subject.handle)} ({request.subject.id})"
    element = {
        "type": "plain_text_input",
        "action_id": "reason",
        "multiline": True,
        "min_length": NEVER_SHORTER,
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
            rich(words(f"{request.id}: {request.action.value} {who}. A deny is final.")),
            _input("reason", "Why; the requester is told", element),
        ],
    }
