"""Answers made by hand, as the read models give them: enough of everything that a page can show."""

from __future__ import annotations

from dataclasses import asdict
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from uuid import UUID

from ruamel.yaml import YAML

from api.run.contents import AskedAnew, Changed, ContentView, GroupShown, TextShown, ValueShown
from domain.document import Document
from projections import answers as a
from projections.answers.forecasts import LeverAnswer, RunForecast
from projections.machine.action_queries import IncidentRow
from web.pages.run_panels import Beside

NOW = datetime(2026, 11, 23, 14, 3, 7, tzinfo=UTC)
PROJECT = UUID(int=7)
CANARY = "<script>alert('canary')</script>\" onmouseover=\"alert(1)"
_SHIPPED = Path(__file__).parents[2] / "processes" / "customer-onboarding.yaml"
_PEOPLE = ("person:dana", "person:bo", "guest:customer_champion", "group:legal", None)
_STATES = ("in_progress", "late", "needs_help", "at_risk", "blocked", "not_started")


def document() -> Document:
    """The shipped process for customers."""
    return Document.model_validate(YAML(typ="safe").load(_SHIPPED))


def dots(stages: list[tuple[str, str]], at: int, state: str) -> tuple[a.StageDot, ...]:
    """Stages done before ``at``, that one in ``state``, the rest not begun."""
    found = []
    for number, (key, title) in enumerate(stages):
        word = "done" if number < at else state if number == at else "not_started"
        found.append(a.StageDot(key, title, word, "Approved by Dana, 12 Nov" if word == "done" else None))
    return tuple(found)


def card(number: int, stages: list[tuple[str, str]], at: int, name: str = "") -> a.Card:
    """A run's card in the stage with number ``at``."""
    state = _STATES[number % len(_STATES)]
    needs = (
        a.Help("No answer from the customer's IT", NOW - timedelta(days=2), "Customer IT")
        if state == "needs_help"
        else None
    )
    return a.Card(
        UUID(int=1000 + number),
        "run",
        name or f"Larch Logistics {number} – onboarding (Business)",
        PROJECT,
        stages[at][0],
        state,
        12,
        rank=f"a{number:04}",
        priority=("urgent", "none", "high", "none")[number % 4],
        process="customer_onboarding",
        process_version=2,
        stages=dots(stages, at, state),
        progress=0.4,
        next_action="Customer signs the agreement",
        who=_PEOPLE[number % 5],
        due_at=NOW + timedelta(days=number % 5 - 2),
        overdue=number % 5 < 2,
        entered_stage_at=NOW - timedelta(days=number % 9, hours=3),
        help=needs,
        blocked="Waits for provisioning" if state == "blocked" else None,
        comments=number % 3,
        started_at=NOW - timedelta(days=20),
    )


def task(number: int, stage: str, name: str = "Order welcome gifts") -> a.Card:
    """A free card."""
    return a.Card(
        UUID(int=5000 + number),
        "task",
        name,
        PROJECT,
        stage,
        "in_progress",
        3,
        rank=f"b{number:04}",
        who="person:bo",
        due_at=NOW + timedelta(days=1),
        labels=("gifts",),
        checklist_done=1,
        checklist_total=3,
    )


def board(cards: int = 14, name: str = "Customer onboarding") -> a.Board:
    """A board with this many runs, two tasks and a finished run."""
    stages = [(stage.key, stage.title) for stage in document().stages]
    columns = []
    for at, (key, title) in enumerate(stages):
        held = [
            card(number, stages, at, name if name == CANARY else "")
            for number in range(at, cards, len(stages))
        ]
        free = [task(at, key)] if at in (0, 2) else []
        columns.append(
            a.BoardColumn(key, title, 2 if at == 1 else None, len(held) + len(free), (*held, *free))
        )
    funnel = a.Funnel(54, 12, (), {"Adopted": 37, "Not signed": 3}, 900, NOW)
    members = (a.Member("person:dana", "manager"),)
    return a.Board(
        PROJECT,
        name,
        "person:dana",
        "customer_onboarding",
        "open",
        3,
        members,
        tuple(columns),
        funnel,
        900,
        NOW,
    )


def run(name: str = "Larch Logistics – onboarding (Business)", step_state: str = "ready") -> a.RunView:
    """A run of the shipped process: the first stage done, the second at work, the rest locked."""
    stages = []
    for at, stage in enumerate(document().stages):
        steps = tuple(
            _step(step.model_dump(), stage.key, at, number, step_state)
            for number, step in enumerate(stage.steps)
        )
        word = ("done", "late")[at] if at < 2 else "not_started"
        stages.append(
            a.StageView(
                stage.key,
                stage.title,
                word,
                "Handed over" if at == 0 else None,
                steps,
                NOW if at < 2 else None,
            )
        )
    return a.RunView(
        UUID(int=42),
        name,
        "customer_onboarding",
        "Customer onboarding",
        2,
        "running",
        stages[1].key,
        0.31,
        tuple(stages),
        {"customer_name": "Larch"},
        {"onboarding_manager": "person:bo"},
        PROJECT,
        "high",
        NOW + timedelta(days=30),
        None,
        None,
        NOW - timedelta(days=9),
        None,
        "person:dana",
        None,
        None,
        False,
        31,
        900,
        NOW,
        3,
    )


def _step(told: dict[str, object], stage: str, at: int, number: int, step_state: str) -> a.StepView:
    done = at == 0 or (at == 1 and number < 3)
    state = "done" if done else step_state if at == 1 and number in (3, 4) else "locked"
    waits = (
        ()
        if state != "locked"
        else (a.WaitsFor("countersign", "Countersign", "group:legal", NOW + timedelta(days=1), "ready"),)
    )
    return a.StepView(
        str(told["key"]),
        str(told["title"]),
        str(told["kind"]),
        stage,
        str(told["role"]),
        True,
        state,
        1,
        assignee=_PEOPLE[number % 4],
        by="person:dana" if done else None,
        ready_at=NOW - timedelta(days=8) if state != "locked" else None,
        ended_at=NOW - timedelta(days=7) if done else None,
        due_at=NOW - timedelta(days=1),
        overdue=state == "ready",
        waits_for=waits,
        outcome="Handed over" if done and number == 5 else None,
        values={"goals": CANARY} if done else {},
        gate=told["gate"] is not None,
        instructions=str(told["instructions"]),
        fields=tuple(told["fields"]),  # type: ignore[arg-type]
    )


def history() -> a.History:
    """A few events, newest first, and others before them."""
    told: tuple[tuple[str, str | None, str | None, dict[str, object]], ...] = (
        ("help_requested", "person:bo", "customer_signs", {"reason": "The customer's lawyer is away"}),
        ("step_became_overdue", None, "customer_signs", {}),
        ("step_became_ready", None, "customer_signs", {"cause": "rule"}),
        ("step_completed", "person:dana", "handoff_note", {"values": {}, "outcome": None}),
        ("run_started", "person:dana", None, {}),
    )
    entries = (
        a.HistoryEntry(900 - n, 31 - n, type_, NOW - timedelta(hours=n * 7), NOW, by, step, 1, dict(data))
        for n, (type_, by, step, data) in enumerate(told)
    )
    return a.History(tuple(entries), 27, 900, NOW, more=26)


def home(name: str = "Larch Logistics – onboarding (Business)") -> a.Home:
    """A person's first page."""
    inbox = tuple(
        a.InboxRow(
            "step",
            UUID(int=n),
            "countersign",
            title,
            name,
            "customer_onboarding",
            PROJECT,
            "Customer onboarding",
            "signed",
            "ready",
            "person:dana",
            NOW + timedelta(days=n - 1),
            n < 1,
            ("urgent", "none", "high")[n % 3],
            NOW,
            "approval" if n == 1 else "form",
        )
        for n, title in enumerate(
            ("Countersign the agreement", "Decide go / no-go", "Name the onboarding team")
        )
    )
    attention = tuple(
        a.AttentionRow(
            kind,  # type: ignore[arg-type]
            "run",
            UUID(int=20 + n),
            name,
            PROJECT,
            "Customer onboarding",
            "customer_onboarding",
            "customer_signs",
            "Customer signs",
            why,
            "guest:customer_champion",
            NOW - timedelta(days=3 + n),
            None,
            "none",
            a.Fix(action, action.capitalize(), "POST", f"/v1/runs/{UUID(int=20 + n)}/{action}"),
        )
        for n, (kind, why, action) in enumerate(
            (
                ("needs_help", "Needs help: the customer's lawyer is away", "clear-help"),
                ("late", "Customer signs the agreement is 3 days late", "nudge"),
                ("unassigned", "Nobody has the kickoff", "assign"),
            )
        )
    )
    stages = tuple(
        a.FunnelStage(key, title, 20, n % 4)
        for n, (key, title) in enumerate((s.key, s.title) for s in document().stages)
    )
    projects = (
        a.ProjectRow(
            PROJECT,
            "Customer onboarding",
            "open",
            "person:dana",
            "customer_onboarding",
            12,
            2,
            40,
            4,
            NOW,
            stages,
        ),
    )
    processes = (
        a.ProcessRow(
            "customer_onboarding",
            "Customer onboarding",
            "Success",
            2,
            2,
            "published",
            6,
            47,
            12,
            40,
            False,
            4,
            NOW,
        ),
    )
    return a.Home(
        "person:dana",
        inbox,
        3,
        1,
        projects,
        processes,
        attention,
        {"late": 1, "needs_help": 1, "unassigned": 1},
        900,
        NOW,
    )


def about(text: str = "Larch Logistics") -> dict[str, Any]:
    """What a decision is about, with a value of every shape, and what of it has changed."""
    file = {"name": text, "sha256": "0" * 64, "size": 1, "type": "text/plain"}
    columns = ({"key": "part", "title": text, "kind": "text"},)
    shapes: tuple[tuple[str, Any], ...] = (
        ("long_text", text), ("table", [{"part": text}]), ("files", [file]), ("url", text),
        ("person", f"person:{text}"),
        ("multi_choice", [text]), ("number", text), ("table", text), ("files", text),
    )  # fmt: skip
    values = tuple(
        ValueShown(f"offer.f{at}", text, kind, text, columns, value)
        for at, (kind, value) in enumerate(shapes)
    )
    changes = tuple(Changed(one.path, text, one.kind, text, columns, one.value, None) for one in values)
    anew = AskedAnew("1" * 64, ("offer.price",), changes)
    groups = (GroupShown("offer", text, "done", values), GroupShown("plan", text, "skipped", ()))
    shown = (TextShown(text, text),)
    return asdict(
        ContentView("review", text, "approval", "ready", 2, text, "0" * 64, shown, groups, None, anew)
    )


def beside(run: Any, step: str) -> Beside:
    """A forecast that is not good, and an incident of this step."""
    forecast = RunForecast(run.id, run.process, "at_risk", run.name, 4, 12, NOW, NOW, 0.4, NOW, (), NOW, 1)
    incident = IncidentRow(
        UUID(int=9), "failed", run.name, "person:dana", NOW, run.id, step, 1, "http", "http", "failed", 6, run.name,
        run.process, 1, step, run.project, False, 1,
    )  # fmt: skip
    lever = LeverAnswer(step, run.name, "assign", 2.5, f"Give “{run.name}” to somebody")
    return Beside(forecast, (incident,), (lever,))
