"""The texts of mails that Milepost writes by itself: what happened, whose it is, when it is due, and why one hears it.

Authors write the mails of their processes; these are for what every process needs. All are on by default, and each
goes only to whom it concerns.
"""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Notice:
    """One text, as a template over the run's placeholders and ``{name}``, ``{link}``, ``{by}``, ``{text}``."""

    subject: str
    body: str
    why: str
    to_guest: str | None = None
    """What a guest is told instead, who cannot look after other people's work."""


HELP_HINT = (
    "\n\nIf something keeps you from it, ask for help there: it is then seen by everybody who can help."
)
"""For colleagues; the page of a guest has no such button."""

NOTICES: dict[str, Notice] = {
    "invitation": Notice(
        "{step.title}: {run.name}",
        "“{step.title}” in {run.name} is ready for you.{due_sentence}\n\n{link}",
        "the step is yours",
    ),
    "reminder": Notice(
        "Reminder: {step.title} ({run.name})",
        "“{step.title}” in {run.name} is still open.{due_sentence}\n\n{link}{help_hint}",
        "the step is yours",
    ),
    "overdue": Notice(
        "Overdue: {step.title} ({run.name})",
        "“{step.title}” in {run.name} was due {due} and is not done. It is the work of {whose}.\n\n{link}",
        "the process tells you when this step is overdue",
    ),
    "escalation": Notice(
        "Please look: {step.title} is long overdue ({run.name})",
        "“{step.title}” in {run.name} was due {due} and is still not done. It is the work of {whose}.\n\n"
        "You can do it, give it to somebody else, move its due, or help. Nothing is decided without you.\n\n{link}",
        "you lead the role that this step belongs to",
    ),
    "done": Notice(
        "{step.title}: done ({run.name})",
        "“{step.title}” in {run.name} is done{outcome_words}.\n\n{link}",
        "the process tells you of this result",
    ),
    "ready": Notice(
        "{step.title}: ready ({run.name})",
        "“{step.title}” in {run.name} is ready. It is the work of {whose}.{due_sentence}\n\n{link}",
        "the process tells you when this step begins",
    ),
    "timeout": Notice(
        "Still waiting: {step.title} ({run.name})",
        "What “{step.title}” in {run.name} waits for has not come in time. The step goes on waiting; "
        "please ask where it is.\n\n{link}",
        "the process tells you when this wait takes too long",
        to_guest="“{step.title}” in {run.name}: what we wait for has not come yet. Please see to it; if something "
        "keeps you from it, answer this mail.",
    ),
    "help": Notice(
        "{by} needs your help: {step.title} ({run.name})",
        "{by} asks for help with “{step.title}” in {run.name}:\n\n{text}\n\n{link}",
        "{by} is waiting for you",
    ),
    "mention": Notice(
        "{by} mentioned you: {run.name}",
        "{by} wrote about {about}:\n\n{text}\n\n{link}",
        "you were mentioned",
    ),
    "assigned": Notice(
        "For you: {step.title} ({run.name})",
        "{by} gave you “{step.title}” in {run.name}.{text_sentence}{due_sentence}\n\n{link}",
        "the step was given to you",
    ),
    "declined": Notice(
        "{by} did not agree: {step.title} ({run.name})",
        "{by} was asked for “{step.title}” in {run.name}, and did not agree:\n\n{text}\n\n{link}",
        "you started the run, or lead the part that {by} plays in it",
    ),
    "code": Notice(
        "Your code: {step.title} ({run.name})",
        "Your code for “{step.title}” in {run.name} is {code}. It counts for 15 minutes, on the page of your link.\n\n"
        "If you did not ask for it, please answer this mail: somebody else may have your link.",
        "a code was asked for with your link",
    ),
    "address_left": Notice(
        "Your address was changed: {run.name}",
        "{by} changed the address at which we write to you about {run.name}. The links that you have open nothing any "
        "more, and mails go to another address once that is confirmed.\n\nIf this is not what you wanted, please "
        "answer this mail.",
        "we wrote to you at this address before",
    ),
    "link": Notice(
        "{step.title}: {run.name}",
        "“{step.title}” in {run.name} is waiting for you.{due_sentence}\n\n{link}",
        "the step is yours",
    ),
    "forecast": Notice(
        "At risk: {run.name}",
        "{run.name} will probably be finished later than its target. Look at what is open now: it is still early "
        "enough to do something.\n\n{link}",
        "the process tells you when a run may be late",
    ),
}
"""By the word that an action's name holds: ``reminder:2``, ``notice:overdue``, ``mention:0192…``."""


MOVED = Notice(
    "{process.title}: what has changed for you in {where}",
    "{by} let {where} follow version {version} of {process.title}.{text_sentence} For you this means:\n\n"
    "{runs}\n\n{place}",
    "these steps are yours, or were",
)
"""Of a migration, over all of its runs: it is written of what was queued, not of the run that carries it."""


def notice_of(action: str, kind: str | None = None) -> Notice | None:
    """The text for an action; None when an author wrote it, or when there is none. ``kind`` is that of its step."""
    first, _, rest = action.partition(":")
    word = rest.partition(":")[0] if first == "notice" else first
    return NOTICES.get("timeout" if word == "overdue" and kind == "wait" else word)
