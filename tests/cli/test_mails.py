"""Mails from the command line: looked at before any is sent, and afterwards."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from tests.cli.conftest import Milepost
from tests.support.waiting import wait_until

GREETING = """
milepost: 1
key: greeting
title: Greeting
inputs:
  - {key: name, title: Name, kind: text, required: true}
  - {key: mail, title: Mail, kind: email}
roles:
  - {key: system, title: System, system: true}
stages:
  - key: all
    title: All
    steps:
      - key: hello
        title: Say hello
        kind: email
        role: system
        email:
          to: ["{mail}"]
          subject: "Hello {name}"
          body: "Welcome, {name}."
"""


@pytest.fixture
def greeting(tmp_path: Path) -> Path:
    """A document whose one step is a mail."""
    file = tmp_path / "greeting.yaml"
    file.write_text(GREETING)
    return file


def test_a_mail_is_shown_before_it_is_sent(milepost: Milepost, greeting: Path):
    """With the values given, samples for the rest, and of a document that is not published."""
    given = ("process", "preview-mail", str(greeting), "--step", "hello", "--value", "inputs.name=Ada")
    (mail,) = milepost.json(*given)["mails"]
    assert (mail["to"], mail["subject"], mail["text"]) == ("ada@example.com", "Hello Ada", "Welcome, Ada.")
    assert "Subject: Hello Ada" in milepost(*given).stdout


def test_what_was_sent_is_listed_and_shown(milepost: Milepost, greeting: Path):
    """The worker of a running Milepost sends it; the list says so, and the text is there to read."""
    milepost("process", "publish", str(greeting), "--note", "First")
    run = milepost.json("run", "start", "greeting", "-i", "name=Ada", "-i", "mail=ada@nordwind.example")["id"]

    def sent() -> Any:
        return milepost.json("mail", "list", "--run", run, "--state", "sent")["rows"]

    wait_until(sent, "the mail")
    (row,) = sent()
    assert (row["subject"], row["to"]) == ("Hello Ada", ["ada@nordwind.example"])
    shown = milepost("mail", "show", run, "email", "--step", "hello").stdout
    assert "Welcome, Ada." in shown
    assert "Hello Ada" in milepost("mail", "list", "--run", run).stdout
