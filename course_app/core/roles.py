"""The three roles of an account."""

from enum import StrEnum


class Role(StrEnum):
    """What an account may do; chapter 03 says what that is for each."""

    ADMIN = "admin"
    MANAGER = "manager"
    USER = "user"
