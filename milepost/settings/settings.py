"""Every setting of Milepost: its name, what it means, what it accepts, and where its value comes from.

A setting is an environment variable `MILEPOST_NAME`. Secrets may come from a file instead, named by
`MILEPOST_NAME_FILE`, as orchestrators mount them. docs/reference/settings.md is made from this module.
"""

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Annotated, Any, Literal, Self
from urllib.parse import urlsplit

from platformdirs import user_data_path
from pydantic import Field, field_validator, model_validator
from pydantic.fields import FieldInfo
from pydantic_settings import BaseSettings, NoDecode, PydanticBaseSettingsSource, SettingsConfigDict

from domain.schedule import Calendar
from milepost.settings.addresses import (
    hosts_of,
    link_secret_of,
    mail_server_of,
    proxies_of,
    sender_of,
    targets_of,
    webhook_secret_of,
    with_credential,
    without_credential,
)
from milepost.settings.calendar import days_of, holidays_of, hours_of, organisation_calendar, zone_of
from milepost.settings.secret_files import PREFIX, SecretFiles, SettingsError, is_secret
from workers.automations.sealed import call_secrets

__all__ = ["PREFIX", "Settings", "SettingsError", "accepted", "is_secret"]

POSTGRES_SCHEMES = ("postgresql", "postgres")
NATS_SCHEMES = ("nats", "tls", "ws", "wss")
_PARTS: Mapping[str, Callable[[str], object]] = {
    "time_zone": zone_of,
    "working_days": days_of,
    "working_hours": hours_of,
    "holidays": holidays_of,
    "smtp_url": mail_server_of,
    "mail_from": sender_of,
    "link_secret": link_secret_of,
    "webhook_secret": webhook_secret_of,
    "call_secrets": call_secrets,
}
_LISTS: Mapping[str, Callable[[str], object]] = {
    "allowed_targets": targets_of,
    "trusted_hosts": hosts_of,
    "trusted_proxies": proxies_of,
}


def _setting(
    default: Any, description: str, accepts: str, *, secret: bool = False, factory: Any = None
) -> Any:
    extra: dict[str, Any] = {"accepts": accepts, "secret": secret}
    if factory is not None:
        return Field(default_factory=factory, description=description, json_schema_extra=extra)
    return Field(default, description=description, json_schema_extra=extra)


def _default_home() -> Path:
    return user_data_path("milepost")


class Settings(BaseSettings):
    """What a Milepost process is told from outside. Build it with `load()`."""

    model_config = SettingsConfigDict(env_prefix=PREFIX, env_ignore_empty=True, extra="forbid", frozen=True)

    home: Path = _setting(
        None,
        "Directory of everything that belongs to this instance: data, logs and passwords of the embedded servers, "
        "and run/instance.json. Made when missing.",
        "a path; relative ones count from the working directory",
        factory=_default_home,
    )
    database_url: str | None = _setting(
        None,
        "PostgreSQL 18 to use, as the application's unprivileged role. Unset: an embedded one in the home.",
        "postgresql://user:password@host:port/database",
        secret=True,
    )
    database_password: str | None = _setting(
        None,
        "Password for MILEPOST_DATABASE_URL, when the URL carries none.",
        "text",
        secret=True,
    )
    migration_database_url: str | None = _setting(
        None,
        "The same database as the owner of the schema; for migrations only. Unset: MILEPOST_DATABASE_URL.",
        "postgresql://user:password@host:port/database",
        secret=True,
    )
    migration_database_password: str | None = _setting(
        None,
        "Password for MILEPOST_MIGRATION_DATABASE_URL, when the URL carries none.",
        "text",
        secret=True,
    )
    nats_url: Annotated[tuple[str, ...], NoDecode] = _setting(
        (),
        "NATS servers with JetStream, all of one cluster. Unset: an embedded one in the home.",
        "nats://host:port, several separated by commas",
        secret=True,
    )
    nats_user: str | None = _setting(None, "User for the NATS servers, when their URLs name none.", "text")
    nats_password: str | None = _setting(
        None, "Password that goes with MILEPOST_NATS_USER.", "text", secret=True
    )
    nats_relay_user: str | None = _setting(
        None,
        "User at the NATS servers that publishes events; workers only. Unset: MILEPOST_NATS_USER, which then has to be "
        "allowed to.",
        "text",
    )
    nats_relay_password: str | None = _setting(
        None, "Password that goes with MILEPOST_NATS_RELAY_USER.", "text", secret=True
    )
    migration_nats_user: str | None = _setting(
        None,
        "User at the NATS servers that makes and changes streams and consumers; for `milepost migrate` and "
        "`milepost subscriber` only. Unset: MILEPOST_NATS_USER.",
        "text",
    )
    migration_nats_password: str | None = _setting(
        None, "Password that goes with MILEPOST_MIGRATION_NATS_USER.", "text", secret=True
    )
    stream_replicas: int = _setting(
        1, "Copies that a NATS cluster keeps of the stream; 3 on three nodes.", "1, 3 or 5"
    )
    host: str = _setting("127.0.0.1", "Address that the HTTP server listens on.", "an address or host name")
    port: int = _setting(
        8000,
        "Port that the HTTP server listens on; 0 lets the system choose.",
        "a whole number from 0 to 65535",
    )
    public_url: str | None = _setting(
        None,
        "Address under which people reach Milepost, for links and for secure cookies. Unset: host and port.",
        "http://… or https://…",
    )
    trusted_hosts: Annotated[tuple[str, ...], NoDecode] = _setting(
        (),
        "Hosts beside that of MILEPOST_PUBLIC_URL under which people use the pages: changes that a browser sends from "
        "pages elsewhere are refused. With neither set, a server on the loopback address takes its own names.",
        "host names or addresses, with their ports where those are unusual, separated by commas",
    )
    trusted_proxies: Annotated[tuple[str, ...], NoDecode] = _setting(
        (),
        "Proxies whose `X-Forwarded-For` says who asks. From anybody else that header is taken for nothing.",
        "addresses and networks such as 10.1.0.0/16, separated by commas",
    )
    database_connections: int = _setting(
        10, "Most connections that one process keeps to PostgreSQL.", "a whole number from 2 to 200"
    )
    poll_seconds: float = _setting(
        0.25,
        "How often a process looks for new events unasked: the longest that a lost wake-up delays a view.",
        "a number from 0.01 to 10",
    )
    smtp_url: str | None = _setting(
        None,
        "Mail server that mails go through. `smtp` uses TLS where the server offers it, `starttls` always, `smtps` "
        "from the first byte. Unset: mails are kept as files in `outbox` in the home.",
        "smtp://user:password@host:port, starttls://… or smtps://…; user and port may be missing",
        secret=True,
    )
    mail_from: str = _setting(
        "Milepost <milepost@localhost>",
        "Who sends the mails; answers go there.",
        "an address, or a name with an address: Acme <onboarding@acme.example>",
    )
    oidc_issuer: str | None = _setting(
        None,
        "Provider of identities by which people sign in (OpenID Connect), exactly as it names itself. With it go "
        "MILEPOST_OIDC_CLIENT_ID and MILEPOST_OIDC_CLIENT_SECRET.",
        "https://…; http://… on this machine only",
    )
    oidc_client_id: str | None = _setting(None, "How the provider of identities calls this Milepost.", "text")
    oidc_client_secret: str | None = _setting(
        None, "The secret that goes with MILEPOST_OIDC_CLIENT_ID.", "text", secret=True
    )
    oidc_title: str = _setting(
        "single sign-on", "What people call the provider of identities: the button says Sign in by …", "text"
    )
    link_secret: str | None = _setting(
        None,
        "Signs the links with which guests come in; the same for every process. A new one ends all links that are out. "
        "Unset: one is made in the home, so with several machines it has to be set.",
        "text of at least 16 characters",
        secret=True,
    )
    webhook_secret: str | None = _setting(
        None,
        "What the secret of each receiver of calls is made from (Standard Webhooks; `milepost receiver secret HOST` "
        "shows it); the same for every process. Several, the newest first, while receivers change over: calls are "
        "signed with all. Unset: one is made in the home as `run/webhook-secret`, so with several machines it has to "
        "be set.",
        "whsec_ and at least 24 bytes in base64; several with blanks between",
        secret=True,
    )
    call_secrets: str | None = _setting(
        None,
        "Secrets that the headers of calls name as `{secret:crm_key}`, such as the API keys of other services; "
        "for workers only.",
        'TOML, a table for each: [crm_key], value = "…", hosts = ["crm.example.com"]',
        secret=True,
    )
    allowed_targets: Annotated[tuple[str, ...], NoDecode] = _setting(
        (),
        "What steps and webhooks may call beside public addresses: services in your own network. Everything else that "
        "is not public is refused, also when a public name leads there.",
        "host names (*.example.com for all below), addresses and networks such as 10.1.0.0/16, separated by commas",
    )
    log_level: Literal["debug", "info", "warning", "error"] = _setting(
        "info", "Least important lines that are logged.", "debug, info, warning or error"
    )
    log_format: Literal["console", "json"] = _setting(
        "console", "Shape of log lines: for people or for programs.", "console or json"
    )
    file_limit_mb: int = _setting(
        25, "Largest file that people may upload, in MiB.", "a whole number from 1 to 1024"
    )
    file_types: Annotated[tuple[str, ...], NoDecode] = _setting(
        (
            "application/pdf", "image/*", "text/plain", "text/csv", "text/markdown", "application/json",
            "application/xml", "application/zip", "application/msword", "application/vnd.ms-*",
            "application/vnd.openxmlformats-officedocument.*", "application/vnd.oasis.opendocument.*",
            "message/rfc822", "audio/*", "video/*",
        ),
        "Media types of files that people may upload; files are always sent as downloads, never shown in place.",
        "media types, * for any part, separated by commas",
    )  # fmt: skip
    requests_per_minute: int = _setting(
        6_000,
        "How many requests one token, session or unknown address may make in a minute, of each API process; what is "
        "above is answered with 429 and Retry-After.",
        "a whole number; 0 for no limit",
    )
    demo: bool = _setting(
        True,
        "Whether `milepost up` fills an empty workspace with a demonstration, and the services that its processes "
        "call, `http://demonstration.invalid/…`, are answered.",
        "true or false",
    )

    time_zone: str = _setting(
        "UTC",
        "Time zone of the organisation: days begin and end in it.",
        "an IANA name, such as Europe/Berlin",
    )
    working_days: str = _setting(
        "mon,tue,wed,thu,fri",
        "Days on which the organisation works; dues in business days count them.",
        "mon, tue, wed, thu, fri, sat, sun, separated by commas",
    )
    working_hours: str = _setting(
        "09:00-17:00",
        "When work begins and ends: a due without a time is the end of the working day.",
        "HH:MM-HH:MM on the organisation's clock, the end after the beginning and on the same day, such as 00:00-23:59",
    )
    holidays: str | None = _setting(
        None,
        "Country, or part of one, whose public holidays are no working days, and whose moved working days are some. "
        "Unset: there are none.",
        "a country of ISO 3166-1, with a part of ISO 3166-2 or without, such as DE-BE",
    )

    @classmethod
    def settings_customise_sources(
        cls, settings_cls: type[BaseSettings], init_settings: PydanticBaseSettingsSource, *_: Any, **__: Any
    ) -> tuple[PydanticBaseSettingsSource, ...]:
        """Arguments, then the environment with its secret files; a .env file is not looked for."""
        return init_settings, SecretFiles(settings_cls)

    @field_validator("home")
    @classmethod
    def _absolute(cls, value: Path) -> Path:
        return value.expanduser().absolute()

    @field_validator("database_url", "migration_database_url")
    @classmethod
    def _postgres_url(cls, value: str | None) -> str | None:
        if value is not None and (
            urlsplit(value).scheme not in POSTGRES_SCHEMES or not urlsplit(value).path[1:]
        ):
            raise ValueError("not the URL of a PostgreSQL database")
        return value

    @field_validator("nats_url", mode="before")
    @classmethod
    def _nats_urls(cls, value: Any) -> Any:
        urls = (
            tuple(part.strip() for part in value.split(",") if part.strip())
            if isinstance(value, str)
            else value
        )
        if any(urlsplit(url).scheme not in NATS_SCHEMES or not urlsplit(url).hostname for url in urls):
            raise ValueError("not the URL of a NATS server")
        return urls

    @field_validator("file_types", mode="before")
    @classmethod
    def _media_types(cls, value: Any) -> Any:
        kinds = (
            tuple(part.strip().lower() for part in value.split(",") if part.strip())
            if isinstance(value, str)
            else value
        )
        if not kinds or any(kind.count("/") != 1 for kind in kinds):
            raise ValueError("not media types")
        return kinds

    @field_validator(*_LISTS, mode="before")
    @classmethod
    def _listed(cls, value: Any, info: Any) -> Any:
        return _LISTS[info.field_name](value) if isinstance(value, str) else value

    @field_validator("public_url")
    @classmethod
    def _web_url(cls, value: str | None) -> str | None:
        if value is not None and (
            urlsplit(value).scheme not in {"http", "https"} or not urlsplit(value).hostname
        ):
            raise ValueError("not a web address")
        return value.rstrip("/") if value else value

    @field_validator("oidc_issuer")
    @classmethod
    def _issuer(cls, value: str | None) -> str | None:
        address = urlsplit(value or "https://x")
        here = address.hostname in {"localhost", "127.0.0.1", "::1"}
        if (
            not address.hostname
            or address.query
            or address.scheme not in ({"http", "https"} if here else {"https"})
        ):
            raise ValueError("not an issuer")
        return value

    @field_validator("stream_replicas")
    @classmethod
    def _odd(cls, value: int) -> int:
        if value not in {1, 3, 5}:
            raise ValueError("not a number of replicas")
        return value

    @field_validator("port", "database_connections", "poll_seconds", "file_limit_mb", "requests_per_minute")
    @classmethod
    def _in_range(cls, value: float, info: Any) -> float:
        low, high = {
            "port": (0, 65535),
            "database_connections": (2, 200),
            "poll_seconds": (0.01, 10.0),
            "file_limit_mb": (1, 1024),
            "requests_per_minute": (0, 10_000_000),
        }[info.field_name]
        if not low <= value <= high:
            raise ValueError("out of range")
        return value

    @field_validator(*_PARTS)
    @classmethod
    def _readable(cls, value: str | None, info: Any) -> str | None:
        if value is not None:
            _PARTS[info.field_name](value)
        return value

    @model_validator(mode="after")
    def _passwords_have_a_place(self) -> Self:
        if self.database_password and not self.database_url:
            raise ValueError("MILEPOST_DATABASE_PASSWORD is set without MILEPOST_DATABASE_URL")
        for name in ("nats", "nats_relay", "migration_nats"):
            if getattr(self, f"{name}_password") and not getattr(self, f"{name}_user"):
                named = f"{PREFIX}{name.upper()}"
                raise ValueError(f"{named}_PASSWORD is set without {named}_USER")
        return self

    @property
    def application_dsn(self) -> str | None:
        """The application's database URL with its password in it."""
        return with_credential(self.database_url, None, self.database_password)

    @property
    def migration_dsn(self) -> str | None:
        """The owner's database URL with its password in it; the application's when there is no other."""
        url = with_credential(self.migration_database_url, None, self.migration_database_password)
        return url or self.application_dsn

    @property
    def nats_servers(self) -> list[str]:
        """The NATS URLs with the credential in them."""
        urls = (with_credential(url, self.nats_user, self.nats_password) for url in self.nats_url)
        return [url for url in urls if url is not None]

    @property
    def nats_relay_servers(self) -> list[str]:
        """The NATS URLs with the credential of who publishes; those of everybody when there is no other."""
        return self._nats_as(self.nats_relay_user, self.nats_relay_password)

    @property
    def migration_nats_servers(self) -> list[str]:
        """The NATS URLs with the credential of who may change streams; those of everybody when there is no other."""
        return self._nats_as(self.migration_nats_user, self.migration_nats_password)

    def _nats_as(self, user: str | None, password: str | None) -> list[str]:
        if user is None:
            return self.nats_servers
        urls = (with_credential(without_credential(url), user, password) for url in self.nats_url)
        return [url for url in urls if url is not None]

    @property
    def calendar(self) -> Calendar:
        """The organisation's working time."""
        return organisation_calendar(self.time_zone, self.working_days, self.working_hours, self.holidays)

    @property
    def base_url(self) -> str:
        """Where people reach Milepost, without a closing slash."""
        return self.public_url or f"http://{self.host}:{self.port}"


def accepted(field: FieldInfo) -> str:
    """What a setting accepts, in words."""
    extra = field.json_schema_extra
    assert isinstance(extra, dict)
    return str(extra["accepts"])
