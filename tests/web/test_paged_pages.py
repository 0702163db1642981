"""Lists on pages: what one page does not hold is counted there, and a link leads to it."""

from __future__ import annotations

import re
from html import unescape
from urllib.parse import urljoin

import httpx
import pytest

from projections.paging import Page
from tests.web.conftest import DANA, App

RUNS, TASKS = 3, 2


def walked(visitor: httpx.Client, path: str, item: str) -> list[list[str]]:
    """What fits the pattern ``item`` on a page, and on every page that its link to the next one leads to."""
    pages: list[list[str]] = []
    while True:
        told = visitor.get(path)
        assert told.status_code == 200, f"{path}: {told.text}"
        pages.append(re.findall(item, told.text))
        found = re.search(r'rel="next" href="([^"]+)"', told.text)
        if found is None:
            return pages
        path = urljoin(path, unescape(found.group(1)))


def test_what_a_page_does_not_hold_is_one_link_away(
    workspace: App,
    visitor: httpx.Client,
    monkeypatch: pytest.MonkeyPatch,
):
    """Two rows at a time: no list shows one twice or leaves one out, and the start page leads to all that it counts."""
    for name in (
        "web.pages.queries.ON_A_PAGE",
        "web.pages.board.ON_A_PAGE",
        "web.pages.lists._PAGE",
        "web.pages.process._RUNS",
    ):
        monkeypatch.setattr(name, 2)
    project = workspace.project()
    run = [workspace.run(project, f"Run {number}") for number in range(RUNS)][-1]
    task, *_ = [
        workspace.task(project, f"Task {number}", assignee=DANA, due_on="2026-01-05")
        for number in range(TASKS)
    ]
    for number in range(3):
        workspace.post(f"/v1/runs/{run}/comment", text=f"Word {number}")
        workspace.post(f"/v1/tasks/{task}/comment", text=f"Word {number}")
    board = f"/projects/{project}"
    lists = {
        board: (r'<article\s+class="card[^"]*"\s+id="(c[^"]+)"', RUNS + TASKS),
        f"{board}?lanes=priority": (r'<article\s+class="card[^"]*"\s+id="(c[^"]+)"', RUNS + TASKS),
        f"{board}/list?kind=run": (r'<th scope="row">\s*<a\s+href="/runs/[^"]+"\s*>\s*([^<]+?)\s*<', RUNS),
        f"{board}/list?group=kind": (
            r'<th scope="row">\s*<a\s+href="[^"]+"\s*>\s*([^<]+?)\s*<',
            RUNS + TASKS,
        ),
        f"{board}/timeline": (r'<span class="name">\s*<a\s+href="[^"]+"\s*>\s*([^<]+?)\s*<', RUNS + TASKS),
        f"{board}/attention": (r'<li\s+data-key="(a[^"]+)"', TASKS),
        "/attention": (r'<li\s+data-key="(a[^"]+)"', TASKS),
        "/inbox": (r'<li\s+data-key="(i[^"]+)"', RUNS + TASKS),
        "/processes/onboarding": (r'<li\s+data-key="(r[^"]+)"', RUNS),
        f"/runs/{run}?history=every": (r'<li\s+id="e[^"]+"\s+data-key="(e[^"]+)"', 5),
        f"/tasks/{task}": (r'<li\s+data-key="(e[^"]+)"', 4),
    }
    for path, (item, count) in lists.items():
        pages = walked(visitor, path, item)
        found = [each for page in pages for each in page]
        assert len(found) == len(set(found)) == count, path
        assert [len(page) for page in pages][:-1] == [2] * (len(pages) - 1), path
    monkeypatch.setattr("projections.work.queries._AT_HOME", Page(1))
    home = re.sub(r">\s+", ">", visitor.get("/").text)
    assert f'href="/inbox?after=1">{RUNS + TASKS - 1} more after these' in home
    assert f'href="/attention?after=1">{TASKS - 1} more' in home
