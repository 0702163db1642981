"""How a log is read: which columns hold what, which activities make a stage, which end a run (the --stages file)."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field, ValidationError
from ruamel.yaml import YAML
from ruamel.yaml.error import MarkedYAMLError

from domain.document_part import Key, Text
from interchange.bad_log import BadLog

MAXIMUM_BYTES = 1 << 20


class _Part(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class Columns(_Part):
    """Names of the columns (CSV) or attributes (XES); the defaults are those of the XES standard."""

    case: str = "case:concept:name"
    xes_case: str = "concept:name"
    activity: str = "concept:name"
    transition: str = "lifecycle:transition"
    time: str = "time:timestamp"
    actor: str = "org:resource"
    instance: str = "concept:instance"
    case_prefix: str = "case:"
    started_at: str | None = None
    ended_at: str | None = None
    target_at: str | None = None


class MappedStage(_Part):
    """A stage: it is passed when its ``marker`` activity is done; ``activities`` are its other steps."""

    key: Key
    title: Text
    marker: str
    activities: tuple[str, ...] = ()


class MappedOutcome(_Part):
    """An activity whose completion decides a run; of several in one run the last one counts."""

    activity: str
    outcome: Text
    ends: Literal["completed", "ended_early", "cancelled"]


Transition = Literal["scheduled", "assigned", "started", "completed", "skipped", "cancelled", "ignored"]
TRANSITIONS: dict[str, Transition] = {
    "schedule": "scheduled",
    "assign": "assigned",
    "reassign": "assigned",
    "start": "started",
    "complete": "completed",
    "autoskip": "skipped",
    "manualskip": "skipped",
    "withdraw": "cancelled",
    "ate_abort": "cancelled",
    "pi_abort": "cancelled",
}


class StageMap(_Part):
    """The --stages file. Without stages, all activities make one stage."""

    title: Text | None = None
    columns: Columns = Columns()
    stages: tuple[MappedStage, ...] = ()
    unlisted: Key | None = None
    outcomes: tuple[MappedOutcome, ...] = ()
    ended_means: Annotated[str | None, Field(max_length=200)] = None
    transitions: dict[str, Transition] = Field(default_factory=dict)
    run_name: Text = "{case}"

    def transition(self, name: str) -> Transition | None:
        """What the log's word for a transition means here; None when nobody has said so."""
        return self.transitions.get(name) or TRANSITIONS.get(name)


def load_map(path: Path | None) -> StageMap:
    """Read the --stages file; None gives the defaults."""
    if path is None:
        return StageMap()
    try:
        text = path.read_text("utf-8")
        if len(text) > MAXIMUM_BYTES:
            raise BadLog(f"{path.name} is larger than {MAXIMUM_BYTES} bytes")
        return StageMap.model_validate(YAML(typ="safe", pure=True).load(text) or {})
    except UnicodeDecodeError as error:
        raise BadLog(f"{path.name} is not UTF-8 text: {error}") from error
    except MarkedYAMLError as error:
        line = error.problem_mark.line + 1 if error.problem_mark else None
        raise BadLog(f"{path.name} is not YAML: {error.problem}", line=line) from error
    except ValidationError as error:
        problems = "; ".join(f"{'.'.join(map(str, part['loc']))}: {part['msg']}" for part in error.errors())
        raise BadLog(f"{path.name}: {problems}", accepted=", ".join(StageMap.model_fields)) from error
