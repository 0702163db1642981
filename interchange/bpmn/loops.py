"""What a way back of a model means in a draft without circles: which work is done on it, and which step is reopened."""

from __future__ import annotations

from collections import deque
from collections.abc import Mapping
from dataclasses import dataclass

from interchange.bpmn.graph import Graph
from interchange.bpmn.model import TASKS, Flow, Remark


@dataclass
class Loops:
    """The ways back of a graph. ``step_of`` is the step that stands for a node, ``titles`` what steps are called."""

    graph: Graph
    step_of: Mapping[str, str]
    titles: Mapping[str, str]

    def ways_back(self, gateway: str, options: Mapping[int, str]) -> dict[str, str]:
        """For each option of a decision that leads back what whoever chooses it has to do."""
        own = self.titles[self.step_of[gateway]]
        found: dict[str, str] = {}
        for flow in self.graph.out[gateway]:
            if self.graph.is_return(flow):
                work, targets = self._follow(flow)
                found[options[id(flow)]] = _sentence(options[id(flow)], own, work, targets)
                name = self.graph.nodes[gateway].name
                self._remark_way(flow, name, targets, options[id(flow)])
        return found

    def remark_rest(self) -> None:
        """Say which flows lead back without anybody choosing so."""
        for flow in self.graph.flows:
            from_work = flow.source not in self.graph.folded and not self.graph.decides(flow.source)
            if id(flow) in self.graph.back and from_work:
                source, target = self.graph.nodes[flow.source].name, self.graph.nodes[flow.target].name
                why = (
                    f"it leads back from “{source}” to “{target}” without a decision: reopen the step by hand"
                )
                self.graph.pool.remarks.append(Remark("dropped", "sequenceFlow", flow.id, flow.name, why))

    def _follow(self, flow: Flow) -> tuple[list[str], list[str]]:
        """The work on the way back, and the steps that it ends at."""
        if id(flow) in self.graph.back:
            return [], self._first_steps(flow.target)
        queue, seen, targets = deque([flow.target]), {flow.target}, dict[str, None]()
        work = []
        while queue:
            key = queue.popleft()
            node = self.graph.nodes[key]
            if node.name and node.kind in TASKS:
                work.append(f"“{node.name}” ({self.graph.pool.lane_of.get(key) or self.graph.pool.name})")
            for onward in self.graph.out[key]:
                if id(onward) in self.graph.back:
                    targets |= dict.fromkeys(self._first_steps(onward.target))
                elif onward.target not in seen:
                    seen.add(onward.target)
                    queue.append(onward.target)
        return work, list(targets)

    def _first_steps(self, node: str) -> list[str]:
        """The titles of the first steps at a node or behind it."""
        queue, seen, found = deque([node]), {node}, dict[str, None]()
        while queue:
            key = queue.popleft()
            if key in self.step_of:
                found[self.titles[self.step_of[key]]] = None
                continue
            for flow in self.graph.out[key]:
                if id(flow) not in self.graph.back and flow.target not in seen:
                    seen.add(flow.target)
                    queue.append(flow.target)
        return list(found)

    def _remark_way(self, flow: Flow, gateway: str, targets: list[str], option: str) -> None:
        where = " and ".join(f"“{title}”" for title in targets) or "an earlier place"
        why = f"“{option}” leads back to {where}: who decides reopens it and is asked again"
        self.graph.pool.remarks.append(Remark("dropped", "sequenceFlow", flow.id, flow.name, why))
        queue, seen = deque([flow.target]), {flow.target}
        while queue:
            key = queue.popleft()
            if key not in self.graph.folded:
                continue
            self.graph.remark("text", self.graph.nodes[key], f"it is only done on the way back from “{gateway}”: "
                              "it stands in the instructions of that step")  # fmt: skip
            for onward in self.graph.out[key]:
                if onward.target not in seen:
                    seen.add(onward.target)
                    queue.append(onward.target)


def _sentence(option: str, own: str, work: list[str], targets: list[str]) -> str:
    first = f" First do {', then '.join(work)}." if work else ""
    others = [title for title in targets if title != own]
    reopen = f" Reopen {' and '.join(f'“{title}”' for title in others)} with the reason." if others else ""
    return f"“{option}” leads back.{first}{reopen} Then this step is done again."
