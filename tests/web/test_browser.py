"""What a person does with a real browser, and what they see."""

from __future__ import annotations

import re
from datetime import UTC, datetime
from urllib.parse import urlencode
from zoneinfo import ZoneInfo

import pytest
from playwright.sync_api import BrowserContext, Page, expect

from tests.web.conftest import DANA, App, keep

pytestmark = pytest.mark.browser


def test_a_first_login_link_signs_in_once(workspace: App, page: Page):
    """The link leads to the home page, says how fresh it is, and is used up afterwards."""
    page.goto(workspace.url)
    expect(page.get_by_role("heading", level=1)).to_contain_text("Nothing waits for you, Dana")
    expect(page.locator("#as-of")).to_contain_text(
        re.compile(r"as of \d\d:\d\d:\d\d,\s+(up to date|\d+ ms behind)")
    )
    keep(page, "home-empty")


def test_completing_a_step_is_seen_by_a_second_page(workspace: App, context: BrowserContext):
    """Dana completes a step by keyboard; another open page shows it by itself."""
    run = workspace.run(workspace.project())
    mine, other = context.new_page(), context.new_page()
    other.goto(f"{workspace.url}/runs/{run}?step=kickoff")
    expect(other.locator("#step")).to_contain_text("Waits for")
    mine.goto(f"{workspace.url}/runs/{run}")
    mine.get_by_label("Goals").fill("Go live in March")
    mine.keyboard.press("Control+Enter")
    expect(mine.locator("#s-handoff")).to_contain_text("Done by Dana")
    expect(other.locator("#s-handoff")).to_contain_text("Done by Dana")
    expect(other.get_by_role("button", name="Complete")).to_be_visible()
    keep(mine, "run")


def test_a_refused_completion_says_what_is_missing(workspace: App, page: Page):
    """A step without its required value stays open, and the form says which one."""
    run = workspace.run(workspace.project())
    page.goto(f"{workspace.url}/runs/{run}")
    page.get_by_role("button", name="Complete").click()
    expect(page.get_by_role("alert")).to_have_text("Please look at this once more:Goals")
    expect(page.get_by_label("Goals")).to_be_focused()
    expect(page.get_by_label("Goals")).to_have_accessible_description(
        "This is needed: a text of up to 2000 characters."
    )
    workspace.trouble.clear()  # the browser itself logs the 409


def test_typing_survives_a_live_update(workspace: App, page: Page):
    """What somebody is typing, and where, is not lost when the page is patched."""
    run = workspace.run(workspace.project())
    page.goto(f"{workspace.url}/runs/{run}")
    page.get_by_label("Goals").type("half a sen")
    workspace.post(f"/v1/runs/{run}/priority", priority="urgent")
    expect(page.locator(".facts")).to_contain_text("Urgent")
    page.keyboard.type("tence")
    expect(page.get_by_label("Goals")).to_have_value("half a sentence")


def test_help_is_asked_for(workspace: App, page: Page):
    """Asking for help raises the flag on the step, and on the board."""
    project = workspace.project()
    page.goto(f"{workspace.url}/runs/{workspace.run(project)}")
    page.get_by_text("Ask for help").click()
    page.get_by_label("What is needed?").fill("The contract is missing")
    page.get_by_role("button", name="Ask", exact=True).click()
    expect(page.locator("#step")).to_contain_text("The contract is missing")
    page.goto(f"{workspace.url}/projects/{project}")
    expect(page.locator(".card")).to_contain_text("Needs help")


def test_a_task_is_dragged_to_another_column(workspace: App, page: Page):
    """Dropping a card moves it, for everybody."""
    project = workspace.project()
    task = workspace.task(project, "Order gifts")
    page.goto(f"{workspace.url}/projects/{project}")
    drag(page, f"#c{task}", "#col-set_up .cards")
    expect(page.locator("#say")).to_have_text("Order gifts is in Set up now.")
    page.reload()
    expect(page.locator(f"#col-set_up #c{task}")).to_be_visible()
    keep(page, "board")


def test_a_task_is_moved_with_the_keyboard(workspace: App, page: Page):
    """Space picks a card up, an arrow moves it, Space puts it down; every step is spoken."""
    project = workspace.project()
    task = workspace.task(project, "Order gifts")
    page.goto(f"{workspace.url}/projects/{project}")
    page.locator(f"#c{task}").focus()
    page.keyboard.press(" ")
    expect(page.locator("#say")).to_contain_text("picked up")
    page.keyboard.press("ArrowRight")
    expect(page.locator("#say")).to_have_text("Set up, 1 of 1")
    page.keyboard.press(" ")
    expect(page.locator("#say")).to_have_text("Order gifts is in Set up now.")
    expect(page.locator(f"#col-set_up #c{task}")).to_be_focused()


def test_a_task_is_moved_from_its_menu(workspace: App, page: Page):
    """The menu does what dragging does."""
    project = workspace.project()
    task = workspace.task(project, "Order gifts")
    page.goto(f"{workspace.url}/projects/{project}")
    page.get_by_label("Move or change Order gifts").click()
    page.get_by_role("button", name="Live").click()
    expect(page.locator(f"#col-live #c{task}")).to_be_visible()


def test_a_run_goes_back_and_says_which_steps_are_open(workspace: App, page: Page):
    """A run's stage follows its steps: dragging it is refused with the list of what is open."""
    project = workspace.project()
    run = workspace.run(project)
    page.goto(f"{workspace.url}/projects/{project}")
    drag(page, f"#c{run}", "#col-live .cards")
    expect(page.get_by_role("alert")).to_contain_text("Write the handoff — Dana")
    expect(page.locator(f"#col-sold #c{run}")).to_be_visible()
    keep(page, "board-refused")
    workspace.trouble.clear()  # the browser itself logs the 409


def test_two_who_move_at_once_never_undo_each_other(workspace: App, page: Page):
    """A move that goes by an older version of the card is refused and snaps back."""
    project = workspace.project()
    task = workspace.task(project, "Order gifts")
    page.goto(f"{workspace.url}/projects/{project}")
    page.evaluate("document.querySelector('.card').dataset.version = '77'")
    drag(page, f"#c{task}", "#col-live .cards")
    expect(page.get_by_role("alert")).to_contain_text("Somebody has changed it meanwhile")
    expect(page.locator(f"#col-sold #c{task}")).to_be_visible()
    workspace.trouble.clear()  # the browser itself logs the 412


def test_the_board_is_walked_with_the_keyboard(workspace: App, page: Page):
    """Arrows walk over cards, Enter opens, ? shows the keys, G then B leads back to the board."""
    project = workspace.project()
    run = workspace.run(project)
    workspace.task(project, "Order gifts")
    page.goto(f"{workspace.url}/projects/{project}")
    page.keyboard.press("?")
    expect(page.get_by_role("heading", name="Keys")).to_be_visible()
    page.keyboard.press("Escape")
    page.locator(f"#c{run}").focus()
    page.keyboard.press("Enter")
    expect(page).to_have_url(re.compile(f"/runs/{run}"))
    expect(page.locator("html")).to_have_attribute("data-ready", "yes")
    page.keyboard.press("g")
    page.keyboard.press("b")
    expect(page).to_have_url(f"{workspace.url}/projects/{project}")


def test_everything_works_without_script(workspace: App, context: BrowserContext):
    """Plain forms complete a step; a refusal is the form again, with the reason at its field."""
    run = workspace.run(workspace.project())
    state = context.storage_state()
    assert context.browser is not None
    plain = context.browser.new_context(java_script_enabled=False, storage_state=state)
    page = plain.new_page()
    page.goto(f"{workspace.url}/runs/{run}")
    page.get_by_role("button", name="Complete").click()
    expect(page.get_by_role("alert").get_by_role("link", name="Goals")).to_be_visible()
    expect(page.get_by_label("Goals")).to_have_accessible_description(re.compile("This is needed"))
    page.get_by_label("Goals").fill("Go live")
    page.get_by_role("button", name="Complete").click()
    expect(page.locator("#s-handoff")).to_contain_text("Done by Dana")
    plain.close()


@pytest.mark.parametrize(("scheme", "width"), [("dark", 1440), ("light", 390)])
def test_every_page_fits(workspace: App, context: BrowserContext, scheme: str, width: int):
    """Dark and on a phone: nothing but the board itself scrolls sideways."""
    project = workspace.project()
    run = workspace.run(project)
    page = context.new_page()
    page.emulate_media(color_scheme="dark" if scheme == "dark" else "light")
    page.set_viewport_size({"width": width, "height": 844})
    board = f"/projects/{project}"
    pages = {
        "home": "/", "board": board, "list": f"{board}/list", "timeline": f"{board}/timeline", "run": f"/runs/{run}",
        "attention": f"{board}/attention", "search": "/search?q=acme",
        "mails": "/outbox", "workload": f"/workload?project={project}", "process": "/processes/onboarding",
    }  # fmt: skip
    for name, path in pages.items():
        page.goto(f"{workspace.url}{path}")
        assert page.evaluate("document.documentElement.scrollWidth <= innerWidth"), name
        keep(page, f"{name}-{scheme}-{width}")


def drag(page: Page, card: str, target: str) -> None:
    """With the mouse, in steps, as a hand does."""
    start, end = page.locator(card).bounding_box(), page.locator(target).bounding_box()
    assert start is not None
    assert end is not None
    page.mouse.move(start["x"] + 12, start["y"] + start["height"] - 6)
    page.mouse.down()
    page.mouse.move(end["x"] + 60, end["y"] + 20, steps=8)
    page.mouse.up()


def test_a_run_is_started_from_its_process(workspace: App, page: Page):
    """The form of a process starts a run on the board it was opened from, and leads to it."""
    project = workspace.project()
    page.goto(f"{workspace.url}/projects/{project}")
    page.get_by_role("link", name="Start a run").click()
    page.get_by_text("Who does what").click()
    page.get_by_label("Seller").fill("Dana")
    page.get_by_role("button", name="Start").click()
    expect(page).to_have_url(re.compile("/runs/"))
    expect(page.locator("#step")).to_contain_text("Write the handoff")
    page.get_by_role("link", name="Board", exact=True).click()
    expect(page.locator(".card")).to_have_count(1)


def test_a_task_is_added(workspace: App, page: Page):
    """The board's own form adds a card, last in the column chosen."""
    project = workspace.project()
    workspace.task(project, "Earlier")
    page.goto(f"{workspace.url}/projects/{project}")
    page.get_by_text("Add a task").first.click()
    page.get_by_label("What is to be done").fill("Later")
    page.get_by_role("button", name="Add the task").click()
    expect(page.locator("#col-sold .card .name")).to_have_text(["Earlier", "Later"])


def test_a_task_is_worked_on_on_its_own_page(workspace: App, page: Page):
    """From its card to its page: a line is added and ticked, somebody is told something, the task is done."""
    project = workspace.project()
    workspace.post("/v1/tasks", project=project, title="Move the desks", stage="sold")
    page.goto(f"{workspace.url}/projects/{project}")
    page.get_by_role("link", name="Move the desks").click()
    page.wait_for_selector("html[data-ready=yes]")
    page.get_by_label("A new line").fill("Measure the room")
    page.get_by_role("button", name="Add", exact=True).click()
    tick = page.get_by_role("button", name="Tick Measure the room")
    tick.click()
    expect(page.locator("#checklist")).to_contain_text("1 of 1")
    page.get_by_label("Write").fill("Ask @bo for the van")
    page.get_by_role("button", name="Write").click()
    expect(page.locator("#comments")).to_contain_text("Ask @bo for the van")
    keep(page, "task")
    page.get_by_role("button", name="Mark done").click()
    expect(page.locator(".facts")).to_contain_text("Done")


def test_a_file_is_attached_and_fetched(workspace: App, page: Page):
    """A file goes with a step, is listed there, and comes back byte for byte."""
    run = workspace.run(workspace.project())
    page.goto(f"{workspace.url}/runs/{run}")
    page.wait_for_selector("html[data-ready=yes]")
    page.locator("summary", has_text="Attach").click()
    page.get_by_label("File").set_input_files(
        {"name": "offer.txt", "mimeType": "text/plain", "buffer": b"An offer"}
    )
    page.get_by_role("button", name="Attach").click()
    link = page.get_by_role("link", name="offer.txt")
    expect(link).to_be_visible()
    with page.expect_download() as coming:
        link.click()
    assert coming.value.path().read_bytes() == b"An offer"


def test_a_project_is_a_list_with_a_view_that_is_saved(workspace: App, page: Page):
    """Filter, order and groups stand in the address; the view keeps them under a name."""
    project = workspace.project()
    workspace.run(project)
    workspace.task(project, "Order desks", priority="high")
    page.goto(f"{workspace.url}/projects/{project}")
    page.get_by_role("link", name="List", exact=True).click()
    expect(page.get_by_role("row")).to_have_count(3)
    keep(page, "list")
    page.get_by_label("Kind").select_option("Tasks")
    page.get_by_label("Groups").select_option("Priority")
    page.get_by_role("button", name="Show").click()
    expect(page.get_by_role("row")).to_have_count(3)
    expect(page.locator(".cards-table")).not_to_contain_text("Acme")
    page.wait_for_selector("html[data-ready=yes]")
    page.locator("summary", has_text="Save this view").click()
    page.get_by_label("Name", exact=True).fill("Tasks by priority")
    page.get_by_role("button", name="Save", exact=True).click()
    link = page.get_by_role("link", name="Tasks by priority")
    expect(link).to_have_attribute("href", re.compile("kind=task.*group=priority|group=priority.*kind=task"))
    page.get_by_role("link", name="Timeline", exact=True).click()
    expect(page.locator(".timeline .rows li")).to_have_count(2)
    keep(page, "timeline")


def test_something_is_searched_for(workspace: App, page: Page):
    """A part of a name leads to the run."""
    run = workspace.run(workspace.project(), "Nordwind GmbH")
    page.goto(f"{workspace.url}/search")
    page.get_by_label("Search for").fill("dwin")
    page.keyboard.press("Enter")
    expect(page.get_by_role("link", name="Nordwind GmbH")).to_have_attribute("href", f"/runs/{run}")
    keep(page, "search")


def test_a_board_is_laid_out_in_lanes_and_what_needs_attention_is_one_click_away(workspace: App, page: Page):
    """Each card stands once, in the lane of who has to act; help that is needed is cleared where it is listed."""
    project = workspace.project()
    run = workspace.run(project)
    task = workspace.task(project, "Order gifts")
    workspace.post(f"/v1/runs/{run}/steps/handoff/request-help", reason="No room is free")
    page.goto(f"{workspace.url}/projects/{project}")
    page.get_by_role("navigation", name="Lanes").get_by_role("link", name="Person").click()
    expect(page.locator(".lane")).to_have_count(2)
    expect(page.locator(f"#c{task}")).to_have_count(1)
    keep(page, "board-lanes")
    page.get_by_role("link", name="Attention").click()
    expect(page.locator("#attention")).to_contain_text("No room is free")
    expect(page.locator("#since")).to_contain_text("started")
    keep(page, "project-attention")
    page.set_viewport_size({"width": 390, "height": 844})
    keep(page, "project-attention-phone")


def test_a_board_is_looked_back_on(workspace: App, page: Page):
    """As of a moment: the cards of then, nothing to change; attention too; one click leads back to now."""
    project = workspace.project()
    run = workspace.run(project)
    workspace.post(f"/v1/runs/{run}/target", target_at="2026-01-05T12:00:00Z", reason="Promised")
    then = datetime.now(UTC).isoformat()
    task = workspace.task(project, "Order gifts")
    board = f"{workspace.url}/projects/{project}"
    page.goto(f"{board}?{urlencode({'as_of': then})}")
    expect(page.get_by_role("status").filter(has_text="This is how things stood")).to_be_visible()
    expect(page.locator(f"#c{run}")).to_contain_text("Late")
    expect(page.locator(f"#c{task}")).to_have_count(0)
    expect(page.locator(".card details, [data-draggable]")).to_have_count(0)
    expect(page.get_by_text("1 overdue")).to_be_visible()
    keep(page, "board-past")
    page.get_by_role("link", name="Attention").click()
    expect(page.locator("#attention")).to_contain_text("was to be finished by")
    expect(page.locator("#attention form")).to_have_count(0)
    page.get_by_role("link", name="Board", exact=True).click()
    page.get_by_role("link", name="Back to now").click()
    expect(page.locator(f"#c{task}")).to_be_visible()
    page.wait_for_selector("html[data-ready=yes]")
    page.get_by_label("As it was").fill("2099-01-01T09:00")
    page.get_by_role("button", name="Look back", exact=True).click()
    expect(page.get_by_role("alert")).to_contain_text("As it was: This has not come yet.")
    workspace.trouble.clear()  # the browser itself logs the 422
    assert workspace.client.get(board, params={"as_of": "2001-01-01T09:00"}).status_code == 404
    assert workspace.client.get(board, params={"as_of": "soon"}).status_code == 422


def test_looking_back_goes_by_the_clock_of_the_reader(workspace: App, page: Page):
    """A time is typed, sent and shown again as the reader's own, as all times of the page are."""
    project = workspace.project()
    then = datetime.now(UTC)
    board = f"{workspace.url}/projects/{project}"
    page.goto(f"{board}?{urlencode({'as_of': then.isoformat()})}")
    page.wait_for_selector("html[data-ready=yes]")
    local = then.astimezone(ZoneInfo("Europe/Berlin"))
    expect(page.get_by_label("As it was")).to_have_value(f"{local:%Y-%m-%dT%H:%M}")
    expect(page.get_by_role("status").filter(has_text="how things stood")).to_contain_text(f"{local:%H:%M}")
    page.get_by_label("As it was").fill("2026-01-02T00:30")
    page.get_by_role("button", name="Look back", exact=True).click()
    page.wait_for_url("**as_of=2026-01-01T23*30*00*Z")
    workspace.trouble.clear()  # the browser itself logs the 404: the project was not there yet


def test_the_load_of_people_is_one_click_from_what_needs_attention(workspace: App, page: Page):
    """Two steps and a task of Dana's: hours by week, overdue apart; a wrong question is refused."""
    project = workspace.project()
    workspace.run(project)
    workspace.task(project, "Order gifts", assignee=DANA, due_on="2026-01-05")
    page.goto(f"{workspace.url}/projects/{project}/attention")
    page.get_by_role("link", name="Workload").click()
    row = page.get_by_role("row").filter(has=page.get_by_role("link", name="Dana"))
    expect(row.locator(".overdue")).to_have_text("1")
    keep(page, "workload")
    assert workspace.client.get("/workload", params={"weeks": "99"}).status_code == 422


def test_a_board_is_filtered_and_says_what_is_not_as_the_steps_say(workspace: App, page: Page):
    """The filter stays in lanes and over live changes; a card put elsewhere says why, by whom, and goes back."""
    project = workspace.project()
    run = workspace.run(project)
    workspace.task(project, "Order gifts")
    workspace.post(f"/v1/runs/{run}/override-stage", stage="live", reason="The customer is live already")
    page.goto(f"{workspace.url}/projects/{project}")
    page.locator("summary", has_text="Filter").click()
    page.get_by_label("Kind").select_option("Runs")
    page.get_by_role("button", name="Show", exact=True).click()
    expect(page.locator(".card")).to_have_count(1)
    expect(page.locator(f"#col-live #c{run}")).to_contain_text(
        "Dana shows it here: The customer is live already"
    )
    keep(page, "board-filtered")
    page.wait_for_selector("html[data-ready=yes]")
    page.get_by_label("Move or change Acme").click()
    page.get_by_role("button", name="Show it where its steps are").click()
    expect(page.locator(f"#col-sold #c{run}")).to_be_visible()
    expect(page.locator(".card")).to_have_count(1)
    page.get_by_role("navigation", name="Lanes").get_by_role("link", name="Priority").click()
    expect(page.locator(".card")).to_have_count(1)
    page.get_by_role("link", name="Show all").click()
    expect(page.locator(".card")).to_have_count(2)


def test_no_script_but_ours_makes_markup_of_text(workspace: App, page: Page):
    """Trusted Types hold: a text that is put in as markup is refused by the browser, and so is a second policy."""
    page.goto(workspace.url)
    tried = """
        () => [
          () => { document.createElement("p").innerHTML = "<b>x</b>"; },
          () => new DOMParser().parseFromString("<b>x</b>", "text/html"),
          () => document.createElement("script").setAttribute("src", "/x.js"),
          () => window.trustedTypes.createPolicy("another", {}),
          () => window.trustedTypes.createPolicy("milepost", {}),
        ].map((attempt) => { try { attempt(); return "done"; } catch (error) { return error.name; } })
    """
    assert page.evaluate(tried) == ["TypeError"] * 5
    page.goto(f"{workspace.url}/")
    expect(page.locator("html")).to_have_attribute("data-ready", "yes")
    told = [text for text in workspace.trouble if "Trusted" in text]
    assert len(told) == len(workspace.trouble) >= 3, workspace.trouble
    workspace.trouble.clear()  # the browser complained of what this test did, and of nothing else
