"""Reads a BPMN 2.0 model: what each pool holds, and in what words; the draft that follows is made elsewhere."""

from __future__ import annotations

import html
import re
from collections.abc import Iterator
from pathlib import Path

from interchange.bad_log import BadLog
from interchange.bpmn.model import EVENTS, GATEWAYS, SUBPROCESSES, TASKS, Flow, Model, Node, Pool, Remark
from interchange.bpmn.xml import Element, read_elements

_NODES = TASKS | GATEWAYS | EVENTS | SUBPROCESSES
_NAMED = ("dataObject", "dataObjectReference", "dataStore", "dataStoreReference", "dataInput", "dataOutput")
_RESOURCES = ("performer", "humanPerformer", "potentialOwner")
_BREAKS = re.compile(r"<\s*(?:br|/p|/li|/div|/h\d|/tr|/td|/th)\b[^<>]*>", re.IGNORECASE)
_TAGS = re.compile(r"<[^<>]+>")


def read_bpmn(path: Path) -> Model:
    """The model in the file; BadLog with the line when it is damaged, too large or not BPMN 2.0."""
    root = read_elements(path)
    names = _Names(root)
    processes = {process.id: process for process in root.all("process")}
    if not any(list(process.all(*_NODES)) for process in processes.values()):
        raise BadLog("there is no process with anything in it", accepted="a BPMN process with tasks")
    owners = _owners(root)
    pools = [
        _pool(process, owners.get(process.id), root, names)
        for process in processes.values()
        if list(process.all(*_NODES))
    ]
    participants = [part.name for found in root.all("collaboration") for part in found.all("participant")]
    model = Model(_title(root, path), root.attributes.get("exporter"), participants, pools)
    model.remarks = list(_between_pools(root, processes, names))
    if len(pools) == 1:
        pools[0].title = model.title
    return model


def plain(text: str) -> str:
    """Documentation without markup: one line for each paragraph."""
    stripped = html.unescape(_TAGS.sub("", _BREAKS.sub("\n", text)))
    lines = (" ".join(line.split()) for line in stripped.splitlines())
    return "\n".join(line for line in lines if line)


class _Names:
    """What ids of the whole file are called: data, messages, signals, resources, participants and nodes."""

    def __init__(self, root: Element) -> None:
        self.by_id: dict[str, str] = {}
        waiting = [root]
        while waiting:
            element = waiting.pop()
            if element.id and element.name:
                self.by_id.setdefault(element.id, element.name)
            waiting.extend(element.parts)

    def of(self, reference: str) -> str:
        """The name behind a reference, which may carry a prefix; empty when there is none."""
        return self.by_id.get(reference) or self.by_id.get(reference.rpartition(":")[2], "")


def _title(root: Element, path: Path) -> str:
    collaborations = [part.name for part in root.all("collaboration") if part.name]
    processes = [part.name for part in root.all("process") if part.name]
    named = [root.name, *collaborations, *processes, path.stem]
    return next(name for name in named if name)


def _owners(root: Element) -> dict[str, tuple[str, str]]:
    """For each process the name of its participant, and of the collaboration."""
    found: dict[str, tuple[str, str]] = {}
    for collaboration in root.all("collaboration"):
        pools = [part for part in collaboration.all("participant") if part.attributes.get("processRef")]
        for part in pools:
            reference = part.attributes["processRef"].rpartition(":")[2]
            found.setdefault(reference, (part.name, collaboration.name if len(pools) == 1 else ""))
    return found


def _between_pools(root: Element, processes: dict[str, Element], names: _Names) -> Iterator[Remark]:
    for collaboration in root.all("collaboration"):
        for part in collaboration.all("participant"):
            reference = part.attributes.get("processRef", "").rpartition(":")[2]
            if reference not in processes or not list(processes[reference].all(*_NODES)):
                yield Remark(
                    "dropped", part.kind, part.id, part.name, "the pool is empty: nothing to do in it"
                )
        for flow in collaboration.all("messageFlow"):
            ends = [names.of(flow.attributes.get(end, "")) or "?" for end in ("sourceRef", "targetRef")]
            why = f"each pool is a process of its own; this message goes from {ends[0]} to {ends[1]}"
            yield Remark("dropped", flow.kind, flow.id, flow.name, why)


# --- one pool ---


def _pool(process: Element, owner: tuple[str, str] | None, root: Element, names: _Names) -> Pool:
    participant, collaboration = owner or ("", "")
    name = participant or process.name or process.id or "Process"
    pool = Pool(process.id, name, collaboration or process.name or name)
    pool.description = [plain(text) for text in process.texts("documentation")]
    for specification in process.all("ioSpecification"):
        pool.inputs += [part.name for part in specification.all("dataInput") if part.name]
    for lanes in process.all("laneSet"):
        _read_lanes(pool, lanes)
    artifacts = [process, *root.all("collaboration")]
    _read_container(pool, process, None, names, artifacts)
    _annotate(pool, artifacts)
    _check_flows(pool, process)
    return pool


def _read_lanes(pool: Pool, lanes: Element) -> None:
    """Lanes may hold lanes; the innermost one that has a name counts."""
    for lane in lanes.all("lane"):
        name = lane.name or "Lane"
        for reference in lane.texts("flowNodeRef"):
            pool.lane_of[reference.rpartition(":")[2]] = name
        inner = list(lane.all("childLaneSet", "laneSet"))
        if not inner:
            pool.lanes.append(name)
        for below in inner:
            _read_lanes(pool, below)


def _read_container(
    pool: Pool, container: Element, inside: str | None, names: _Names, artifacts: list[Element]
) -> None:
    for part in container.all(*_NODES):
        if not part.id:
            raise BadLog(f"a <{part.kind}> without id", line=part.line, accepted="an id for every element")
        if part.id in pool.nodes:
            raise BadLog(f"the id {part.id!r} is used twice", line=part.line, accepted="ids that differ")
        pool.nodes[part.id] = _node(part, inside, names)
        if inside is not None and inside in pool.lane_of:
            pool.lane_of.setdefault(part.id, pool.lane_of[inside])
        if part.kind in SUBPROCESSES:
            artifacts.append(part)
            _read_container(pool, part, part.id, names, artifacts)
    defaults = {part.attributes.get("default") for part in container.parts}
    for flow in container.all("sequenceFlow"):
        pool.flows.append(_flow(flow, defaults))


def _flow(flow: Element, defaults: set[str | None]) -> Flow:
    ends = [flow.attributes.get(end, "").rpartition(":")[2] for end in ("sourceRef", "targetRef")]
    if not all(ends):
        raise BadLog("a sequence flow that does not say from where to where", line=flow.line,
                     accepted="sourceRef and targetRef")  # fmt: skip
    condition = " ".join(" ".join(flow.texts("conditionExpression")).split())
    return Flow(flow.id, ends[0], ends[1], flow.name, condition, bool(flow.id) and flow.id in defaults)


def _check_flows(pool: Pool, process: Element) -> None:
    lines = {flow.id: flow.line for flow in process.all("sequenceFlow")}
    for flow in pool.flows:
        for end in (flow.source, flow.target):
            if end not in pool.nodes:
                raise BadLog(f"the sequence flow {flow.id!r} leads to {end!r}, which is not in its process",
                             line=lines.get(flow.id), accepted="tasks, gateways and events")  # fmt: skip


# --- one node ---


def _node(part: Element, inside: str | None, names: _Names) -> Node:
    node = Node(part.id, part.kind, part.name, part.line, inside)
    node.texts = [text for text in map(plain, part.texts("documentation")) if text]
    for resource in part.all(*_RESOURCES):
        node.performers += [name for text in resource.texts("resourceRef") if (name := names.of(text))]
    _read_data(node, part, names)
    _read_trigger(node, part, names)
    node.host = part.attributes.get("attachedToRef", "").rpartition(":")[2] or None
    node.interrupting = part.attributes.get("cancelActivity", "true") != "false"
    if part.kind == "callActivity":
        called = part.attributes.get("calledElement", "")
        node.detail = names.of(called) or called
    if list(part.all("multiInstanceLoopCharacteristics")):
        node.repeats = "once for each"
    elif list(part.all("standardLoopCharacteristics")):
        node.repeats = "until it is right"
    flags = (part.attributes.get("triggeredByEvent"), part.attributes.get("isForCompensation"))
    node.apart = "true" in flags
    return node


def _read_data(node: Node, part: Element, names: _Names) -> None:
    """What the node needs and produces, by the names of the data."""
    for kind, end, found in (
        ("dataInputAssociation", "sourceRef", node.needs),
        ("dataOutputAssociation", "targetRef", node.produces),
    ):
        for association in part.all(kind):
            found += [name for text in association.texts(end) if (name := names.of(text)) not in ("", *found)]
    for specification in part.all("ioSpecification"):
        for kind, found in (("dataInput", node.needs), ("dataOutput", node.produces)):
            found += [data.name for data in specification.all(kind) if data.name not in ("", *found)]


def _read_trigger(node: Node, part: Element, names: _Names) -> None:
    definition = next((each for each in part.parts if each.kind.endswith("EventDefinition")), None)
    if definition is None:
        node.detail = names.of(part.attributes.get("messageRef", ""))
        return
    node.trigger = definition.kind.removesuffix("EventDefinition")
    references = [value for key, value in definition.attributes.items() if key.endswith("Ref")]
    expressions = [each.text.strip() for each in definition.parts if each.text.strip()]
    named = [name for reference in references if (name := names.of(reference))]
    node.detail = next(iter([*named, *expressions, definition.name]), "")


def _annotate(pool: Pool, containers: list[Element]) -> None:
    """Text annotations become texts of the nodes that they are tied to, others of the process."""
    for container in containers:
        texts = {note.id: plain(" ".join(note.texts("text"))) for note in container.all("textAnnotation")}
        tied: set[str] = set()
        for association in container.all("association"):
            ends = [
                association.attributes.get(end, "").rpartition(":")[2] for end in ("sourceRef", "targetRef")
            ]
            for note, other in (ends, ends[::-1]):
                if note in texts and other in pool.nodes and texts[note]:
                    pool.nodes[other].texts.append(texts[note])
                    tied.add(note)
        if container.kind != "collaboration":
            pool.description += [text for note, text in texts.items() if text and note not in tied]
