"""The errors of Hotline: each class is a fact, its docstring the message, its `code` stable for clients.

HotlineError
  BadInput        what came in cannot be used
    ConfigError   a setting cannot be used
  NotFound        the thing named does not exist
  Conflict        the thing is not in a state that allows this
  Forbidden       this person may not do this
  Unavailable     something that this needs does not answer
"""

from typing import Any, ClassVar


class HotlineError(Exception):
    """Something went wrong in Hotline."""

    code: ClassVar[str] = "error"

    def __init__(self, message: str | None = None, **details: Any) -> None:
        self.message = message or (self.__doc__ or "").strip().splitlines()[0]
        self.details = details
        super().__init__(self.message)


class BadInput(HotlineError):
    """The input cannot be used."""

    code = "bad_input"


class ConfigError(BadInput):
    """A setting cannot be used."""

    code = "bad_config"


class NotFound(HotlineError):
    """The thing named does not exist."""

    code = "not_found"


class Conflict(HotlineError):
    """The thing is not in a state that allows this."""

    code = "conflict"


class Forbidden(HotlineError):
    """You may not do this."""

    code = "forbidden"


class Unavailable(HotlineError):
    """Something that this needs does not answer."""

    code = "unavailable"
