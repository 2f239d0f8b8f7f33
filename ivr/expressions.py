"""Conditions and texts with variables, as a flow writes them: looked at, never run as code.

A condition compares names, texts and numbers with == != < <= > >= in, joined by and, or, not. A text holds
`{name}` where a variable's value stands.
"""

import ast
import re
import threading
from collections.abc import Callable, Mapping
from functools import lru_cache
from typing import Any

from simpleeval import InvalidExpression, SimpleEval

from speech import mandarin

_ALLOWED = (
    *(ast.Expression, ast.BoolOp, ast.And, ast.Or, ast.UnaryOp, ast.Not, ast.Compare, ast.Name, ast.Load),
    *(ast.Eq, ast.NotEq, ast.Lt, ast.LtE, ast.Gt, ast.GtE, ast.In, ast.NotIn, ast.Constant),
)
_own = threading.local()
_VALUES = (str, int, float, bool)
_LONGEST = 300
_KEPT = 1000
"""Conditions kept ready to be evaluated: all that flows hold, and many drafts."""
_LANGUAGE = "it holds names, texts, numbers, == != < <= > >= in, and, or, not"
_FIGURES = re.compile(r"[0-9]+")
_PLACE = re.compile(r"\{([a-z][a-z_]*)(?::([a-z]+))?\}")


def _digit_wise(value: str) -> str:
    return _FIGURES.sub(lambda figures: mandarin.digits(figures[0]), value)


def _as_number(value: str) -> str:
    return mandarin.cardinal(int(value)) if value.isdecimal() and value.isascii() and len(value) <= 12 else value


SPOKEN: dict[str, Callable[[str], str]] = {"": _digit_wise, "digits": _digit_wise, "number": _as_number}
"""How `{name:how}` is said: figures one by one unless it is a number."""


def parsed(condition: str) -> str:
    """Return `condition` when it is one. Raises ValueError saying what it must not hold."""
    if len(condition) > _LONGEST:
        raise ValueError(f"a condition has at most {_LONGEST} characters")
    try:
        tree = ast.parse(condition.strip(), mode="eval")
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        raise ValueError(f"{condition!r} is no condition; write for instance: hour >= 8 and not caller_known") from None
    for part in ast.walk(tree):
        if not isinstance(part, _ALLOWED) or (isinstance(part, ast.Constant) and not isinstance(part.value, _VALUES)):
            raise ValueError(f"{condition!r}: {type(part).__name__} has no place in a condition; {_LANGUAGE}")
    return condition


@lru_cache(_KEPT)
def names(condition: str) -> frozenset[str]:
    """Return the names in a condition that `parsed` took."""
    return frozenset(part.id for part in ast.walk(_tree(condition)) if isinstance(part, ast.Name))


def holds(condition: str, values: Mapping[str, Any]) -> bool:
    """Tell whether a condition that `parsed` took holds; a comparison of a text with a number does not."""
    evaluator = _evaluator()
    evaluator.names = dict(values)
    try:
        return bool(evaluator.eval(condition, previously_parsed=_tree(condition)))
    except (InvalidExpression, TypeError):
        return False


@lru_cache(_KEPT)
def _tree(condition: str) -> ast.expr:
    """Return a condition to be looked at, made once: the conditions are those of the flows."""
    return ast.parse(condition.strip(), mode="eval").body


def _evaluator() -> SimpleEval:
    """Return what evaluates in this thread: to make one costs more than to evaluate."""
    if not hasattr(_own, "evaluator"):
        _own.evaluator = SimpleEval(names={}, functions={})
    evaluator: SimpleEval = _own.evaluator
    return evaluator


def places(text: str) -> list[str]:
    """Return the variables of a text in order. Raises ValueError for a brace that is none, or an unknown `how`."""
    found = _PLACE.findall(text)
    if bare := re.search(r"[{}]", _PLACE.sub("", text)):
        raise ValueError(f"{bare[0]!r} stands alone; a variable is written {{name}}")
    for _, how in found:
        if how not in SPOKEN:
            raise ValueError(f"{how!r} is no way to say a variable; known: {', '.join(filter(None, SPOKEN))}")
    return [name for name, _ in found]


def spoken(text: str, values: Mapping[str, str]) -> str:
    """Return a text with its variables as they are said; one that is not set is left out."""
    return _PLACE.sub(lambda place: SPOKEN[place[2] or ""](values.get(place[1], "")), text)


def filled(text: str, values: Mapping[str, str]) -> str:
    """Return a text with its variables as they are kept."""
    return _PLACE.sub(lambda place: values.get(place[1], ""), text)
