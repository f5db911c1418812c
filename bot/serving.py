"""The command `run`: the bot until a signal ends it."""

import asyncio
import logging
import signal
import sys

import click

from bot.wiring import read_all, reload_policy, running


async def serve() -> None:
    """Run until SIGTERM or SIGINT, then drain; SIGHUP offers the policy file again."""
    logging.basicConfig(level=logging.INFO, stream=sys.stderr, format="%(asctime)s %(levelname)s %(name)s: %(message)s")
    logging.getLogger("alembic").setLevel(logging.WARNING)
    logging.getLogger("slack_bolt").setLevel(logging.ERROR)  # it warns of our own `authorize`, which is meant
    ended, loop = asyncio.Event(), asyncio.get_running_loop()
    for name in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(name, ended.set)
    settings, policy = read_all()
    async with running(settings, policy) as bot:
        reloads: set[asyncio.Task[None]] = set()

        def reload() -> None:
            task = asyncio.create_task(reload_policy(bot, settings.policy_file))
            reloads.add(task)
            task.add_done_callback(reloads.discard)

        loop.add_signal_handler(signal.SIGHUP, reload)
        way = "over Socket Mode" if settings.socket_mode else f"on http://{settings.host}:{bot.port}/slack/events"
        click.echo(f"Countersign hears Slack {way}; health is on http://{settings.host}:{bot.port}/readyz.")
        bot.failure.add_done_callback(lambda _: ended.set())
        await ended.wait()
        click.echo("Draining: what was acknowledged is finished first.")
        if bot.failure.done():
            bot.failure.result()
