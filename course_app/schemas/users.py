"""What clients send and get about users."""

from datetime import datetime
from typing import Literal

from pydantic import BaseModel, ConfigDict, StrictBool

from course_app.schemas.fields import Email, Name, omittable
from course_app.schemas.passwords import NewPassword

RoleName = Literal["admin", "manager", "user"]


class UserCreate(BaseModel):
    """The body of a registration."""

    model_config = ConfigDict(extra="forbid")

    email: Email
    password: NewPassword
    full_name: Name


class UserPatch(BaseModel):
    """The body of PATCH: what an administrator may change about an account. Fields left out stay as they are."""

    model_config = ConfigDict(extra="forbid")

    role: RoleName = omittable()
    is_active: StrictBool = omittable()


class UserRead(BaseModel):
    """A user as clients see it: no password, no hash, no key."""

    model_config = ConfigDict(from_attributes=True)

    id: int
    email: str
    full_name: str
    role: RoleName
    is_active: bool
    created_at: datetime
