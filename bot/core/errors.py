"""Failures sorted by what to do next. What a person did wrong is a `Refusal`, never one of these."""


class CountersignError(Exception):
    """Every failure of ours; the message is one sentence for a person."""


class Misconfigured(CountersignError):
    """Settings or policy are wrong: all sentences at once, the program does not start."""

    def __init__(self, *sentences: str) -> None:
        super().__init__("\n".join(sentences))
        self.sentences = sentences


class PlatformAway(CountersignError):
    """The platform gave no usable answer (none in time, 5xx, 408, 425, 429): nothing is known, try again."""

    def __init__(self, message: str, *, retry_after: float | None = None) -> None:
        super().__init__(message)
        self.retry_after = retry_after


class PlatformRefused(CountersignError):
    """The platform said no for good: a 4xx that asking again would not change."""

    def __init__(self, message: str, *, status: int) -> None:
        super().__init__(message)
        self.status = status


class WorldMoved(CountersignError):
    """412: the account is no longer what was read; read and judge again."""


class CursorLost(CountersignError):
    """The feed no longer knows our cursor: take a new one, then sweep the whole list."""


class LedgerAway(CountersignError):
    """The database cannot record: nothing may be acknowledged, nothing carried out."""


class Fenced(CountersignError):
    """Another process has taken over what only one may do: stop doing it, nothing was written."""


class TaskLost(CountersignError):
    """The task is another's by now, or done: being second is no failure, and all of its transaction is rolled back."""


class Replayed(CountersignError):
    """The same signed bytes came before: a repeat, not a request."""


class SlackAway(CountersignError):
    """Slack gave no usable answer: the task is tried again, no decision depends on it."""

    def __init__(self, message: str, *, retry_after: float | None = None) -> None:
        super().__init__(message)
        self.retry_after = retry_after


class SlackShut(SlackAway):
    """Slack lets us in no more until people mend it (an archived channel, a token taken back): what is said waits."""

    def __init__(self, error: str) -> None:
        super().__init__(f"Slack answered “{error}”.")
        self.error = error


class CardGone(CountersignError):
    """The card stands in Slack no more: it is to be posted again."""


class SlackRefused(CountersignError):
    """Slack said no for good; `error` is its word for it."""

    def __init__(self, error: str) -> None:
        super().__init__(f"Slack answered “{error}”.")
        self.error = error
