"""Where a request comes from: trusted-proxy arithmetic, IPv4-mapped addresses, networks."""

import ipaddress
from collections.abc import Iterable, Sequence
from functools import lru_cache

from django.core.exceptions import ValidationError
from django.utils.translation import gettext_lazy as _

Address = ipaddress.IPv4Address | ipaddress.IPv6Address
Network = ipaddress.IPv4Network | ipaddress.IPv6Network


@lru_cache(maxsize=4096)
def parse_address(text: str) -> Address | None:
    """An address as peers and proxies write it: with port or brackets, IPv4-mapped ones unwrapped. None for none."""
    text = text.strip().strip('"')
    if text.startswith("["):
        text = text[1:].partition("]")[0]
    elif text.count(":") == 1:
        text = text.partition(":")[0]
    try:
        address = ipaddress.ip_address(text.partition("%")[0])
    except ValueError:
        return None
    if isinstance(address, ipaddress.IPv6Address) and address.ipv4_mapped:
        return address.ipv4_mapped
    return address


@lru_cache(maxsize=4096)
def parse_network(text: str) -> Network:
    """An address or network, IPv4-mapped ones unwrapped, host bits cleared. Raises ValueError when it is neither."""
    if "%" in text:
        raise ValueError("A zone (%eth0) means something on one machine only.")
    network = ipaddress.ip_network(text.strip(), strict=False)
    if isinstance(network, ipaddress.IPv6Network) and network.network_address.ipv4_mapped and network.prefixlen >= 96:
        return ipaddress.ip_network((network.network_address.ipv4_mapped, network.prefixlen - 96), strict=False)
    return network


def validate_network(text: str) -> None:
    try:
        parse_network(text)
    except ValueError:
        raise ValidationError(
            _("“%(text)s” is not an IPv4 or IPv6 address or network."), params={"text": text}
        ) from None


def written_network(text: str) -> str:
    """An address or network in its one written form, an address alone without its prefix length. Raises ValueError."""
    network = parse_network(text)
    return str(network.network_address) if network.num_addresses == 1 else str(network)


def household(address: str) -> str:
    """What shares one budget of attempts: an IPv4 address, or the network that one IPv6 customer gets."""
    return str(parse_network(f"{address}/64")) if ":" in address else address


def is_within(address: Address | None, networks: Iterable[str]) -> bool:
    """Whether `address` lies in one of `networks`; an unknown address lies in none."""
    return address is not None and any(address in parse_network(network) for network in networks)


def client_address(peer: str, forwarded_for: str, trusted_proxies: Sequence[str]) -> Address | None:
    """The caller's address: the socket's, or behind trusted proxies the right-most one they did not add themselves.

    `trusted_proxies` are networks; the word `unix` in it stands for a peer on a Unix socket, which has no address.
    What stands left of the right-most untrusted address is the caller's own text and is never read.
    """
    address = parse_address(peer)
    peer_is_trusted = is_within(address, _networks(trusted_proxies)) if address else "unix" in trusted_proxies
    if not peer_is_trusted:
        return address
    for hop in reversed([hop for hop in forwarded_for.split(",") if hop.strip()]):
        address = parse_address(hop)
        if address is None or not is_within(address, _networks(trusted_proxies)):
            return address
    return address


def _networks(trusted_proxies: Sequence[str]) -> list[str]:
    return [entry for entry in trusted_proxies if entry != "unix"]
