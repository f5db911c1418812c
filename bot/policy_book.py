"""The policy in force and the file it comes from: read at the start, offered again on SIGHUP."""

import logging
from pathlib import Path

from bot.core.errors import Misconfigured
from bot.core.policy import Policy
from bot.core.policy_file import parse_policy
from bot.flows.rule import bring_into_force
from bot.flows.world import World

log = logging.getLogger(__name__)


class Book:
    """Implements `bot.ports.PolicyBook`: the policy as this process last brought it into force."""

    def __init__(self, policy: Policy) -> None:
        self.policy = policy

    async def reload(self, world: World, file: Path) -> None:
        """SIGHUP: take the file if it is valid; the old policy stays otherwise, and the log says why."""
        try:
            policy = read_policy(file)
        except Misconfigured as wrong:
            log.warning("the policy stays as it is: %s", wrong)
            return
        if await bring_into_force(world, policy, by="file"):
            self.policy = policy
            log.info("the policy %s is in force", policy.digest[:12])


def read_policy(file: Path) -> Policy:
    """Raises Misconfigured with every sentence, each naming the file."""
    try:
        text = file.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise Misconfigured(f"POLICY_FILE: {file} cannot be read ({type(error).__name__}).") from None
    try:
        return parse_policy(text)
    except Misconfigured as wrong:
        raise Misconfigured(*(f"{file}: {sentence}" for sentence in wrong.sentences)) from None
