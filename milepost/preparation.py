"""What must be in place before an API or a worker starts: the schema, and the application's role with its rights."""

from dataclasses import dataclass
from urllib.parse import unquote, urlsplit

from store.migrations import migrate

APPLICATION = "milepost_app"


@dataclass(frozen=True)
class Prepared:
    """What `prepare` changed."""

    migrations: list[str]


def prepare(owner_url: str, application_url: str) -> Prepared:
    """Bring a database to what this release needs; any number of times, by any number of processes.

    The application's role is made with the name and password of its URL. Where one URL serves both, the role that
    owns the schema is the one that works with it, and the unprivileged role only exists.
    """
    owner, application = urlsplit(owner_url), urlsplit(application_url)
    if not application.username or application.username == owner.username:
        return Prepared(migrate(owner_url, app_role=APPLICATION))
    password = unquote(application.password) if application.password else None
    return Prepared(migrate(owner_url, app_role=unquote(application.username), app_password=password))
