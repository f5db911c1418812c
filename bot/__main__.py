"""The command line: `countersign …`, the same as `python -m bot …`.

Heavy imports stand inside the commands, so that `--help` answers at once.
"""

import asyncio
import sys
from collections.abc import Coroutine
from pathlib import Path
from typing import Any

import click

from bot.core.characters import storable
from bot.core.errors import CountersignError, Misconfigured

PORT = click.IntRange(0, 65535)
JSON = click.option("--json", "as_json", is_flag=True, help="Print JSON for a program to read.")


class OneSentence(click.Group):
    """Failures end as sentences on standard error with exit code 1; wrong usage is click's own 2."""

    def invoke(self, ctx: click.Context) -> Any:
        try:
            return super().invoke(ctx)
        except Misconfigured as wrong:
            for sentence in wrong.sentences:
                click.echo(sentence, err=True)
        except CountersignError as error:
            click.echo(str(error), err=True)
        except BrokenPipeError:
            pass  # who read the output has had enough of it
        except OSError as error:
            click.echo(f"The system refused: {error.strerror or error}.", err=True)
        sys.exit(1)


@click.group(cls=OneSentence, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(package_name="countersign")
def main() -> None:
    """Put a second person between an employee and an account.

    Countersign is a Slack bot: a request to deactivate an account needs approvals, and what nobody approved is
    put back.
    """


@main.command()
def run() -> None:
    """Run the bot. Socket Mode when SLACK_APP_TOKEN is set, else HTTP."""
    from bot.serving import serve

    _run(serve())


@main.command()
def migrate() -> None:
    """Bring the database up to this program's schema, while no bot works on it."""
    from bot.printing import print_migration

    print_migration()


@main.command()
@click.option("--port", type=PORT, default=8700, show_default=True, help="Where the sandbox's workspace is served.")
@click.option("--script", is_flag=True, help="Play the whole story without a browser and print each step.")
def demo(port: int, *, script: bool) -> None:
    """Try everything on this machine: sandbox workspace, mock platform and bot, nothing to configure."""
    from bot.sandbox.demo import play, show

    sys.exit(_run(play() if script else show(port)))


@main.command()
@click.option("--port", type=PORT, default=8801, show_default=True, help="Of the API; 0 is any free one.")
@click.option("--control-port", type=PORT, default=8802, show_default=True, help="Where faults are set.")
@click.option("--accounts", type=click.IntRange(min=0), default=0, help="How many accounts there are in all.")
@click.option("--seed", type=click.Path(path_type=Path), help="JSON file of accounts.")
@click.option("--tokens", type=click.Path(path_type=Path), help="JSON file that replaces the table of tokens.")
def platform(port: int, control_port: int, accounts: int, seed: Path | None, tokens: Path | None) -> None:
    """Run the mock platform API alone."""
    from bot.sandbox.platform.server import SeedError, serve

    try:
        _run(serve(port, control_port, accounts, seed, tokens))
    except SeedError as error:
        raise Misconfigured(str(error)) from None


@main.command()
@JSON
def doctor(*, as_json: bool) -> None:
    """Check settings, database, Slack, platform and policy; one line each, with the cure."""
    from bot.doctor import examine

    sys.exit(_run(examine(as_json=as_json)))


@main.command()
@click.argument("which", required=False)
@click.option("--state", help="Only requests in this state, such as pending.")
@JSON
def request(which: str | None, state: str | None, *, as_json: bool) -> None:
    """Show requests with votes and timeline: by ID, by @HANDLE, by state, or the newest."""
    from bot.printing import print_requests

    _run(print_requests(which and storable(which), state, as_json=as_json))


@main.command()
@click.argument("which", required=False, metavar="[ID | latest]")
@click.option(
    "--format", "form", type=click.Choice(["md", "json"]), help="Of the report of one; md where none is given."
)
@JSON
def incident(which: str | None, form: str | None, *, as_json: bool) -> None:
    """Report on an incident: timeline, impact, what is not known, drafts of a statement. Without ID list them."""
    from bot.report_printing import print_incidents, print_report

    if as_json and form == "md":
        raise click.UsageError("--json and --format md exclude each other.")
    if which is None:
        _run(print_incidents(as_json=as_json or form == "json"))
    else:
        _run(print_report(storable(which), as_json=as_json or form == "json"))


@main.command()
@click.option("--week", help="ISO week such as 2026-W46; this week where none is given.")
@click.option("--post", is_flag=True, help="Have the running bot post it to the approvals channel.")
@JSON
def digest(week: str | None, *, post: bool, as_json: bool) -> None:
    """Print the digest of a week, or have it posted."""
    from bot.printing import print_digest

    _run(print_digest(week, post=post, as_json=as_json))


@main.command()
@click.argument("file", type=click.Path(path_type=Path))
def backup(file: Path) -> None:
    """Copy the ledger to FILE while the bot runs, and hold the copy against its log. For SQLite; overwrites nothing."""
    from bot.backing_up import back_up

    back_up(file)


@main.group()
def policy() -> None:
    """Look at a policy."""


@policy.command("check")
@click.argument("file", required=False, type=click.Path(path_type=Path))
@JSON
def policy_check(file: Path | None, *, as_json: bool) -> None:
    """Validate a policy file and print who may do what, with what was changed in Slack."""
    from bot.policy_printing import print_policy

    _run(print_policy(file, as_json=as_json))


@policy.command("what-if")
@click.argument("new", type=click.Path(path_type=Path))
@click.option("--weeks", type=click.IntRange(1, 520), default=8, show_default=True, help="How far back.")
@JSON
def policy_what_if(new: Path, weeks: int, *, as_json: bool) -> None:
    """Tell which past requests would have ended otherwise under the policy file NEW.

    Each request of people is filed, voted on and claimed once more by that policy, at the times and with the accounts
    of the log. Where the log does not hold what decided, nothing is said.
    """
    from bot.policy_printing import print_what_if

    _run(print_what_if(new, weeks=weeks, as_json=as_json))


@main.group()
def audit() -> None:
    """Read the audit log."""


@audit.command("verify")
@JSON
def audit_verify(*, as_json: bool) -> None:
    """Replay the log against the tables and name the first entry that disagrees."""
    from bot.printing import verify_log

    sys.exit(_run(verify_log(as_json=as_json)))


@audit.command("export")
def audit_export() -> None:
    """Print the log as JSON Lines: {seq, at, kind, by, request, facts}."""
    from bot.printing import export_log

    _run(export_log())


def _run(work: Coroutine[Any, Any, Any]) -> Any:
    try:
        return asyncio.run(work)
    except (KeyboardInterrupt, asyncio.CancelledError):
        sys.exit(130)


if __name__ == "__main__":
    main(prog_name="countersign")
