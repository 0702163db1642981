"""Events of other services complete the step that waits for them, or are kept until one does."""

from __future__ import annotations

from dataclasses import replace

from domain.directory import Directory, PersonFacts
from domain.run import complete_step, pause_run, reopen_step, skip_step
from domain.run.external import MOST_KEPT, receive_event
from domain.words import Actor, Assignee
from tests.domain.documents import run_of, step
from tests.domain.test_run_actions import start
from tests.support.given import Story
from tests.support.people import welcoming

CRM = Actor("service:crm")
SCORE = {"key": "score", "title": "Score", "kind": "number", "required": True}


def waiting(**more: object) -> Story:
    """A run whose second step waits for a report."""
    wait = step("report", ["order"], kind="wait", fields=[SCORE], wait={"event": "report.received", **more})
    return run_of(step("order"), wait).after(start)


def test_the_event_completes_the_step_with_its_values():
    """Values go into the fields of the same key; the others stay with the event."""
    story = waiting().after(complete_step, "order")
    done = story.when(receive_event, "report.received", "r-1", {"score": 7, "more": "x"}, by=CRM).then_types(
        "external_event_received", "step_completed", "run_completed"
    )
    assert done.state.values["report.score"] == 7
    assert "report.more" not in done.state.values


def test_each_event_counts_once():
    """The same id told again changes nothing, also when the step has long been done."""
    story = (
        waiting()
        .after(complete_step, "order")
        .after(receive_event, "report.received", "r-1", {"score": 7}, by=CRM)
    )
    story.when(receive_event, "report.received", "r-1", {"score": 7.0}, by=CRM).then_types()


def test_an_id_stands_for_one_event():
    """Other values, or another event, under an id that was heard are refused, never lost with a yes."""
    taken = waiting().after(complete_step, "order")
    for story in (waiting(), taken):
        heard = story.after(receive_event, "report.received", "r-1", {"score": 7}, by=CRM)
        for other in ({"score": 8}, {"score": 7, "note": "more"}, {"score": True}, {}, None):
            refused = heard.when(receive_event, "report.received", "r-1", other, by=CRM).rejected(
                "other_event"
            )
            assert "r-1" in refused.detail
        heard.when(receive_event, "report.lost", "r-1", {"score": 7}, by=CRM).rejected("other_event")


def test_an_event_that_comes_early_is_kept_for_the_step():
    """What comes before the step waits is kept on the run, and completes the step as it becomes ready."""
    story = (
        waiting()
        .when(receive_event, "report.received", "r-1", {"score": 7}, by=CRM)
        .then_types("external_event_received")
    )
    done = story.when(complete_step, "order").then_types(
        "step_completed", "step_became_ready", "external_event_received", "step_completed", "run_completed"
    )
    assert (done.state.kept, done.state.values["report.score"]) == ((), 7)
    assert done.state.step("report").doers == (CRM,)


def test_a_kept_event_that_names_who_left_since_blocks_nobody():
    """What came before the step is not enough for it any more: the step waits, and whoever made it ready goes on."""
    who = {"key": "who", "title": "Who", "kind": "person", "sets_role": "helper", "required": True}
    wait = step("report", ["order"], kind="wait", fields=[who], wait={"event": "report.received"})
    story = run_of(step("order"), wait).after(start)
    story = story.after(receive_event, "report.received", "r-1", {"who": "person:max"}, by=CRM)
    gone = Directory(people={Assignee("person:max"): PersonFacts("Max", active=False)})
    after = replace(story, directory=welcoming(gone)).after(complete_step, "order")
    assert (after.state.step("order").state, after.state.step("report").state) == ("done", "ready")


def test_a_kept_event_is_taken_once():
    """The next round of the step waits for the next event."""
    story = waiting().after(receive_event, "report.received", "r-1", {"score": 7}, by=CRM)
    story = story.after(complete_step, "order").after(reopen_step, "report", "another one")
    assert story.state.step("report").state == "ready"


def test_an_event_of_an_earlier_round_does_not_end_the_new_one():
    """Whatever came before a wait was opened again is over with the round that it came for, taken or not."""
    story = waiting().after(receive_event, "report.received", "r-1", {"score": 7}, by=CRM)
    story = story.after(receive_event, "report.received", "r-2", {"score": 8}, by=CRM)
    story = story.after(complete_step, "order").after(reopen_step, "report", "another one")
    assert (story.state.step("report").state, story.state.step("report").round) == ("ready", 2)
    again = story.after(receive_event, "report.received", "r-3", {"score": 9}, by=CRM)
    assert again.state.values["report.score"] == 9


def test_an_event_that_comes_early_for_a_new_round_is_kept_for_it():
    """A wait that was opened again behind an open step is locked: what is told then is for that round."""
    story = (
        waiting()
        .after(complete_step, "order")
        .after(receive_event, "report.received", "r-1", {"score": 7}, by=CRM)
    )
    story = story.after(reopen_step, "order", "wrong item", "reopen")
    story = story.after(receive_event, "report.received", "r-2", {"score": 8}, by=CRM)
    done = story.after(complete_step, "order").state
    assert (done.step("report").state, done.values["report.score"]) == ("done", 8)


def test_events_that_came_early_are_the_attempts_of_a_wait_that_repeats():
    """A wait that asks again until it is right takes the next event that came for it, within one round of asking."""
    enough = {"condition": {"field": "report.score", "operator": "at_least", "value": 80}}
    wait = step("report", ["order"], kind="wait", fields=[SCORE], wait={"event": "in"}, repeat_until=enough)
    story = run_of(step("order"), wait).after(start)
    for number, score in enumerate((60, 70, 85)):
        story = story.after(receive_event, "in", str(number), {"score": score}, by=CRM)
    done = story.after(complete_step, "order").state
    assert (done.step("report").state, done.values["report.score"], done.kept) == ("done", 85, ())


def test_an_event_for_other_steps_is_left_to_them():
    """An event whose key names one step is not taken by another that waits for the same."""
    wait = {"event": "signed"}
    story = run_of(
        step("go"), step("a", ["go"], kind="wait", wait=wait), step("b", ["go"], kind="wait", wait=wait)
    ).after(start)
    story = story.after(receive_event, "signed", "1", None, ["b"], by=CRM).after(complete_step, "go")
    assert (story.state.step("a").state, story.state.step("b").state) == ("ready", "done")


def test_values_that_the_step_cannot_take_are_refused():
    """A wrong or missing value is refused, early or not, and nothing is recorded."""
    for story in (waiting(), waiting().after(complete_step, "order")):
        story.when(receive_event, "report.received", "r-1", {"score": "high"}, by=CRM).rejected(
            "invalid_values"
        )
        story.when(receive_event, "report.received", "r-1", {}, by=CRM).rejected("invalid_values")


def test_what_no_step_waits_for_is_refused():
    """An unknown event is refused with those that are known; one that came too late, with the steps' states."""
    waiting().when(receive_event, "other", "r-1", by=CRM).rejected(
        "unknown_event", accepted=["report.received"]
    )
    late = waiting().after(skip_step, "report", "no report needed")
    late.when(receive_event, "report.received", "r-1", by=CRM).rejected(
        "not_awaited", steps={"report": "skipped"}
    )


def test_a_paused_run_hears_what_happens():
    """What happens outside does not stop for a pause: the event is taken, and what follows waits."""
    story = waiting().after(complete_step, "order").after(pause_run, "holidays")
    story.when(receive_event, "report.received", "r-1", {"score": 7}, by=CRM).then_types(
        "external_event_received", "step_completed"
    )


def test_a_run_keeps_so_many_events():
    """Nobody fills a run with events that nobody waits for yet."""
    story = waiting()
    for number in range(MOST_KEPT):
        story = story.after(receive_event, "report.received", str(number), {"score": 1}, by=CRM)
    story.when(receive_event, "report.received", "more", {"score": 1}, by=CRM).rejected("too_many_events")


def test_what_was_kept_for_an_earlier_round_takes_no_room():
    """Events that nothing can take any more do not keep a new round from being told."""
    story = waiting()
    for number in range(MOST_KEPT):
        story = story.after(receive_event, "report.received", str(number), {"score": 1}, by=CRM)
    story = story.after(complete_step, "order").after(reopen_step, "order", "again", "reopen")
    for told in ("r-1", "r-2"):
        story = story.after(receive_event, "report.received", told, {"score": 1}, by=CRM)
        assert told in story.state.sources
