"""`uv run --group test python -m tests.campaign NAME`: a threat tried as often as the evidence says."""

import asyncio
import importlib
import logging
import pkgutil
import sys

import click
from tqdm import tqdm

import tests.campaign
from tests.campaign.campaign import SEED, Campaign, Stopwatch, told

NO_CAMPAIGN = frozenset({"__main__", "campaign"})


def names() -> list[str]:
    """The modules of this folder that hold a campaign; the rigs and the tests hold none."""
    found = (module.name for module in pkgutil.iter_modules(tests.campaign.__path__))
    return sorted(n for n in found if n not in NO_CAMPAIGN and not n.startswith("test_") and campaign_of(n) is not None)


def groups() -> dict[str, tuple[Campaign, ...]]:
    """The modules of this folder that join campaigns under one name."""
    modules = (module.name for module in pkgutil.iter_modules(tests.campaign.__path__))
    found = {n: getattr(importlib.import_module(f"tests.campaign.{n}"), "CAMPAIGNS", ()) for n in sorted(modules)
             if n not in NO_CAMPAIGN and not n.startswith("test_")}  # fmt: skip
    return {name: joined for name, joined in found.items() if joined}


def campaign_of(name: str) -> Campaign | None:
    found = getattr(importlib.import_module(f"tests.campaign.{name}"), "CAMPAIGN", None)
    return found if isinstance(found, Campaign) else None


@click.command()
@click.argument("name")
@click.option("--count", type=click.IntRange(min=1), help="How many tries; the full size where none is given.")
@click.option("--seed", default=SEED, show_default=True, help="The same seed makes the same tries.")
def main(name: str, *, count: int | None, seed: int) -> None:
    """Run the campaign NAME, or `list` them. Exit code 1 if its claim broke, or one of several that NAME joins."""
    if name == "list":
        for each in names():
            campaign = campaign_of(each)
            assert campaign is not None
            click.echo(f"{each:<16} {campaign.threat:<10} {campaign.full:>9,}  {campaign.claim}")
        for each, joined in groups().items():
            click.echo(f"{each:<16} all of {', '.join(campaign.name for campaign in joined)}")
        return
    if name in groups():
        sys.exit(max([run(campaign, count or campaign.full, seed) for campaign in groups()[name]]))
    if name not in names():
        raise click.BadParameter(f"There is no campaign “{name}”; `list` names them.", param_hint="NAME")
    campaign = campaign_of(name)
    assert campaign is not None
    sys.exit(run(campaign, count or campaign.full, seed))


def run(campaign: Campaign, count: int, seed: int) -> int:
    """Run it with a bar on standard error, drawn once a minute where that is no terminal; the exit code."""
    logging.basicConfig(handlers=[logging.NullHandler()])  # what the bot logs of attacks is no news here
    watch = Stopwatch()
    drawn_every = 0.1 if sys.stderr.isatty() else 60.0
    with tqdm(total=count, desc=campaign.name, leave=False, mininterval=drawn_every) as bar:
        counts = asyncio.run(campaign.run(count, bar.update, seed=seed))
    click.echo(told(campaign, counts, seconds=watch.seconds))
    return 1 if counts.broken else 0


if __name__ == "__main__":
    main(prog_name="python -m tests.campaign")
