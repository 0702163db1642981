"""What ships is carried to every end by the buttons of its pages, and every form says what the interface takes."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

import httpx
import pytest
from playwright.sync_api import BrowserContext, expect

from domain.definition import Definition
from domain.document import AUTOMATIC, Document
from domain.guests import pass_for
from domain.passes import seal
from domain.run import RUN
from domain.words import Actor, StepKey
from tests.stories.walking import shipped
from tests.web.conftest import App
from tests.web.plain import Page, Wanted, browser_of, signed_in

ANN, BO, CY = (Actor(f"person:{key}") for key in ("ann", "bo", "cy"))
ONBOARDING = {
    "customer_name": "Alder Foods", "customer_domain": "alder.example", "primary_contact_name": "Ada Berg",
    "primary_contact_email": "ada@alder.example", "plan": "Enterprise", "contract_value": "82000",
    "non_standard_terms": "yes", "billing_country": "DE", "data_region": "EU", "needs_sso": "yes",
    "needs_migration": "yes", "onboarding_manager": "Bo", "solutions_engineer": "person:cy",
}  # fmt: skip
HIRE = {
    "candidate_name": "Mina Sato", "personal_email": "mina@home.example", "job_title": "Engineer",
    "department": "Engineering", "manager": "Bo", "work_country": "DE", "employment_type": "Permanent",
    "work_mode": "hybrid", "salary_band": "5",
}  # fmt: skip


DECIDED: dict[str, Any] = {
    "key": "decided",
    "title": "Decided",
    "inputs": [{"key": "boss", "title": "Boss", "kind": "person"}],
    "roles": [{"key": "seller", "title": "Seller"}],
    "stages": [{"key": "all", "title": "All", "steps": [
        {"key": "offer", "title": "Write the offer", "role": "seller"},
        {"key": "review", "title": "Review the offer", "kind": "approval", "after": ["offer"],
         "fields": [{"key": "grade", "title": "Grade", "kind": "choice", "choices": ["good", "bad"], "required": True}],
         "approval": {"on_refusal": {"requires": ["inputs.boss"]}}},
    ]}],
}  # fmt: skip


@dataclass
class Clicks:
    """A run that people work on in their browsers: whoever may do the next open step does it."""

    app: App
    document: Document
    browsers: list[httpx.Client]
    run: str
    refusals: dict[str, str] = field(default_factory=dict)
    """Approvals that are refused once, with the reason."""
    declined: frozenset[str] = frozenset()
    values: Mapping[str, Wanted] = field(default_factory=dict)
    pressed: list[str] = field(default_factory=list)

    @property
    def view(self) -> Any:
        """The run as the interface tells it."""
        return self.app.client.get(f"/v1/runs/{self.run}", params={"min_position": self.app.head}).json()

    def walk(self) -> Any:
        """Press buttons until the run has ended; the run as it ended."""
        for _ in range(120):
            seen = self.view
            if seen["state"] != "running":
                return seen
            steps = [step for stage in seen["stages"] for step in stage["steps"]]
            ready = [step for step in steps if step["state"] in ("ready", "in_progress")]
            assert ready, [(step["key"], step["state"]) for step in steps]
            self.do(min(ready, key=lambda step: step["kind"] in AUTOMATIC))
        raise AssertionError("the run does not end")

    def do(self, step: Any) -> None:
        """One step, on the page of the run, or of the guest whose it is."""
        key = str(step["key"])
        guest = self._guest_link(key)
        told = self._as_guest(guest, key) if guest else self._as_staff(step)
        assert told.status == 200, (key, told.status, told.problems)
        assert not told.problems, (key, told.problems)

    def _as_guest(self, link: str, key: str) -> Page:
        with browser_of(self.app.url) as browser:
            page = Page.at(browser, link)
            assert page.forms, f"{key}: {' '.join(page.tree.find('.//main').text_content().split())}"
            if key in self.declined:
                return self._press(page, key, "Decline to sign", {"reason": "Another offer"})
            if key in self.refusals:
                return self._refused(page, key, "I do not agree")
            label = next(one for one in page.labels() if one in ("Sign", "Send", "I agree"))
            return self._press(page, key, label)

    def _as_staff(self, step: Any) -> Page:
        key = str(step["key"])
        for browser in self.browsers:
            page = Page.at(browser, f"/runs/{self.run}?step={key}")
            if page.text("barred") is not None:
                continue
            if key in self.refusals:
                return self._refused(page, key, "Refuse")
            label = next(
                one
                for one in page.labels()
                if one in ("Approve", "Complete", "Done by hand", "Sign and complete")
            )
            return self._press(page, key, label)
        return self._told_of(key)

    def _refused(self, page: Page, key: str, label: str) -> Page:
        reason = self.refusals.pop(key)
        return self._press(page, key, label, {"said": reason, "comment": reason})

    def _press(self, page: Page, key: str, label: str, more: Wanted | None = None) -> Page:
        self.pressed.append(f"{key}: {label}")
        return page.press(label, {**self.values.get(key, {}), **(more or {})})

    def _told_of(self, key: str) -> Page:
        """What nobody may do is waited for: the event comes from outside."""
        step = next(one for one in self.document.steps if one.key == key)
        assert step.wait is not None, f"nobody may do {key}"
        self.app.post("/v1/external-events", event=step.wait.event, run=self.run, id=f"{self.run}-{key}")
        return Page.at(self.browsers[0], f"/runs/{self.run}")

    def _guest_link(self, key: str) -> str | None:
        services = self.app.services
        run = services.app.load(RUN, UUID(self.run))
        assert run is not None
        held = pass_for(run, Definition(self.document.key, 1, self.document), StepKey(key))
        if held is None:
            return None
        return f"/guest/{seal(UUID(self.run), held, datetime.now(UTC) + timedelta(days=3), services.link_secret)}"


@pytest.fixture
def browsers(app: App) -> Iterator[list[httpx.Client]]:
    """Browsers of three people who work here."""
    app.add("ann", "bo", "cy", "dana")
    with ExitStack() as stack:
        made = []
        for who in (ANN, BO, CY):
            opened = stack.enter_context(browser_of(app.url))
            signed_in(opened, app.link(who))
            made.append(opened)
        yield made


Start = Callable[..., Clicks]


@pytest.fixture
def start(app: App, browsers: list[httpx.Client]) -> Start:
    """Start a process that ships from its page."""

    def begun(file: str, inputs: Wanted, **more: Any) -> Clicks:
        document = shipped(file)
        app.publish(document.model_dump(mode="json", by_alias=True, exclude_defaults=True))
        page = Page.at(browsers[0], f"/processes/{document.key}").press("Start", inputs)
        assert page.status == 200, page.problems
        run = page.url.partition("/runs/")[2][:36]
        assert run, page.problems
        return Clicks(app, document, browsers, run, **more)

    return begun


def test_a_hire_is_carried_to_its_end_by_buttons(start: Start):
    """Every approval is refused once where it can be, each with what its form asks for."""
    walk = start(
        "hire-and-onboard.yaml", HIRE, refusals={"headcount_ok": "Next year", "trained": "Other modules"}
    )
    seen = walk.walk()
    assert seen["state"] == "completed"
    assert walk.refusals == {}
    assert {
        "headcount_ok: Refuse",
        "headcount_ok: Approve",
        "check_decision: Approve",
        "day90_review: Approve",
    } <= set(walk.pressed)


@pytest.mark.parametrize(
    ("more", "outcome"),
    [
        ({"refusals": {"check_decision": "A conviction"}, "values": {"check_decision": {"decision": "Not cleared"}}},
         "Not cleared"),
        ({"declined": frozenset({"offer_signed"})}, "Offer declined"),
    ],
)  # fmt: skip
def test_a_hire_is_ended_early_by_buttons(start: Start, more: dict[str, Any], outcome: str):
    """By whoever decides about the report, and by the candidate."""
    seen = start("hire-and-onboard.yaml", HIRE, **more).walk()
    assert (seen["state"], seen["outcome"]) == ("ended_early", outcome)


def test_a_customer_is_onboarded_by_buttons(start: Start):
    """Every gate is refused once, with the values that its refusal has to bring."""
    refusals = dict.fromkeys(
        ("terms_review", "kyc_check", "plan_agreed", "data_signed_off", "go_no_go"), "Not yet"
    )
    values = {"go_no_go": {"inputs.go_live_target": f"{datetime.now(UTC) + timedelta(days=120):%Y-%m-%d}"}}
    walk = start("customer-onboarding.yaml", ONBOARDING, refusals=refusals, values=values)
    seen = walk.walk()
    assert seen["state"] == "completed"
    assert walk.refusals == {}


def test_a_customer_who_declines_ends_the_run_by_a_button(start: Start):
    """On the page that the mail leads to."""
    seen = start("customer-onboarding.yaml", ONBOARDING, declined=frozenset({"customer_signs"})).walk()
    assert (seen["state"], seen["outcome"]) == ("ended_early", "Not signed")


def test_a_run_is_called_off_by_a_button(start: Start, browsers: list[httpx.Client]):
    """It is over, and says why."""
    walk = start("hire-and-onboard.yaml", HIRE)
    told = Page.at(browsers[0], f"/runs/{walk.run}").press("Call off", {"reason": "The position is gone"})
    assert (told.status, told.problems) == (200, [])
    assert (walk.view["state"], walk.view["reason"]) == ("cancelled", "The position is gone")


@pytest.mark.browser
def test_a_decision_is_made_with_its_values_in_a_browser(workspace: App, context: BrowserContext):
    """Refused with a reason and with whom it has to name, by name; then approved with a value."""
    workspace.publish(DECIDED)
    run = workspace.post("/v1/runs", process="decided", name="Acme", roles={"seller": "person:bo"})["id"]
    with browser_of(workspace.url) as bo:
        signed_in(bo, workspace.link("person:bo"))
        assert Page.at(bo, f"/runs/{run}?step=offer").press("Complete").problems == []
    page = context.new_page()
    page.goto(f"{workspace.url}/runs/{run}?step=review")
    assert page.locator("#people option[value=Bo]").text_content() == "person:bo"
    page.locator("#f-said").fill("Too dear")
    page.get_by_label("Boss").fill("Bob")
    page.get_by_role("button", name="Refuse").click()
    expect(page.get_by_label("Boss")).to_have_accessible_description(
        "Nobody here is called bob; did you mean Bo (person:bo)?"
    )
    workspace.trouble.clear()  # the browser itself logs the 409
    page.get_by_label("Boss").fill("Bo")
    page.get_by_role("button", name="Refuse").click()
    expect(page.locator("#s-review")).to_contain_text("round 2")
    page.get_by_label("good").check()
    page.get_by_role("button", name="Approve").click()
    expect(page.locator("#s-review")).to_contain_text("Done by Dana")
    told = workspace.client.get(f"/v1/runs/{run}").json()
    assert told["inputs"]["boss"] == "person:bo"
    assert told["stages"][0]["steps"][1]["values"]["grade"] == "good"
