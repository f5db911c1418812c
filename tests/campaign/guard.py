"""The guard in depth: every threat and fault that it stands against, one after the other."""

from tests.campaign import guard_killed, guard_mass, guard_rogues, guard_wars

CAMPAIGNS = (
    guard_rogues.CAMPAIGN,
    guard_killed.CAMPAIGN,
    guard_wars.CAMPAIGN,
    guard_mass.CAMPAIGN,
)
