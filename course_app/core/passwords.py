"""Passwords at rest: Argon2id hashes (RFC 9106)."""

import warnings
from dataclasses import dataclass
from functools import cache

with warnings.catch_warnings():
    # passlib 1.7.4 imports the deprecated module crypt, and reads argon2's version in a deprecated way.
    warnings.simplefilter("ignore", DeprecationWarning)
    from passlib.context import CryptContext
    from passlib.hash import argon2

    argon2.set_backend()


@dataclass(frozen=True)
class Cost:
    """What one hash costs: `passes` over `memory_kib` KiB of memory in `lanes` threads."""

    passes: int
    memory_kib: int
    lanes: int


STRONG = Cost(passes=3, memory_kib=65_536, lanes=4)
CHEAP = Cost(passes=1, memory_kib=8, lanes=1)


@cache
def argon2_at(cost: Cost) -> CryptContext:
    """passlib's Argon2id with this cost: its methods are `hash`, `verify`, `identify`, `needs_update`."""
    return CryptContext(
        ["argon2"],
        argon2__time_cost=cost.passes,
        argon2__memory_cost=cost.memory_kib,
        argon2__parallelism=cost.lanes,
    )


def hash_password(password: str, cost: Cost = STRONG) -> str:
    """Return an Argon2id hash of `password` with a new salt."""
    return argon2_at(cost).hash(password)


def verify_password(password: str, hashed: str) -> bool:
    """Whether `hashed` was made of `password`, at whatever cost. Never raises."""
    try:
        return argon2_at(STRONG).verify(password, hashed)
    except (ValueError, NotImplementedError):
        return False


def needs_rehash(hashed: str, cost: Cost = STRONG) -> bool:
    """Whether `hashed` is anything but an Argon2id hash of exactly `cost`. Never raises."""
    try:
        return argon2_at(cost).needs_update(hashed)
    except (ValueError, NotImplementedError):
        return True
