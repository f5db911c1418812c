"""The command `demo`: the whole product on this machine, to look at or to be played."""

import asyncio
import shlex
import signal
import time
from collections.abc import Awaitable

import click

from bot.sandbox.stage import NotStaged, Stage, stage
from bot.sandbox.story import STEPS, Broken, Told


async def play() -> int:
    """Play the story and print each step with its time. Exit code 0 only if every step held."""
    began, playing = time.perf_counter(), asyncio.current_task()
    if playing is not None:
        # ended from outside it takes the bot's process down with it
        asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, playing.cancel)
    try:
        async with stage() as set_up:
            await set_up.start_bot()
            click.echo(f"Workspace, platform and bot are up ({_span(time.perf_counter() - began)}).")
            held = [await _played(step(set_up), name=step.__name__) for step in STEPS]
            if not all(held):
                click.echo((set_up.folder / "bot.log").read_text()[-2000:], err=True)
    except NotStaged as error:
        click.echo(str(error), err=True)
        return 1
    click.echo(f"{sum(held)} of {len(held)} steps held, in {_span(time.perf_counter() - began)} in all.")
    return 0 if all(held) else 1


async def _played(step: Awaitable[Told], *, name: str) -> bool:
    try:
        told = await step
    except (Broken, TimeoutError, NotStaged, LookupError) as error:
        click.echo(f"✗ {name}: {str(error) or 'it took too long'}")
        return False
    click.echo(f"✓ {told.what} ({_span(told.seconds)}).")
    return True


def _span(seconds: float) -> str:
    return f"{seconds * 1000:.0f} ms" if seconds < 1 else f"{seconds:.1f} s"


async def show(port: int) -> int:
    """Keep everything up until Ctrl-C."""
    ended, loop = asyncio.Event(), asyncio.get_running_loop()
    for name in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(name, ended.set)
    try:
        async with stage(port=port) as set_up:
            await set_up.start_bot()
            click.echo(f"Open {set_up.workspace.url} in a browser. Ctrl-C ends it.")
            click.echo("")
            click.echo(f"The platform is on {set_up.platform.url}, its control port on {set_up.platform.control_url}.")
            click.echo("Look at an account as the public does:")
            click.echo(f"  curl {set_up.platform.url}/public/v1/accounts/@president")
            click.echo("Try the bot's other commands with its settings, in another terminal:")
            file = shlex.quote(str(set_up.write_environment()))
            click.echo(f"  (set -a; . {file}; set +a; uv run countersign request)")
            code = await _until_ended(set_up, ended)
            if code is not None:
                click.echo(f"The bot's process ended by itself (exit code {code}), so the demo ends too.", err=True)
                click.echo((set_up.folder / "bot.log").read_text()[-2000:], err=True, nl=False)
                return 1
    except (NotStaged, OSError) as error:
        click.echo(str(error), err=True)
        return 1
    return 0


async def _until_ended(set_up: Stage, ended: asyncio.Event) -> int | None:
    """Wait for whoever looks at it to end it; the exit code of the bot where that comes first."""
    asked, fallen = asyncio.ensure_future(ended.wait()), asyncio.ensure_future(set_up.bot_ended())
    await asyncio.wait((asked, fallen), return_when=asyncio.FIRST_COMPLETED)
    code = None if asked.done() else fallen.result()
    asked.cancel()
    fallen.cancel()
    return code
