"""Reading the settings when the application starts."""

from pydantic import ValidationError

from course_app.core.config import Settings


class ConfigurationError(Exception):
    """The environment does not make valid settings. The text has one line a fault and no value."""


def load_settings() -> Settings:
    """Return the settings of the environment. Raise `ConfigurationError` that names every fault."""
    try:
        return Settings()
    except ValidationError as error:
        faults = sorted(f"{fault['loc'][0]}: {fault['msg']}" for fault in error.errors())
    raise ConfigurationError("\n".join(faults))
