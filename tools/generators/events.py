"""docs/reference/events.md, from domain/events."""

from pydantic.fields import FieldInfo

from domain.events import EVENT_TYPES, Event

HEAD = """\
# Events

Every event that is stored, by aggregate. The names are for ever. Beside its own fields, each event has the columns of
the log: `position`, `stream`, `version`, `type`, `schema_version`, `occurred_at` (when it happened), `recorded_at` (when it was
recorded), `hash`, and in `meta` the `actor` and, for events of a run, `process` and `process_version`; of what was
imported also `import` (which file) and `instance` (what the log calls the work in this round, its `concept:instance`).

Fields marked *public* travel to other services, as the data of a CloudEvent whose type is `milepost.` + name + `.v` +
schema version, on the subject `milepost.v1.` + aggregate + `.` + process key (or `-`) + `.` + name. The others never
leave the log.

This page is generated from `domain/events/`.
"""
_ORDER = ("process", "run", "project", "task", "recurrence", "person", "group", "view", "rights")


def events_reference() -> dict[str, str]:
    """One heading per event: what became true, and its fields."""
    parts = [HEAD]
    for aggregate in _ORDER:
        parts.append(f"# {aggregate.capitalize()}\n")
        parts += [_entry(event) for event in EVENT_TYPES.values() if event.aggregate == aggregate]
    return {"docs/reference/events.md": "\n".join(parts)}


def _entry(event: type[Event]) -> str:
    docstring = " ".join((event.__doc__ or "").split())
    fields = [(name, field) for name, field in event.model_fields.items() if name not in {"at", "by"}]
    lines = "\n".join(_field(name, field, public=name in event.public) for name, field in fields)
    table = (
        f"\n\n| field | type | |\n|---|---|---|\n{lines}" if fields else "\n\nIt has no fields of its own."
    )
    return f"## {event.type}\n\n{docstring} Schema version {event.schema_version}.{table}\n"


def _field(name: str, field: FieldInfo, *, public: bool) -> str:
    marks = [
        mark for mark, holds in (("public", public), ("may be left out", not field.is_required())) if holds
    ]
    return f"| `{name}` | `{_type(field)}` | {', '.join(marks)} |"


def _type(field: FieldInfo) -> str:
    annotation = field.annotation
    name = annotation.__name__ if isinstance(annotation, type) else str(annotation)
    for noise in ("typing.", "domain.words.", "domain.events.project.", "datetime.", "uuid."):
        name = name.replace(noise, "")
    return name.replace("|", "or")
