"""What fails again and again is told once, then once a minute, and once more when it is over."""

import logging
import threading
import time
from collections.abc import Callable

log = logging.getLogger(__name__)

SAID_EVERY = 60.0
"""Seconds."""


class Outage:
    """One thing that may be out of reach; to be told of each try, from whatever thread.

    `what` begins the sentences, as "the platform" does. A try of one `kind` that works says nothing of the others.
    """

    def __init__(self, what: str, *, says: str = "is away", monotonic: Callable[[], float] = time.monotonic) -> None:
        self._what, self._says = what, says
        self._monotonic = monotonic
        self._failing: set[str] = set()
        self._began = self._said = 0.0
        self._lock = threading.Lock()

    def failed(self, why: object, *, kind: str = "") -> None:
        with self._lock:
            now, new = self._monotonic(), not self._failing
            self._failing.add(kind)
            if new:
                self._began = self._said = now
                log.warning("%s %s, and is tried again: %s", self._what, self._says, why)
            elif now - self._said >= SAID_EVERY:
                self._said = now
                log.warning("%s is still away, after %.0f s: %s", self._what, now - self._began, why)

    def worked(self, *kinds: str) -> None:
        """Those kinds of try work again; without any the one that has no name."""
        if not self._failing:
            return
        with self._lock:
            before = bool(self._failing)
            self._failing.difference_update(kinds or {""})
            if before and not self._failing:
                log.warning("%s is back, after %.1f s", self._what, self._monotonic() - self._began)
