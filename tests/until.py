"""Waiting in tests for something to become true: a poll with a limit, never a bare sleep."""

import asyncio
import inspect
import time
from collections.abc import Awaitable, Callable
from typing import TypeVar, overload

T = TypeVar("T")


@overload
async def until(
    predicate: Callable[[], Awaitable[T]],
    timeout: float = ...,
    *,
    every: float = ...,
    what: str | Callable[[], str] = ...,
) -> T: ...
@overload
async def until(
    predicate: Callable[[], T],
    timeout: float = ...,
    *,
    every: float = ...,
    what: str | Callable[[], str] = ...,
) -> T: ...
async def until(
    predicate: Callable[[], T | Awaitable[T]],
    timeout: float = 5.0,
    *,
    every: float = 0.01,
    what: str | Callable[[], str] = "",
) -> T:
    """Return the first truthy value of `predicate` (plain or async), asked every `every` seconds.

    Raises AssertionError, naming `what` (or the predicate) and its last value, after `timeout` seconds.
    """
    limit = time.monotonic() + timeout
    while True:
        answer = predicate()
        value = await answer if inspect.isawaitable(answer) else answer
        if value:
            return value
        if time.monotonic() >= limit:
            name = (what() if callable(what) else what) or getattr(predicate, "__qualname__", repr(predicate))
            raise AssertionError(f"not within {timeout} s: {name} (last: {value!r})")
        await asyncio.sleep(every)
