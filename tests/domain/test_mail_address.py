"""What is a mail address, and which one: the domain as IDNA 2008 has it, and nothing that could be read twice."""

from __future__ import annotations

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from domain.document import FormField
from domain.mail_address import NoAddress, host_name, is_address, mail_address
from domain.run.values import problems


@pytest.mark.parametrize(
    ("typed", "wire"),
    [
        ("dana@example.com", "dana@example.com"),
        ("o'neil+tag=x/y@Example.COM", "o'neil+tag=x/y@example.com"),
        ("anna@straße.de", "anna@xn--strae-oqa.de"),
        ("anna@strasse.de", "anna@strasse.de"),
        ("anna@xn--strae-oqa.de", "anna@xn--strae-oqa.de"),
        ("a@βόλος.com", "a@xn--nxasmm1c.com"),
        ("a@BÜCHER.example", "a@xn--bcher-kva.example"),
        ("a@ｅxample。com", "a@example.com"),
        ("a@نامه\u200cای.com", "a@xn--mgba3gch31f060k.com"),
        ("jörg@acme.example", "jörg@acme.example"),
        ("jo\u0308rg@acme.example", "jörg@acme.example"),
        (f"{'l' * 64}@{'d' * 63}.example", f"{'l' * 64}@{'d' * 63}.example"),
    ],
)
def test_a_mail_goes_to_the_domain_that_was_typed(typed: str, wire: str):
    """ß, ς and joiners are letters of their own; signs that only look otherwise are mapped."""
    assert str(mail_address(typed)) == wire


@pytest.mark.parametrize(
    "typed",
    [
        "", "@", "a@", "@b.example", "dana", "a@b", "a@b..example", "a@.example", "a@b.example.", "a.@b.example",
        ".a@b.example", "a..b@c.example", "<anna@example.de>", "Anna <anna@example.de>", "anna(home)@example.de",
        "anna@example.de (home)", "anna@(x)example.de", '"anna b"@example.de', "a b@c.example", " a@b.example",
        "a@b.example\n", "a@b.example\r\nBcc: x@evil.example", "a\x00@b.example", "a\u202e@b.example",
        "a@ex\u00adample.de", "a@b@c.example", "a@b.example,c@d.example", "a@b.example;c@d.example", "a:b@c.example",
        "a\\@b.example", "=?utf-8?q?x?=@example.de", "=?utf-8?b?YUBi?=", "a@=?utf-8?q?x?=.de", "a@[192.0.2.1]",
        "a@192.0.2.1", "a@-b.example", "a@b_c.example", "a@😀.example", "a@xn--a.example", "a\ud800@b.example",
        f"a@{'d' * 64}.example", f"{'l' * 65}@b.example", f"{'ö' * 33}@b.example", f"a@{'.'.join(['d' * 60] * 5)}",
        f"{'l' * 60}@{'.'.join(['d' * 48] * 4)}", "a@" + "b" * 100_000,
    ],
)  # fmt: skip
def test_what_is_no_address_is_refused(typed: str):
    """Names, comments, brackets, encoded words, lists, invisible signs, names of no domain, and what is too long."""
    with pytest.raises(NoAddress):
        mail_address(typed)


@given(
    st.text(st.one_of(st.characters(codec=None), st.sampled_from('@.-ab<>()=?" ,;ßü\r\n\u200d')), max_size=60)
)
def test_what_is_accepted_is_one_address_to_every_program(typed: str):
    """Whatever text is accepted goes over the wire as it will be read, and is accepted again as the same address."""
    if not is_address(typed):
        return
    wire = str(mail_address(typed))
    assert re.fullmatch(r"[^\s<>()\[\]\\,;:@\"\x00-\x20]{1,64}@[a-z0-9.-]{3,253}", wire)
    assert "=?" not in wire
    assert str(mail_address(wire)) == wire


def test_a_field_says_what_it_accepts():
    """The kind email and a column of it know the same rule, and name what would be accepted; a guest's key too."""
    mail = FormField.model_validate({"key": "mail", "title": "Mail", "kind": "email"})
    table = FormField.model_validate(
        {"key": "people", "title": "People", "kind": "table",
         "columns": [{"key": "mail", "title": "Mail", "kind": "email"}]}
    )  # fmt: skip
    who = FormField.model_validate({"key": "who", "title": "Who", "kind": "person"})
    (found,) = problems([mail], {"mail": "anna(home)@example.de"})
    assert "dana@example.com" in found["accepted"]
    assert problems([table], {"people": [{"mail": "<anna@example.de>"}]})
    assert problems([who], {"who": "guest:anna(home)@example.de"})
    assert not problems(
        [mail, table, who],
        {"mail": "anna@straße.de", "people": [{"mail": "a@b.example"}], "who": "guest:anna@straße.de"},
    )


def test_hosts_are_looked_up_by_the_same_rule():
    """A call to straße.de does not go to strasse.de either; names of the own network stay as they are."""
    assert host_name("STRASSE.de.") == "strasse.de"
    assert host_name("straße.de") == "xn--strae-oqa.de"
    assert host_name("my_service") == "my_service"
    for no_host in ("a" * 64, "a..b", "😀.de"):
        with pytest.raises(NoAddress):
            host_name(no_host)
