"""Values as people read them: by the kind of their field, wherever a page shows one."""

from __future__ import annotations

import re
from dataclasses import replace
from datetime import datetime
from typing import Any, get_args
from zoneinfo import ZoneInfo

import pytest
from lxml import html

from domain.diff import Change
from domain.document import FieldKind, FormField
from domain.shown import shown as in_mails
from tests.web import samples
from web.pages.run_panels import PROBLEMS
from web.rendering.page import _environment, render
from web.rendering.values import plain, shown
from web.words import differences

BERLIN, AUCKLAND = ZoneInfo("Europe/Berlin"), ZoneInfo("Pacific/Auckland")
FIELD_KINDS = get_args(FieldKind)
FILE = {"name": "Offer & terms.pdf", "size": 3, "type": "application/pdf", "sha256": "a" * 64}
COLUMNS = [
    {"key": "item", "title": "Item"},
    {"key": "price", "title": "Price", "kind": "money"},
    {"key": "ok", "title": "Checked", "kind": "yes_no"},
    {"key": "by", "title": "By", "kind": "person"},
]
ROWS = [{"item": "Desk <b>", "price": 9.99, "ok": True, "by": "person:bo"}, {"item": "Lamp"}]


def field(kind: str, **more: Any) -> dict[str, Any]:
    """A field as answers hold it."""
    made = FormField.model_validate({"key": "it", "title": "It", "kind": kind, **more})
    return made.model_dump(mode="json")


def text(kind: str, value: Any, **more: Any) -> str:
    """The words of a value on a page."""
    made = html.fragment_fromstring(str(shown(value, field(kind, **more), BERLIN)), create_parent=True)
    return " ".join(made.text_content().split())


@pytest.mark.parametrize(
    ("kind", "value", "told"),
    [
        ("text", "Ann", "Ann"),
        ("long_text", "two\nlines", "two lines"),
        ("number", 0, "0"),
        ("number", 12345.678, "12 345.678"),
        ("number", 0.1, "0.1"),
        ("money", 1234.5, "1 234.50"),
        ("money", 99, "99"),
        ("date", "2026-03-31", "31 Mar 2026"),
        ("datetime", "2026-10-25T02:30:15+01:00", "25 Oct 2026, 02:30:15 (Europe/Berlin)"),
        ("choice", "Large", "Large"),
        ("multi_choice", ["a", "b"], "a, b"),
        ("checklist", ["Logo"], "Logo"),
        ("yes_no", False, "No"),
        ("person", "person:bo", "Bo"),
        ("email", "ann@example.com", "ann@example.com"),
        ("url", "https://example.com", "https://example.com"),
        ("files", [FILE, {**FILE, "name": "b.txt"}], "Offer & terms.pdf, b.txt"),
        ("signature", "Ann", "Ann"),
        ("signature", "data:image/png;base64,AAAA", "Signed"),
        ("computed", 3.5, "3.5"),
    ],
)
def test_every_kind_of_value_is_told_in_its_own_words(kind: str, value: Any, told: str):
    """No value that was given reads as if nothing had been."""
    assert text(kind, value) == told


@pytest.mark.parametrize("value", [None, "", [], {}])
def test_nothing_is_told_as_nothing(value: Any):
    """Of every kind."""
    assert text("table", value) == text("text", value) == plain(value) == "–"


@pytest.mark.parametrize("value", ["soon", 7, {"a": 1}, [1, {"b": ["c"]}], True, FILE])
@pytest.mark.parametrize(
    "kind", ["number", "date", "datetime", "files", "table", "yes_no", "person", "url", "checklist"]
)
def test_a_value_of_another_kind_is_still_told(kind: str, value: Any):
    """What an older version of the process took is shown by what it is; nothing that is there is hidden."""
    assert text(kind, value, columns=COLUMNS) not in ("", "–")


def test_a_table_is_shown_as_a_table():
    """Its columns by their titles, every cell by its kind, all of it escaped."""
    made = html.fragment_fromstring(str(shown(ROWS, field("table", columns=COLUMNS), BERLIN)))
    assert [cell.text_content() for cell in made.iter("th")] == ["Item", "Price", "Checked", "By"]
    rows = [[cell.text_content() for cell in row.iter("td")] for row in made.iter("tr")][1:]
    assert rows == [["Desk <b>", "9.99", "Yes", "Bo"], ["Lamp", "–", "–", "–"]]


def test_files_lead_to_their_contents():
    """Where the page gives files out; a name never becomes markup."""
    told = str(shown([FILE], field("files"), BERLIN, "/v1/runs/7/files"))
    assert told == f'<a href="/v1/runs/7/files/{"a" * 64}" download>Offer &amp; terms.pdf</a>'


def test_the_page_of_a_run_shows_tables_and_files():
    """Whoever looks at a step that is done sees what was given: rows, files, choices."""
    run = samples.run()
    fields = (field("table", columns=COLUMNS), field("files") | {"key": "docs", "title": "Documents"})
    values = {"it": ROWS, "docs": [FILE]}
    step = replace(run.stages[0].steps[0], fields=fields, values=values)
    page = render(
        "run.html", run=run, answer=run, chosen=step, history=None, about=None, zone=BERLIN, me="person:dana",
        beside=samples.beside(run, step.key), PROBLEMS=PROBLEMS, now=samples.NOW,
    )  # fmt: skip
    made = next(each for each in html.fromstring(page).iter("dl") if each.get("class") == "values")
    assert [cell.text for cell in made.iter("td")][:2] == ["Desk <b>", "9.99"]
    assert [link.text for link in made.iter("a")] == ["Offer & terms.pdf"]


def test_a_comparison_of_versions_tells_mappings():
    """What changed in a rule is told, not that nothing became nothing."""
    before, after = {"anchor": "run_start", "offset": 5}, {"anchor": "run_start", "offset": 0}
    told = differences.sentence(Change("changed", "rule", "check.due", before, after))
    assert told == "anchor run_start, offset 5 → anchor run_start, offset 0"
    assert differences.plain({}) == "nothing"


def test_mails_tell_all_digits():
    """A number is never rounded by being written down."""
    plain_field = FormField.model_validate(field("number"))
    money = FormField.model_validate(field("money", unit="EUR"))
    assert in_mails(plain_field, 12345.678, BERLIN, str) == "12\u202f345.678"
    assert in_mails(plain_field, 1200, BERLIN, str) == "1200"
    assert in_mails(money, 1234.5, BERLIN, str) == "1\u202f234.50 EUR"
    assert in_mails(money, 0.125, BERLIN, str) == "0.125 EUR"


ANY_VALUES: tuple[Any, ...] = (
    "two",
    7,
    1.5,
    True,
    ["a", 1],
    [FILE, {"size": 1}],
    {"item": "Desk"},
    ROWS,
    None,
    "",
    [],
)


@pytest.mark.parametrize("kind", FIELD_KINDS)
def test_a_form_shows_a_value_of_any_kind_in_its_control(kind: str):
    """A field may have been of another kind in the version under which its value was given: the page still comes."""
    given = {"columns": COLUMNS} if kind == "table" else {}
    fields = [field(kind, **given) if kind != "computed" else {**field("text"), "kind": kind}]
    fields += [field(kind, choices=["a", "b"])] if kind in ("choice", "multi_choice", "checklist") else []
    control = _environment().get_template("_fields.html").module.field  # type: ignore[attr-defined]  # a macro
    for one in fields:
        for value in ANY_VALUES:
            assert f'data-kind="{kind}"' in control(one, value, BERLIN), value


def test_a_date_that_may_not_be_past_begins_today_in_its_control():
    """The calendar of the browser offers no day before; one that is there already may stay."""
    control = _environment().from_string(
        '{% from "_fields.html" import field %}{{ field(one, given, zone) }}'
    )

    def least(kind: str, given: str | None, **more: str) -> str | None:
        one = {"key": "d", "title": "D", "kind": kind, **more}
        found = re.search(r'\smin="([^"]*)"', control.render(one=one, given=given, zone=AUCKLAND))
        return found[1] if found else None

    today = f"{datetime.now(AUCKLAND):%Y-%m-%d}"
    assert (least("date", None), least("date", "2026-01-05")) == (None, None)
    assert least("date", None, not_before="today") == today
    assert least("date", "2099-01-05", not_before="today") == today
    assert least("date", "2026-01-05", not_before="today") == "2026-01-05"
    assert least("datetime", None, not_before="today") == f"{today}T00:00"
