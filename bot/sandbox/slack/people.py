"""What people do to messages, modals and the Home tab: click, fill in, submit, close."""

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from bot.sandbox.slack import payloads
from bot.sandbox.slack.acts import Acts
from bot.sandbox.slack.delivery import Outcome
from bot.sandbox.slack.forms import NotThere, chosen, complaints, filled
from bot.sandbox.slack.limits import view_problems, view_too_large
from bot.sandbox.slack.records import Json, Message, User, View
from bot.sandbox.slack.state import SlackError

TROUBLE = "invalid_response_action"  # shown as "We had some trouble connecting. Try again?"


class People(Acts):
    """Clicks and modals. A modal is a `View`, an id, or None for the topmost one.

    The `…_raw` acts do what no client would: they are for attacks.
    """

    # clicks

    async def click(
        self,
        user: User | str,
        source: Message | View,
        action_id: str,
        *,
        block_id: str | None = None,
        value: Any = None,
    ) -> Outcome:
        """Press a button (or choose `value` in a select) of a message, a modal or a Home tab as it now stands."""
        who = self._user(user)
        now = self._current(who, source)
        found = now.element(action_id, block_id)
        if found is None:
            raise NotThere(f"nothing with the action id {action_id!r}, only {now.action_ids}")
        block, element = found
        held = None if element["type"] == "button" else chosen(element, value, self._state.users)
        if isinstance(now, View) and element["type"] != "button":
            key = payloads.value_key(element["type"])
            entered = {element["action_id"]: {"type": element["type"], key: held}}
            now = self._keep(now, {**now.values, block["block_id"]: now.values.get(block["block_id"], {}) | entered})
        action = payloads.action(block["block_id"], element, held, self._state.next_ts())
        return await self._act(who, now, action, {})

    async def click_raw(
        self,
        user: User | str,
        source: Message | View,
        action_id: str,
        *,
        value: str | None = None,
        block_id: str | None = None,
        altered: Json | None = None,
    ) -> Outcome:
        """Press a button that need not be there: of a stale copy, with another value, with payload keys altered."""
        who = self._user(user)
        block, element = source.element(action_id, block_id) or (
            {"block_id": block_id or "raw"},
            {"type": "button", "action_id": action_id, "text": {"type": "plain_text", "text": action_id}},
        )
        if value is not None:
            element = {**element, "value": value}
        action = payloads.action(block["block_id"], element, None, self._state.next_ts())
        return await self._act(who, source, action, altered or {})

    async def _act(self, who: User, source: Message | View, action: Json, altered: Json) -> Outcome:
        response_url = ""
        if isinstance(source, Message):
            response_url = self._hooks.open(kind="actions", user=who.id, channel=source.channel, message=source)
        channel = self._state.channels.get(source.channel) if isinstance(source, Message) else None
        payload = {
            **payloads.common(self._state.identity, "block_actions", who),
            **payloads.where(self._state.identity, source, channel),
            "actions": [action],
            **({"response_url": response_url} if response_url else {}),
        }
        pushed_from = source.id if isinstance(source, View) and source.type == "modal" else None
        outcome = await self._interact(who, payload | altered, view=pushed_from, response_url=response_url)
        return self._logged("click", who, {"action_id": action["action_id"]}, outcome)

    # modals

    async def submit(
        self, user: User | str, view: View | str | None = None, values: Mapping[str, Any] | None = None
    ) -> Outcome:
        """Fill inputs in, by block id, and press the submit button; what Slack's client refuses is never sent."""
        who = self._user(user)
        now = self._open_modal(who, view)
        if "submit" not in now.content:
            raise NotThere("the modal has no submit button")
        now = self._keep(now, filled(now, values or {}, self._state.users))
        if errors := complaints(now, now.values):
            return self._logged("submit", who, {"view": now.id}, Outcome(errors=errors))
        outcome = await self._submitted(who, now, {})
        if outcome.ok:
            outcome = self._responded(who, now, outcome)
        return self._logged("submit", who, {"view": now.id}, outcome)

    async def submit_raw(
        self, user: User | str, view: View, values: Mapping[str, Any] | None = None, *, altered: Json | None = None
    ) -> Outcome:
        """Submit this very copy of a modal, unchecked, open or not; keys of the payload may be altered."""
        who = self._user(user)
        copy = replace(view, values=filled(view, values or {}, self._state.users))
        outcome = await self._submitted(who, copy, altered or {})
        return self._logged("submit", who, {"view": view.id, "raw": True}, outcome)

    async def _submitted(self, who: User, view: View, altered: Json) -> Outcome:
        payload = {
            **payloads.common(self._state.identity, "view_submission", who),
            "view": payloads.drawn(self._state.identity, view),
            "response_urls": [],
        }
        return await self._interact(who, payload | altered, view=view.id)

    def _responded(self, who: User, view: View, outcome: Outcome) -> Outcome:
        """Do what the acknowledgement of a submission says; without a word the modal closes."""
        reply = outcome.reply
        action = reply.get("response_action")
        errors = reply.get("errors")
        if action == "errors":
            if isinstance(errors, dict) and errors and set(errors) <= set(view.inputs):
                return replace(outcome, errors=errors)
            return replace(outcome, error=TROUBLE)
        if action in {"update", "push"}:
            try:
                self._redraw(who, view, reply.get("view"), push=action == "push")
            except SlackError as refusal:
                return replace(outcome, error=refusal.error)
        elif action == "clear":
            self._state.close_views(who.id, list(self._state.stacks.get(who.id, [])))
        elif reply or outcome.body.strip():
            return replace(outcome, error=TROUBLE)
        elif self._state.views.get(view.id) is not None:
            self._state.close_views(who.id, [view.id])
        return outcome

    def _redraw(self, who: User, view: View, content: Any, *, push: bool) -> None:
        if view_problems(content, kind="modal") or view_too_large(content):
            raise SlackError(TROUBLE)
        if push:
            self._state.open_view(who.id, content, push=True)
        elif (now := self._state.views.get(view.id)) is not None:
            self._state.change_view(now, content)

    async def close(self, user: User | str, view: View | str | None = None, *, everything: bool = False) -> Outcome:
        """Close the modal (or the whole stack); the bot hears of it when it asked to."""
        who = self._user(user)
        now = self._open_modal(who, view)
        self._state.close_views(who.id, list(self._state.stacks[who.id]) if everything else [now.id])
        if not now.content.get("notify_on_close"):
            return Outcome()
        payload = {
            **payloads.common(self._state.identity, "view_closed", who),
            "view": payloads.drawn(self._state.identity, now),
            "is_cleared": everything,
        }
        return await self._delivery.deliver("interactive", payload)

    # on the way

    def _keep(self, view: View, values: dict[str, Json]) -> View:
        """What a person has put in stays in the modal (or the Home tab)."""
        kept = replace(view, values=values)
        if view.type == "home":
            self._state.homes[view.user] = kept
            return kept
        return self._state.put_view(kept)

    def _open_modal(self, who: User, view: View | str | None) -> View:
        stack = self._state.stacks.get(who.id, [])
        view_id = view.id if isinstance(view, View) else view or (stack[-1] if stack else "")
        if view_id not in stack:
            raise NotThere(f"{who.id} has no such modal open")
        return self._state.views[view_id]

    def _current(self, who: User, source: Message | View) -> Message | View:
        if isinstance(source, Message):
            self._seen_channel(who, source.channel)
            now = self._state.current(source)
            if now is None or now.ephemeral_to not in {None, who.id}:
                raise NotThere("the message is gone, or not for them")
            return now
        if source.type == "home":
            home = self._state.homes.get(who.id)
            if home is None:
                raise NotThere(f"{who.id} has no Home yet")
            return home
        return self._open_modal(who, source)
