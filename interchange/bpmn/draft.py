"""Makes a draft process document of a pool: steps for its work, decisions for its gateways, remarks for the rest."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any

from domain.document import Document
from domain.lint import MOST_STEPS, lint
from interchange.bad_log import BadLog
from interchange.bpmn import words
from interchange.bpmn.conditions import (
    ALWAYS,
    Choice,
    TooTangled,
    When,
    condition,
    either,
    every,
    with_choice,
)
from interchange.bpmn.graph import OTHERWISE, Graph, flatten
from interchange.bpmn.loops import Loops
from interchange.bpmn.model import TASKS, Flow, Node, Pool, Remark

_SEVERAL = frozenset({"inclusiveGateway", "complexGateway"})
_THROWS = frozenset({"message", "signal", "escalation"})
_LONGEST_TEXT = 20_000
_KEY = re.compile(r"[a-z][a-z0-9_]{0,63}")
STAGE = "work"


@dataclass(frozen=True)
class Draft:
    """A document that can be published, and what became of everything that it does not hold as the model did."""

    pool: str
    document: Document
    remarks: tuple[Remark, ...]


@dataclass(slots=True)
class Decision:
    """Who chooses at a gateway: the step and field that hold it, and the option that each flow stands for."""

    step: str
    field: str
    several: bool
    options: dict[int, str]
    forward: frozenset[str]

    @property
    def path(self) -> str:
        """The field as conditions name it."""
        return f"{self.step}.{self.field}"


def draft(pool: Pool, process: str | None = None) -> Draft:
    """The draft of one pool; ``process`` is its key where the title's own will not do. BadLog when it holds no work."""
    maker = _Maker(flatten(pool))
    why = "the model has no stages: all steps stand in one; make stages of them"
    maker.graph.pool.remarks.append(Remark("assumed", "process", pool.id, pool.name, why))
    maker.make()
    if not maker.steps:
        raise BadLog(f"the pool {pool.name!r} holds no work", accepted="a process with at least one task")
    key = process or words.key_of(pool.title) or "process"
    if _KEY.fullmatch(key) is None:
        raise BadLog(
            f"{key!r} is not the key of a process", accepted="a-z first, then a-z, 0-9 and _, 64 at most"
        )
    document = Document.model_validate(maker.written(key))
    findings = lint(document)
    if findings:
        raise BadLog(f"the draft of {pool.name!r} cannot be published: {findings[0].message}",
                     accepted=", ".join(findings[0].accepted) or None)  # fmt: skip
    return Draft(pool.name, document, tuple(dict.fromkeys(maker.graph.pool.remarks)))


@dataclass
class _Maker:
    """Walks through the graph once, each node after those that lead to it."""

    graph: Graph
    keys: words.Keys = field(default_factory=words.Keys)
    role_keys: words.Keys = field(default_factory=words.Keys)
    roles: dict[str, str] = field(default_factory=dict)
    steps: dict[str, dict[str, Any]] = field(default_factory=dict)
    step_of: dict[str, str] = field(default_factory=dict)
    """The step that stands for a node; a gateway's is the one where it is decided."""
    decided: dict[str, Decision] = field(default_factory=dict)
    whens: dict[str, When] = field(default_factory=dict)
    heads: dict[str, frozenset[str]] = field(default_factory=dict)
    """The last steps on the ways to a node, itself included."""
    before: dict[str, set[str]] = field(default_factory=dict)
    going_on: dict[str, frozenset[str]] = field(default_factory=dict)
    """For each decision, by its field, the options that do not lead back."""

    def make(self) -> None:
        for key in self.graph.order:
            self._visit(self.graph.nodes[key])
        loops = Loops(self.graph, self.step_of, {key: step["title"] for key, step in self.steps.items()})
        for gateway, decision in self.decided.items():
            self._let_return(decision, loops.ways_back(gateway, decision.options))
        loops.remark_rest()
        self._name_ends()
        self._remark_conditions()

    # --- where a node stands ---

    def _visit(self, node: Node) -> None:
        into = self.graph.forward(self.graph.into[node.id])
        self.whens[node.id] = self._when(node, into)
        after = frozenset().union(*(self.heads[flow.source] for flow in into))
        if node.id in self.decided:  # the step before it has the field already
            self.heads[node.id] = after
        elif self.graph.decides(node.id):
            self._decide(node, after)
        elif (kind := self._kind(node)) is not None:
            self._add(node, after, kind)
            self._host(node)
        else:
            self.heads[node.id] = after
            self._pass(node)

    def _when(self, node: Node, into: list[Flow]) -> When:
        if not into:
            return ALWAYS
        parts = [self._when_taken(flow) for flow in into]
        try:
            if node.kind == "parallelGateway" and (found := every(parts, self.going_on)):
                return found
            return either(parts, self.going_on)
        except TooTangled:
            why = "the ways to it cross too often to say when it is done: it always is; skip it where it is not needed"
            self.graph.remark("assumed", node, why)
            return ALWAYS

    def _when_taken(self, flow: Flow) -> When:
        decision = self.decided.get(flow.source)
        if decision is None or len(decision.forward) == 1:
            return self.whens[flow.source]
        choice = Choice(decision.path, decision.options[id(flow)], decision.several)
        return with_choice(self.whens[flow.source], choice)

    def _kind(self, node: Node) -> str | None:
        """What a node is in the draft; None for one that only leads on."""
        catches = node.kind in ("intermediateCatchEvent", "receiveTask") and node.trigger != "link"
        if catches:
            told = any(self.graph.nodes[flow.source].kind == "eventBasedGateway" and flow.source in self.decided
                       for flow in self.graph.into[node.id])  # fmt: skip
            return None if told else "wait"
        throws = node.kind in ("intermediateThrowEvent", "endEvent") and node.trigger in _THROWS
        return "task" if node.kind in TASKS or throws else None

    # --- steps ---

    def _add(self, node: Node, after: frozenset[str], kind: str) -> str:
        if len(self.steps) == MOST_STEPS:
            raise BadLog(
                "the model has too many steps", line=node.line, accepted=f"at most {MOST_STEPS} steps"
            )
        key = self.keys.take(node.name or node.detail, node.kind)
        step: dict[str, Any] = {
            "key": key,
            "title": words.title_of(node),
            "kind": kind,
            "role": self._role(node),
        }
        step["after"] = self._nearest(after)
        said = words.instructions(node)
        if kind == "wait":
            self._wait(node, step, said)
        elif node.kind in words.BY_HAND:
            self.graph.remark("by hand", node, words.BY_HAND[node.kind])
        elif node.trigger is not None:
            said.append(words.THROWN.format(trigger=f"{node.trigger} “{node.detail or node.name}”"))
            self.graph.remark("by hand", node, said[-1])
        step["instructions"] = said
        if (found := condition(self.whens[node.id])) is not None:
            step["when"] = found
        self.steps[key] = step
        self.step_of[node.id] = key
        self.heads[node.id] = frozenset({key})
        self.before[key] = set(after).union(*(self.before[other] for other in after))
        return key

    def _wait(self, node: Node, step: dict[str, Any], said: list[str]) -> None:
        found = words.waiting(node, step["key"])
        if found is not None:
            step["wait"] = found
            self.graph.remark("wait", node, "the step ends with this event or instant; nobody sends it yet")
            return
        step["kind"] = "task"
        said.append(f"Wait until it is so: {node.detail or node.name or node.trigger or 'the event'}.")
        self.graph.remark("by hand", node, "only a person can say that it happened")

    def _nearest(self, after: frozenset[str]) -> list[str]:
        """Of the steps to wait for those that no other one waits for already, in document order."""
        return [key for key in self.steps if key in after
                and not any(key in self.before[other] for other in after)]  # fmt: skip

    def _role(self, node: Node) -> str:
        lanes = self.graph.pool.lane_of
        into = self.graph.into[node.id]
        if node.id not in lanes and into and into[0].source in lanes:  # a gateway need not be in a lane
            lanes[node.id] = lanes[into[0].source]
        title = lanes.get(node.id) or self.graph.pool.name
        if title not in self.roles:
            self.roles[title] = self.role_keys.take(title, "role")
        return self.roles[title]

    def _pass(self, node: Node) -> None:
        if node.kind == "startEvent" and node.trigger is not None:
            self.graph.remark(
                "dropped", node, f"a run is begun by hand or by a program, not by a {node.trigger}"
            )
        elif node.kind == "intermediateThrowEvent" and node.trigger != "link":
            self.graph.remark("dropped", node, "nothing is done here")
        elif node.kind == "endEvent" and node.trigger is not None:
            why = f"a {node.trigger} end stops everything; here the other branches go on: skip them or cancel the run"
            self.graph.remark("dropped", node, why)
        elif node.kind in ("intermediateCatchEvent", "receiveTask") and node.trigger != "link":
            self.graph.remark("dropped", node, "the decision before it says already that it happened")

    # --- decisions ---

    def _host(self, node: Node) -> None:
        """Let who does the step choose at the gateway right behind it, where that is the same people's."""
        key, onward = self.step_of[node.id], self.graph.out[node.id]
        if len(onward) != 1 or self.steps[key]["kind"] == "wait":
            return
        gateway = self.graph.nodes[onward[0].target]
        alone = len(self.graph.forward(self.graph.into[gateway.id])) == 1
        if gateway.kind == "eventBasedGateway" or not alone or not self.graph.decides(gateway.id):
            return
        if gateway.id not in self.graph.folded and self._role(gateway) == self._role(node):
            self._ask(gateway, key)

    def _decide(self, node: Node, after: frozenset[str]) -> None:
        """A gateway of its own becomes a step that only asks."""
        before = self._nearest(after)
        name = node.name or (
            f"Which way after {self.steps[before[-1]]['title']}?" if before else "Which way?"
        )
        node.name = name
        self._ask(node, self._add(node, after, "form"))

    def _ask(self, gateway: Node, key: str) -> None:
        several = gateway.kind in _SEVERAL
        options = self._options(gateway)
        forward = [flow for flow in self.graph.out[gateway.id] if not self.graph.is_return(flow)]
        title = words.title_of(gateway) if gateway.name else "Which way?"
        name = words.key_of(gateway.name) or "choice"
        asked = {
            "key": name,
            "title": title,
            "kind": "multi_choice" if several else "choice",
            "required": True,
        }
        step = self.steps[key]
        step["kind"] = "form"
        step["fields"] = [{**asked, "choices": list(options.values())}]
        self.step_of[gateway.id] = key
        going = frozenset(options[id(flow)] for flow in forward)
        self.decided[gateway.id] = decision = Decision(key, name, several, options, going)
        self.going_on[decision.path] = going
        named = ", ".join(f"“{option}”" for option in options.values())
        self.graph.remark("decision", gateway, f"a person chooses in the step “{step['title']}”: {named}")
        for flow in self.graph.out[gateway.id]:
            if flow.condition:
                why = f"the condition {flow.condition!r} is not evaluated: a person chooses “{options[id(flow)]}”"
                self.graph.pool.remarks.append(Remark("decision", "sequenceFlow", flow.id, flow.name, why))

    def _options(self, gateway: Node) -> dict[int, str]:
        """A different name for each flow: its own, its condition, or where it leads."""
        found: dict[int, str] = {}
        for number, flow in enumerate(self.graph.out[gateway.id], 1):
            target = words.title_of(self.graph.nodes[flow.target])
            usual = flow.name or flow.condition or (OTHERWISE if flow.default else target)
            names = [usual, f"{usual}: {target}", f"Way {number}: {target}"]
            free = (short for name in names if (short := words.short(name)) not in found.values())
            found[id(flow)] = next(free, f"Way {number}")
        return found

    def _remark_conditions(self) -> None:
        """A condition at which nobody chooses is not lost without a word."""
        for flow in self.graph.flows:
            if flow.condition and flow.source not in self.decided:
                why = f"the condition {flow.condition!r} is not evaluated: this way is always taken"
                self.graph.pool.remarks.append(Remark("assumed", "sequenceFlow", flow.id, flow.name, why))

    def _let_return(self, decision: Decision, ways: dict[str, str]) -> None:
        """The step asks again until a way on is chosen; its instructions say what the ways back mean."""
        if not ways:
            return
        step = self.steps[decision.step]
        step["instructions"] += ways.values()
        if not decision.forward:
            return
        back = [{"field": decision.path, "operator": "contains", "value": option} for option in ways]
        going = [option for option in decision.options.values() if option in decision.forward]
        on: dict[str, Any] = {"field": decision.path, "operator": "in", "value": going}
        if len(going) == 1:
            on |= {"operator": "equals", "value": going[0]}
        step["repeat_until"] = {"condition": {"not": {"any": back}} if decision.several else on}

    # --- the document ---

    def _name_ends(self) -> None:
        """The last step before a named end has its name as its outcome, and with it the run."""
        for node in self.graph.pool.of({"endEvent"}):
            if not words.says_something(node.name) or node.id not in self.heads:
                continue
            own = self.step_of.get(node.id)
            before = [flow.source for flow in self.graph.forward(self.graph.into[node.id])]
            lasts = [own] if own else [self.step_of[key] for key in before if self._is_last(key)]
            for key in lasts:
                self.steps[key] |= {"outcome": words.short(node.name), "closes_run": True}
            if not own and len(lasts) < len(before):
                why = "no single step comes right before this end: name the outcome yourself"
                self.graph.remark("dropped", node, why)

    def _is_last(self, key: str) -> bool:
        """Whether the node is a step of its own after which nothing comes but an end."""
        return key in self.step_of and key not in self.decided and len(self.graph.out[key]) == 1

    def written(self, process: str) -> dict[str, Any]:
        """The document as data."""
        pool = self.graph.pool
        starts = [node.name for node in pool.of({"startEvent"}) if node.name and not node.inside]
        description = [*pool.description, *(f"Begins with: {name}." for name in starts)]
        inputs = words.Keys()
        return {
            "key": process,
            "title": words.short(pool.title),
            "owner": words.short(pool.name),
            "description": _text(description),
            "inputs": [{"key": inputs.take(name, "input"), "title": words.short(name), "kind": "text"}
                       for name in dict.fromkeys(pool.inputs)],
            "roles": [{"key": key, "title": words.short(title)} for title, key in self.roles.items()],
            "stages": [{"key": STAGE, "title": "Work", "steps": [
                {**step, "instructions": _text(step["instructions"])} for step in self.steps.values()
            ]}],
        }  # fmt: skip


def _text(lines: Iterable[str]) -> str:
    return "\n".join(lines)[:_LONGEST_TEXT]
