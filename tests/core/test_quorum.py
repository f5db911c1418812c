"""Who fills which place of a quorum; the last test holds the search against trying everything."""

from itertools import permutations

from hypothesis import given
from hypothesis import strategies as st

from bot.core.quorum import ANY_GROUP, Approver, Quorum

BOTH = Quorum(groups=(("manager", 1), ("trust-safety", 1)))


def person(name: str, *groups: str, team: str | None = None) -> Approver:
    return Approver(person=name, groups=frozenset(groups), team=team)


def test_one_of_each_group_fills_it() -> None:
    assert BOTH.missing([person("mona", "manager"), person("tessa", "trust-safety")]) == ()


def test_a_place_that_nobody_fits_stays_empty() -> None:
    assert BOTH.missing([person("mona", "manager")]) == ("trust-safety",)


def test_nobody_fills_nothing() -> None:
    assert BOTH.missing([]) == ("manager", "trust-safety")


def test_one_person_of_both_groups_fills_one_place() -> None:
    assert len(BOTH.missing([person("mona", "manager", "trust-safety")])) == 1


def test_the_same_person_twice_fills_one_place() -> None:
    mona = person("mona", "manager", "trust-safety")
    assert len(BOTH.missing([mona, mona])) == 1


def test_who_fits_both_places_makes_room_for_who_fits_one() -> None:
    """Whichever comes first: the one of both groups takes the place that is left."""
    both, one = person("ann", "manager", "trust-safety"), person("zoe", "manager")
    assert BOTH.missing([both, one]) == ()
    assert BOTH.missing([one, both]) == ()


def test_a_count_wants_so_many_people() -> None:
    two = Quorum(groups=(("manager", 2),))
    assert two.missing([person("mona", "manager")]) == ("manager",)
    assert two.missing([person("mona", "manager"), person("omar", "manager")]) == ()


def test_one_approval_more_may_come_from_any_group_of_the_quorum() -> None:
    more = Quorum(groups=BOTH.groups, extra=1)
    filled = [person("mona", "manager"), person("tessa", "trust-safety")]
    assert more.missing(filled) == (ANY_GROUP,)
    assert more.missing([*filled, person("omar", "manager")]) == ()
    assert more.missing([*filled, person("olga", "trust-safety")]) == ()


def test_one_approval_more_does_not_come_from_another_group() -> None:
    more = Quorum(groups=BOTH.groups, extra=1)
    filled = [person("mona", "manager"), person("tessa", "trust-safety")]
    assert more.missing([*filled, person("ada", "agent")]) == (ANY_GROUP,)


def test_people_of_one_team_fill_one_place_where_teams_must_differ() -> None:
    apart = Quorum(groups=BOTH.groups, different_teams=True)
    mona, tessa = person("mona", "manager", team="a"), person("tessa", "trust-safety", team="a")
    assert apart.missing([mona, tessa]) == ("trust-safety",)
    assert BOTH.missing([mona, tessa]) == ()
    assert apart.missing([mona, person("tessa", "trust-safety", team="b")]) == ()


def test_who_has_no_team_is_not_shown_to_be_of_another() -> None:
    apart = Quorum(groups=BOTH.groups, different_teams=True)
    assert apart.missing([person("mona", "manager", team="a"), person("tessa", "trust-safety")]) == ("trust-safety",)


def test_the_people_seated_are_those_of_the_places() -> None:
    mona, tessa = person("mona", "manager"), person("tessa", "trust-safety")
    assert BOTH.places == ("manager", "trust-safety")
    assert BOTH.seats([tessa, mona]) == (mona, tessa)


def test_it_reads_back_equal_from_json() -> None:
    quorum = Quorum(groups=BOTH.groups, different_teams=True, extra=1)
    assert Quorum.from_json(quorum.as_json()) == quorum


GROUPS = ("a", "b", "c")
people = st.lists(
    st.builds(
        Approver,
        person=st.sampled_from(["p", "q", "r", "s", "t"]),
        groups=st.frozensets(st.sampled_from(GROUPS)),
        team=st.sampled_from(["x", "y", "z", None]),
    ),
    max_size=5,
    unique_by=lambda approver: approver.person,
)
quorums = st.builds(
    Quorum,
    groups=st.dictionaries(st.sampled_from(GROUPS), st.integers(1, 2), min_size=1).map(lambda d: tuple(d.items())),
    different_teams=st.booleans(),
    extra=st.integers(0, 1),
)


def fits(quorum: Quorum, place: str, approver: Approver) -> bool:
    if quorum.different_teams and approver.team is None:
        return False
    return bool(approver.groups & quorum.names) if place == ANY_GROUP else place in approver.groups


def most(quorum: Quorum, approvers: list[Approver]) -> int:
    """How many places can be filled at all: every order in which the people could take the places in turn."""
    best = 0
    for order in permutations(approvers):
        left, filled, teams = list(quorum.places), 0, set()
        for one in order:
            place = next((p for p in left if fits(quorum, p, one)), None)
            if place is None or (quorum.different_teams and one.team in teams):
                continue
            left.remove(place)
            teams.add(one.team)
            filled += 1
        best = max(best, filled)
    return best


@given(quorums, people)
def test_no_other_seating_fills_more_places(quorum: Quorum, approvers: list[Approver]) -> None:
    seats = quorum.seats(approvers)
    seated = [one for one in seats if one is not None]
    assert len(seats) == len(quorum.places)
    assert len({one.person for one in seated}) == len(seated)
    assert all(one is None or fits(quorum, place, one) for place, one in zip(quorum.places, seats, strict=True))
    assert not quorum.different_teams or len({one.team for one in seated}) == len(seated)
    assert len(seated) >= most(quorum, approvers)


@given(quorums, people)
def test_an_approval_more_never_empties_a_quorum(quorum: Quorum, approvers: list[Approver]) -> None:
    assert all(len(quorum.missing(approvers)) <= len(quorum.missing(approvers[:n])) for n in range(len(approvers)))
