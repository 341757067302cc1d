"""Every setting of the application, read from the environment or a file `.env`."""

import secrets
from typing import Annotated, Any, Literal

from pydantic import AfterValidator, BeforeValidator, Field, SecretStr, ValidationInfo
from pydantic_core import PydanticCustomError
from pydantic_settings import BaseSettings, SettingsConfigDict

from course_app.core.hosts import Hosts
from course_app.core.lists import Networks
from course_app.core.origins import Origins
from course_app.core.production import production_fault
from course_app.core.smtp_url import SmtpUrl
from course_app.core.urls import BrokerUrl, DatabaseUrl, RedisUrl

UNSET: Any = None
LOOPBACK: Any = "127.0.0.0/8, ::1"


def given_or_random(secret: Any, info: ValidationInfo) -> Any:
    """Return the secret; where none is given, one that lives as long as this process, in production an empty one."""
    if secret is not None:
        return secret
    return "" if info.data.get("ENVIRONMENT") == "production" else secrets.token_urlsafe(48)


def fit(value: Any, info: ValidationInfo) -> Any:
    """Return the value. Refuse it in production where `production_fault` does, and an empty secret anywhere."""
    plain = value.get_secret_value() if isinstance(value, SecretStr) else value
    fault = "must not be empty" if isinstance(value, SecretStr) and not plain else None
    if info.data.get("ENVIRONMENT") == "production":
        fault = production_fault(str(info.field_name), plain)
    if fault is not None:
        raise PydanticCustomError("unfit", "{fault}", {"fault": fault})
    return value


Fit = AfterValidator(fit)


class Settings(BaseSettings):
    """The settings, under the names of their environment variables. In production some values are refused."""

    model_config = SettingsConfigDict(env_file=".env", extra="ignore", hide_input_in_errors=True, validate_default=True)

    ENVIRONMENT: Literal["development", "test", "production"] = "development"
    SECRET_KEY: Annotated[SecretStr, BeforeValidator(given_or_random), Fit] = UNSET
    ALGORITHM: Literal["HS256", "HS384", "HS512"] = "HS256"
    ACCESS_TOKEN_EXPIRE_MINUTES: int = Field(default=30, ge=1, le=1440)
    DATABASE_URL: Annotated[DatabaseUrl, Fit] = None
    REDIS_URL: Annotated[RedisUrl, Fit] = None
    CELERY_BROKER_URL: BrokerUrl = None
    CELERY_RESULT_BACKEND: BrokerUrl = None
    SMTP_URL: SmtpUrl | None = None
    ALLOWED_ORIGINS: Annotated[Origins, Fit] = ()
    ALLOWED_HOSTS: Annotated[Hosts, Fit] = ()
    TRUSTED_PROXIES: Networks = ()
    METRICS_ALLOWED: Networks = LOOPBACK
    RATE_LIMIT_PER_MINUTE: int = Field(default=100, ge=0, le=1_000_000)
    FIRST_ADMIN_EMAIL: str | None = None
    FIRST_ADMIN_PASSWORD: SecretStr | None = None
