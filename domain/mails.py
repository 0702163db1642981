"""The mails of a run: to whom, with which words. Pure, so that what was sent can be shown again from the log."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime, tzinfo
from typing import Any
from uuid import UUID

from domain.addresses import (
    AddressBook,
    Reached,
    Recipient,
    Unreached,
    addressed,
    played,
    reach,
    reach_address,
)
from domain.content_text import in_lines
from domain.definition import Definition
from domain.digest import digest_text
from domain.document import GUEST_LINK, Email
from domain.guest_steps import guest_step
from domain.guests import Pass, is_theirs, pass_for
from domain.mail_decisions import MailDecision, decision_for
from domain.moved import count, moved_text
from domain.notices import HELP_HINT, MOVED, Notice, notice_of
from domain.outline import PLACEHOLDER
from domain.run.content import DECISIONS, content_of
from domain.run.guest_codes import CODE
from domain.run.mail_action import MailAction, authored
from domain.run.state import Run, StepState, action_key
from domain.run.telling import MIGRATION
from domain.run_text import HIDDEN, ForPeople, facts_of, step_facts
from domain.templates import one_line, reflowed, render, render_line
from domain.visible import Versions, is_for_roles, is_sealed
from domain.words import Assignee, RoleKey, StepKey, full_path

_ABOUT = "This is what it is about:"
_DECIDE = (
    "To approve or refuse it without signing in (the link is for you alone; please do not pass this mail on):"
)
_ASKS = frozenset({"invitation", "reminder", "assigned", "link"})
"""The words of mails that ask whose step it is to do it."""


@dataclass(frozen=True, slots=True)
class Mail:
    """One mail to one address; plain text, one line of subject."""

    to: Recipient
    subject: str
    body: str


@dataclass(frozen=True, slots=True)
class Desk:
    """What writing needs beside the run. ``guest_link`` gives the address that a pass of this run opens.

    ``decision_link`` gives the address at which a person decides an approval without signing in (None: no mail has it).
    ``earlier``: other versions that the run followed: what is for some under one of them is told to nobody else.
    """

    book: AddressBook
    base_url: str
    zone: tzinfo
    guest_link: Callable[[UUID, Pass], str]
    decision_link: Callable[[UUID, MailDecision], str] | None = None
    guest_code: Callable[[UUID, str, datetime | None], str] | None = None
    """Gives the code that the mail of an action brings, by the run, the key of the action and when it was queued."""
    hide_sensitive: bool = False
    earlier: tuple[Definition, ...] = ()


@dataclass(frozen=True, slots=True)
class _Letter:
    """A mail before it has a reader: templates, and the placeholders that only this mail has."""

    to: Reached
    subject: str
    body: str
    why: str = ""
    more: Mapping[str, Any] = field(default_factory=dict)
    to_guest: str | None = None
    """The body for a guest, where it is another one."""
    links: bool = False
    """Whether the guest whose step it is gets the link by it."""


@dataclass(frozen=True, slots=True)
class Post:
    """The mails of one action, one for each address, and those whom it is for and that no mail can go to.

    ``demanded``: the process or somebody wants just this mail sent; else it tells of what its readers also find
    where they work. A digest for a field or role that is still empty is for nobody yet.
    """

    mails: tuple[Mail, ...]
    unreached: tuple[Unreached, ...] = ()
    demanded: bool = False

    @property
    def missing(self) -> tuple[Unreached, ...]:
        """Who has to be looked after: all that a demanded mail names, and guests, who find nothing elsewhere.

        A line that names nobody is passed over as long as somebody else gets the mail.
        """
        if self.demanded and not self.mails:
            return self.unreached
        return tuple(one for one in self.unreached if one.named and (self.demanded or _is_guest(one.who)))


def compose(run_id: UUID, run: Run, definition: Definition, act: MailAction, desk: Desk) -> Post:
    """The mails of this action as the run stands."""
    writer = _Writer(run_id, run, definition, act, desk)
    letter = writer.letter()
    if letter is None:
        return Post((), (Unreached("", "there is no such mail in the process any more"),), demanded=True)
    mails = tuple(writer.mail(letter, one) for one in letter.to.recipients)
    named = any(one.named for one in letter.to.unreached)
    wanted = authored(definition, act) is not None or (named and act.action.startswith("digest:"))
    return Post(mails, letter.to.unreached, wanted or bool(act.changes))


def headline(run_id: UUID, run: Run, definition: Definition, act: MailAction, desk: Desk) -> str:
    """The subject of the mail, also when nobody has an address; nothing when there is no such mail."""
    writer = _Writer(run_id, run, definition, act, desk)
    letter = writer.letter()
    return "" if letter is None else writer.mail(letter, Recipient("")).subject


def superseded(run: Run, act: MailAction) -> bool:
    """Whether a later reminder of the same step is due as well: then one mail is enough."""
    first, _, rest = act.action.partition(":")
    number, _, moves = rest.partition(":")
    if first != "reminder" or not number.isdigit():
        return False
    start = action_key(act.step, act.round, "reminder:")
    others = (key.removeprefix(start).partition(":") for key in run.actions if key.startswith(start))
    return any(other.isdigit() and int(other) > int(number) and same == moves for other, _, same in others)


@dataclass(frozen=True, slots=True)
class _Writer:
    """Writes the mail of one action of one run."""

    run_id: UUID
    run: Run
    definition: Definition
    act: MailAction
    desk: Desk

    def letter(self) -> _Letter | None:
        """The mail before it has a reader, with what somebody changed after it had failed: that goes as it stands."""
        letter = self._unedited()
        return letter if letter is None or not self.act.changes else self._edited(letter)

    def mail(self, letter: _Letter, one: Recipient) -> Mail:
        """The mail to one reader."""
        guest = _is_guest(one.who)
        hint = "" if guest else HELP_HINT
        pass_ = self._guest_link(one) if guest or letter.links else ""
        told = {"name": one.name, "link": pass_ if guest else self._page(), "help_hint": hint}
        values = self._values({**letter.more, **told, "guest_link": pass_ if letter.links else ""})
        text = letter.to_guest if guest and letter.to_guest else letter.body
        if letter.links and pass_ and GUEST_LINK not in text:
            text = f"{text.rstrip()}\n\n{GUEST_LINK}"
        body = render(reflowed(text), values).strip() + self._in_view(letter, one, linked=bool(pass_))
        if letter.why:
            hello = f"Hello {one.name}," if one.name else "Hello,"
            body = f"{hello}\n\n{body}\n\nYou get this mail because {render(letter.why, values)}."
        return Mail(replace(one, name=one_line(one.name)), render_line(letter.subject, values), body)

    def _in_view(self, letter: _Letter, one: Recipient, *, linked: bool) -> str:
        """What is to be read before the decision that the mail asks for; nothing of what is for some eyes only."""
        step = self._asked(one, linked=linked and letter.links)
        if step is None or "edited.body" in letter.more:
            return ""
        content = content_of(self.run, self.definition, step)
        told = (self.definition, self.run.name, self.desk.zone, self.desk.book.name)
        lines = in_lines(content, *told, sees=lambda part: not is_sealed(part.path, self._versions))
        about = f"\n\n{_ABOUT}\n\n{lines}" if lines else ""
        return about + self._decision(one, step)

    def _decision(self, one: Recipient, step: StepKey) -> str:
        """The way to decide without signing in, for a person at the address that the house has of them."""
        link, known = self.desk.decision_link, self.desk.book.people.get(one.who) if one.who else None
        if link is None or one.who is None or known is None or known.email is None:
            return ""
        held = decision_for(self.run, self._versions, step, one.who, known.email)
        return "" if held is None else f"\n\n{_DECIDE}\n\n{link(self.run_id, held)}"

    def _asked(self, one: Recipient, *, linked: bool) -> StepKey | None:
        """The step at which a reader is asked to decide: by a link that opens it, or because it is theirs."""
        step = self.act.step
        if step is None or self.run.ended:
            return None
        if linked:
            step = guest_step(self.definition, step)
        elif one.who is None or self.act.action.partition(":")[0] not in _ASKS:
            return None
        known = self.definition.steps.get(step) if step is not None else None
        return step if known is not None and known.kind in DECISIONS else None

    def _unedited(self) -> _Letter | None:
        mail = authored(self.definition, self.act)
        if mail is not None:
            return self._of_author(mail)
        if self.act.action.startswith("digest:"):
            return self._digest()
        if self.act.action.startswith(MIGRATION):
            return self._migration()
        notice = notice_of(self.act.action, self._kind())
        return None if notice is None else self._notice(notice)

    def _of_author(self, mail: Email) -> _Letter:
        more = {"guest_link": ""}
        return _Letter(self._to(mail.to, more), mail.subject, mail.body, more=more, links=mail.promises_link)

    def _notice(self, notice: Notice) -> _Letter:
        facts = self.act.facts
        told = (self.run, self.definition, self.desk.book)
        reached = [played(RoleKey(role), *told) for role in facts.get("roles") or ()]
        reached.append(reach(map(Assignee, facts.get("assignees") or ()), *told))
        reached += [reach_address(address) for address in facts.get("addresses") or ()]
        to = Reached.together(reached)
        return _Letter(to, notice.subject, notice.body, notice.why, self._words(), notice.to_guest)

    def _digest(self) -> _Letter | None:
        digest = self.definition.document.digest
        if digest is None:
            return None
        since = self.act.facts.get("since")
        from_ = datetime.fromisoformat(since) if isinstance(since, str) else None
        told = digest_text(self.run, self.definition, from_, self.desk.book.name, self.desk.zone)
        why = "you get a summary of this run"
        return _Letter(
            self._to(digest.to, {}), "{run.name}: where it stands", "{digest}", why, {"digest": told}
        )

    def _migration(self) -> _Letter:
        facts, home = self.act.facts, f"{self.desk.base_url}/"
        total = count(facts)
        more = {
            **self._words(),
            "process.title": self.definition.document.title,
            "version": str(facts.get("version") or ""),
            "where": self.run.name if total == 1 else f"{total} runs",
            "runs": moved_text(facts, home),
            "place": f"{self.desk.base_url}/runs/{self.run_id}" if total == 1 else home,
        }
        to = reach(map(Assignee, facts.get("assignees") or ()), self.run, self.definition, self.desk.book)
        return _Letter(to, MOVED.subject, MOVED.body, MOVED.why, more)

    def _edited(self, letter: _Letter) -> _Letter:
        to = self.act.changes.get("to")
        if to is not None:
            lines = [to] if isinstance(to, str) else [str(line) for line in to]
            letter = replace(letter, to=self._to(lines, letter.more))
        more = dict(letter.more)
        for name in ("subject", "body"):
            if isinstance(self.act.changes.get(name), str):
                more[f"edited.{name}"] = self.act.changes[name]
        subject = "{edited.subject}" if "edited.subject" in more else letter.subject
        body = "{edited.body}" if "edited.body" in more else letter.body
        links = letter.links and "edited.body" not in more
        return replace(letter, subject=subject, body=body, more=more, to_guest=None, links=links)

    def _to(self, texts: Iterable[str], more: Mapping[str, Any]) -> Reached:
        return Reached.together(self._line(text.strip(), more) for text in texts)

    def _line(self, text: str, more: Mapping[str, Any]) -> Reached:
        """A recipient line: a role alone is whoever plays it, a field alone its stored value; the rest is text."""
        told = (self.run, self.definition, self.desk.book)
        whole = PLACEHOLDER.fullmatch(text)
        if whole is None:
            found = addressed(render(text, self._values(more)), *told)
        elif whole[1].startswith("role."):
            found = played(RoleKey(whole[1][5:]), *told)
        else:
            stored = self.run.values.get(full_path(whole[1]))
            found = addressed(stored, *told) if isinstance(stored, str) else Reached()
        if found.recipients or found.unreached:
            return found
        return Reached(unreached=(Unreached(text, f"{text} has no value", named=False),))

    def _words(self) -> dict[str, Any]:
        """What notices say beside the placeholders that everybody may use."""
        step = step_facts(self.run, self.definition, self.act.step, self.desk.zone)
        now, name = self._step(), self.desk.book.name
        by, text = self.act.facts.get("by"), self._said()
        return {
            "code": self._code(),
            "by": ("Milepost" if by.startswith("system:") else name(Assignee(by))) if by else "Somebody",
            "text": text,
            "text_sentence": f" {text.rstrip('.')}." if text else "",
            "due_sentence": _due_sentence(now, step.get("due", "")),
            "whose": name(now.assignee) if now is not None and now.assignee else "nobody yet",
            "outcome_words": f", with the result “{now.outcome}”" if now is not None and now.outcome else "",
            "about": f"“{step['step.title']}” in {self.run.name}" if step else self.run.name,
        }

    def _code(self) -> str:
        key = action_key(self.act.step, self.act.round, self.act.action)
        known, make = self.run.actions.get(key), self.desk.guest_code
        if known is None or make is None or not self.act.action.startswith(CODE):
            return HIDDEN
        return make(self.run_id, key, known.queued_at)

    def _said(self) -> str:
        """What somebody wrote with it; shown again, it is hidden where the values of its step would be."""
        said = str(self.act.facts.get("text") or "")
        if not said or self.act.step is None or not self.desk.hide_sensitive:
            return said
        known = (version.steps.get(self.act.step) for version in self._versions)
        return HIDDEN if any(step is not None and is_for_roles(step) for step in known) else said

    def _values(self, more: Mapping[str, Any]) -> ForPeople:
        told = {
            **facts_of(self.run, self.run_id, self.desk.base_url),
            **step_facts(self.run, self.definition, self.act.step, self.desk.zone),
            **more,
        }
        hides = self.desk.hide_sensitive or "to" in self.act.changes
        sealed = self._versions if hides else ()
        return ForPeople(self.run, self.definition, self.desk.book, self.desk.zone, told, sealed=sealed)

    @property
    def _versions(self) -> Versions:
        return (self.definition, *self.desk.earlier)

    def _page(self) -> str:
        """Where a colleague finds it."""
        step = f"?step={self.act.step}" if self.act.step is not None else ""
        return f"{self.desk.base_url}/runs/{self.run_id}{step}"

    def _guest_link(self, one: Recipient) -> str:
        """Where a guest finds it: through the pass to the step that the mail leads to, which is for one reader only."""
        target = guest_step(self.definition, self.act.step) if self.act.step is not None else None
        if target is None or not is_theirs(one, target, self.run, self.definition, self.desk.book):
            return ""
        held = pass_for(self.run, self.definition, target)
        return self.desk.guest_link(self.run_id, held) if held is not None else ""

    def _kind(self) -> str | None:
        known = self.definition.steps.get(self.act.step) if self.act.step is not None else None
        return known.kind if known is not None else None

    def _step(self) -> StepState | None:
        return self.run.step(self.act.step) if self.act.step is not None else None


def _is_guest(who: str | None) -> bool:
    return who is not None and who.startswith("guest:")


def _due_sentence(now: StepState | None, due: str) -> str:
    late = now is not None and now.overdue is not None and now.overdue == now.due_at
    return f" It {'was' if late else 'is'} due {due}." if due else ""
