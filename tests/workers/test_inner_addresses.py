"""The ways in which attackers write an address of the own network: every one of them is refused before a connection."""

from __future__ import annotations

import asyncio
import socket
from typing import Any

import pytest

from workers.automations.targets import NotAllowed, NotFound, Targets

PUBLIC = "93.184.215.14"
NAMES = {
    "localhost": ["127.0.0.1"],
    "localhost.localdomain": ["127.0.0.1"],
    "127.0.0.1.nip.example": ["127.0.0.1"],
    "mixed.example.com": [PUBLIC, "10.0.0.5"],
    "mixed6.example.com": [PUBLIC, "fd00::5"],
    "metadata.google.internal": ["169.254.169.254"],
    "router.example.com": ["192.168.0.1"],
    "scoped.example.com": ["fe80::1%2"],
    "mapped.example.com": ["::ffff:10.0.0.1"],
    "xn--bcher-kva.example": ["10.1.1.1"],
    "www.example.com": [PUBLIC],
}
"""What the name server of an attacker answers."""

VECTORS = [
    # loopback
    "http://127.0.0.1/", "http://127.0.0.1:8080/", "http://127.255.255.254/", "http://localhost/",
    "http://LOCALHOST/", "http://localhost./", "http://localhost.localdomain/", "http://[::1]/",
    "http://[0:0:0:0:0:0:0:1]/", "http://[::]/", "http://0.0.0.0/", "http://0/",
    # written as a number, in octal, in hexadecimal, with parts left out
    "http://2130706433/", "http://0x7f000001/", "http://0x7f.0x0.0x0.0x1/", "http://0177.0.0.1/",
    "http://017700000001/", "http://127.1/", "http://127.0.1/", "http://0x7f.1/", "http://3232235521/",
    "http://0xA9FEA9FE/", "http://0251.0376.0251.0376/", "http://169.254.43518/",
    # written with other digits and dots, which a look-up maps
    "http://①②⑦.⓪.⓪.①/", "http://127。0。0。1/", "http://１２７.0.0.1/", "http://ｌｏｃａｌｈｏｓｔ/",
    # private, shared, link-local, metadata, benchmarks, documentation, reserved
    "http://10.0.0.5/", "http://172.16.9.9/", "http://172.31.255.255/", "http://192.168.1.1/",
    "http://100.64.0.1/", "http://100.127.255.254/", "http://169.254.169.254/latest/meta-data/",
    "http://169.254.170.2/v2/credentials", "http://100.100.100.200/latest/meta-data/", "http://192.0.0.8/",
    "http://192.0.0.192/", "http://192.88.99.1/", "http://198.18.0.1/", "http://198.51.100.7/", "http://203.0.113.7/",
    "http://224.0.0.1/", "http://239.255.255.250/", "http://240.0.0.1/", "http://255.255.255.255/",
    # IPv6: link-local, unique local, site-local, multicast, documentation, discarded, never given to anybody
    "http://[fe80::1]/", "http://[fd00:ec2::254]/", "http://[fc00::1]/", "http://[fec0::1]/", "http://[ff02::1]/",
    "http://[2001:db8::1]/", "http://[3fff::1]/", "http://[100::1]/", "http://[5f00::1]/", "http://[4000::1]/",
    # IPv6 that leads to IPv4: mapped, compatible, NAT64, NAT64 of a network of its own, 6to4, Teredo
    "http://[::ffff:127.0.0.1]/", "http://[::ffff:7f00:1]/", "http://[::ffff:a9fe:a9fe]/", "http://[::127.0.0.1]/",
    "http://[::ffff:0:127.0.0.1]/", "http://[64:ff9b::7f00:1]/", "http://[64:ff9b::169.254.169.254]/",
    "http://[64:ff9b:1::a00:1]/", "http://[2002:7f00:1::]/", "http://[2002:a9fe:a9fe::1]/",
    "http://[2001:0:5db8:d70e:0:0:80ff:fffe]/",
    # names that lead inside, wholly or for one look-up of two
    "http://127.0.0.1.nip.example/", "http://mixed.example.com/", "http://mixed6.example.com/",
    "http://metadata.google.internal/computeMetadata/v1/", "http://router.example.com./", "http://scoped.example.com/",
    "http://mapped.example.com/", "http://bücher.example/",
    # users, passwords and what looks like them
    f"http://{PUBLIC}@127.0.0.1/", f"http://{PUBLIC}:80@127.0.0.1/", f"http://user:pass@{PUBLIC}/",
    f"http://@{PUBLIC}/", f"http://127.0.0.1#@{PUBLIC}/", f"http://127.0.0.1?@{PUBLIC}/",
    f"http://127.0.0.1\\@{PUBLIC}/", f"http://{PUBLIC}\\@127.0.0.1/",
    # other schemes, no host, and what is no address at all
    "file:///etc/passwd", "gopher://127.0.0.1:6379/_INFO", "ftp://www.example.com/", "dict://127.0.0.1:11211/stat",
    "ldap://127.0.0.1/", "jar:http://127.0.0.1!/", "data:text/plain,x", "javascript:alert(1)", "//127.0.0.1/",
    "http:///x", "http:127.0.0.1", "http://", "http://[::1", "http://[::1]x/", "http://127.0.0.1:99999/",
    "http://127.0.0.1:x/", "http://exa mple.com/", "http://..example.com/", "http://[fe80::1%25eth0]/",
    "http://127.0.0.1\t/", "http://\u202e127.0.0.1/",
    # ports at which something else than a web service listens
    "http://www.example.com:22/", "http://www.example.com:25/", "http://www.example.com:53/",
    "http://www.example.com:587/", "http://www.example.com:2049/", "http://www.example.com:6667/",
]  # fmt: skip


@pytest.fixture(autouse=True)
def attackers_names(monkeypatch: pytest.MonkeyPatch) -> None:
    """Numbers are read as the system reads them, names as an attacker's server answers; the network is not asked."""

    async def look_up(_loop: Any, host: str, port: int, **_: Any) -> list[Any]:
        if host in NAMES:
            return [(socket.AF_INET, socket.SOCK_STREAM, 6, "", (each, port)) for each in NAMES[host]]
        return socket.getaddrinfo(host, port, type=socket.SOCK_STREAM, flags=socket.AI_NUMERICHOST)

    monkeypatch.setattr(asyncio.BaseEventLoop, "getaddrinfo", look_up)


@pytest.mark.parametrize("url", VECTORS)
def test_no_spelling_of_an_inner_address_is_called(url: str):
    """Refused, or no address at all; never a target."""
    with pytest.raises((NotAllowed, NotFound)):
        asyncio.run(Targets().resolve(url))


def test_a_public_name_is_called():
    """What is refused is refused for its own sake: a public service, on whichever port of the web, is a target."""
    for url in ("https://www.example.com/x", "http://www.example.com.:8080/", f"http://{PUBLIC}/"):
        assert asyncio.run(Targets().resolve(url)).address == PUBLIC


def test_a_name_that_changes_between_check_and_call_is_called_where_it_was_checked(
    monkeypatch: pytest.MonkeyPatch,
):
    """The look-up happens once: the address of the call is the one that was looked at, whatever the name says later."""
    monkeypatch.setitem(NAMES, "rebinding.example.com", [PUBLIC])
    target = asyncio.run(Targets().resolve("http://rebinding.example.com/x"))
    monkeypatch.setitem(NAMES, "rebinding.example.com", ["127.0.0.1"])
    assert (target.url, target.host_header) == (f"http://{PUBLIC}:80/x", "rebinding.example.com")


def test_there_are_sixty_vectors_at_least():
    """Each of them once."""
    assert len(VECTORS) == len(set(VECTORS)) >= 60
