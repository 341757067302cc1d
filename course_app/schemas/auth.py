"""What the token endpoint sends (RFC 6749, section 5)."""

from typing import Literal

from pydantic import BaseModel


class TokenRead(BaseModel):
    """A new access token; `expires_in` is in seconds."""

    access_token: str
    token_type: Literal["bearer"] = "bearer"
    expires_in: int


class OAuthFailure(BaseModel):
    """Why there is no token."""

    error: str
    error_description: str
