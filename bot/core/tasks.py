"""The tasks that moves leave behind. Keys name what makes a task the same one, so that filing twice is once."""

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

from bot.core.digest import Week
from bot.core.incident import Incident
from bot.core.policy import PROTECTED
from bot.core.record import stamp
from bot.core.request import Request
from bot.core.transition import ActorStands, Task, TaskKind

LATE_SAMPLE = timedelta(seconds=30)
TRIAGE_EVERY = timedelta(seconds=1)


def draw(record: Request | Incident, *, version: int, at: datetime) -> tuple[Task, ...]:
    """Draw the record's card as it stands from `version` on; a card drawn later already makes this one void.

    The guard's own restore has no card: its incident's shows it; and a quiet incident none at all.
    """
    if record.by_policy if isinstance(record, Request) else record.quiet:
        return ()
    task = Task(
        key=draw_key(record.id, version),
        kind=TaskKind.DRAW,
        payload={"record": record.id, "version": version, **_urgent(record)},
        due=at,
    )
    return (task,)


def draw_key(record: str, version: int) -> str:
    return f"draw:{record}:{version}"


def _urgent(record: Request | Incident) -> dict[str, Any]:
    """What is said of incidents and emergencies goes before the rest."""
    return {"urgent": True} if isinstance(record, Incident) or record.emergency else {}


def remove(record: str, *, channel: str, ts: str, due: datetime) -> Task:
    """Delete the older of two cards of one record."""
    payload = {"record": record, "channel": channel, "ts": ts}
    return Task(key=f"remove:{channel}:{ts}", kind=TaskKind.REMOVE, payload=payload, due=due)


def carry_out(request: Request, *, due: datetime, record: Request | None = None) -> Task:
    """`record` spares whoever does it at once the reading of what was just written."""
    weighty = {"protected": True} if request.tier == PROTECTED else {}
    return Task(
        key=f"carry_out:{request.id}:{request.revision}",
        kind=TaskKind.CARRY_OUT,
        payload={"request": request.id, **weighty},
        due=due,
        record=record,
    )


def expire(request: Request, *, due: datetime) -> Task:
    """Look whether the clock that ends at `due` has run out; a look too early arms nothing anew."""
    return Task(
        key=f"expire:{request.id}:{int(due.timestamp() * 1000)}",
        kind=TaskKind.EXPIRE,
        payload={"request": request.id},
        due=due,
    )


def waiting(request: Request, *, since: datetime, due: datetime) -> Task:
    """Tell the requester that an approved request still waits for what it began to wait for at `since`."""
    return Task(
        key=f"waiting:{request.id}:{stamp(since)}",
        kind=TaskKind.WAITING,
        payload={"request": request.id, "since": stamp(since)},
        due=due,
    )


def remind(request: Request, *, step: int, since: datetime, due: datetime) -> Task:
    """Bring a pending request up again; `since` is until when its reminders were seen to."""
    return Task(
        key=f"remind:{request.id}:{step}",
        kind=TaskKind.REMIND,
        payload={"request": request.id, "step": step, "since": stamp(since), **_urgent(request)},
        due=due,
    )


def tell(
    record: Request | Incident, notice: str, *, to: tuple[str, ...], at: datetime, **facts: Any
) -> tuple[Task, ...]:
    """Send a notice to each Slack user in `to`, once a version of the record."""
    payload = {"record": record.id, "notice": notice, "facts": facts, **_urgent(record)}
    return _to_each(f"{record.id}:{record.version + 1}:{notice}", payload, to=to, at=at)


def tell_of_policy(policy: str, notice: str, *, to: tuple[str, ...], at: datetime, **facts: Any) -> tuple[Task, ...]:
    """Send a notice about a policy to each channel in `to`, each time that it comes into force."""
    return _to_each(f"policy:{policy}:{stamp(at)}", {"notice": notice, "facts": facts}, to=to, at=at)


def tell_of_limit(limit: int, *, until: datetime, to: str, at: datetime) -> tuple[Task, ...]:
    """Say that approved deactivations wait for the limit of all."""
    facts = {"limit": limit, "until": stamp(until)}
    return _to_each(f"limit:{stamp(at)}", {"notice": "limit", "facts": facts}, to=(to,), at=at)


def tell_of_latch(name: str, *, to: tuple[str, ...], at: datetime, **facts: Any) -> tuple[Task, ...]:
    """Say that the guard has switched something off, and how people switch it on again."""
    payload = {"notice": "latched", "facts": {**facts, "since": stamp(at)}, "urgent": True}
    return _to_each(f"latch:{name}:{stamp(at)}", payload, to=to, at=at)


def _to_each(about: str, payload: dict[str, Any], *, to: tuple[str, ...], at: datetime) -> tuple[Task, ...]:
    """A task a recipient: one whom Slack refuses, or who was told already, is nobody else's matter."""
    return tuple(
        Task(key=f"tell:{about}:{one}", kind=TaskKind.TELL, payload={**payload, "to": one}, due=at) for one in to
    )


def thread(record: Request | Incident, notice: str, *, at: datetime) -> Task:
    """Answer in the thread of the record's card once it shows that version, once a version."""
    version = record.version + 1
    return Task(
        key=f"thread:{record.id}:{version}:{notice}",
        kind=TaskKind.THREAD,
        payload={"record": record.id, "notice": notice, "version": version, **_urgent(record)},
        due=at,
    )


def whole_reason(record: Request | Incident, *, ts: str, at: datetime) -> Task:
    """Put what the card cuts short into its thread, once each time that it is posted."""
    payload = {"record": record.id, "notice": "whole_reason", **_urgent(record)}
    return Task(key=f"thread:{record.id}:{ts}:whole_reason", kind=TaskKind.THREAD, payload=payload, due=at)


def page(record: Request | Incident, why: str, *, due: datetime, **facts: Any) -> tuple[Task, ...]:
    """Wake the on-call, once for each record, reason and version that gave it."""
    return _woken(f"{record.id}:{why}:{record.version}", {"record": record.id, "why": why, **facts}, due=due)


def page_once(record: Request | Incident, why: str, *, due: datetime, **facts: Any) -> tuple[Task, ...]:
    """Wake the on-call, once for each record and reason, however often it comes up."""
    return _woken(f"{record.id}:{why}", {"record": record.id, "why": why, **facts}, due=due)


def page_about(account: str | None, why: str, *, due: datetime) -> tuple[Task, ...]:
    """Wake the on-call about what no record speaks of: an account, or none in particular. Once a minute at most."""
    about = f"{account}:{why}" if account else why
    return _woken(f"{about}:{int(due.timestamp()) // 60}", {"account": account, "why": why}, due=due)


def page_shut(channel: str, error: str | None, *, due: datetime) -> Task:
    """Wake the on-call, not by way of Slack: it refuses what is said in that channel; None where it does no more."""
    payload = {"account": channel, "why": "slack_shut", **({"error": error} if error else {"over": True})}
    return Task(
        key=f"page:{channel}:slack_shut:{error}:{int(due.timestamp()) // 60}",
        kind=TaskKind.PAGE,
        payload=payload,
        due=due,
    )


def page_about_actor(about: str, record: Incident, why: str, *, due: datetime) -> tuple[Task, ...]:
    """Wake the on-call about what outlasts a record, which only serves as the example."""
    return _woken(f"{about}:{stamp(due)}", {"record": record.id, "why": why}, due=due)


def page_over(record: Request | Incident, *whys: str, due: datetime) -> tuple[Task, ...]:
    """Tell the web hook that what it was paged for is over: by the reasons of those pages, which name them there."""
    return tuple(
        Task(
            key=f"page_over:{record.id}:{why}:{record.version}",
            kind=TaskKind.PAGE,
            payload={"record": record.id, "why": why, "over": True},
            due=due,
        )
        for why in whys
    )


def _woken(about: str, payload: dict[str, Any], *, due: datetime) -> tuple[Task, ...]:
    """By web hook and in Slack, neither of which waits for the other."""
    return (
        Task(key=f"page:{about}", kind=TaskKind.PAGE, payload=payload, due=due),
        Task(key=f"call:{about}", kind=TaskKind.CALL, payload=payload, due=due),
    )


def judge(account: str, *, because: str, due: datetime, protected: bool = False) -> Task:
    """Read an account and judge what stands there; `because` tells one cause from another."""
    payload = {"account": account, "since": stamp(due), **({"protected": True} if protected else {})}
    return Task(key=f"judge:{account}:{because}", kind=TaskKind.JUDGE, payload=payload, due=due)


def backlog(told: Mapping[str, datetime], *, because: str, due: datetime) -> Task:
    """Read and judge many accounts, in their turn; of each the time of the deactivation that the feed told of.

    `because` tells one such stretch from another.
    """
    accounts = {account: stamp(at) for account, at in told.items()}
    key = f"backlog:{because}:{next(iter(accounts))}"
    return Task(key=key, kind=TaskKind.BACKLOG, payload={"accounts": accounts}, due=due)


def triage(*, heard: datetime) -> Task:
    """Look for what is protected among very many that went down; one look for all that is heard in its second.

    It begins when that is over, so that none of them is missing from the list.
    """
    bucket = int(heard.timestamp() / TRIAGE_EVERY.total_seconds()) + 1
    due = datetime.fromtimestamp(bucket * TRIAGE_EVERY.total_seconds(), tz=UTC)
    payload = {"since": stamp(heard), "protected": True}
    return Task(key=f"triage:{bucket}", kind=TaskKind.TRIAGE, payload=payload, due=due)


def sample(incident: Incident, *, since: datetime, n: int, falls: int, due: datetime) -> Task:
    """Look at the counts of an account that is back; `since` names the watch, `n` the sample's place in it."""
    payload = {"incident": incident.id, "since": stamp(since), "n": n, "falls": falls}
    return Task(key=f"sample:{incident.id}:{stamp(since)}:{n}", kind=TaskKind.SAMPLE, payload=payload, due=due)


def watch(incident: Incident, due: Sequence[timedelta], *, at: datetime, falls: int = 0) -> tuple[Task, ...]:
    """The first of the samples; each files the next, so that none is overtaken and an outage makes no burst.

    Of very many at once the early ones are left out: whatever is still down comes first.
    """
    late = [n for n, after in enumerate(due) if after >= LATE_SAMPLE]
    first = late[0] if incident.quiet and late else 0
    return (sample(incident, since=at, n=first, falls=falls, due=at + due[first]),) if due else ()


def look_around(*, due: datetime) -> Task:
    """Sample the accounts that are watched, a few at a time, for as long as the bot lives."""
    return Task(key="baseline:watched", kind=TaskKind.BASELINE, payload={}, due=due)


def keep_house(*, due: datetime) -> Task:
    """Drop what nobody asks for any more, a little at a time, for as long as the bot lives."""
    return Task(key="keep_house", kind=TaskKind.KEEP_HOUSE, payload={}, due=due)


def learn(*, day: str, start: int, due: datetime) -> Task:
    """List a page of all accounts, from the place `start` on, for those that are to be watched: once a day."""
    payload = {"day": day, "start": start}
    return Task(key=f"baseline:{day}:{start}", kind=TaskKind.BASELINE, payload=payload, due=due)


def near_purge(incident: Incident, why: str, *, due: datetime) -> Task:
    """Look then whether the account is still down, which the platform is about to delete for good."""
    payload = {"incident": incident.id, "why": why}
    return Task(key=f"near_purge:{incident.id}:{why}", kind=TaskKind.NEAR_PURGE, payload=payload, due=due)


def contain(stands: ActorStands, *, due: datetime) -> Task:
    """Have the platform lock an actor out, once each time that this is decided."""
    return Task(
        key=f"contain:{stands.actor}:{stamp(stands.since)}",
        kind=TaskKind.CONTAIN,
        payload={"actor": stands.actor, "since": stamp(stands.since)},
        due=due,
    )


def sweep(*, whole: bool, due: datetime, once: bool = False, since: datetime | None = None) -> Task:
    """List what is inactive: all of it, or what changed since the last list that came through.

    One not `once` files the next.
    """
    kind = ("whole" if whole else "changed") + (":once" if once else "")
    payload = {"whole": whole, "once": once, **({"since": stamp(since)} if since else {})}
    return Task(key=f"sweep:{kind}:{stamp(due)}", kind=TaskKind.SWEEP, payload=payload, due=due)


def digest_on_demand(week: Week, *, due: datetime) -> Task:
    """Post the digest about a week because an operator asked for it, whether or not its time has come."""
    return Task(
        key=f"digest:{week}:{stamp(due)}", kind=TaskKind.DIGEST, payload={"week": str(week), "once": True}, due=due
    )


def digest(week: Week, *, due: datetime) -> Task:
    """Post the digest about a week: one task a week, whoever files it."""
    return Task(key=f"digest:{week}", kind=TaskKind.DIGEST, payload={"week": str(week), "once": False}, due=due)
