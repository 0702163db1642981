"""`milepost import bpmn`: BPMN 2.0 models in, as draft documents."""

from __future__ import annotations

from dataclasses import asdict
from pathlib import Path
from typing import Any

import typer

from domain.document import stored_form
from interchange.bad_log import BadLog
from interchange.bpmn.draft import Draft, draft
from interchange.bpmn.model import Model, Pool
from interchange.bpmn.reading import read_bpmn
from interchange.bpmn.words import Keys
from interchange.bpmn.yaml import document_text
from milepost.cli.console.client import tell
from milepost.cli.console.commands import As
from milepost.cli.console.output import BAD_INPUT, AsJson, Field, fail, people, print_json, print_rows

File = typer.Argument(help="The model (BPMN 2.0).", exists=True, dir_okay=False, readable=True)
_REMARKS = (Field("became", "became", whole=True), Field("what", "kind", whole=True), Field("name", "name"),
            Field("why", "why"))  # fmt: skip


def bpmn(
    file: Path = File,
    process: str = typer.Option(None, "--process", help="Key of the process; else made of its title."),
    pool: str = typer.Option(None, "--pool", help="The pool to draft; else every pool, each as a process."),
    out: Path = typer.Option(
        None, "--out", help="Write the draft here (YAML); several pools: one file each, beside it."
    ),
    save: bool = typer.Option(False, "--save", help="Save as the draft of the process on the server."),
    actor: str = As,
    as_json: bool = AsJson,
) -> None:
    """Draft a process from a BPMN 2.0 model, and say what was left out or is now a person's decision."""
    try:
        model = read_bpmn(file)
        drafts = _drafts(model, pool, process)
        texts = [document_text(each, file.name) for each in drafts]
    except BadLog as error:
        fail(f"{file}: {error}\nnothing was imported", BAD_INPUT)
    if as_json:
        print_json(
            {"drafts": [_facts(each) for each in drafts], "remarks": [asdict(each) for each in model.remarks]}
        )
    else:
        _report(model, drafts)
    for each, text in zip(drafts, texts, strict=True):
        if out is not None:
            _write(_place(out, each, len(drafts) > 1), text)
        if save:
            tell(
                f"/v1/processes/{each.document.key}/draft",
                stored_form(each.document),
                method="PUT",
                actor=actor,
            )
            _say(f"{each.document.key}: the draft is saved", as_json)


def _drafts(model: Model, name: str | None, process: str | None) -> list[Draft]:
    pools = model.pools if name is None else [_chosen(model, name)]
    if process is not None and len(pools) > 1:
        raise BadLog(
            "one key cannot name several pools", accepted=f"--pool with one of {_names(model.pools)}"
        )
    keys = Keys()
    return [draft(pool, process or keys.take(pool.title, "process")) for pool in pools]


def _chosen(model: Model, name: str) -> Pool:
    wanted = name.strip().casefold()
    for pool in model.pools:
        if wanted in (pool.name.casefold(), pool.title.casefold(), pool.id.casefold()):
            return pool
    raise BadLog(f"no pool is called {name!r}", accepted=_names(model.pools))


def _names(pools: list[Pool]) -> str:
    return ", ".join(pool.name for pool in pools)


def _report(model: Model, drafts: list[Draft]) -> None:
    for each in drafts:
        steps, roles = len(each.document.steps), len(each.document.roles)
        people.print(f"{each.document.title} ({each.document.key}), from the pool {each.pool}: {steps} steps of "
                     f"{roles} role{'s' if roles != 1 else ''}", soft_wrap=True, markup=False)  # fmt: skip
        print_rows("What is not as it was in the model", _REMARKS, map(asdict, each.remarks))
    if model.remarks:
        print_rows("What belongs to no pool", _REMARKS, map(asdict, model.remarks))


def _facts(each: Draft) -> dict[str, Any]:
    remarks = [asdict(remark) for remark in each.remarks]
    return {"pool": each.pool, "document": stored_form(each.document), "remarks": remarks}


def _place(out: Path, each: Draft, several: bool) -> Path:
    return out.with_name(f"{out.stem}-{each.document.key}{out.suffix}") if several else out


def _write(out: Path, text: str) -> None:
    try:
        out.write_text(text, "utf-8")
    except OSError as error:
        fail(f"{out}: {error.strerror}", BAD_INPUT)
    typer.echo(f"{out} is written", err=True)


def _say(text: str, as_json: bool) -> None:
    if not as_json:
        people.print(text, soft_wrap=True, markup=False)
