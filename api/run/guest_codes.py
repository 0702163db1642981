"""What a guest types beside the link where the process wants it: a code from a second mail, checked before they act."""

from __future__ import annotations

import hmac
from uuid import UUID

from psycopg import Connection

from api.handling.services import Services
from application.found import RUNS, known_run
from domain.guests import Pass
from domain.run.guest_codes import LIFETIME, MOST_TRIES, asks_for_code, code_of, newest_code
from domain.run.state import action_key
from domain.words import Rejected

_TRY = """
update log.guest_link set code_tries = case when code_action = %(action)s then code_tries + 1 else 1 end,
  code_action = %(action)s
where id = %(link)s and (code_action is distinct from %(action)s or code_tries < %(most)s) returning code_tries
"""


def must_have_code(services: Services, run_id: UUID, held: Pass, link_id: str, code: object) -> None:
    """Rejected("code_needed", "wrong_code", "code_over") unless it is the newest code that was sent. Blocks.

    Every try counts before it is looked at, so that a code is not guessed.
    """
    run = known_run(services.app.load(RUNS, run_id), run_id)
    if not asks_for_code(services.app.definition(run.process, run.process_version), held.role):
        return
    sent = newest_code(run, held.step)
    if not isinstance(code, str) or not code.strip() or sent is None or sent.queued_at is None:
        raise Rejected(
            "code_needed", "this needs the code from a second mail: ask for it, then type it", field="code"
        )
    if services.clock() - sent.queued_at > LIFETIME:
        raise Rejected("code_over", "the code is older than 15 minutes; ask for a new one")
    action = action_key(sent.step, sent.round, sent.action)
    with services.pool.connection() as connection:
        tried = _tried(connection, action, link_id)
    if not tried:
        raise Rejected("code_over", f"{MOST_TRIES} codes were wrong; ask for a new one")
    right = code_of(run_id, action, sent.queued_at, services.link_secret)
    if not hmac.compare_digest(right.encode(), "".join(code.split()).encode()):
        raise Rejected("wrong_code", "this is not the newest code that was sent")


def _tried(connection: Connection[object], action: str, link: str) -> bool:
    facts = {"action": action, "link": link, "most": MOST_TRIES}
    return connection.execute(_TRY, facts).fetchone() is not None
