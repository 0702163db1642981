"""docs/reference/rooms.md: who imports whom, counted from the code, and what each module of a room is for in its own words."""

from __future__ import annotations

import ast
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

ROOT = Path(__file__).resolve().parent.parent.parent
ROOMS = ("milepost", "web", "api", "workers", "interchange", "application", "projections", "store", "domain")
"""From the top to the bottom: a room imports from rooms below it alone."""
HEAD = """\
# The rooms of the house

What each room is for, who imports whom, and every module with the sentence that it opens with. How an order or an event goes through
the rooms is told in [architecture](../explanation/architecture.md).

This page is generated from the code.
"""


class Module(NamedTuple):
    """A module: its name, the sentence it opens with, and the rooms that it imports from, once for each import."""

    name: str
    says: str
    imports: tuple[str, ...]

    @property
    def room(self) -> str:
        """The room it is in."""
        return self.name.partition(".")[0]


def rooms_reference() -> dict[str, str]:
    """The page."""
    modules = list(_modules())
    parts = [HEAD, *_drawing(modules), *(line for room in ROOMS for line in _room(room, modules))]
    return {"docs/reference/rooms.md": "\n".join(parts).rstrip() + "\n"}


def _modules() -> Iterator[Module]:
    for room in ROOMS:
        for path in sorted((ROOT / room).rglob("*.py")):
            tree = ast.parse(path.read_text("utf-8"))
            name = ".".join(path.relative_to(ROOT).with_suffix("").parts).removesuffix(".__init__")
            says = (ast.get_docstring(tree) or "").partition("\n\n")[0].replace("\n", " ")
            yield Module(name, says, tuple(_imported(tree)))


def _imported(tree: ast.AST) -> Iterator[str]:
    """The rooms of what is imported, also of what is imported within a function."""
    for node in ast.walk(tree):
        names: list[str] = []
        if isinstance(node, ast.Import):
            names = [alias.name for alias in node.names]
        elif isinstance(node, ast.ImportFrom) and node.module and not node.level:
            names = [node.module]
        yield from (room for name in names if (room := name.partition(".")[0]) in ROOMS)


def _drawing(modules: list[Module]) -> Iterator[str]:
    arrows = Counter((each.room, other) for each in modules for other in each.imports if other != each.room)
    sizes = Counter(each.room for each in modules)
    width = max(map(len, ROOMS))
    yield "## Who imports whom\n"
    yield "Each number counts the imports of the room on the left from the room above it; no room imports from one on its left.\n"
    yield "```text"
    yield f"{'':{width}}  modules" + "".join(f"{room:>{len(room) + 2}}" for room in ROOMS[1:])
    for room in ROOMS:
        cells = "".join(
            f"{arrows[room, other] or ('·' if other != room else ''):>{len(other) + 2}}"
            for other in ROOMS[1:]
        )
        yield f"{room:{width}}  {sizes[room]:7}{cells}".rstrip()
    yield "```\n"


def _room(room: str, modules: list[Module]) -> Iterator[str]:
    of_room = [each for each in modules if each.room == room]
    yield f"## {room}/\n"
    yield f"{of_room[0].says}\n"
    yield "| module | what it is |"
    yield "|---|---|"
    for each in of_room[1:]:
        if each.says:
            said = each.says.replace("|", "\\|")
            yield f"| `{each.name.removeprefix(room + '.')}` | {said} |"
    yield ""
