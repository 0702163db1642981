"""Settings: one place, clear words, secrets kept."""

import os
from dataclasses import replace
from datetime import UTC, date, datetime
from pathlib import Path

import pytest

from domain.schedule import Calendar
from milepost.settings.calendar import unknown_years
from milepost.settings.link_secret import link_secret
from milepost.settings.loading import load, variables
from milepost.settings.settings import Settings, SettingsError, accepted, is_secret


@pytest.fixture(autouse=True)
def no_settings(monkeypatch: pytest.MonkeyPatch) -> None:
    """Start from an environment in which nothing is set."""
    for name in [name for name in os.environ if name.startswith("MILEPOST_")]:
        monkeypatch.delenv(name)


def test_without_any_setting_everything_is_embedded_and_local(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
):
    """The defaults are a Milepost of one's own on one's own machine, in the user's data home."""
    monkeypatch.setenv("XDG_DATA_HOME", str(tmp_path))
    settings = load()
    assert settings.database_url is None
    assert settings.nats_servers == []
    assert settings.base_url == "http://127.0.0.1:8000"
    assert settings.home.name == "milepost"


@pytest.mark.parametrize(
    ("variable", "value"),
    [
        ("PORT", "many"),
        ("PORT", "70000"),
        ("PORT", "-1"),
        ("POLL_SECONDS", "0"),
        ("POLL_SECONDS", "nan"),
        ("DATABASE_CONNECTIONS", "1"),
        ("STREAM_REPLICAS", "2"),
        ("WEBHOOK_SECRET", "whsec_short"),
        ("WEBHOOK_SECRET", f"whsec_{'A' * 32} whsec_short"),
        ("CALL_SECRETS", "[other]"),
        ("CALL_SECRETS", '[crm_key]\nvalue = "12345678"\nhosts = []'),
        ("CALL_SECRETS", '[Crm]\nvalue = "12345678"\nhosts = ["crm.example.com"]'),
        ("CALL_SECRETS", "no TOML"),
        ("LOG_LEVEL", "loud"),
        ("LOG_FORMAT", "xml"),
        ("DEMO", "perhaps"),
        ("TIME_ZONE", "Europe/Atlantis"),
        ("WORKING_DAYS", "mon,someday"),
        ("WORKING_DAYS", "mon,mon"),
        ("WORKING_HOURS", "17:00-09:00"),
        ("WORKING_HOURS", "nine to five"),
        ("WORKING_HOURS", "22:00-06:00"),
        ("WORKING_HOURS", "00:00-24:00"),
        ("WORKING_HOURS", "09:00-17:00Z"),
        ("WORKING_HOURS", "09:00+01:00-17:00"),
        ("WORKING_HOURS", "9-17"),
        ("WORKING_HOURS", "09:00-09:00"),
        ("HOLIDAYS", "XX"),
        ("HOLIDAYS", "DE-XX"),
        ("DATABASE_URL", "mysql://root@host/db"),
        ("DATABASE_URL", "postgresql://host"),
        ("MIGRATION_DATABASE_URL", "elsewhere"),
        ("NATS_URL", "http://host:4222"),
        ("NATS_URL", "nats://one:4222,two"),
        ("PUBLIC_URL", "milepost.example"),
        ("SMTP_URL", "mail.example.com"),
        ("SMTP_URL", "http://mail.example.com"),
        ("MAIL_FROM", "Milepost"),
        ("MAIL_FROM", "Milepost <m@acme.example"),
        ("LINK_SECRET", "short"),
        ("OIDC_ISSUER", "http://id.example.com"),
        ("OIDC_ISSUER", "id.example.com"),
        ("TRUSTED_HOSTS", "https://m.example"),
        ("TRUSTED_HOSTS", "*"),
        ("TRUSTED_HOSTS", "m.example,a@b.example"),
        ("TRUSTED_PROXIES", "*"),
        ("TRUSTED_PROXIES", "proxy.internal"),
    ],
)
def test_a_wrong_value_is_named_with_what_is_accepted(
    variable: str, value: str, monkeypatch: pytest.MonkeyPatch
):
    """The error names the setting, the value unless it may hold a password, and what would be accepted."""
    monkeypatch.setenv(f"MILEPOST_{variable}", value)
    field = Settings.model_fields[variable.lower()]
    with pytest.raises(SettingsError) as error:
        load()
    assert f"MILEPOST_{variable} does not accept" in str(error.value)
    assert accepted(field) in str(error.value)
    assert (value in str(error.value)) is not is_secret(field)


def test_all_wrong_values_are_named_at_once(monkeypatch: pytest.MonkeyPatch):
    """Nobody has to start three times to hear of three mistakes."""
    monkeypatch.setenv("MILEPOST_PORT", "many")
    monkeypatch.setenv("MILEPOST_LOG_LEVEL", "loud")
    with pytest.raises(SettingsError, match=r"MILEPOST_PORT[\s\S]*MILEPOST_LOG_LEVEL"):
        load()


def test_a_variable_that_is_no_setting_is_refused(monkeypatch: pytest.MonkeyPatch):
    """A slip in a name would silently be a default: it is an error, with the likely name."""
    monkeypatch.setenv("MILEPOST_PROT", "9000")
    with pytest.raises(SettingsError, match="MILEPOST_PROT is no setting: did you mean MILEPOST_PORT"):
        load()


def test_an_empty_variable_counts_as_unset(monkeypatch: pytest.MonkeyPatch):
    """Orchestrators pass empty variables for what is not configured."""
    monkeypatch.setenv("MILEPOST_PORT", "")
    assert load().port == 8000


def test_an_argument_wins_over_the_environment(monkeypatch: pytest.MonkeyPatch):
    """What is said on the command line is meant."""
    monkeypatch.setenv("MILEPOST_PORT", "9000")
    assert load(port=9001, host=None).port == 9001


def test_secrets_come_from_files(monkeypatch: pytest.MonkeyPatch, tmp_path: Path):
    """A secret may be the content of a file, closing line break and all."""
    (tmp_path / "password").write_text("p@ss/word\n")
    monkeypatch.setenv("MILEPOST_DATABASE_URL", "postgresql://app@db.example:5433/milepost")
    monkeypatch.setenv("MILEPOST_DATABASE_PASSWORD_FILE", str(tmp_path / "password"))
    assert load().application_dsn == "postgresql://app:p%40ss%2Fword@db.example:5433/milepost"
    assert load().migration_dsn == load().application_dsn


def test_a_secret_said_twice_is_refused(monkeypatch: pytest.MonkeyPatch, tmp_path: Path):
    """A value and a file for the same secret: nobody can tell which was meant."""
    monkeypatch.setenv("MILEPOST_DATABASE_URL", "postgresql://app@db/milepost")
    monkeypatch.setenv("MILEPOST_DATABASE_URL_FILE", str(tmp_path / "url"))
    with pytest.raises(SettingsError, match="both set"):
        load()


def test_a_secret_file_that_cannot_be_read_is_named(monkeypatch: pytest.MonkeyPatch, tmp_path: Path):
    """The error says which variable names which file."""
    monkeypatch.setenv("MILEPOST_NATS_PASSWORD_FILE", str(tmp_path / "absent"))
    with pytest.raises(SettingsError, match=r"MILEPOST_NATS_PASSWORD_FILE: cannot read .*absent"):
        load()


def test_a_password_without_its_address_is_refused(monkeypatch: pytest.MonkeyPatch):
    """A password that nothing uses is a misunderstanding."""
    monkeypatch.setenv("MILEPOST_DATABASE_PASSWORD", "secret")
    with pytest.raises(SettingsError, match="without MILEPOST_DATABASE_URL"):
        load()


def test_a_credential_in_the_address_is_kept(monkeypatch: pytest.MonkeyPatch):
    """What an address says itself is not replaced."""
    monkeypatch.setenv("MILEPOST_NATS_URL", "nats://me:mine@one:4222, nats://two:4222")
    monkeypatch.setenv("MILEPOST_NATS_USER", "all")
    monkeypatch.setenv("MILEPOST_NATS_PASSWORD", "shared")
    assert load().nats_servers == ["nats://me:mine@one:4222", "nats://all:shared@two:4222"]


def test_every_setting_says_what_it_is_for():
    """Each has a description and says what it accepts, and its variable is known."""
    for name, field in Settings.model_fields.items():
        assert field.description, name
        assert accepted(field), name
        assert f"MILEPOST_{name.upper()}" in variables()


def test_the_calendar_is_that_of_the_organisation(monkeypatch: pytest.MonkeyPatch):
    """Zone, days, hours and holidays make the calendar, and its name tells them all."""
    told = {
        "TIME_ZONE": "Europe/Berlin",
        "WORKING_DAYS": "mon, tue, sat",
        "WORKING_HOURS": "08:30-16:00",
        "HOLIDAYS": "DE-BE",
    }
    for name, value in told.items():
        monkeypatch.setenv(f"MILEPOST_{name}", value)
    calendar = load().calendar
    assert calendar.works_on(date(2027, 3, 6))  # a Saturday
    assert not calendar.works_on(date(2027, 3, 8))  # a Monday, and a holiday in Berlin only
    assert not calendar.works_on(date(2027, 3, 10))  # a Wednesday
    assert calendar.closing(date(2027, 3, 9)) == datetime(2027, 3, 9, 15, 0, tzinfo=UTC)
    assert calendar.name.startswith("Europe/Berlin mon,tue,sat 08:30-16:00 DE-BE (holidays ")


def test_a_working_saturday_is_a_working_day(monkeypatch: pytest.MonkeyPatch):
    """In Hungary 10 January 2026 is worked for the Friday before: a business day after 9 January is that Saturday."""
    monkeypatch.setenv("MILEPOST_HOLIDAYS", "HU")
    hungary = load().calendar
    assert hungary.working_day(date(2026, 1, 9), 1) == date(2026, 1, 10)
    assert not hungary.works_on(date(2026, 1, 2))
    assert not hungary.works_on(date(2026, 1, 17))
    monkeypatch.setenv("MILEPOST_HOLIDAYS", "CN")
    china = load().calendar
    assert china.works_on(date(2026, 5, 9))
    assert not china.works_on(date(2026, 5, 4))


def test_what_is_not_known_of_years_to_come_is_said(monkeypatch: pytest.MonkeyPatch):
    """Moved days are decreed from year to year: the calendar's name says up to when, and so does the doctor."""
    monkeypatch.setenv("MILEPOST_HOLIDAYS", "HU")
    until = max(day.year for day in load().calendar.moved)
    assert load().calendar.name.endswith(f"moved days up to {until})")
    assert f"up to {until}" in str(unknown_years("HU"))
    assert unknown_years("DE-BE") is None
    assert unknown_years(None) is None


def test_without_settings_the_calendar_is_plain_weekdays():
    """Monday to Friday, nine to five, UTC, no holidays."""
    assert replace(load().calendar, name="weekdays") == Calendar()


def test_the_secret_of_links_is_made_once(monkeypatch: pytest.MonkeyPatch, tmp_path: Path):
    """Every process of a home finds the same secret, and nobody else may read it; the setting wins."""
    monkeypatch.setenv("MILEPOST_HOME", str(tmp_path))
    first = link_secret(load())
    assert first == link_secret(load())
    assert len(first) == 32
    assert (tmp_path / "run" / "link-secret").stat().st_mode & 0o077 == 0
    monkeypatch.setenv("MILEPOST_LINK_SECRET", "a secret of many signs")
    assert link_secret(load()) == b"a secret of many signs"
