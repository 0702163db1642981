"""Pages stay current without losing anything of whoever works with them: what they see, type, carry and have open."""

from __future__ import annotations

import re
from collections.abc import Callable

import httpx
import pytest
from playwright.sync_api import BrowserContext, Page, Route, expect

from tests.support.waiting import wait_until
from tests.web.conftest import STAGES, App

browser_test = pytest.mark.browser
TOUCHED = """
() => {
  window.touched = new Set();
  const cardOf = (node) => (node.nodeType === 1 ? node : node.parentElement)?.closest(".card");
  const note = (node) => { if (cardOf(node)) touched.add(cardOf(node).id); };
  new MutationObserver((records) => records.forEach((record) => [record.target, ...record.addedNodes].forEach(note)))
    .observe(document.body, { subtree: true, childList: true, characterData: true, attributes: true });
}
"""
"""Notes every card of which anything is changed."""
SALARY = {
    "key": "salary", "title": "Salary",
    "roles": [{"key": "seller", "title": "Seller", "initiator": True}],
    "stages": [{**STAGES[0], "steps": [
        {"key": "offer", "title": "Offer", "kind": "form", "role": "seller", "fields": [
            {"key": "goals", "title": "Goals", "kind": "text"},
            {"key": "salary", "title": "Salary", "kind": "text", "sensitive": True}]},
        {"key": "sent", "title": "Send it", "role": "seller"},
    ]}],
}  # fmt: skip
"""A process with a field whose values stay with those who may read them."""


def fragment(visitor: httpx.Client, path: str, etag: str = "") -> httpx.Response:
    """The live part of a page, as script asks for it."""
    return visitor.get(path, headers={"Milepost-Fragment": "1", **({"If-None-Match": etag} if etag else {})})


def test_the_live_part_of_a_page_is_the_same_as_long_as_it_shows_the_same(
    workspace: App, visitor: httpx.Client
):
    """No time of rendering, no token, no position is in it: byte for byte equal, and then it is not even sent again."""
    project = workspace.project()
    run, task = workspace.run(project), workspace.task(project, "Order gifts")
    workspace.post(f"/v1/runs/{run}/steps/handoff/request-help", reason="No room is free")
    board = f"/projects/{project}"
    paths = ("/", board, f"{board}?lanes=person", f"{board}/attention", "/attention", "/inbox", f"/runs/{run}",
             f"/runs/{run}?history=every", f"/tasks/{task}", "/processes/onboarding")  # fmt: skip
    first = {path: fragment(visitor, path) for path in paths}
    other = workspace.project("Elsewhere")
    for path, told in first.items():
        assert told.status_code == 200
        assert not re.search(r'name="(csrf|command)" value="[^"]', told.text), path
        if path not in ("/", "/attention"):  # what happens elsewhere is not shown there
            again = fragment(visitor, path)
            assert again.content == told.content, path
            assert int(again.headers["milepost-position"]) >= workspace.head
            assert fragment(visitor, path, told.headers["etag"]).status_code == 304
            weak = f'"other", W/{told.headers["etag"]}'  # as a proxy that packs answers hands it on
            assert fragment(visitor, path, weak).status_code == 304
            assert again.headers["milepost-token"] != told.headers["milepost-token"]
    assert fragment(visitor, "/", first["/"].headers["etag"]).status_code == 200, "another project is shown"
    assert other in fragment(visitor, "/").text
    workspace.post(f"/v1/runs/{run}/priority", priority="urgent")
    assert fragment(visitor, board, first[board].headers["etag"]).status_code == 200


@browser_test
def test_a_change_touches_what_it_changes_and_nothing_else(workspace: App, page: Page):
    """Of five cards one becomes urgent: the others are not drawn again, and what is open or focused stays so."""
    project = workspace.project()
    runs = [workspace.run(project, f"Run {number}") for number in range(5)]
    page.goto(f"{workspace.url}/projects/{project}")
    page.wait_for_selector("html[data-ready=yes]")
    page.locator(f"#c{runs[3]}").focus()
    page.evaluate(TOUCHED)
    workspace.post(f"/v1/runs/{runs[1]}/priority", priority="urgent")
    expect(page.locator(f"#c{runs[1]}")).to_contain_text("Urgent")
    expect(page.locator(f"#c{runs[1]}")).not_to_have_class(re.compile("changed"))
    assert page.evaluate("[...touched]") == [f"c{runs[1]}"]
    expect(page.locator(f"#c{runs[3]}")).to_be_focused()
    page.get_by_label("Move or change Run 3").click()
    expect(page.get_by_role("button", name="Live")).to_be_visible()
    workspace.post(f"/v1/runs/{runs[3]}/priority", priority="high")
    expect(page.locator(f"#c{runs[3]}")).to_contain_text("High")
    expect(page.get_by_role("button", name="Live")).to_be_visible()


@browser_test
def test_what_came_while_a_card_was_carried_is_made_up_for(workspace: App, page: Page):
    """Nothing moves under a hand that carries; once it is put back, let go or put down, the page is current again."""
    project = workspace.project()
    mine, other = workspace.task(project, "Mine"), workspace.task(project, "Other")
    page.goto(f"{workspace.url}/projects/{project}")
    page.wait_for_selector("html[data-ready=yes]")
    place = "sold"
    for key, goes_to in (("Escape", "live"), ("Tab", "set_up"), ("Space", "live")):
        page.locator(f"#c{mine}").focus()
        page.keyboard.press("Space")
        expect(page.locator("#say")).to_contain_text("picked up")
        workspace.post(f"/v1/tasks/{other}/move", stage=goes_to)
        expect(page.locator("#as-of")).to_contain_text("not current")
        expect(page.locator(f"#col-{place} #c{other}")).to_be_visible()
        page.keyboard.press(key)
        expect(page.locator(f"#col-{goes_to} #c{other}")).to_be_visible()
        expect(page.locator(f"#col-sold #c{mine}")).to_be_visible()
        expect(page.locator("#as-of")).not_to_contain_text("not current")
        place = goes_to


@browser_test
def test_a_refresh_that_fails_is_tried_until_it_works(workspace: App, page: Page):
    """A server that is busy, or away: the page says that it is not current, until it is."""
    project = workspace.project()
    run = workspace.run(project)
    answers: list[Callable[[Route], None]] = [lambda route: route.fulfill(status=503), Route.abort]

    def unreliable(route: Route) -> None:
        if "milepost-fragment" not in route.request.headers:
            route.continue_()
        else:
            (answers.pop(0) if len(answers) > 1 else answers[0])(route)

    page.route("**/projects/*", unreliable)
    page.goto(f"{workspace.url}/projects/{project}")
    page.wait_for_selector("html[data-ready=yes]")
    workspace.post(f"/v1/runs/{run}/priority", priority="urgent")
    expect(page.locator("#as-of")).to_contain_text("not current")
    page.wait_for_event("requestfailed", lambda request: "milepost-fragment" in request.headers)
    answers[0] = Route.continue_
    expect(page.locator(".card")).to_contain_text("Urgent")
    expect(page.locator("#as-of")).not_to_contain_text("not current")
    workspace.trouble.clear()  # the browser itself logs what failed


@browser_test
def test_what_is_typed_outlives_the_session(workspace: App, page: Page, context: BrowserContext):
    """Signed out in the middle of a sentence: it stays, is offered elsewhere, and is sent after signing in again."""
    run = workspace.run(workspace.project())
    page.goto(f"{workspace.url}/runs/{run}")
    page.wait_for_selector("html[data-ready=yes]")
    page.get_by_label("Goals").type("Go live in March")
    sessions = workspace.client.get("/v1/access", params={"actor": "person:dana"}).json()["rows"]
    for session in sessions:
        if session["kind"] == "session":
            assert workspace.client.delete(f"/v1/access/{session['id']}").status_code < 300
    page.get_by_role("button", name="Complete").click()
    expect(page.get_by_role("alert")).to_contain_text("Your session has ended")
    expect(page.locator("#as-of")).to_contain_text("signed out")
    expect(page.get_by_label("Goals")).to_have_value("Go live in March")
    tab = context.new_page()
    tab.goto(f"{workspace.url}/runs/{run}")
    tab.goto(workspace.link())
    tab.get_by_role("button", name="Sign in").click()
    tab.goto(f"{workspace.url}/runs/{run}")
    tab.get_by_role("button", name="Put it back").click()
    expect(tab.get_by_label("Goals")).to_have_value("Go live in March")
    tab.close()
    page.evaluate("dispatchEvent(new Event('focus'))")
    expect(page.locator("#as-of")).not_to_contain_text("signed out")
    page.get_by_role("button", name="Complete").click()
    expect(page.locator("#s-handoff")).to_contain_text("Done by Dana")
    page.reload()
    expect(page.get_by_text("never sent")).to_have_count(0)
    workspace.trouble.clear()  # the browser itself logs the 401


@browser_test
def test_half_typed_text_is_kept_when_somebody_else_completes_the_step(workspace: App, page: Page):
    """Its forms go; what was typed stays to be copied or thrown away, after a reload too, but for what is sensitive."""
    workspace.publish(SALARY)
    run = workspace.post("/v1/runs", process="salary")["id"]
    page.goto(f"{workspace.url}/runs/{run}?step=offer")
    page.wait_for_selector("html[data-ready=yes]")
    page.get_by_label("Goals").type("half a sen")
    page.get_by_label("Salary").type("4,2")
    page.get_by_text("Ask for help").click()
    page.get_by_label("What is needed?").type("somebody who")
    workspace.post(f"/v1/runs/{run}/steps/offer/complete", values={"goals": "Others were quicker"})
    kept = page.locator("main textarea[readonly]")
    expect(page.locator("#s-offer")).to_contain_text("Done by Dana")
    assert sorted(text.input_value() for text in kept.all()) == ["4,2", "half a sen", "somebody who"]
    page.get_by_text("Reopen", exact=True).first.click()
    expect(page.get_by_label("Why again?")).to_have_value("")
    page.reload()
    expect(kept).to_have_count(2)
    assert sorted(text.input_value() for text in kept.all()) == ["half a sen", "somebody who"]
    page.get_by_role("button", name="Throw it away").first.click()
    page.get_by_role("button", name="Throw it away").click()
    page.reload()
    page.wait_for_selector("html[data-ready=yes]")
    expect(kept).to_have_count(0)


@browser_test
def test_many_tabs_share_one_stream(workspace: App, context: BrowserContext):
    """The seventh tab is live as the first is; the tab that holds the stream goes, the server goes: all stay live."""
    workspace.run(workspace.project())
    tabs = [context.new_page() for _ in range(7)]
    for tab in tabs:
        tab.goto(f"{workspace.url}/inbox")
        tab.wait_for_selector("html[data-ready=yes]")
    title = tabs[0].locator(".what .title")

    def all_show(name: str) -> None:
        workspace.run(workspace.project(name), name)
        for tab in tabs:
            expect(tab.locator(".what").filter(has_text=name)).to_have_count(1)

    expect(title).to_have_count(1)
    wait_until(lambda: open_streams(workspace) == 1, "one stream")
    all_show("Second")
    tabs.pop(0).close()
    wait_until(lambda: open_streams(workspace) == 1, "another tab's stream")
    all_show("Third")
    tabs.pop(0).evaluate("globalThis.setTimeout = () => 0")  # it holds the stream, in the background
    workspace.server.stop()
    expect(tabs[3].locator("#as-of")).to_contain_text(re.compile("reconnecting|not current"))
    workspace.server.start()
    all_show("Fourth")
    assert open_streams(workspace) == 1
    workspace.trouble.clear()  # the browser itself logs that the server was away


@browser_test
def test_a_browser_without_locks_is_live_too(workspace: App, page: Page):
    """Over plain HTTP browsers know no locks: then each tab that is seen has a stream of its own."""
    run = workspace.run(workspace.project())
    page.add_init_script("Object.defineProperty(navigator, 'locks', { value: undefined })")
    page.goto(f"{workspace.url}/runs/{run}")
    page.wait_for_selector("html[data-ready=yes]")
    workspace.post(f"/v1/runs/{run}/priority", priority="urgent")
    expect(page.locator(".facts").first).to_contain_text("Urgent")


@browser_test
def test_a_stream_that_died_in_silence_leaves_nobody_behind(workspace: App, page: Page):
    """After sleep, or on another network, nothing is heard any more: who looks again sees what is now."""
    run = workspace.run(workspace.project())
    page.add_init_script("globalThis.EventSource = class extends EventTarget { readyState = 1; close() {} }")
    page.goto(f"{workspace.url}/runs/{run}")
    page.wait_for_selector("html[data-ready=yes]")
    workspace.post(f"/v1/runs/{run}/priority", priority="urgent")
    page.evaluate("dispatchEvent(new Event('online'))")
    expect(page.locator(".facts").first).to_contain_text("Urgent")


@browser_test
def test_a_browser_that_keeps_nothing_for_us_works_all_the_same(workspace: App, page: Page):
    """Its owner forbids it, or there is no room: drafts are not kept, and everything else goes on."""
    run = workspace.run(workspace.project())
    page.add_init_script(
        "Object.defineProperty(window, 'localStorage', { get() { throw new DOMException('no', 'SecurityError'); } })"
    )
    page.goto(f"{workspace.url}/runs/{run}")
    page.wait_for_selector("html[data-ready=yes]", timeout=5_000)
    page.get_by_label("Goals").fill("Live by May")
    page.get_by_role("button", name="Complete").click()
    expect(page.locator(".step.s-done")).to_contain_text("Write the handoff")


SLEEPY = """
const Stream = globalThis.EventSource;
globalThis.opened = [];
globalThis.EventSource = class extends Stream {
  constructor(...given) { super(...given); opened.push(this); }
  addEventListener(name, tell) { super.addEventListener(name, (event) => { if (!this.dead) tell(event); }); }
};
const clock = Date.now;
globalThis.asleep = (seconds) => { opened.at(-1).dead = true; Date.now = () => clock() + 1000 * seconds; };
"""
"""Streams that can die without a word, and a clock on the wall that goes on while the machine sleeps."""


@browser_test
@pytest.mark.parametrize("locks", [True, False])
def test_a_silent_stream_is_opened_anew_without_anybody_doing_anything(
    workspace: App, page: Page, locks: bool
):
    """A laptop slept, and its connection is gone: the page notices that nothing comes, and catches up."""
    run = workspace.run(workspace.project())
    page.add_init_script(
        SLEEPY + ("" if locks else "Object.defineProperty(navigator, 'locks', { value: undefined })")
    )
    page.goto(f"{workspace.url}/runs/{run}")
    wait_until(
        lambda: page.evaluate("opened.length === 1 && opened[0].readyState === EventSource.OPEN"), "a stream"
    )
    page.evaluate("asleep(3600)")
    workspace.post(f"/v1/runs/{run}/priority", priority="urgent")
    expect(page.locator(".facts").first).to_contain_text("Urgent", timeout=10_000)


def open_streams(app: App) -> int:
    """How many streams the server holds open."""
    return len(app.services.hub._subscribers)
