"""What the link of a mail still decides: its approval, in its round, while its person is asked."""

from __future__ import annotations

from typing import Final

from application.refused import Refused
from domain.definition import Definition
from domain.directory import Directory
from domain.mail_decisions import MailDecision, holder_of, is_asked, is_decided_by_mail
from domain.run import Run
from domain.visible import Versions
from domain.words import Assignee

CODE: Final = "bad_decision_link"


def must_decide_at(run: Run, versions: Versions, held: MailDecision, directory: Directory) -> None:
    """Refused in words when the link is of an earlier round, or its person is not the one who is asked there now."""
    definition: Definition = versions[0]
    known = definition.steps.get(held.step)
    if known is None or known.kind != "approval":
        raise Refused(CODE, "the process has no such approval any more")
    if run.step(held.step).round != held.round:
        raise Refused(
            CODE,
            f"“{known.title}” was opened again since the mail was sent: it is asked once more, about what "
            "there is now; the link in the newest mail opens that",
        )
    person = directory.people.get(Assignee(held.person))
    if person is None or not person.active:
        raise Refused(CODE, "whose link it is does not work here any more")
    if holder_of(held.person, person.email) != held.holder:
        raise Refused(
            CODE, "the mail went to an address that is not theirs any more; the page of the run decides"
        )
    if not is_asked(run, definition, held.step, held.person, directory):
        raise Refused(CODE, f"“{known.title}” is asked of somebody else now")
    if not is_decided_by_mail(run, versions, held.step):
        raise Refused(
            CODE, f"“{known.title}” shows or asks more by now than a mail may: sign in to decide it"
        )
