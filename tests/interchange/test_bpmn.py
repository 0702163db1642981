"""BPMN models become drafts that can be published and run; what they lose on the way is said."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from pathlib import Path
from xml.sax.saxutils import escape

import pytest

from domain.diff import diff
from domain.lint import lint
from domain.run import reopen_step
from domain.words import StepKey
from interchange.bpmn.draft import Draft, draft
from interchange.bpmn.model import GATEWAYS, SUBPROCESSES, TASKS, Model, Pool
from interchange.bpmn.reading import plain, read_bpmn
from interchange.bpmn.words import duration
from tests.interchange.bpmn_support import Walk, flows, node, of, step, written
from tests.interchange.support import expected, real

MODELS = ("advertise-vacancy", "candidate-application-as-is", "candidate-application-to-be",
          "onboarding-employee-4-pools", "onboarding-employee-single-pool")  # fmt: skip


def model(name: str) -> Model:
    """One of the real models."""
    return read_bpmn(real("onboarding_bpmn", f"{name}.bpmn"))


def only(name: str) -> Draft:
    """The draft of a real model with one pool."""
    (pool,) = model(name).pools
    return draft(pool)


# --- the real models ---


@pytest.mark.data
@pytest.mark.parametrize("name", MODELS)
def test_a_real_model_holds_what_another_tool_counted(name: str):
    """Tasks by type, gateways, lanes, flows, participants and events are those of the reference."""
    found, wanted = model(name), expected("onboarding_bpmn")[f"{name}.bpmn"]
    nodes = [node for pool in found.pools for node in pool.nodes.values()]
    ways = [flow for pool in found.pools for flow in pool.flows]
    tasks = [node for node in nodes if node.kind in TASKS]
    assert {
        "exporter": found.exporter,
        "processes": len(found.pools),
        "participants": len(found.participants),
        "lanes": [lane for pool in found.pools for lane in pool.lanes],
        "tasks": len(tasks),
        "task_types": Counter(node.kind for node in tasks),
        "subprocesses": sum(node.kind in SUBPROCESSES for node in nodes),
        "gateways": Counter(node.kind for node in nodes if node.kind in GATEWAYS),
        "timers": sum(node.trigger == "timer" for node in nodes),
        "boundary_events": sum(node.kind == "boundaryEvent" for node in nodes),
        "sequence_flows": len(ways),
        "conditional_flows": sum(bool(flow.condition) for flow in ways),
        "unnamed_tasks": sum(not node.name for node in tasks),
    } == {key: value for key, value in wanted.items() if key != "spiffworkflow_parses"}


@pytest.mark.data
@pytest.mark.parametrize("name", MODELS)
def test_every_task_of_a_real_model_is_a_step_or_listed(name: str):
    """Nothing gets lost silently: a task is a step of its name, or a remark says what became of it."""
    for pool in model(name).pools:
        found = draft(pool)
        steps = Counter(each.title for each in found.document.steps)
        told = {remark.id for remark in found.remarks if remark.became in ("text", "dropped")}
        wanted = Counter(node.name for node in pool.of(TASKS) if node.id not in told)
        assert not wanted - steps
        assert lint(found.document) == []
        asked = [node.id for node in pool.of({"exclusiveGateway"})
                 if sum(flow.source == node.id for flow in pool.flows) > 1]  # fmt: skip
        assert asked == [each.id for node in pool.of({"exclusiveGateway"}) for each in found.remarks
                         if each.id == node.id and each.became == "decision"]  # fmt: skip


@pytest.mark.data
@pytest.mark.parametrize("name", MODELS)
@pytest.mark.parametrize("seed", range(8))
def test_a_draft_of_a_real_model_runs_to_its_end(name: str, seed: int):
    """Whatever its people choose, no run of a draft gets stuck."""
    for pool in model(name).pools:
        Walk(draft(pool), seed=seed).to_the_end()


@pytest.mark.data
@pytest.mark.parametrize(
    ("choices", "outcome"),
    [
        ({"review_application_documents_and_perform_pre": "No"}, "Applicant rejected after pre-selection"),
        ({"review_application_documents_and_perform_pre": "yes", "conduct_phone_interview": "No"},
         "Applicant rejected after pre-selection"),
        ({"review_application_documents_and_perform_pre": "yes", "conduct_phone_interview": "Yes",
          "communicate_the_appointment_for_the_personal": "yes", "agree_on_applicant": "No"},
         "Applicant rejected after assessment centre"),
        ({"review_application_documents_and_perform_pre": "yes", "conduct_phone_interview": "Yes",
          "communicate_the_appointment_for_the_personal": "yes", "agree_on_applicant": "Yes",
          "conduct_face_to_face_personal_interview": "Yes"}, "Applicant hired"),
    ],
)  # fmt: skip
def test_each_branch_of_a_real_model_ends_as_the_model_says(choices: dict[str, str], outcome: str):
    """The named end that is reached is the outcome of the run; steps of other branches do not apply."""
    walk = Walk(only("candidate-application-as-is"), choices)
    run = walk.to_the_end()
    assert run.outcome == outcome
    centre = choices.get("conduct_face_to_face_personal_interview") == "Yes"
    assert run.step(StepKey("conduct_assessment_centre")).state == ("done" if centre else "not_applicable")


@pytest.mark.data
def test_the_two_modellings_diff_as_two_versions():
    """As is and to be under one key: what came, what went, and what stayed by the same name."""
    before, after = only("candidate-application-as-is"), only("candidate-application-to-be")
    changes = {(each.change, each.subject, each.where) for each in diff(before.document, after.document)}
    assert ("added", "step", "match_entered_criteria_with_minimum_criteria") in changes
    assert ("removed", "step", "check_application_documents_in_more_detail") in changes
    assert ("added", "role", "roles.online_system") in changes
    assert not any(where == "conduct_assessment_centre" for _, subject, where in changes if subject == "step")


@pytest.mark.data
def test_a_way_back_is_reopened_by_who_decides():
    """“No” leads back: the step before is reopened, and the question is asked again."""
    walk = Walk(only("advertise-vacancy"))
    walk.do("write_job_description")
    walk.do("complete_job_advertisement")
    walk.do("approve_job_advertisement", "No")
    walk.tell(reopen_step, "complete_job_advertisement", "the layout is wrong")
    assert walk.run.step(StepKey("approve_job_advertisement")).state == "locked"
    walk.do("complete_job_advertisement")
    walk.do("approve_job_advertisement", "Yes")
    assert walk.to_the_end().step(StepKey("approve_job_advertisement")).round == 2


# --- what models hold besides ---


def test_work_on_a_way_back_stands_in_the_instructions(tmp_path: Path):
    """A task that is only done on the way back is words of the decision, and listed."""
    found = of(tmp_path, node("task", "send"), node("exclusiveGateway", "accepted"), node("task", "revise"),
               node("task", "sign"), flows("send accepted", "accepted revise No", "revise send",
                                           "accepted sign Yes"))  # fmt: skip
    assert [each.key for each in found.document.steps] == ["send", "sign"]
    assert "First do “revise” (Work)" in step(found, "send").instructions
    assert ("text", "revise") in {(each.became, each.name) for each in found.remarks}


def test_branches_that_run_side_by_side_are_waited_for(tmp_path: Path):
    """Behind a parallel gateway nothing waits for each other; behind its join everything is waited for."""
    found = of(tmp_path, node("parallelGateway", "g"), *(node("task", key) for key in "abcd"),
               node("parallelGateway", "j"), flows("a g", "g b", "g c", "b j", "c j", "j d"))  # fmt: skip
    assert (step(found, "b").after, step(found, "c").after, step(found, "d").after) == (
        ("a",),
        ("a",),
        ("b", "c"),
    )


def test_several_ways_may_be_chosen_at_an_inclusive_gateway(tmp_path: Path):
    """Each way that is chosen is gone; the join waits for those only."""
    found = of(tmp_path, node("task", "a"), node("inclusiveGateway", "which"), node("task", "b"), node("task", "c"),
               node("inclusiveGateway", "j"), node("task", "d"),
               flows("a which", "which b B", "which c C", "b j", "c j", "j d"))  # fmt: skip
    run = Walk(found, {"a": "C"}).to_the_end()
    assert [run.step(StepKey(key)).state for key in "abcd"] == ["done", "not_applicable", "done", "done"]
    assert step(found, "d").when is None


@pytest.mark.parametrize("chosen", ["As planned", "late"])
def test_a_boundary_event_is_asked_for(tmp_path: Path, chosen: str):
    """Whoever does the activity says whether it was interrupted; only then the exception is handled."""
    timer = "<timerEventDefinition><timeDuration>P2D</timeDuration></timerEventDefinition>"
    found = of(tmp_path, node("task", "work"), node("boundaryEvent", "late", timer, attachedToRef="work"),
               node("task", "excuse"), node("task", "deliver"), flows("work deliver", "late excuse"))  # fmt: skip
    run = Walk(found, {"work": chosen}).to_the_end()
    states = [run.step(StepKey(key)).state for key in ("deliver", "excuse")]
    assert sorted(states) == ["done", "not_applicable"]
    assert (states[0] == "done") == (chosen == "As planned")


def test_a_sub_process_is_unfolded_in_its_place(tmp_path: Path):
    """Its first steps follow what was before it, what comes after it waits for its last ones."""
    inner = (node("startEvent", "s") + node("task", "b") + node("task", "c") + node("endEvent", "e")
             + flows("s b", "s c", "b e", "c e").replace('id="f', 'id="g'))  # fmt: skip
    found = of(tmp_path, node("task", "a"), node("subProcess", "sub", inner), node("task", "d"),
               flows("a sub", "sub d"))  # fmt: skip
    assert [(each.key, each.after) for each in found.document.steps] == [
        ("a", ()), ("b", ("a",)), ("c", ("a",)), ("d", ("b", "c")),
    ]  # fmt: skip


def test_waits_are_steps_that_wait(tmp_path: Path):
    """A message is waited for by its name, a duration from when the step is ready; anything else a person sees to."""
    catch = "intermediateCatchEvent"
    timers = {key: f"<timerEventDefinition><timeDuration>{said}</timeDuration></timerEventDefinition>"
              for key, said in (("pause", "P1W"), ("soon", "${soon}"))}  # fmt: skip
    found = of(tmp_path, node(catch, "paper", '<messageEventDefinition messageRef="m"/>'),
               *(node(catch, key, said) for key, said in timers.items()),
               flows("paper pause", "pause soon"))  # fmt: skip
    paper, pause = step(found, "paper").wait, step(found, "pause").wait
    assert paper is not None
    assert paper.event == "paper"
    assert pause is not None
    assert pause.until is not None
    assert (pause.until.offset, pause.until.unit) == (7, "calendar_days")
    assert step(found, "soon").kind == "task"
    Walk(found).to_the_end()


@pytest.mark.parametrize(
    ("said", "offset"),
    [
        ("PT4H", (4, "hours")),
        ("P1DT12H", (36, "hours")),
        ("P2W", (14, "calendar_days")),
        ("P1M", None),
        ("P", None),
    ],
)
def test_durations_are_read_in_weeks_days_and_hours(said: str, offset: tuple[int, str] | None):
    """What has no exact length is not guessed."""
    found = duration(said)
    assert (found and (found["offset"], found["unit"])) == offset


def test_an_event_that_decides_is_not_waited_for_again(tmp_path: Path):
    """Which event came first is chosen by a person; the events themselves are no steps."""
    message = "<messageEventDefinition/>"
    found = of(tmp_path, node("task", "ask"), node("eventBasedGateway", "first"),
               node("intermediateCatchEvent", "yes", message), node("intermediateCatchEvent", "no", message),
               node("task", "go"), node("task", "stop"),
               flows("ask first", "first yes", "first no", "yes go", "no stop"))  # fmt: skip
    assert [each.key for each in found.document.steps] == ["ask", "first", "go", "stop"]
    assert step(found, "first").fields[0].choices == ("yes", "no")


def test_machines_work_is_a_persons_until_somebody_says_how(tmp_path: Path):
    """Nothing is sent or called that nobody wrote: such tasks are a person's, and listed."""
    kinds = ("sendTask", "serviceTask", "scriptTask", "businessRuleTask", "callActivity")
    found = of(tmp_path, *(node(kind, kind) for kind in kinds))
    assert {each.kind for each in found.document.steps} == {"task"}
    assert [each.kind for each in found.remarks if each.became == "by hand"] == list(kinds)


def test_a_condition_of_a_machine_is_a_persons_choice(tmp_path: Path):
    """A flow with an expression is an option named by it, and listed."""
    condition = "<conditionExpression>sum &gt; 5</conditionExpression>"
    flow = f'<sequenceFlow id="x" sourceRef="g" targetRef="b">{condition}</sequenceFlow>'
    found = of(tmp_path, *(node("task", key) for key in "abc"), node("exclusiveGateway", "g", default="f2"), flow,
               flows("a g", "g c"))  # fmt: skip
    assert set(step(found, "a").fields[0].choices) == {"Otherwise", "sum > 5"}
    assert any("not evaluated" in each.why for each in found.remarks)


def conditional(key: str, source: str, target: str, expression: str) -> str:
    """A sequence flow that carries an expression."""
    inner = f"<conditionExpression>{expression}</conditionExpression>"
    return f'<sequenceFlow id="{key}" sourceRef="{source}" targetRef="{target}">{inner}</sequenceFlow>'


@pytest.mark.parametrize(("option", "done"), [("sum &gt; 5", "b"), ("Otherwise", "c")])
def test_a_condition_without_a_gateway_is_a_choice_too(tmp_path: Path, option: str, done: str):
    """A task that goes on under a condition, or else by its default: one of the two is done, and it is listed."""
    found = of(tmp_path, node("task", "a", default="other"), node("task", "b"), node("task", "c"),
               conditional("x", "a", "b", "sum &gt; 5"),
               '<sequenceFlow id="other" sourceRef="a" targetRef="c"/>')  # fmt: skip
    assert step(found, "a").fields[0].choices == ("sum > 5", "Otherwise")
    run = Walk(found, {"a": option.replace("&gt;", ">")}).to_the_end()
    assert {key for key, each in run.steps.items() if each.state == "done"} == {"a", done}
    assert any("not evaluated" in each.why for each in found.remarks)


def test_several_conditions_of_a_task_are_several_choices(tmp_path: Path):
    """Every condition that holds is gone by, and the flow without one in any case."""
    found = of(tmp_path, *(node("task", key) for key in "abcd"), conditional("x", "a", "b", "one"),
               conditional("y", "a", "c", "two"), flows("a d"))  # fmt: skip
    (asked,) = [each for each in found.document.steps if each.fields]
    assert asked.fields[0].kind == "multi_choice"
    assert set(asked.fields[0].choices) == {"one", "two", "Otherwise"}
    run = Walk(found, {asked.key: "two"}).to_the_end()
    assert {key for key, each in run.steps.items() if each.state == "done"} == {"a", "c", "d", asked.key}


def test_conditions_behind_a_sub_process_and_a_boundary_event_are_choices(tmp_path: Path):
    """The choice comes when all of the sub-process is done, and after the question whether the event happened."""
    found = of(tmp_path, node("subProcess", "s", node("task", "inner"), default="f1"), node("task", "b"),
               node("boundaryEvent", "late", "<timerEventDefinition/>", attachedToRef="s"), node("task", "hurry"),
               node("task", "c"), conditional("x", "s", "b", "big"), flows("s c", "late hurry"))  # fmt: skip
    walk = Walk(found, {"which_way_after_inner": "big"})
    assert lint(found.document) == []
    asked = [each.fields[0].choices for each in found.document.steps if each.fields]
    assert ("big", "Otherwise") in asked
    assert walk.to_the_end().state == "completed"


def test_a_condition_that_nobody_asks_for_is_listed(tmp_path: Path):
    """The only way on, and a way out of a parallel gateway, are taken always; the draft says what it leaves out."""
    found = of(tmp_path, *(node("task", key) for key in "abc"), node("parallelGateway", "g"),
               conditional("x", "a", "g", "lucky"), conditional("y", "g", "b", "rich"), flows("g c"))  # fmt: skip
    assert {each.id for each in found.remarks if "always taken" in each.why} == {"x", "y"}


def test_links_compensation_and_event_sub_processes(tmp_path: Path):
    """A link is followed; what begins outside the flow is left out with all that follows from it, and listed."""
    found = of(tmp_path, node("task", "a"), node("intermediateThrowEvent", "out", '<linkEventDefinition name="L"/>'),
               node("intermediateCatchEvent", "in", '<linkEventDefinition name="L"/>'), node("task", "b"),
               node("boundaryEvent", "undo", "<compensateEventDefinition/>", attachedToRef="a"),
               node("task", "refund"), node("subProcess", "alarm", node("task", "inner"), triggeredByEvent="true"),
               flows("a out", "in b", "undo refund"))  # fmt: skip
    assert [(each.key, each.after) for each in found.document.steps] == [("a", ()), ("b", ("a",))]
    assert {each.name for each in found.remarks if each.became == "dropped"} == {
        "undo",
        "refund",
        "alarm",
        "inner",
    }


def test_what_pools_send_each_other_is_listed(tmp_path: Path):
    """Pools are processes of their own; an empty one and the messages between them are said."""
    around = ('<collaboration id="c"><participant id="x" name="Shop" processRef="p"/><participant id="y" name="Bank"/>'
              '<messageFlow id="m" name="Money" sourceRef="a" targetRef="y"/></collaboration>')  # fmt: skip
    found = read_bpmn(written(tmp_path / "m.bpmn", node("task", "a"), around=around))
    assert [(each.kind, each.name) for each in found.remarks] == [
        ("participant", "Bank"),
        ("messageFlow", "Money"),
    ]
    assert found.pools[0].name == "Shop"


def test_words_of_the_model_are_instructions(tmp_path: Path):
    """Documentation, annotations and data stand where the work is done, without markup."""
    inner = "<documentation>" + escape("<p>Be <b>kind</b>.</p><p>Twice.</p>") + "</documentation>"
    found = of(tmp_path, node("task", "a", inner), node("textAnnotation", "t", "<text>In pencil</text>"),
               '<association id="x" sourceRef="t" targetRef="a"/>')  # fmt: skip
    assert step(found, "a").instructions == "Be kind.\nTwice.\nIn pencil"
    assert plain("a&amp;b<br/>c") == "a&b\nc"


def test_names_that_look_alike_or_have_no_letters_get_keys_of_their_own(tmp_path: Path):
    """Keys are ASCII, differ at a glance, and never mean something else."""
    names = ("Prüfung", "審査", "審査", "run", "go l", "go 1", "", "1. Send", "x" * 300)
    found = of(tmp_path, *(node("task", f"t{number}", name=name) for number, name in enumerate(names)))
    keys = [each.key for each in found.document.steps]
    assert keys == ["prufung", "task", "task_2", "run_2", "go_l", "go_1_2", "task_3", "send", "x" * 48]


def names(pools: Iterable[Pool]) -> list[str]:
    """What the pools are called."""
    return [pool.name for pool in pools]


@pytest.mark.data
def test_each_pool_is_a_process_of_its_own():
    """Four pools make four drafts, named by their pools."""
    found = model("onboarding-employee-4-pools")
    assert names(found.pools) == ["Money Bank", "IT", "Payroll", "Facilities"]
    assert [draft(pool).document.key for pool in found.pools] == [
        "onboarding_employee",
        "it",
        "payroll",
        "facilities",
    ]
