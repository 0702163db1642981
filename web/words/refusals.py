"""What a page says when something was refused: once, in words, at the field that it is about where there is one."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import asdict, dataclass
from typing import Any

from domain.document import FormField
from projections.answers import RunView
from web.words.people import who

_OF_ROLES = frozenset(
    {"unknown_person", "unknown_group", "person_deactivated", "group_closed", "nobody_found"}
)
_LIMIT = re.compile(r"\d+")
_KEY = re.compile(r"(?<![\w“])\w+(?![\w”])")
_ACTOR = re.compile(r"(?<!\()\b(?:person|group|guest|service):[A-Za-z0-9](?:[A-Za-z0-9._@+-]*[A-Za-z0-9])?")
_KEYS = ("step", "steps", "waits_for", "differing", "fields", "role")
"""Facts of a refusal that hold keys; people are told the titles."""

_RIGHTS = {
    "read": "see this",
    "work": "work on runs and tasks",
    "manage": "change processes and projects, or look after them",
    "admin": "give others a way in",
}
"""What the scopes let people do, in words."""
_SAID = {
    "not_signed_in": "Nobody is signed in here. Sign in, and do it once more.",
    "bad_token": "You are no longer signed in. Sign in, and do it once more.",
    "cross_site": "This page is out of date. Load it again, and do it once more.",
    "still_running": "This is being done already.",
    "other_request": "This page is out of date. Load it again, and do it once more.",
    "version_mismatch": "Somebody has changed it meanwhile. Look at it once more.",
    "too_busy_stream": "Others keep changing it. Try again in a moment.",
}
"""What people are told of refusals whose own words are for programs."""
_SAID_OF_FIELDS = {
    "missing": "This is needed.",
    "string_too_short": "This is needed.",
    "too_short": "This is needed.",
    "extra_forbidden": "This is not asked for here.",
    "in_future": "This has not come yet.",
}
"""What people are told of members of a request, by what is wrong with them."""
_ASKED = {"as_of": "As it was"}
"""What people call members of a request that no form names."""

Titles = Mapping[str, str]
"""What people call steps and fields, by key."""


@dataclass(frozen=True, slots=True)
class Wrong:
    """One field that needs another look: its key, its title, and what is said about it."""

    field: str
    title: str
    says: str


@dataclass(frozen=True, slots=True)
class Refusal:
    """A refusal in words: the sentence at the head, the fields that need another look, and lines beside."""

    says: str
    wrong: tuple[Wrong, ...] = ()
    lines: tuple[str, ...] = ()

    @property
    def at(self) -> dict[str, str]:
        """What is said at each field."""
        return {each.field: each.says for each in self.wrong}


def in_words(problem: Mapping[str, Any], titles: Titles | None = None) -> Refusal:
    """The refusal behind a problem document; ``titles`` are those of the form and of the run that it is about."""
    known = titles or {}
    wrong = tuple(_wrong(problem, known)) or tuple(_at_its_field(problem, known))
    steps = problem.get("open_steps") or ()
    lines = tuple(
        f"{step['title']} — {who(step['who']) if step['who'] else 'nobody yet'}" for step in steps
    ) + tuple(problem.get("lines") or ())
    if wrong:
        return Refusal(
            "Please look at this once more:" if len(wrong) == 1 else "Please look at these once more:",
            wrong,
            lines,
        )
    told = _for_people(problem) or str(problem.get("detail") or problem.get("title") or "That did not work")
    return Refusal(_sentence(_named(told, problem, known)), wrong, lines)


def spoken(problem: Mapping[str, Any], titles: Titles | None = None) -> dict[str, Any]:
    """A problem document with what a page says about it."""
    said = in_words(problem, titles)
    return {**problem, "says": said.says, "wrong": [asdict(each) for each in said.wrong], "lines": said.lines}


def _for_people(problem: Mapping[str, Any]) -> str | None:
    code, needs = problem.get("code"), problem.get("needs")
    if code != "not_allowed" or not isinstance(needs, list):
        return _SAID.get(str(code))
    rights = [_RIGHTS[need] for need in needs if need in _RIGHTS]
    if not rights:
        return None
    asked = " or to ".join(rights)
    return f"You may not do that: it takes the right to {asked}. Whoever runs Milepost here can give it."


def titles_of(run: RunView) -> dict[str, str]:
    """The titles of a run's steps, stages and fields by key; a title of a step wins over that of a field."""
    steps = [step for stage in run.stages for step in stage.steps]
    fields = [
        field for step in steps for field in (*step.fields, *(step.refusal.fields if step.refusal else ()))
    ]
    return {
        **{field.get("path", field["key"]): field["title"] for field in fields},
        **{stage.key: stage.title for stage in run.stages},
        **{step.key: step.title for step in steps},
    }


def titles_of_form(fields: Iterator[FormField] | tuple[FormField, ...]) -> dict[str, str]:
    """The titles of the fields of a kick-off form."""
    return {field.key: field.title for field in fields}


def _wrong(problem: Mapping[str, Any], titles: Titles) -> Iterator[Wrong]:
    for one in problem.get("problems") or ():
        if isinstance(one, Mapping) and "field" in one and "problem" in one:
            yield _entry(str(one["field"]), titles, _of_value(one))
    for one in problem.get("errors") or ():
        field = str(one["field"])
        yield _entry(field, titles, _of_shape(one))


def _at_its_field(problem: Mapping[str, Any], titles: Titles) -> Iterator[Wrong]:
    """A rule's refusal that names the one field, or the role, that it is about."""
    field = problem.get("field") or (problem.get("code") in _OF_ROLES and problem.get("role"))
    if isinstance(field, str):
        yield _entry(field, titles, _sentence(_named(str(problem.get("detail", "")), problem, titles)))


def _entry(field: str, titles: Titles, says: str) -> Wrong:
    last = field.rpartition(".")[2]
    title = titles.get(field) or titles.get(last) or _ASKED.get(last) or last.replace("_", " ").capitalize()
    return Wrong(field if field in titles else last, title, says)


def _of_value(one: Mapping[str, Any]) -> str:
    match one["problem"]:
        case "required":
            return f"This is needed: {one['accepted']}."
        case "unknown_field":
            return "This is not asked for here."
        case "stranger":
            return _sentence(str(one["accepted"]))
        case _:
            return f"This takes {one['accepted']}."


def _of_shape(one: Mapping[str, Any]) -> str:
    """What a member of the request lacks; the words of the reader of requests are for programs."""
    code, limit = str(one.get("code", "")), _LIMIT.search(str(one.get("detail", "")))
    if code in _SAID_OF_FIELDS:
        return _SAID_OF_FIELDS[code]
    if code == "string_too_long" and limit:
        return f"This takes at most {limit[0]} characters."
    detail = str(one.get("detail", "")).removeprefix("Value error, ").removeprefix("Input ")
    return f"This {detail}." if detail.startswith(("should", "must")) else _sentence(detail)


def _named(text: str, problem: Mapping[str, Any], titles: Titles) -> str:
    """The text with titles and names instead of keys."""
    known = {key: f"“{titles[key]}”" for key in _keys(problem) if key in titles}
    text = _KEY.sub(lambda found: known.get(found[0], found[0]), text)
    return _ACTOR.sub(lambda found: who(found[0]), text)


def _keys(problem: Mapping[str, Any]) -> set[str]:
    found: set[str] = set()
    for name in _KEYS:
        told = problem.get(name)
        found |= {told} if isinstance(told, str) else {each for each in told or () if isinstance(each, str)}
    return found


def _sentence(text: str) -> str:
    told = text[:1].upper() + text[1:]
    return told if told.endswith((".", "!", "?", ":", "”")) else f"{told}."
