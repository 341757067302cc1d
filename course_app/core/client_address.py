"""Whose request it is, when proxies stand in between."""

import re
from collections.abc import Sequence
from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network, ip_address

_WITH_PORT = re.compile(r"\[([^]%]*)\](?::\d{1,5})?|([^:]*):\d{1,5}", re.ASCII)


def read_address(text: str) -> IPv4Address | IPv6Address | None:
    """Return the address in `text`, without port and brackets, or None. An IPv4 address in IPv6 form comes as IPv4."""
    match = _WITH_PORT.fullmatch(text.strip())
    host = (match[1] or match[2]) if match else text.strip()
    try:
        address = ip_address(host)
    except ValueError:
        return None
    if isinstance(address, IPv6Address):
        return None if address.scope_id else address.ipv4_mapped or address
    return address


def client_address(
    peer: str | None, forwarded_for: Sequence[str], trusted: Sequence[IPv4Network | IPv6Network]
) -> str | None:
    """Return the address of the client: of the peer, or of whom the trusted proxies say that they act for.

    `forwarded_for` has the values of every `X-Forwarded-For` of the request, in their order.
    """
    client = read_address(peer or "")
    if client is None:
        return peer
    for entry in reversed(",".join(forwarded_for).split(",")):
        address = read_address(entry)
        if address is None or not any(client in network for network in trusted):
            break
        client = address
    return str(client)
