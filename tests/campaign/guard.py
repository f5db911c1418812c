"""The guard in depth: every threat and fault that it stands against, one after the other."""

from tests.campaign import (
    guard_curves,
    guard_feed,
    guard_first,
    guard_killed,
    guard_lists,
    guard_mass,
    guard_mixed,
    guard_owner,
    guard_purged,
    guard_rogues,
    guard_stale,
    guard_wars,
)

CAMPAIGNS = (
    guard_rogues.CAMPAIGN,
    guard_killed.CAMPAIGN,
    guard_mixed.CAMPAIGN,
    guard_wars.CAMPAIGN,
    guard_mass.CAMPAIGN,
    guard_lists.CAMPAIGN,
    guard_feed.CAMPAIGN,
    guard_purged.CAMPAIGN,
    guard_curves.CAMPAIGN,
    guard_owner.CAMPAIGN,
    guard_stale.CAMPAIGN,
    guard_first.CAMPAIGN,
)
"""T1, T16 – T19, R9, R12 – R14, and of comparable tools’ failures H1, H2 and H7; H3 is in `machine`, H6 in several."""
