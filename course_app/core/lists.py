"""Settings that are lists: entries with commas between them, or a JSON list of strings."""

import json
from ipaddress import IPv4Network, IPv6Address, IPv6Network, ip_network
from typing import Annotated

from pydantic import BeforeValidator
from pydantic_settings import NoDecode


def read_list(value: object) -> object:
    """Return the entries of a text, without blanks around them and without empty ones; anything else as it is."""
    if not isinstance(value, str):
        return value
    entries: object = value.split(",")
    if value.strip().startswith("["):
        try:
            entries = json.loads(value)
        except (ValueError, RecursionError):
            entries = None
    if not isinstance(entries, list) or not all(isinstance(entry, str) for entry in entries):
        raise ValueError("must be entries with commas between them, or a JSON list of strings")
    return tuple(entry.strip() for entry in entries if entry.strip())


def read_network(text: str) -> IPv4Network | IPv6Network:
    """Return the network, as IPv4 where it is IPv4 in IPv6 form (`::ffff:10.0.0.0/104`). Raise `ValueError`."""
    network = ip_network(text)
    first = network.network_address
    mapped = first.ipv4_mapped if isinstance(first, IPv6Address) and network.prefixlen >= 96 else None
    return network if mapped is None else IPv4Network((mapped, network.prefixlen - 96))


def read_networks(value: object) -> object:
    """Return the networks that the entries name; an address is a network of one."""
    entries = read_list(value)
    if not isinstance(entries, tuple | list):
        return entries
    networks, faults = [], []
    for position, entry in enumerate(entries, 1):
        try:
            networks.append(read_network(entry))
        except ValueError:
            faults.append(str(position))
    if faults:
        raise ValueError(f"no address and no network such as 10.0.0.0/8: entry {', '.join(faults)}")
    return tuple(networks)


CommaSeparated = Annotated[tuple[str, ...], NoDecode, BeforeValidator(read_list)]
Networks = Annotated[tuple[IPv4Network | IPv6Network, ...], NoDecode, BeforeValidator(read_networks)]
