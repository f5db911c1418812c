"""Somebody who opens the sandbox page in a real Chromium, with eyes on the console and on the network."""

import os
import shutil
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import pytest
from playwright.async_api import Browser, ConsoleMessage, Locator, Page, Request, async_playwright

FLAGS = (
    "--headless=new",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
)
NAMES = ("chromium", "chromium-browser", "google-chrome")
DESK = {"width": 1280, "height": 800}
PHONE = {"width": 390, "height": 844}
ADA, MONA, OMAR, TESSA, REX = "U01ADA", "U02MONA", "U03OMAR", "U05TESSA", "U04REX"
REASON = "Somebody else writes there and asks readers for their passwords."


def chromium() -> str:
    """The browser that is installed; none is ever downloaded."""
    found = next(filter(None, map(shutil.which, NAMES)), None)
    if found is None:
        pytest.skip("No Chromium was found; install it: apt-get install -y chromium")
    return found


@asynccontextmanager
async def launched() -> AsyncIterator[Browser]:
    executable = chromium()
    async with async_playwright() as playwright:
        browser = await playwright.chromium.launch(executable_path=executable, args=list(FLAGS))
        yield browser
        await browser.close()


class Visitor:
    """A page of its own, and what a person does there. `complaints` is what nobody should ever find."""

    def __init__(self, page: Page, url: str, kept: Path) -> None:
        self.page = page
        self.url = url
        self.complaints: list[str] = []
        self._kept = Path(os.environ.get("COUNTERSIGN_SCREENSHOTS") or kept)
        page.on("console", self._console)
        page.on("pageerror", lambda error: self.complaints.append(f"error: {error}"))
        page.on("request", self._request)

    def _console(self, message: ConsoleMessage) -> None:
        if message.type in {"error", "warning"}:
            self.complaints.append(f"console {message.type}: {message.text}")

    def _request(self, request: Request) -> None:
        if not request.url.startswith(f"{self.url}/"):
            self.complaints.append(f"a request to {request.url}")

    async def open(self, *, tour: bool = False) -> None:
        if not tour:
            await self.page.add_init_script("localStorage.setItem('countersign-tour-skipped', 'yes')")
        await self.page.goto(self.url)
        await self.page.wait_for_selector("[data-account]", state="attached")

    async def keep(self, name: str, *, of: Locator | None = None) -> None:
        """A picture of what is seen now, or of one thing of it whole, as an artefact."""
        self._kept.mkdir(parents=True, exist_ok=True)
        await (of or self.page).screenshot(path=self._kept / f"{name}.png", animations="disabled")

    def see(self, selector: str) -> Locator:
        return self.page.locator(selector)

    def modal(self, callback_id: str) -> Locator:
        return self.page.locator(f'dialog[data-callback-id="{callback_id}"]')

    def card(self, state: str) -> Locator:
        return self.page.locator(f'[data-kind="countersign_request"][data-state="{state}"]')

    def account(self, handle: str, state: str | None = None) -> Locator:
        states = "" if state is None else f'[data-state="{state}"]'
        return self.page.locator(f'[data-handle="{handle}"]{states}')

    async def pane(self, name: str) -> None:
        """On a phone: one of the three parts of the page."""
        tab = self.see(f'[data-shows="{name}"]')
        if await tab.is_visible():
            await tab.click()

    async def become(self, person: str) -> None:
        await self.pane("left")
        await self.see(f'[data-person="{person}"]').click()
        await self.see(f'input[value="{person}"]:checked').wait_for(state="attached")

    async def go(self, place: str) -> None:
        await self.pane("left")
        await self.see(f'[data-place="{place}"]').click()

    async def type(self, line: str) -> None:
        await self.pane("middle")
        await self.see("#composer-field").fill(line)
        await self.see("#composer-field").press("Enter")

    async def ask(self, handle: str, reason: str = REASON, *, confirm: bool = False) -> None:
        """Type the command, fill in the form, send it."""
        await self.type(f"/deactivate @{handle} {reason}")
        form = self.modal("submit_request")
        await form.locator('[name="category"]').select_option("impersonation")
        if confirm:
            await form.locator('[name="confirm_handle"]').fill(handle)
        await form.locator('[data-focus="submit"]').click()
        await form.wait_for(state="detached")

    async def approve(self, person: str) -> None:
        await self.become(person)
        await self.go("account-approvals")
        await self.card("pending").locator('[data-action-id="approve"]').click()
        await self.see("dialog.confirm .primary").click()

    async def deny(self, person: str, reason: str) -> None:
        await self.become(person)
        await self.go("account-approvals")
        await self.card("pending").locator('[data-action-id="deny"]').click()
        form = self.modal("deny_request")
        await form.locator('[name="reason"]').fill(reason)
        await form.locator('[data-focus="submit"]').click()
        await form.wait_for(state="detached")

    async def console(self, handle: str, token: str) -> None:
        """Take an account down on the platform itself."""
        await self.pane("right")
        account = self.account(handle)
        if await account.locator(".console").count() == 0:
            await account.locator(".account-head").click()
        await account.locator(f'[data-as="{token}"][data-active="false"]').click()

    # by keyboard alone

    async def tab_to(self, selector: str, *, backwards: bool = False, most: int = 120) -> None:
        """Press Tab until the focus is there."""
        for _ in range(most):
            if await self.page.evaluate("selector => document.activeElement.matches(selector)", selector):
                return
            await self.page.keyboard.press("Shift+Tab" if backwards else "Tab")
        raise AssertionError(f"the keyboard does not reach {selector}")

    async def press(self, *keys: str) -> None:
        for key in keys:
            await self.page.keyboard.press(key)

    async def focused(self) -> dict[str, Any]:
        found: dict[str, Any] = await self.page.evaluate(
            "() => ({tag: document.activeElement.tagName, ...document.activeElement.dataset})"
        )
        return found
