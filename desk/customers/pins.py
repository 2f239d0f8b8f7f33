"""Account PINs: hashed, and checked in the same time whether or not there is such an account.

A PIN has six digits, so no hash keeps someone with a copy of the database from trying all of them; what
protects it is that the caller's tries are limited. The parameters are therefore light: about a millisecond,
so that a hundred thousand accounts can be imported in minutes. They are written in each hash and may be
raised at any time.
"""

import re
from functools import cache

from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError

PIN = re.compile(r"[0-9]{4,8}")
"""What a PIN may be: it is keyed in on a telephone."""

_hasher = PasswordHasher(time_cost=1, memory_cost=1024, parallelism=1)


def hash_pin(pin: str) -> str:
    """Return the Argon2id hash of `pin`; takes about a millisecond of CPU and releases the interpreter."""
    return _hasher.hash(pin)


def matches(pin_hash: str | None, pin: str) -> bool:
    """Whether `pin` belongs to `pin_hash`; without a hash (no such account) it works as long and says no."""
    try:
        _hasher.verify(pin_hash or _nobodys(), pin)
    except (VerificationError, InvalidHashError):
        return False
    return pin_hash is not None


@cache
def _nobodys() -> str:
    return _hasher.hash("nobody's PIN")
