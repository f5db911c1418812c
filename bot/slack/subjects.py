"""What a request is about, in words and blocks: an account, one of the bot's own rules, an actor or a latch."""

from collections.abc import Sequence

from bot.core.account import Account
from bot.core.overlay import RuleChange, RuleVerb, parse_change
from bot.core.request import Request, Subject
from bot.slack.language import N_, Language
from bot.slack.look_alikes import reads_like
from bot.slack.text import Block, bold, code, context, cut, flags, one_line, rich, unmarked, user, words
from bot.slack.wording import ASKED, FLAGS, SHOWN_AS, SURE, SURE_TO_RATIFY, TITLES, VERBS, group, tier_name
from bot.slack.wording import FOLLOWS as ACTS

TAGS_SHOWN = 20

CHANGES = {
    RuleVerb.ADD: N_("add {person} to the roster: {groups}"),
    RuleVerb.REMOVE: N_("remove {person} from the roster"),
    RuleVerb.LEAVE: N_("note {day} as the last day of {person}"),
    RuleVerb.PROTECT: N_("protect {account}"),
    RuleVerb.OBSERVE: N_("have the guard only observe"),
    RuleVerb.ENFORCE: N_("have the guard enforce again"),
}
"""What is asked for, in the middle of a sentence."""
FOLLOWS = {
    RuleVerb.ADD: N_("Approvals by {person} count from 24 hours after the change."),
    RuleVerb.REMOVE: N_("From then on {person} neither asks nor votes; votes on what is not carried out yet are void."),
    RuleVerb.LEAVE: N_("The leaver rule binds {person} before that day; after it {person} may do nothing at all."),
    RuleVerb.PROTECT: N_("From then on the account is in the tier “protected”, whatever it looks like."),
    RuleVerb.OBSERVE: N_("Meanwhile nothing is put back. It ends by itself, after the time that the policy allows."),
    RuleVerb.ENFORCE: N_("What nobody approved is put back again; what was only observed until then stays as it is."),
}
"""What comes of it, as a sentence of its own."""


def title(lang: Language, request: Request) -> str:
    """What stands over the card."""
    if request.of_the_rules:
        return lang.say("Rules: {change}", change=change_words(lang, parse_change(request.subject.id)))
    subject = request.subject
    named = {"handle": one_line(subject.handle, most=80), "id": one_line(subject.id, most=80)}
    return lang.say(TITLES[request.action, request.emergency], **named)


def verb(lang: Language, request: Request) -> str:
    """What is asked for, in a word or two."""
    return lang.say(VERBS[request.action])


def asked(lang: Language, request: Request) -> str:
    """What is asked for, in the middle of a sentence; shown where nothing in it is markup."""
    if request.of_the_rules:
        return change_words(lang, parse_change(request.subject.id))
    subject = request.subject
    named = {"account": f"@{one_line(subject.handle, most=80)}", "actor": one_line(subject.id, most=80)}
    return lang.say(ASKED[request.action], **named)


def asked_plainly(lang: Language, request: Request) -> str:
    """The same where Slack may parse it: nobody's text but a harmless name."""
    if request.of_the_rules:
        change = parse_change(request.subject.id)
        account = unmarked(change.handle, unmarked(change.account, lang.say("an account")))
        return change_words(lang, change, account=account)
    account = unmarked(request.subject.handle, unmarked(request.subject.id, lang.say("an account")))
    actor = unmarked(request.subject.handle, lang.say("an actor"))
    return lang.say(ASKED[request.action], account=account, actor=actor)


def change_words(lang: Language, change: RuleChange, *, account: str | None = None) -> str:
    """A change of the rules, in the middle of a sentence; names of the roster are harmless by their form."""
    shown = f"@{change.handle}" if change.handle else change.account
    return lang.say(
        CHANGES[change.verb],
        person=change.person,
        groups=lang.list([group(lang, name) for name in change.groups]),
        day=change.last_day.isoformat() if change.last_day else "",
        account=account or (one_line(shown, most=100) if shown else ""),
    )


def sure(lang: Language, request: Request) -> tuple[str, str]:
    """What approving asks once more: title and text, with the immutable id, for handles can be made to look alike."""
    if request.of_the_rules:
        return lang.say("Change the rules?"), lang.say(
            "{change}. Your approval is recorded.", change=asked(lang, request)
        )
    head, text = SURE_TO_RATIFY if request.emergency else SURE[request.action]
    subject = request.subject
    named = {"handle": one_line(subject.handle, most=60), "id": one_line(subject.id, most=100)}
    return lang.say(head), lang.say(text, **named)


def shown_as(lang: Language, request: Request) -> str:
    """What a read shows once it is done."""
    return lang.say("The rules are changed.") if request.of_the_rules else lang.say(SHOWN_AS[request.action])


def subject_lines(lang: Language, request: Request) -> list[Block]:
    """Who or what it is about, as the card shows it."""
    if request.of_an_account:
        return account_lines(lang, request.subject, tier=request.tier)
    if not request.of_the_rules:
        return _actor_or_latch(lang, request)
    change = parse_change(request.subject.id)
    line = rich(bold(change_words(lang, change)), words("  "), code(one_line(request.subject.id, most=300)))
    who = [rich(*lang.line("Slack user {who}", who=user(change.slack)))] if change.slack else []
    return [line, *who, context(lang.say(FOLLOWS[change.verb], person=change.person))]


def _actor_or_latch(lang: Language, request: Request) -> list[Block]:
    """The whole name of an actor, as the platform writes it, and what comes of it."""
    name = one_line(request.subject.id, most=300)
    tier = lang.say("tier {tier}", tier=tier_name(lang, request.tier))
    line = rich(bold(asked(lang, request)), words("  "), code(name), words(f"\n{tier}"))
    return [line, *name_warning(lang, request.subject.id, ""), context(lang.say(ACTS[request.action]))]


def account_lines(lang: Language, account: Subject | Account, *, tier: str | None = None) -> list[Block]:
    """Who it is: what the digest binds, and the followers beside it."""
    facts = [
        followers(lang, account.followers),
        lang.say("verified") if account.verified else lang.say("not verified"),
        _tags(account.tags) or lang.say("no tags"),
    ]
    if tier is not None:
        facts.append(lang.say("tier {tier}", tier=tier_name(lang, tier)))
    line = rich(
        bold(one_line(account.display_name)),
        words(f"  @{one_line(account.handle, most=80)}  "),
        code(one_line(account.id, most=100)),
        words("\n" + " · ".join(facts)),
    )
    return [line, *name_warning(lang, account.handle, account.display_name)]


def followers(lang: Language, count: int | None) -> str:
    if count is None:
        return lang.say("followers hidden")
    return lang.count("{n} follower", "{n} followers", count)


def _tags(tags: Sequence[str]) -> str:
    """As many as there is room for; a platform may send any number of any length."""
    return cut(", ".join(one_line(tag, most=40) for tag in tags[:TAGS_SHOWN]) + ("…" if tags[TAGS_SHOWN:] else ""), 400)


def name_warning(lang: Language, handle: str, display_name: str) -> list[Block]:
    """A line for names that may not be what they look like."""
    found = dict.fromkeys(
        lang.say(FLAGS[flag], plain=one_line(reads_like(name) or "", most=80))
        for name in (handle, display_name)
        for flag in flags(name)
    )
    return [context(lang.say("⚠ The name {flags}: go by the id.", flags=lang.list(found)))] if found else []
