"""What a BPMN model says, as plain values: pools with lanes, nodes and flows, and remarks about what became of them."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass, field
from typing import Literal

TASKS = frozenset({
    "task", "userTask", "manualTask", "sendTask", "receiveTask", "serviceTask", "scriptTask", "businessRuleTask",
    "callActivity",
})  # fmt: skip
GATEWAYS = frozenset(
    {"exclusiveGateway", "inclusiveGateway", "parallelGateway", "eventBasedGateway", "complexGateway"}
)
SUBPROCESSES = frozenset({"subProcess", "adHocSubProcess", "transaction"})
EVENTS = frozenset(
    {"startEvent", "endEvent", "intermediateCatchEvent", "intermediateThrowEvent", "boundaryEvent"}
)

Became = Literal["dropped", "decision", "by hand", "wait", "text", "assumed"]
"""What became of an element: left out, a person's choice, a person's work, a wait, words in instructions, a guess."""


@dataclass(frozen=True)
class Remark:
    """One thing of the model that the draft holds differently or not at all, and why."""

    became: Became
    kind: str
    id: str
    name: str
    why: str


@dataclass(slots=True)
class Node:
    """A task, gateway, event or sub-process.

    ``inside`` is the sub-process that holds it, ``host`` the activity that a boundary event is on.
    """

    id: str
    kind: str
    name: str
    line: int = 0
    inside: str | None = None
    texts: list[str] = field(default_factory=list)
    performers: list[str] = field(default_factory=list)
    needs: list[str] = field(default_factory=list)
    produces: list[str] = field(default_factory=list)
    trigger: str | None = None
    """The definition of an event without its ending: ``message``, ``timer``, ``signal``, ``link``, ``terminate`` …"""
    detail: str = ""
    """The name of the message or signal, the expression of the timer or condition, the process that is called."""
    host: str | None = None
    interrupting: bool = True
    repeats: Literal["until it is right", "once for each"] | None = None
    apart: bool = False
    """An event sub-process or compensation: nothing flows into it."""


@dataclass(slots=True)
class Flow:
    """A sequence flow; ``condition`` is the expression that it carries, for a machine to evaluate."""

    id: str
    source: str
    target: str
    name: str = ""
    condition: str = ""
    default: bool = False


@dataclass(slots=True)
class Pool:
    """One process of the model and the participant that runs it."""

    id: str
    name: str
    title: str
    description: list[str] = field(default_factory=list)
    inputs: list[str] = field(default_factory=list)
    lanes: list[str] = field(default_factory=list)
    lane_of: dict[str, str] = field(default_factory=dict)
    nodes: dict[str, Node] = field(default_factory=dict)
    flows: list[Flow] = field(default_factory=list)
    remarks: list[Remark] = field(default_factory=list)

    def of(self, kinds: Collection[str]) -> list[Node]:
        """The nodes of these kinds in the order of the file."""
        return [node for node in self.nodes.values() if node.kind in kinds]


@dataclass(slots=True)
class Model:
    """A BPMN file: its pools that hold something, its participants, and what belongs to no pool."""

    title: str
    exporter: str | None
    participants: list[str]
    pools: list[Pool]
    remarks: list[Remark] = field(default_factory=list)
