"""Promises about who gets a step: rules that find somebody, claiming, leaving, and what several have to agree to."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from domain.directory import Directory, GroupFacts, PersonFacts
from domain.events import Event, RoleAssigned, StepAssigned, StepBecameReady
from domain.run import (
    assign_role,
    assign_step,
    change_inputs,
    claim_step,
    complete_step,
    give_approval,
    refuse_approval,
    release_step,
    reopen_step,
    start_run,
)
from domain.words import Actor, Assignee, Rejected
from tests.domain.documents import run_of, step
from tests.support.given import DANA, NINE, Story

BO, CY, DI, GONE, TOP = (Actor(f"person:{key}") for key in ("bo", "cy", "di", "gone", "top"))
LEGAL = Assignee("group:legal")


def people(**managers: str | None) -> dict[Assignee, PersonFacts]:
    """People with their managers."""
    return {
        Assignee(f"person:{key}"): PersonFacts(
            key, manager=Assignee(f"person:{manager}") if manager else None
        )
        for key, manager in managers.items()
    }


HOUSE = Directory(
    {
        **people(top=None, dana="top", bo="dana", cy="gone", di=None),
        Assignee(GONE): PersonFacts("gone", manager=Assignee(TOP), active=False),
    },
    {
        LEGAL: GroupFacts("Legal", (Assignee(GONE), Assignee(BO), Assignee(CY))),
        Assignee("group:none"): GroupFacts(""),
    },
)


def run(role: dict[str, Any], *more: dict[str, Any], house: Directory = HOUSE, **of_step: Any) -> Story:
    """A process whose first step is of a role that is filled by this rule."""
    roles = [
        {"key": "asker", "title": "Asker", "from_input": "boss"},
        {"key": "judge", "title": "Judge", **role},
    ]
    story = run_of(step("first", role="judge", **of_step), *more, roles=roles)
    return Story(story.aggregate, story.definition, directory=house)


def holder(story: Story, key: str = "first") -> str | None:
    """Whose work the step is."""
    found: str | None = story.state.step(key).assignee
    return found


def test_a_group_gets_the_step_and_a_member_claims_it():
    """Claiming is an assignment by oneself; giving back makes it the group's again; each happens once."""
    story = run({"group": "legal"}).after(start_run)
    assert holder(story) == LEGAL
    claimed = story.when(claim_step, "first", by=BO).then(
        StepAssigned(step="first", assignee=Assignee(BO), by=BO, at=NINE)
    )
    claimed.when(claim_step, "first", by=CY).rejected("already_claimed", claimed_by=BO)
    claimed.when(release_step, "first", by=CY).rejected("not_yours", assignee=BO)
    back = claimed.when(release_step, "first", "away", by=BO).then_types("step_assigned", "action_queued")
    assert holder(back) == LEGAL
    assert holder(back.after(claim_step, "first", by=CY)) == CY


def test_only_active_members_claim():
    """Strangers and who left do not; a step of a person, or of nobody, is not to be claimed."""
    story = run({"group": "legal"}).after(start_run)
    story.when(claim_step, "first", by=DI).rejected("not_a_member", group=LEGAL, accepted=[BO, CY])
    story.when(claim_step, "first", by=GONE).rejected("not_a_member")
    run({}).after(start_run).when(claim_step, "first", by=BO).rejected("not_claimable", accepted=["assign"])
    run({}).after(start_run).when(release_step, "first", by=BO).rejected("not_claimed")


def test_nobody_claims_what_they_may_not_do():
    """Own work is not claimed to be judged, nor a step that wants another actor: others would be locked out."""
    check = step("check", ["first"], role="judge", kind="approval", approval={"covers": ["first"]})
    other = step("other", ["first"], role="judge", actor_differs_from=["first"])
    story = run({"group": "legal"}, check, other).after(start_run).after(complete_step, "first", by=BO)
    story.when(claim_step, "check", by=BO).rejected("own_work", steps=["first"])
    story.when(claim_step, "other", by=BO).rejected("same_actor", steps=["first"])
    story.when(assign_step, "check", BO).rejected("own_work")
    assert holder(story.after(claim_step, "check", by=CY), "check") == CY


def test_a_step_that_is_not_ready_is_not_claimed():
    """What still waits says so."""
    story = run({"group": "legal"}, step("second", ["first"], role="judge")).after(start_run)
    story.when(claim_step, "second", by=BO).rejected("step_locked", waits_for=["first"])


def test_a_claimed_step_that_is_done_again_stays_with_who_had_it():
    """Who knows it does it again; the role itself stays the group's."""
    story = run({"group": "legal"}).after(start_run).after(claim_step, "first", by=BO)
    story = story.after(complete_step, "first", by=BO).after(reopen_step, "first", "typo")
    assert (holder(story), story.state.roles["judge"]) == (BO, LEGAL)
    assert holder(story.after(release_step, "first", by=BO)) == LEGAL


@pytest.mark.parametrize(
    ("assign", "turn", "load", "found"),
    [("round_robin", 0, {}, BO), ("round_robin", 1, {}, CY), ("round_robin", 2, {}, BO),
     ("least_loaded", 0, {}, BO), ("least_loaded", 9, {Assignee(BO): 2, Assignee(CY): 1}, CY)],
)  # fmt: skip
def test_one_of_the_group_is_drawn_for_the_run(
    assign: str, turn: int, load: dict[Assignee, int], found: Actor
):
    """In turn or by load, and kept for all steps of the role; what is drawn is part of the start."""
    legal = GroupFacts("Legal", HOUSE.groups[LEGAL].members, turn)
    house = Directory(HOUSE.people, {LEGAL: legal}, load)
    story = run({"group": "legal", "assign": assign}, step("second", ["first"], role="judge"), house=house)
    story = story.after(start_run)
    assert story.state.roles["judge"] == found
    story = Story(story.aggregate, story.definition, state=story.state).after(complete_step, "first", by=DANA)
    assert holder(story, "second") == found


def test_two_roles_of_one_group_get_two_people():
    """The second draw of a start knows of the first one."""
    roles = [{"key": key, "title": key, "group": "legal", "assign": "round_robin"} for key in ("one", "two")]
    story = run_of(step("first", role="one"), roles=roles)
    story = Story(story.aggregate, story.definition, directory=HOUSE).after(start_run)
    assert set(story.state.roles.values()) == {BO, CY}


@pytest.mark.parametrize("rule", [{"group": "none"}, {"group": "unknown", "assign": "least_loaded"}])
def test_a_run_does_not_start_when_nobody_is_found(rule: dict[str, Any]):
    """The role is named; naming somebody helps, and an optional role stays empty."""
    run(rule).when(start_run).rejected("nobody_found", role="judge", accepted=["roles.judge"])
    assert holder(run(rule).after(start_run, roles={"judge": BO})) == BO
    assert holder(run({**rule, "optional": True}).after(start_run)) is None


def test_the_manager_is_the_nearest_one_who_is_there():
    """A manager who left is passed over; somebody without a manager stops the start."""
    rule = {"manager_of": "asker"}
    assert holder(run(rule).after(start_run, inputs={"boss": BO})) == DANA
    assert holder(run(rule).after(start_run, inputs={"boss": CY})) == TOP
    run(rule).when(start_run, inputs={"boss": DI}).rejected("nobody_found", role="judge")
    assert holder(run(rule).after(start_run)) is None


def test_the_manager_follows_the_person():
    """When the person becomes known or changes, the manager's role and steps follow, unless somebody was named."""
    story = run({"manager_of": "asker"}).after(start_run)
    known = story.when(change_inputs, {"boss": BO}).then_types(
        "run_inputs_changed", "role_assigned", "role_assigned", "step_assigned"
    )
    assert holder(known) == DANA
    assert holder(known.after(change_inputs, {"boss": CY})) == TOP
    assert holder(known.after(change_inputs, {"boss": DI})) is None
    named = known.after(assign_role, "judge", DI, "knows the case")
    assert holder(named.after(change_inputs, {"boss": CY})) == DI


def test_who_left_is_given_nothing_by_name():
    """Naming them at the start, in a field, for a step or for a role is refused."""
    story = run({}).after(start_run)
    run({}).when(start_run, roles={"judge": GONE}).rejected("person_deactivated", person=GONE, role="judge")
    refusal = story.when(change_inputs, {"boss": GONE}).rejected("invalid_values")
    assert "takes no more work" in refusal.facts["problems"][0]["accepted"]
    story.when(assign_step, "first", GONE).rejected("person_deactivated")
    story.when(assign_role, "judge", GONE).rejected("person_deactivated")


def left(house: Directory, *gone: Actor) -> Directory:
    """The house after these people left."""
    others = {key: facts for key, facts in house.people.items() if key not in map(Assignee, gone)}
    return Directory(
        {**others, **{Assignee(key): PersonFacts("", active=False) for key in gone}}, house.groups
    )


@given(
    st.sets(st.sampled_from([BO, CY, DI, DANA, TOP])),
    st.sampled_from(
        [{"group": "legal"}, {"group": "legal", "assign": "round_robin"}, {"manager_of": "asker"}, {}]
    ),
    st.sampled_from([BO, CY, DI]),
)
def test_nobody_who_left_gets_work_from_a_rule(gone: set[Actor], rule: dict[str, Any], named: Actor):
    """Whoever leaves while a run goes on: what becomes ready from then on is somebody else's, a group's or nobody's."""
    rule = {**rule, "optional": True} if rule else rule
    story = run(rule, step("second", ["first"], role="judge"), step("third", ["first"], role="asker"))
    story = story.after(start_run, inputs={"boss": named})
    house = left(HOUSE, *gone)
    for events in _goes_on(story, house):
        for event in events:
            if (
                isinstance(event, StepBecameReady | StepAssigned | RoleAssigned)
                and event.assignee is not None
            ):
                assert not house.has_left(event.assignee)


def _goes_on(story: Story, house: Directory) -> Iterator[list[Event]]:
    later = Story(story.aggregate, story.definition, directory=house, state=story.state)
    done = later.when(complete_step, "first", by=Actor("person:eve"))
    yield done.events()
    after = later.given(done.events())
    yield after.when(reopen_step, "first", "again").events()
    for person in (BO, CY, DI):
        try:
            yield after.when(change_inputs, {"boss": person}).events()
            yield after.when(claim_step, "second", by=person).events()
        except Rejected:
            continue


def judged(needs: Any, house: Directory = HOUSE) -> Story:
    """A draft (by Di) that the group has to approve."""
    review = step(
        "review", ["first"], kind="approval", role="judge", approval={"covers": ["first"], "needs": needs}
    )
    return run({"group": "legal"}, review, house=house).after(start_run).after(complete_step, "first", by=DI)


def test_all_means_every_active_member():
    """Who left is not waited for; others do not count."""
    story = judged("all")
    story.when(give_approval, "review", by=DANA).rejected("not_a_member", accepted=[BO, CY])
    story.when(refuse_approval, "review", "no", by=DANA).rejected("not_a_member")
    story = story.when(give_approval, "review", by=BO).then_types("approval_given")
    story.when(give_approval, "review", by=CY).then_types("approval_given", "step_completed", "run_completed")


def test_who_did_the_work_is_not_waited_for():
    """A member whose work is judged neither judges nor holds the others up."""
    story = run(
        {"group": "legal"},
        step("review", ["first"], kind="approval", role="judge", approval={"needs": "all"}),
    )
    story = story.after(start_run).after(complete_step, "first", by=BO)
    story.when(give_approval, "review", by=BO).rejected("own_work")
    story.when(give_approval, "review", by=CY).then_types("approval_given", "step_completed", "run_completed")


def test_an_approval_goes_on_when_the_last_one_missing_leaves():
    """Whoever agreed says so once more, and it is enough."""
    story = judged("all").after(give_approval, "review", by=BO)
    story.when(give_approval, "review", by=BO).then()
    alone = Story(story.aggregate, story.definition, directory=left(HOUSE, CY), state=story.state)
    alone.when(give_approval, "review", by=BO).then_types("step_completed", "run_completed")


def test_a_number_means_different_people_of_the_group():
    """Saying yes twice is one yes."""
    story = judged(2).after(give_approval, "review", by=BO)
    story.when(give_approval, "review", by=BO).then()
    story.when(give_approval, "review", by=CY).then_types("approval_given", "step_completed", "run_completed")
    judged(2).when(claim_step, "review", by=BO).rejected("not_claimable", accepted=["approve", "refuse"])


def test_a_claimed_approval_is_still_the_groups_to_give():
    """One yes is enough, and only a member says it, also while one of them has it."""
    story = judged("any").after(claim_step, "review", by=BO)
    story.when(give_approval, "review", by=DANA).rejected("not_a_member")
    story.when(give_approval, "review", by=BO).then_types("approval_given", "step_completed", "run_completed")


def test_a_role_that_moves_leaves_behind_what_the_new_one_may_not_do():
    """Handing a role over takes its open steps along, save the judgment of the new one's own work."""
    check = step("check", ["first"], role="judge", kind="approval", approval={"covers": ["first"]})
    more = step("more", ["first"], role="judge")
    story = run({}, check, more).after(start_run, roles={"judge": BO}).after(complete_step, "first", by=DI)
    story = story.when(assign_role, "judge", DI, "Bo is away").then_types("role_assigned", "step_assigned")
    assert (holder(story, "check"), holder(story, "more")) == (BO, DI)
