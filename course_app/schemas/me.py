"""What somebody may change about their own account."""

from typing import Self

from pydantic import BaseModel, ConfigDict, model_validator

from course_app.schemas.faults import faults
from course_app.schemas.fields import Name, omittable
from course_app.schemas.passwords import NewPassword, TypedPassword


class MePatch(BaseModel):
    """The body of PATCH /users/me. Fields left out stay as they are; null is no value for any of them."""

    model_config = ConfigDict(extra="forbid")

    full_name: Name = omittable()
    password: NewPassword = omittable()
    current_password: TypedPassword = omittable()

    @model_validator(mode="after")
    def _both_passwords_or_none(self) -> Self:
        pair = {"password", "current_password"}
        missing = pair - self.model_fields_set
        if len(missing) == 1:
            raise faults(["is required"], *missing)
        return self
