"""What the pages hold, whatever the answers are: escaped text, every state, little weight; and what is refused."""

from __future__ import annotations

import gzip
import re
from dataclasses import replace
from datetime import timedelta
from html import unescape
from typing import Any
from zoneinfo import ZoneInfo

import httpx
import pytest
from lxml import html

from api.access.guard import Site
from projections.answers import StageDot
from tests.support.clients import client_of, get, sign_in
from tests.web import samples
from tests.web.conftest import DANA, PROCESS, App
from web.pages.run_panels import PROBLEMS
from web.pages.selection import chosen_step
from web.rendering import parts
from web.rendering.page import assets, hide, render, reveal
from web.words.refusals import in_words
from web.words.states import STATES, stage_state
from web.words.times import age

ME = "person:dana"


@pytest.fixture(scope="module")
def workspace(shared_workspace: App) -> App:
    """One for all: each test has a session, projects and runs of its own."""
    return shared_workspace


def shown(template: str, **facts: Any) -> str:
    """A page as Dana sees it."""
    return render(template, me=ME, csrf="token", now=samples.NOW, **facts)


def run_page(run: Any, step: str | None = None, *, every: bool = True, about: Any = None) -> str:
    """The page of a run; ``about``: what its step shows to whoever decides there."""
    chosen = chosen_step(run, step, ME)
    zone = ZoneInfo("Europe/Berlin")
    return shown(
        "run.html", run=run, answer=run, chosen=chosen, history=samples.history() if every else None, zone=zone,
        beside=samples.beside(run, chosen.key), PROBLEMS=PROBLEMS,
        about=about,
    )  # fmt: skip


def test_no_text_of_people_becomes_markup():
    """Names, values and reasons come out as text on every page."""
    board, home = samples.board(6, samples.CANARY), samples.home(samples.CANARY)
    refused = {"title": samples.CANARY, "detail": samples.CANARY}
    pages = [
        shown("board.html", board=board, answer=board),
        shown("home.html", answer=home, lately=()),
        run_page(samples.run(samples.CANARY), "handoff_note"),
        run_page(samples.run(), "handoff_note", about=samples.about(samples.CANARY)),
        shown("problem.html", problem=refused, said=in_words(refused), back="/"),
    ]
    for page in pages:
        assert "canary" in page
        assert "<script>alert" not in page
        assert '" onmouseover="' not in page


def test_no_page_needs_inline_style_or_script():
    """The content security policy forbids both, so no page may hold either."""
    board = samples.board()
    for page in (
        shown("board.html", board=board, answer=board),
        run_page(samples.run(), about=samples.about()),
    ):
        assert not re.search(r"\sstyle=|\son[a-z]+=|<script(?! type=\"module\" src=)", page)


@pytest.mark.parametrize("state", sorted(STATES))
def test_every_state_is_told_by_word_and_shape(state: str):
    """Nobody has to tell colours apart."""
    word, shape, _ = STATES[state]
    base = samples.board()
    card = replace(base.columns[0].cards[0], state=state, help=None)
    board = replace(base, columns=(replace(base.columns[0], cards=(card,)),))
    page = shown("board.html", board=board, answer=board)
    assert word in page
    assert f'id="i-{shape}"' in page


def test_the_newest_outcome_of_a_card_can_be_read_and_all_of_them_heard():
    """As text, for whoever has no pointer to hold over a mark; one line of it, however many stages there are."""
    base = samples.board()
    card = next(one for one in base.columns[2].cards if len([dot for dot in one.stages if dot.outcome]) == 2)
    board = replace(base, columns=(replace(base.columns[2], cards=(card,)),))
    page = unescape(shown("board.html", board=board, answer=board))
    earlier, newest = (f"{dot.title}: {dot.outcome}" for dot in card.stages if dot.outcome)
    read = re.sub(r"<[^>]*>", "", page)
    assert newest in read
    assert earlier not in read
    heard = page[page.index('aria-label="Stages: ') :].partition("</p>")[0]
    assert earlier in heard
    assert newest in heard


def test_a_locked_step_says_what_it_waits_for():
    """Which step, whose it is and when it is due."""
    page = run_page(samples.run(), "kickoff_held")
    waits = page[page.index("Waits for") :]
    assert "Countersign" in waits
    assert "Legal" in waits


def test_a_stage_that_waits_for_its_turn_is_not_called_blocked():
    """Work in another stage goes on; blocked is a stage of a run in which nothing can be done."""
    run = samples.run()
    done, live, later, *rest = run.stages
    waits = replace(later, state="blocked")
    over = replace(live, steps=tuple(replace(step, state="done") for step in live.steps))
    going, stuck = (replace(run, stages=(done, other, waits, *rest)) for other in (live, over))
    assert [stage_state(waits, each) for each in (going, stuck)] == ["waiting", "blocked"]
    assert stage_state(waits, replace(going, state="paused")) == "blocked"
    assert "Waits for other stages" in run_page(going)
    board = samples.board(2)
    card = board.columns[0].cards[0]
    dots = (
        replace(card.stages[0], state="in_progress"),
        replace(card.stages[1], state="blocked", waits=True),
    )
    column = replace(board.columns[0], cards=(replace(card, stages=dots),))
    page = shown(
        "board.html", board=replace(board, columns=(column,)), answer=replace(board, columns=(column,))
    )
    assert f'title="{dots[1].title}: Waits for other stages"'.replace("&", "&amp;") in page


def test_stages_of_one_tone_share_a_mark_and_each_is_named():
    """However many stages there are, a browser has few marks to draw; what people wrote stays text."""
    done = [StageDot(f"s{number}", f"Stage {number}", "done", None) for number in range(3)]
    later = [StageDot("x", samples.CANARY, "not_started", samples.CANARY)]
    drawn = parts.stage_dots((*done, *later))
    assert re.findall(r'<i class="([^"]+)"', drawn) == ["t-done n3", "t-quiet"]
    assert 'title="Stage 0: Done\nStage 1: Done\nStage 2: Done"' in drawn
    assert "<script" not in drawn


def test_a_card_has_few_elements():
    """A browser lays out every one of them, of every card of a board."""
    board = samples.board(300)
    page = html.fromstring(shown("board.html", board=board, answer=board))
    cards = list(page.iter("article"))
    assert sum(len(list(card.iter())) for card in cards) / len(cards) < 22


def test_a_board_of_300_runs_is_light():
    """Far below the 300 KB that a page may weigh, assets included."""
    board = samples.board(300)
    page = shown("board.html", board=board, answer=board).encode()
    assert page.count(b"<article") == 302
    assert len(gzip.compress(page, 4)) + sum(len(asset.packed) for asset in assets().values()) < 100_000


def test_the_csrf_token_never_looks_the_same_twice():
    """Masked anew for each page, and readable again; anything else is no token."""
    assert hide("secret") != hide("secret")
    assert reveal(hide("secret")) == "secret"
    assert reveal("not base64 ü") == ""


def _token(client: httpx.Client, path: str) -> str:
    found = re.search(r'name="csrf" value="([^"]+)"', client.get(path).text)
    assert found is not None
    return found.group(1)


def test_a_list_calls_stages_and_people_by_their_names(workspace: App, visitor: httpx.Client):
    """Nobody has to know a key: stages have their titles, and who acts is chosen from those who do."""
    project = workspace.project("Named")
    workspace.task(project, "Order badges", stage="set_up", assignee="person:dana")
    page = visitor.get(f"/projects/{project}/list").text
    assert "<td>Set up</td>" in page
    assert re.search(r'<select id="f-person".*<option value="person:dana">Dana', page, re.DOTALL)
    chosen = visitor.get(f"/projects/{project}/list", params={"person": "person:dana"}).text
    assert re.search(r'<option value="person:dana" selected>Dana', chosen)


def test_a_form_without_its_token_changes_nothing(workspace: App, visitor: httpx.Client):
    """A missing, a foreign and a plain guess of a token are refused, and so is another site."""
    project = workspace.project()
    run = workspace.run(project)
    good = _token(visitor, f"/runs/{run}")
    ours = {"Origin": workspace.url}
    for form, headers in (
        ({}, ours),
        ({"csrf": "guess"}, ours),
        ({"csrf": good}, {"Origin": "https://evil.example"}),
        ({"csrf": good}, {}),
    ):
        told = visitor.post(f"/runs/{run}/pause", data={"reason": "x", **form}, headers=headers)
        assert told.status_code == 403
    assert "Let it go on" not in visitor.get(f"/runs/{run}").text
    told = visitor.post(f"/runs/{run}/pause", data={"reason": "Holidays", "csrf": good}, headers=ours)
    assert told.status_code == 200
    assert "Let it go on" in visitor.get(f"/runs/{run}", params={"min_position": workspace.head}).text


def test_strangers_are_told_how_to_come_in(workspace: App):
    """Every page asks for a session; a used link says so; nothing of the workspace is shown."""
    project = workspace.project("Secret project")
    for path in ("/", f"/projects/{project}", "/processes/onboarding"):
        told = get(workspace.url + path, headers={"Accept": "text/html"})
        assert told.status_code == 401
        assert "Sign in to Milepost" in told.text
        assert "Secret" not in told.text
    used = get(f"{workspace.url}/sign-in?link=mpl_nothing", headers={"Accept": "text/html"})
    assert "This link is used up" in used.text


def test_what_is_not_there_is_a_page(visitor: httpx.Client):
    """An unknown address, run or project is a page with 404, in words."""
    for path in (
        "/nowhere",
        "/runs/018f0000-0000-7000-8000-000000000000",
        "/projects/018f0000-0000-7000-8000-000000000000",
    ):
        told = visitor.get(path)
        assert told.status_code == 404
        assert "<h1>" in told.text


def test_pages_carry_the_headers_that_protect_them(visitor: httpx.Client):
    """No inline script or style, no framing, no caching, no guessing of types."""
    headers = visitor.get("/").headers
    policy = headers["content-security-policy"]
    assert "unsafe" not in policy
    assert "default-src 'none'" in policy
    assert "frame-ancestors 'none'" in policy
    assert "require-trusted-types-for 'script'" in policy
    assert headers["cache-control"] == "no-store"
    assert headers["x-content-type-options"] == "nosniff"
    assert visitor.get("/nowhere").headers["x-content-type-options"] == "nosniff", "pages of errors too"


def test_signing_out_ends_the_session(workspace: App, visitor: httpx.Client):
    """The cookie is worth nothing afterwards."""
    cookies = dict(visitor.cookies)
    told = visitor.post("/sign-out", data={"csrf": _token(visitor, "/")}, headers={"Origin": workspace.url})
    assert "You are signed out" in told.text
    assert get(workspace.url, cookies=cookies, headers={"Accept": "text/html"}).status_code == 401


def test_a_form_never_leads_to_another_site(workspace: App, visitor: httpx.Client):
    """The address to go back to is a path of ours."""
    run = workspace.run(workspace.project())
    form = {"csrf": _token(visitor, f"/runs/{run}"), "priority": "high", "next": "//evil.example/"}
    visitor.follow_redirects = False
    told = visitor.post(f"/runs/{run}/priority", data=form, headers={"Origin": workspace.url})
    assert told.status_code == 303
    assert told.headers["location"].startswith("/?")


def test_secure_sites_have_secure_cookies():
    """Behind https the session cookie is bound to the host."""
    assert Site("https://milepost.example").cookie.startswith("__Host-")


def test_a_step_is_completed_and_a_repeated_form_changes_nothing_more(workspace: App, visitor: httpx.Client):
    """The same form sent twice (a double click) is one command."""
    run = workspace.run(workspace.project())
    form = {"csrf": _token(visitor, f"/runs/{run}"), "command": "one", "values:text:goals": "Go live"}
    ours = {"Origin": workspace.url, "Accept": "application/json"}
    first = visitor.post(f"/runs/{run}/steps/handoff/complete", data=form, headers=ours)
    again = visitor.post(f"/runs/{run}/steps/handoff/complete", data=form, headers=ours)
    assert first.status_code == again.status_code == 200, first.text
    assert first.json()["position"] == again.json()["position"]


def test_ages_are_short():
    """The largest unit that says enough."""
    ages = [
        age(samples.NOW - timedelta(**ago), samples.NOW)
        for ago in ({}, {"minutes": 5}, {"hours": 3}, {"days": 9})
    ]
    assert ages == ["less than 1 min", "5 min", "3 h", "9 d"]


def test_test_runs_and_drafts_have_pages(workspace: App, visitor: httpx.Client):
    """They are on no board and are not forecast; whoever started one works on it like on any other."""
    for more, said in (({"test": True}, "version 1"), ({"draft": True}, "draft")):
        told = workspace.post("/v1/runs", process="onboarding", name="Trial", roles={"seller": DANA}, **more)
        page = visitor.get(f"/runs/{told['id']}?min_position={told['position']}")
        assert page.status_code == 200
        assert f"<span>{said}</span>" in page.text
        assert "test run" in page.text


def test_a_draft_is_tried_out_from_its_page(workspace: App, visitor: httpx.Client):
    """Its own kick-off form starts a test run of it; without a draft, or with one in trouble, there is none to try."""
    path, document = "/processes/trial", {**PROCESS, "key": "trial"}
    workspace.publish(document)
    assert "Try the draft" not in visitor.get(f"{path}?draft=yes").text
    asked = {"key": "budget", "title": "Budget of the customer", "kind": "text"}
    put = workspace.client.put(f"/v1{path}/draft", json={**document, "inputs": [asked]})
    assert put.status_code == 200, put.text
    seen = f"min_position={put.json()['position']}"
    assert f'href="{path}?draft=yes#start"' in visitor.get(f"{path}/changes?{seen}").text
    assert "Budget of the customer" not in visitor.get(f"{path}?{seen}").text
    page = visitor.get(f"{path}?draft=yes&{seen}").text
    assert "Budget of the customer" in page
    assert "Start a test run" in page
    form = {"csrf": _token(visitor, f"{path}?draft=yes"), "command": "try", "process": "trial", "draft": "yes",
            "values:text:budget": "Small"}  # fmt: skip
    ours = {"Origin": workspace.url, "Accept": "application/json"}
    told = visitor.post("/runs", data=form, headers=ours)
    assert told.status_code in (200, 201), told.text
    run = workspace.client.get(f"/v1/runs/{told.json()['id']}?min_position={told.json()['position']}").json()
    assert (run["test"], run["version"] < 0, run["inputs"]) == (True, True, {"budget": "Small"})
    broken = {**document, "run_name": "{nothing}"}
    put = workspace.client.put(f"/v1{path}/draft", json=broken)
    assert (
        "Start a test run" not in visitor.get(f"{path}?draft=yes&min_position={put.json()['position']}").text
    )


def test_what_an_author_says_of_a_process_is_on_its_page(workspace: App):
    """Who answers for it, what it is for, and a remark; a step that shows the inputs lets them be corrected."""
    inputs = [
        {"key": "plan", "title": "Plan", "kind": "text"},
        {"key": "pay", "title": "Pay", "kind": "text", "sensitive": True},
    ]
    check = {"key": "check", "title": "Check", "role": "seller", "kind": "form", "shows_inputs": True,
             "instructions": "Ask whoever hires."}  # fmt: skip
    stages = [
        {"key": "start", "title": "Start", "steps": [check, {**check, "key": "next", "shows_inputs": False}]}
    ]
    said = {
        "owner": "People team",
        "description": "For everybody who joins.",
        "note": "Tried in Berlin first.",
    }
    workspace.publish(
        {
            "key": "joining",
            "title": "Joining",
            "roles": PROCESS["roles"],
            "inputs": inputs,
            "stages": stages,
            **said,
        }
    )
    roles, given = {"seller": "person:bo"}, {"plan": "gold", "pay": "9000"}
    run = workspace.post("/v1/runs", process="joining", name="Ann", roles=roles, inputs=given)["id"]
    with client_of(workspace.url, follow_redirects=True) as client:
        assert sign_in(client, workspace.link("person:bo")).status_code == 200
        process, step, other = (
            client.get(path).text
            for path in ("/processes/joining", f"/runs/{run}?step=check", f"/runs/{run}?step=next")
        )
    assert all(text in process for text in said.values())
    assert "Ask whoever hires." in step
    assert f'action="/runs/{run}/inputs"' in step
    assert "values:text:plan" in step
    assert "values:text:pay" not in step
    assert "9000" not in step
    assert f'action="/runs/{run}/inputs"' not in other
