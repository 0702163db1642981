"""A browser without script: pages as they were rendered, their forms filled in and sent by their buttons."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any
from urllib.parse import urljoin

import httpx
from lxml import html

from tests.support.clients import client_of

Pairs = list[tuple[str, str]]
Wanted = Mapping[str, str | Sequence[str]]
"""What is typed or chosen, by the last part of a control's name; anything plausible where it says nothing."""

PAPER = ("paper.pdf", b"%PDF", "application/pdf")


@dataclass(frozen=True)
class Form:
    """A form of a page."""

    page: Page
    element: Any

    @property
    def address(self) -> str:
        """Where the form itself goes."""
        return str(self.element.get("action"))

    @property
    def buttons(self) -> list[Any]:
        """What sends it."""
        return [one for one in self.element.iter("button") if one.get("type", "submit") == "submit"]

    def send(self, button: Any | None = None, wanted: Wanted | None = None) -> Page:
        """Fill in what is needed, and what is wanted, and press the button (None: the first)."""
        pressed = self.buttons[0] if button is None else button
        pairs, files = self._filled(wanted or {})
        if pressed.get("name"):
            pairs.append((pressed.get("name"), pressed.get("value", "")))
        address = urljoin(self.page.url, pressed.get("formaction") or self.address)
        told = self.page.client.post(
            address,
            data=_by_name(pairs),
            files=files or ([("", ("", b""))] if self._multipart else None),
            headers={"Referer": self.page.url, "Origin": urljoin(self.page.url, "/").rstrip("/")},
        )
        return Page.of(self.page.client, told)

    @property
    def _multipart(self) -> bool:
        return bool(self.element.get("enctype") == "multipart/form-data")

    def _filled(self, wanted: Wanted) -> tuple[Pairs, list[tuple[str, Any]]]:
        """The names and values that a browser sends, as they stand and with what is wanted or needed."""
        pairs: Pairs = []
        files = [
            (one.get("name"), PAPER)
            for one in self.element.iter("input")
            if one.get("type") == "file" and (_needed(one) or _last(one) in wanted)
        ]
        for name, controls in self._controls().items():
            pairs += [(name, text) for text in _texts(name, controls, wanted)]
        return pairs, files

    def _controls(self) -> dict[str, list[Any]]:
        found: dict[str, list[Any]] = {}
        for one in self.element.iter("input", "select", "textarea"):
            if one.get("name") and one.get("type") != "file" and one.get("disabled") is None:
                found.setdefault(one.get("name"), []).append(one)
        return found


@dataclass(frozen=True)
class Page:
    """A page that was asked for."""

    client: httpx.Client
    url: str
    status: int
    tree: Any

    @classmethod
    def of(cls, client: httpx.Client, told: httpx.Response) -> Page:
        """The page that an answer is."""
        return cls(client, str(told.url), told.status_code, html.fromstring(told.text))

    @classmethod
    def at(cls, client: httpx.Client, path: str) -> Page:
        """The page at this address."""
        return cls.of(client, client.get(path))

    @property
    def forms(self) -> list[Form]:
        """Every form that sends something."""
        return [Form(self, one) for one in self.tree.iter("form") if one.get("method") == "post"]

    @property
    def problems(self) -> list[str]:
        """What the page says was refused, at its head and at its fields."""
        marks = self.tree.xpath(
            '//*[contains(concat(" ", @class, " "), " problem ") or @class="field-problem"]'
        )
        return [" ".join(one.text_content().split()) for one in marks]

    def text(self, mark: str) -> str | None:
        """What stands in the part of this id; None where there is none."""
        found = self.tree.xpath("//*[@id=$mark]", mark=mark)
        return " ".join(found[0].text_content().split()) if found else None

    def press(self, label: str, wanted: Wanted | None = None) -> Page:
        """Press the button with this label, in whichever form it stands."""
        for form in self.forms:
            for button in form.buttons:
                if " ".join(button.text_content().split()) == label:
                    return form.send(button, wanted)
        raise AssertionError(f"no button {label!r} on {self.url}: {list(self.labels())}")

    def labels(self) -> Iterator[str]:
        """What can be pressed."""
        for form in self.forms:
            yield from (" ".join(button.text_content().split()) for button in form.buttons)


def browser_of(url: str) -> httpx.Client:
    """A browser that nobody is signed in with."""
    return client_of(url, follow_redirects=True, headers={"Accept": "text/html"})


def signed_in(browser: httpx.Client, link: str) -> None:
    """Press the button that a sign-in link leads to."""
    assert Page.at(browser, link).forms[0].send().status == 200


def _by_name(pairs: Pairs) -> dict[str, list[str]]:
    made: dict[str, list[str]] = {}
    for name, text in pairs:
        made.setdefault(name, []).append(text)
    return made


def _texts(name: str, controls: list[Any], wanted: Wanted) -> list[str]:
    first = controls[0]
    kind, last = first.get("type", "text"), _last(first)
    if first.tag == "input" and kind == "hidden":
        return [one.get("value", "") for one in controls]
    if last in wanted:
        told = wanted[last]
        return [told] if isinstance(told, str) else list(told)
    if first.tag == "select":
        return [_chosen(one) for one in controls]
    if first.tag == "input" and kind in ("radio", "checkbox"):
        return _ticked(name, controls)
    stands = [one.text or "" if first.tag == "textarea" else one.get("value", "") for one in controls]
    return stands if any(text.strip() for text in stands) or not _needed(first) else [plausible(name, first)]


def _ticked(name: str, controls: list[Any]) -> list[str]:
    ticked = [one.get("value", "on") for one in controls if one.get("checked") is not None]
    if any(ticked) or not _needed(controls[0]):
        return ticked
    values = [one.get("value", "on") for one in controls]
    return values if ":checklist:" in name else [values[0]]


def _chosen(select: Any) -> str:
    options = list(select.iter("option"))
    chosen = next((one for one in options if one.get("selected") is not None), options[0])
    if not chosen.get("value") and _needed(select):
        chosen = options[1]
    return str(chosen.get("value", ""))


def _needed(control: Any) -> bool:
    name = str(control.get("name") or "")
    asked = control.get("required") is not None or control.get("aria-required") == "true"
    return asked or ":table:" in name or name.startswith("refused:")


def _last(control: Any) -> str:
    return str(control.get("name")).rpartition(":")[2]


def plausible(name: str, control: Any) -> str:
    """Something that a control takes, by its kind."""
    now = datetime.now(UTC)
    kind = name.rpartition(":")[2] if ":table:" in name else [*name.split(":"), ""][1]
    number = str(control.get("max") or control.get("min") or 7)
    moment = (now + timedelta(days=3)).strftime("%Y-%m-%dT%H:%M")
    return {
        "number": number,
        "money": number,
        "date": (now + timedelta(days=14)).date().isoformat(),
        "datetime": moment,
        "datetime-local": moment,
        "email": "contact@customer.example",
        "person": "Bo",
        "url": "https://files.example/document",
        "phone": "+49 30 1234567",
    }.get(kind or control.get("type", "text"), "Agreed with everybody.")
