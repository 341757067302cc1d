"""Every setting of the application, read from the environment or a file `.env`."""

import secrets
from typing import Literal

from pydantic import Field, SecretStr
from pydantic_settings import BaseSettings, SettingsConfigDict

from course_app.core.lists import Networks
from course_app.core.origins import Origins
from course_app.core.smtp_url import SmtpUrl


def random_secret() -> SecretStr:
    """Return a secret that lives as long as this process."""
    return SecretStr(secrets.token_urlsafe(48))


class Settings(BaseSettings):
    """The settings, under the names of their environment variables."""

    model_config = SettingsConfigDict(env_file=".env", extra="ignore", hide_input_in_errors=True)

    ENVIRONMENT: Literal["development", "test", "production"] = "development"
    SECRET_KEY: SecretStr = Field(default_factory=random_secret, min_length=1)
    ALGORITHM: Literal["HS256", "HS384", "HS512"] = "HS256"
    ACCESS_TOKEN_EXPIRE_MINUTES: int = Field(default=30, ge=1, le=1440)
    DATABASE_URL: str | None = None
    REDIS_URL: str | None = None
    CELERY_BROKER_URL: str | None = None
    CELERY_RESULT_BACKEND: str | None = None
    SMTP_URL: SmtpUrl | None = None
    ALLOWED_ORIGINS: Origins = ()
    TRUSTED_PROXIES: Networks = ()
    RATE_LIMIT_PER_MINUTE: int = Field(default=100, ge=0, le=1_000_000)
    FIRST_ADMIN_EMAIL: str | None = None
    FIRST_ADMIN_PASSWORD: SecretStr | None = None
