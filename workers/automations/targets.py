"""Which addresses may be called: none inside the own network, unless a setting lists them; checked before each call."""

from __future__ import annotations

import asyncio
import socket
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network, ip_address, ip_network
from urllib.parse import SplitResult, urlsplit

from domain.mail_address import NoAddress, host_name

Address = IPv4Address | IPv6Address
_NAT64 = IPv6Network("64:ff9b::/96")
_NOT_PUBLIC_4 = tuple(map(IPv4Network, (
    "0.0.0.0/8", "10.0.0.0/8", "100.64.0.0/10", "127.0.0.0/8", "169.254.0.0/16", "172.16.0.0/12", "192.0.0.0/24",
    "192.0.2.0/24", "192.88.99.0/24", "192.168.0.0/16", "198.18.0.0/15", "198.51.100.0/24", "203.0.113.0/24",
    "224.0.0.0/4", "240.0.0.0/4",
)))  # fmt: skip
"""What the registry of IPv4 addresses with a purpose of their own (IANA, RFC 6890) takes out of the public internet."""
_PUBLIC_6 = IPv6Network("2000::/3")
"""The only IPv6 addresses that were ever given to anybody; all else is local, reserved or stands for something."""
_NOT_PUBLIC_6 = tuple(map(IPv6Network, ("2001::/23", "2001:db8::/32", "2002::/16", "3fff::/20")))
_SPOKEN_TO_OTHERWISE = frozenset({
    1, 7, 9, 11, 13, 15, 17, 19, 20, 21, 22, 23, 25, 37, 42, 43, 53, 69, 77, 79, 87, 95, 101, 102, 103, 104, 109, 110,
    111, 113, 115, 117, 119, 123, 135, 137, 139, 143, 161, 179, 389, 427, 465, 512, 513, 514, 515, 526, 530, 531, 532,
    540, 548, 554, 556, 563, 587, 601, 636, 989, 990, 993, 995, 1719, 1720, 1723, 2049, 3659, 4045, 4190, 5060, 5061,
    6000, 6566, 6665, 6666, 6667, 6668, 6669, 6679, 6697, 10080,
})  # fmt: skip
"""Ports of mail, names, terminals and the like, which take a request for something else (Fetch standard, bad ports)."""


class NotAllowed(Exception):
    """The address may not be called; the text says which, and what would allow it."""


class NotFound(Exception):
    """The host has no address, now at least."""


@dataclass(frozen=True, slots=True)
class Target:
    """Where a call goes: the address that was checked, and the name that it is called by."""

    parts: SplitResult
    host: str
    address: str
    port: int

    @property
    def url(self) -> str:
        """The URL with the checked address in place of the name, so that no second look-up can lead elsewhere."""
        name = f"[{self.address}]" if ":" in self.address else self.address
        return self.parts._replace(netloc=f"{name}:{self.port}", fragment="").geturl()

    @property
    def receiver(self) -> str:
        """By which name our signatures are made for it: as the address has it, with the port where that is unusual."""
        port = self.parts.port
        return (
            self.host
            if port in (None, {"http": 80, "https": 443}[self.parts.scheme])
            else f"{self.host}:{port}"
        )

    @property
    def host_header(self) -> str:
        """What the Host header says: the name, with the port unless it is the usual one."""
        usual = {"http": 80, "https": 443}[self.parts.scheme]
        name = f"[{self.host}]" if ":" in self.host else self.host
        return name if self.port == usual else f"{name}:{self.port}"


Place = Callable[[], tuple[str, int]]
"""Gives the address and port of a service of this process; the first time may start it."""


class Targets:
    """The addresses that may be called: everything public, and what is listed."""

    def __init__(self, listed: Sequence[str] = (), own: Mapping[str, Place] | None = None) -> None:
        """``listed``: host names (``*.example.com`` for all below), addresses, or networks such as ``10.1.0.0/16``.

        ``own``: hosts that no name server knows and that this process itself answers for, with where that is.
        """
        self._own = dict(own or {})
        self._names = {_listed(entry) for entry in listed if network_of(entry) is None}
        self._networks = [found for found in map(network_of, listed) if found is not None]

    async def resolve(self, url: str) -> Target:
        """Look the host up and check every address it has. Raises NotAllowed and NotFound."""
        parts, host, port = _taken_apart(url)
        if port in _SPOKEN_TO_OTHERWISE:
            raise NotAllowed(f"port {port} of {host} is no port of a web service")
        if host in self._own and parts.scheme == "http":
            return Target(parts, host, *await asyncio.to_thread(self._own[host]))
        addresses = await _addresses(host, port)
        for address in addresses:
            if not self._allows(host, address):
                raise NotAllowed(
                    f"{host} is at {address}, which is no public address; MILEPOST_ALLOWED_TARGETS can list it"
                )
        return Target(parts, host, str(addresses[0]), port)

    def _allows(self, host: str, address: Address) -> bool:
        if is_below(host, self._names):
            return True
        inner = _inner(address)
        return is_public(inner) or any(
            inner in network for network in self._networks if network.version == inner.version
        )


def _listed(entry: str) -> str:
    star = "*." if entry.startswith("*.") else ""
    return f"{star}{host_name(entry.removeprefix(star))}"


def is_below(host: str, names: Iterable[str]) -> bool:
    """Whether the host is one of these names, or below one such as ``*.example.com``."""
    return any(host == name or (name.startswith("*.") and host.endswith(name[1:])) for name in names)


def network_of(entry: str) -> IPv4Network | IPv6Network | None:
    """The network or single address that an entry of the list names; None when it names a host."""
    try:
        return ip_network(entry, strict=False)
    except ValueError:
        return None


def is_public(address: Address) -> bool:
    """Whether the address is one of the public internet, itself and as what it stands for.

    By lists of our own: what the standard library calls global changes with the release of Python.
    """
    inner = _inner(address)
    if isinstance(inner, IPv4Address):
        return not any(inner in network for network in _NOT_PUBLIC_4)
    return inner in _PUBLIC_6 and not any(inner in network for network in _NOT_PUBLIC_6)


def _inner(address: Address) -> Address:
    """The IPv4 address that an IPv6 address leads to, where it leads to one: mapped, by NAT64 or by 6to4."""
    if isinstance(address, IPv4Address):
        return address
    if address in _NAT64:
        return IPv4Address(int(address) & 0xFFFFFFFF)
    return address.ipv4_mapped or address.sixtofour or address


def _taken_apart(url: str) -> tuple[SplitResult, str, int]:
    try:
        parts = urlsplit(url)
        port = parts.port
    except ValueError as error:
        raise NotAllowed(f"{url!r} is no address: {error}") from error
    if parts.scheme not in ("http", "https") or not parts.hostname:
        raise NotAllowed(f"{url!r} is no address that begins with https:// or http://")
    if "@" in parts.netloc:
        raise NotAllowed("an address carries no user and no password")
    return parts, _host(parts.hostname), port or (443 if parts.scheme == "https" else 80)


def _host(name: str) -> str:
    try:
        return host_name(name)
    except NoAddress as why:
        raise NotAllowed(f"{name!r} is no host: {why}") from why


async def _addresses(host: str, port: int) -> list[Address]:
    try:
        found = await asyncio.get_running_loop().getaddrinfo(host, port, type=socket.SOCK_STREAM)
    except (OSError, UnicodeError) as error:
        raise NotFound(f"{host} has no address: {error}") from error
    addresses = list(dict.fromkeys(ip_address(str(entry[4][0]).partition("%")[0]) for entry in found))
    if not addresses:
        raise NotFound(f"{host} has no address")
    return sorted(addresses, key=lambda address: address.version)
