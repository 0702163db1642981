"""The flow of a pool without circles: sub-processes unfolded, links joined, boundary events asked, ways back cut."""

from __future__ import annotations

import heapq
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field, replace

from domain.lint import MOST_STEPS
from interchange.bad_log import BadLog
from interchange.bpmn.model import GATEWAYS, SUBPROCESSES, Flow, Node, Pool, Remark

AS_PLANNED = "As planned"
OTHERWISE = "Otherwise"
DECIDING = frozenset({"exclusiveGateway", "inclusiveGateway", "eventBasedGateway", "complexGateway"})


@dataclass(slots=True)
class Graph:
    """Nodes and flows of a pool. ``back`` holds flows against the order, ``folded`` nodes that only lead back."""

    pool: Pool
    nodes: dict[str, Node]
    flows: list[Flow]
    out: dict[str, list[Flow]] = field(default_factory=dict)
    into: dict[str, list[Flow]] = field(default_factory=dict)
    back: set[int] = field(default_factory=set)
    folded: set[str] = field(default_factory=set)
    order: list[str] = field(default_factory=list)

    def decides(self, node: str) -> bool:
        """Whether somebody has to choose a way here."""
        return self.nodes[node].kind in DECIDING and len(self.out[node]) > 1

    def forward(self, flows: list[Flow]) -> list[Flow]:
        """The flows that go on: neither back nor into what only leads back."""
        return [flow for flow in flows if not self.is_return(flow) and flow.source not in self.folded]

    def is_return(self, flow: Flow) -> bool:
        """Whether this flow leads back, at once or over work that is only done on the way back."""
        return id(flow) in self.back or flow.target in self.folded

    def remark(self, became: str, node: Node, why: str) -> None:
        """Say what became of a node."""
        self.pool.remarks.append(Remark(became, node.kind, node.id, node.name, why))  # type: ignore[arg-type]


def flatten(pool: Pool) -> Graph:
    """The pool's flow as a graph without circles, with remarks in the pool about what was cut."""
    own = replace(pool, lane_of=dict(pool.lane_of), remarks=list(pool.remarks))
    graph = Graph(own, {key: replace(node) for key, node in pool.nodes.items()}, list(pool.flows))
    _check_size(graph)
    _drop_apart(graph)
    _join_links(graph)
    _part_conditions(graph)
    for node in list(graph.nodes.values()):
        if node.kind in SUBPROCESSES:
            _unfold(graph, node)
    for node in list(graph.nodes.values()):
        if node.kind == "boundaryEvent" and node.id in graph.nodes:
            _ask_for(graph, node)
    _index(graph)
    _cut(graph)
    _fold(graph)
    graph.order = [key for key in _sorted(graph) if key not in graph.folded]
    return graph


def _check_size(graph: Graph) -> None:
    """What becomes a step or a question each is limited as steps are; BadLog where it is more."""
    for kinds in (SUBPROCESSES, {"boundaryEvent"}):
        found = graph.pool.of(kinds)
        if len(found) > MOST_STEPS:
            reason = f"the model has too many elements of the kind {found[-1].kind}"
            raise BadLog(reason, line=found[MOST_STEPS].line, accepted=f"at most {MOST_STEPS}")


def _index(graph: Graph) -> None:
    graph.out = {key: [] for key in graph.nodes}
    graph.into = {key: [] for key in graph.nodes}
    for flow in graph.flows:
        graph.out[flow.source].append(flow)
        graph.into[flow.target].append(flow)


# --- what other notations do not have ---


def _drop_apart(graph: Graph) -> None:
    """Event sub-processes and compensation begin outside the flow: left out with all that follows from them."""
    gone = {node.id for node in graph.nodes.values() if node.apart or _compensates(node)}
    for node in graph.nodes.values():  # a sub-process stands before what it holds
        if node.inside in gone:
            gone.add(node.id)
    gone |= {node.id for node in graph.nodes.values() if node.kind == "boundaryEvent" and node.host in gone}
    for key in gone:
        why = "it begins outside the flow (event sub-process or compensation): make it a process or a step by hand"
        graph.remark("dropped", graph.nodes.pop(key), why)
    if gone:
        _prune(graph, gone)


def _compensates(node: Node) -> bool:
    return node.kind == "boundaryEvent" and node.trigger == "compensate"


def _prune(graph: Graph, gone: set[str]) -> None:
    """Take away the flows of what is gone, and what was only reached from there."""
    onward: dict[str, list[str]] = {}
    for flow in graph.flows:
        onward.setdefault(flow.source, []).append(flow.target)
    reached = Counter(flow.target for flow in graph.flows)
    queue = list(gone)
    for key in queue:  # grows while it is walked through
        for target in onward.get(key, ()):
            reached[target] -= 1
            if not reached[target] and target in graph.nodes:
                graph.remark("dropped", graph.nodes.pop(target), "it is only reached from what was left out")
                queue.append(target)
    graph.flows = [flow for flow in graph.flows if {flow.source, flow.target} <= graph.nodes.keys()]


def _join_links(graph: Graph) -> None:
    links = [node for node in graph.nodes.values() if node.trigger == "link"]
    caught = {_link_name(node): node for node in links if node.kind == "intermediateCatchEvent"}
    for node in links:
        if node.kind == "intermediateThrowEvent" and _link_name(node) in caught:
            graph.flows.append(Flow("", node.id, caught[_link_name(node)].id))


def _link_name(node: Node) -> str:
    return node.detail or node.name


def _part_conditions(graph: Graph) -> None:
    """Where flows leave an activity or an event under conditions, a gateway stands behind it that asks for them.

    Flows without a condition are taken in any case, and the default when no condition holds (BPMN 2.0, 13.3.1).
    """
    onward: dict[str, list[Flow]] = {}
    for flow in graph.flows:
        onward.setdefault(flow.source, []).append(flow)
    for node in list(graph.nodes.values()):
        flows = onward.get(node.id, [])
        asked = [flow for flow in flows if flow.condition or flow.default]
        if node.kind not in GATEWAYS and len(flows) > 1 and any(flow.condition for flow in asked):
            _ask_behind(graph, node, asked, always=len(asked) < len(flows))


def _ask_behind(graph: Graph, node: Node, asked: list[Flow], *, always: bool) -> None:
    """``always``: other flows leave the node in any case, so that none of these need be taken."""
    has_default = any(flow.default for flow in asked)
    conditions = sum(not flow.default for flow in asked)
    gateway = Node(
        f"{node.id}/split",
        "exclusiveGateway" if conditions == 1 else "inclusiveGateway",
        "",
        node.line,
        node.inside,
    )
    graph.nodes[gateway.id] = gateway
    if (lane := graph.pool.lane_of.get(node.id)) is not None:
        graph.pool.lane_of[gateway.id] = lane
    moved = {id(flow) for flow in asked}
    graph.flows = [replace(flow, source=gateway.id) if id(flow) in moved else flow for flow in graph.flows]
    graph.flows.append(Flow("", node.id, gateway.id))
    if always and not has_default:
        never = Node(f"{node.id}/none", "onward", "", node.line, node.inside)
        graph.nodes[never.id] = never
        graph.flows.append(Flow("", gateway.id, never.id, OTHERWISE))


def _unfold(graph: Graph, node: Node) -> None:
    """Put what a sub-process holds in its place: in at its beginnings, on when all its ends are reached."""
    inner = [each.id for each in graph.nodes.values() if each.inside == node.id]
    if not inner:
        graph.remark("by hand", node, "the sub-process is closed: a step stands for all that happens in it")
        node.kind = "task"
        return
    graph.remark("dropped", node, "its steps stand among the others: there are no sub-processes")
    end = Node(f"{node.id}/end", "end of sub-process", node.name, node.line, node.inside)
    graph.nodes[end.id] = end
    _move_sources(graph, node.id, end.id)
    entered = {flow.target for flow in graph.flows}
    left = {flow.source for flow in graph.flows}
    boundary = {key for key in inner if graph.nodes[key].kind == "boundaryEvent"}
    starts = [key for key in inner if key not in entered and key not in boundary] or inner[:1]
    ends = [key for key in inner if key not in left and graph.nodes[key].kind != "boundaryEvent"] or inner[
        -1:
    ]
    graph.flows += [Flow("", node.id, key) for key in starts]
    graph.flows += [Flow("", _end_of(graph, key), end.id) for key in ends]


def _move_sources(graph: Graph, source: str, to: str) -> None:
    """Let all that flows out of one node flow out of another."""
    graph.flows = [replace(flow, source=to) if flow.source == source else flow for flow in graph.flows]


def _end_of(graph: Graph, key: str) -> str:
    """Where the flow leaves a node: for a sub-process that was unfolded or will be, its end."""
    end = f"{key}/end"
    return end if end in graph.nodes else key


def _ask_for(graph: Graph, event: Node) -> None:
    """A boundary event becomes a question after its activity: did all go as planned, or did this happen?"""
    host = graph.nodes.get(event.host or "")
    if host is None:
        return
    source = _end_of(graph, host.id)
    name = f"Did “{event.name or event.trigger or 'the event'}” happen in “{host.name}”?"
    asked = Node(f"{event.id}/asked", "exclusiveGateway", name, event.line, host.inside)
    rest = Node(f"{event.id}/rest", "onward", host.name, event.line, host.inside)
    graph.nodes |= {asked.id: asked, rest.id: rest}
    lane = graph.pool.lane_of.get(host.id)
    if lane is not None:
        graph.pool.lane_of[asked.id] = lane
    _move_sources(graph, source, rest.id)
    happened = event.name or "Yes"
    if event.interrupting:
        graph.flows += [Flow("", source, asked.id), Flow("", asked.id, rest.id, AS_PLANNED)]
    else:
        never = Node(f"{event.id}/never", "onward", "", event.line, host.inside)
        graph.nodes[never.id] = never
        graph.flows += [Flow("", source, rest.id), Flow("", source, asked.id)]
        graph.flows.append(Flow("", asked.id, never.id, AS_PLANNED))
    graph.flows.append(Flow("", asked.id, event.id, happened))
    graph.remark("decision", event, "whoever does the activity says afterwards whether it happened")


# --- circles ---


def _cut(graph: Graph) -> None:
    """Find the flows that lead back, walking from the beginnings in the order of the file."""
    starts = [key for key in graph.nodes if not graph.into[key]]
    state: dict[str, int] = {}
    for start in [*starts, *graph.nodes]:
        if start not in state:
            _walk(graph, start, state)


def _walk(graph: Graph, start: str, state: dict[str, int]) -> None:
    state[start] = 1
    way = [(start, iter(graph.out[start]))]
    while way:
        key, flows = way[-1]
        flow = next(flows, None)
        if flow is None:
            state[key] = 2
            way.pop()
        elif state.get(flow.target) == 1:
            graph.back.add(id(flow))
        elif flow.target not in state:
            state[flow.target] = 1
            way.append((flow.target, iter(graph.out[flow.target])))


def _fold(graph: Graph) -> None:
    """Find the work that is only done on a way back: it is chosen at a decision and reaches no end."""
    order = list(_sorted(graph))
    alive = {key for key in order if not graph.out[key]}
    for key in reversed(order):
        if any(flow.target in alive for flow in graph.out[key] if id(flow) not in graph.back):
            alive.add(key)
    for key in order:
        into = [flow for flow in graph.into[key] if id(flow) not in graph.back]
        chosen = all(flow.source in graph.folded or graph.decides(flow.source) for flow in into)
        if key not in alive and into and chosen and any(flow.source in alive | graph.folded for flow in into):
            graph.folded.add(key)


def _sorted(graph: Graph) -> Iterator[str]:
    """Every node after those that lead to it; else in the order of the file."""
    place = {key: number for number, key in enumerate(graph.nodes)}
    keys = list(graph.nodes)
    waits = {key: sum(id(flow) not in graph.back for flow in graph.into[key]) for key in keys}
    ready = [place[key] for key in keys if not waits[key]]
    heapq.heapify(ready)
    while ready:
        key = keys[heapq.heappop(ready)]
        yield key
        for flow in graph.out[key]:
            if id(flow) in graph.back:
                continue
            waits[flow.target] -= 1
            if not waits[flow.target]:
                heapq.heappush(ready, place[flow.target])
