"""How the command line shows what the runs of a process teach."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from milepost.cli.console.output import Field, print_facts, print_rows

_VERSIONS = (
    Field("version", "version"), Field("runs", "runs"), Field("open", "open"), Field("completed", "completed"),
    Field("ended early", "ended_early"), Field("cancelled", "cancelled"), Field("P50 h", "p50"), Field("P85 h", "p85"),
    Field("on time", "punctual"), Field("late", "late"), Field("done again", "again"),
)  # fmt: skip
_STEPS = (
    Field("step", "title"), Field("rounds", "rounds"), Field("waiting P50 h", "waiting"),
    Field("working P50 h", "working"), Field("ready to done P50 h", "p50"), Field("P85 h", "p85"),
    Field("on time", "punctual"), Field("ended", "ends"),
)  # fmt: skip
_APPROVALS = (
    Field("approval", "title"), Field("judged", "judged"), Field("approved at first", "at_first"),
    Field("refusals", "refusals"), Field("most in a run", "refusals_max"),
)  # fmt: skip
_LOOPS = (Field("from", "from"), Field("to", "to"), Field("times", "times"), Field("runs", "runs"))
_SITTING = (Field("step", "title"), Field("runs", "runs"), Field("since", "since"), Field("P50 h", "p50"))
_ODDITIES = (Field("what", "kind"), Field("step", "step"), Field("times", "times"), Field("runs", "runs"))


def print_insights(answer: Mapping[str, Any]) -> None:
    """Print the figures of the process as tables; hours are on the clock."""
    whole, titles = answer["whole"], answer["titles"]
    print_rows(
        "Versions", _VERSIONS, [_version(one) for one in (*answer["versions"], {**whole, "version": "all"})]
    )
    print_rows("Steps", _STEPS, [_step(one) for one in answer["steps"]])
    print_rows("Approvals", _APPROVALS, answer["approvals"])
    print_rows("Sent back", _LOOPS, [_loop(one, titles) for one in answer["loops"]])
    print_rows(
        "Where open runs are", _SITTING, [{**one, "p50": one["hours"]["p50"]} for one in answer["sitting"]]
    )
    print_rows("Other than the process says", _ODDITIES, answer["oddities"])
    first = answer["first_pass"]
    print_facts(
        "In all",
        {
            "approved_at_first": "–" if first is None else f"{100 * first:.1f} %",
            "as_the_process_says": f"{answer['conforming']} of {whole['runs']} runs",
            "open_with_nothing_to_do": answer["resting"],
        },
    )


def _version(one: Mapping[str, Any]) -> dict[str, Any]:
    cycle = one["cycle_hours"]
    return {
        **one,
        "p50": cycle["p50"],
        "p85": cycle["p85"],
        "punctual": _share(one["on_time"], one["with_target"]),
        "late": one["with_target"] - one["on_time"],
    }


def _step(one: Mapping[str, Any]) -> dict[str, Any]:
    return {
        **one,
        "waiting": one["waiting_hours"]["p50"],
        "working": one["working_hours"]["p50"],
        "p50": one["cycle_hours"]["p50"],
        "p85": one["cycle_hours"]["p85"],
        "punctual": _share(one["on_time"], one["with_due"]),
    }


def _loop(one: Mapping[str, Any], titles: Mapping[str, str]) -> dict[str, Any]:
    source = one["source"]
    return {
        **one,
        "from": "a person" if source is None else titles.get(source, source),
        "to": titles.get(one["target"], one["target"]),
    }


def _share(part: int, whole: int) -> str:
    return f"{100 * part / whole:.1f} %" if whole else "–"
