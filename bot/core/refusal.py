"""Why something was not done: a closed list, each with its one sentence in `bot.slack.sentences`."""

from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any


class Why(StrEnum):
    """What stood against it. The value is what the audit log calls it."""

    # who asks or votes
    NOT_ROSTERED = "not_rostered"
    PAST_LAST_DAY = "past_last_day"
    MAY_NOT_ASK = "may_not_ask"
    RESTRICTED_ON_PROTECTED = "restricted_on_protected"
    OPEN_INCIDENT_OF_YOURS = "open_incident_of_yours"
    TOO_MANY_REQUESTS = "too_many_requests"
    # what is asked
    HANDLE_EMPTY = "handle_empty"
    UNKNOWN_ACCOUNT = "unknown_account"
    REASON_LENGTH = "reason_length"
    UNKNOWN_CATEGORY = "unknown_category"
    EVIDENCE_NO_URL = "evidence_no_url"
    CONFIRM_HANDLE = "confirm_handle"
    ALREADY_SO = "already_so"
    LIVE_REQUEST = "live_request"
    NOBODY_ELIGIBLE = "nobody_eligible"
    EMERGENCY_NOT_ALLOWED = "emergency_not_allowed"
    UNRATIFIED_EMERGENCY = "unratified_emergency"
    TOO_MANY_EMERGENCIES = "too_many_emergencies"
    TOO_MANY_DEACTIVATIONS = "too_many_deactivations"
    ACCOUNT_BUSY = "account_busy"
    RULES_NOT_IN_SLACK = "rules_not_in_slack"
    RULES_IMPOSSIBLE = "rules_impossible"
    UNKNOWN_PERSON = "unknown_person"
    NO_DATE = "no_date"
    RULES_ALREADY_SO = "rules_already_so"
    NOT_CONTAINED = "not_contained"
    NOT_LATCHED = "not_latched"
    # the vote
    UNKNOWN_REQUEST = "unknown_request"
    OWN_REQUEST = "own_request"
    ABOUT_YOURSELF = "about_yourself"
    NOT_AN_APPROVER = "not_an_approver"
    NOT_YET_AN_APPROVER = "not_yet_an_approver"
    ALREADY_VOTED = "already_voted"
    ALREADY_DECIDED = "already_decided"
    ALREADY_APPROVED = "already_approved"
    CARD_CHANGED = "card_changed"
    EXPIRED = "expired"
    NOT_THE_REQUESTER = "not_the_requester"
    WRONG_PLACE = "wrong_place"
    UNKNOWN_INCIDENT = "unknown_incident"
    ALREADY_ACKNOWLEDGED = "already_acknowledged"
    NOT_LOST = "not_lost"
    OWN_INCIDENT = "own_incident"
    MAY_NOT_ESTABLISH = "may_not_establish"
    CAUSE_CHANGED = "cause_changed"
    CAUSE_ALREADY_SO = "cause_already_so"
    # the world
    PLATFORM_AWAY = "platform_away"
    LEDGER_AWAY = "ledger_away"
    SLACK_AWAY = "slack_away"
    DRAINING = "draining"
    # who Slack says it is
    NOT_A_MEMBER = "not_a_member"
    GUEST = "slack_guest"
    NOT_A_PERSON = "not_a_person"
    DEACTIVATED_USER = "deactivated_user"
    IDENTITY_UNKNOWN = "identity_unknown"


@dataclass(frozen=True, kw_only=True, slots=True)
class Refusal:
    """A rule's no. `facts` fill the sentence and the `refused` entry; `input` names the field at fault."""

    why: Why
    facts: dict[str, Any] = field(default_factory=dict)
    input: str | None = None
