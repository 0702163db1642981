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
_NAT64 = ip_network("64:ff9b::/96")


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
    """Whether the address is one of the public internet: not loopback, private, link-local, shared or multicast."""
    return address.is_global and not address.is_multicast and not address.is_reserved


def _inner(address: Address) -> Address:
    """The IPv4 address that an IPv6 address stands for, where it stands for one."""
    if isinstance(address, IPv4Address):
        return address
    if address in _NAT64:
        return IPv4Address(int(address) & 0xFFFFFFFF)
    teredo = address.teredo
    return address.ipv4_mapped or address.sixtofour or (teredo[1] if teredo else address)


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
