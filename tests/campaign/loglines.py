"""Everything that any logger writes at DEBUG, as `countersign run` would write it."""

import logging
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from bot.serving import Stamped

FORM = "%(asctime)s %(levelname)s %(name)s: %(message)s"


class _Lines(logging.Handler):
    def __init__(self, hear: Callable[[str, str], None]) -> None:
        super().__init__(logging.DEBUG)
        self.setFormatter(Stamped(FORM))
        self._hear = hear

    def emit(self, record: logging.LogRecord) -> None:
        """Errors with their whole chain, as the formatter writes them."""
        self._hear(record.name, self.format(record))


@contextmanager
def every_line(hear: Callable[[str, str], None]) -> Iterator[None]:
    """Call `hear` with the logger's name and the line, whatever level the logger was set to; all is put back after."""
    handler, root = _Lines(hear), logging.getLogger()
    known = [root, *(found for found in logging.root.manager.loggerDict.values() if isinstance(found, logging.Logger))]
    levels = {logger: logger.level for logger in known}
    for logger in known:
        logger.setLevel(logging.DEBUG)
    root.addHandler(handler)
    try:
        yield
    finally:
        root.removeHandler(handler)
        for logger, level in levels.items():
            logger.setLevel(level)
