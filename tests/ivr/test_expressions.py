"""Conditions and texts with variables: what holds, what is said, and that nothing is run."""

from typing import Any

import pytest

from ivr import expressions

pytestmark = pytest.mark.unit

VALUES: dict[str, Any] = {"hour": 9, "account": "3200000001", "caller_known": True, "kind": "", "accounts": 2}


@pytest.mark.parametrize(
    ("condition", "holds"),
    [
        ("hour >= 8 and hour < 18", True),
        ("8 <= hour < 9", False),
        ("not caller_known", False),
        ("account == '3200000001'", True),
        ("kind == ''", True),
        ("kind in 'ab' or accounts != 2", True),
        ("accounts", True),
        ("account > 5", False),
        ("nobody_set_this == 1", False),
        ("True", True),
    ],
)
def test_a_condition(condition: str, holds: bool) -> None:
    assert expressions.holds(expressions.parsed(condition), VALUES) is holds


@pytest.mark.parametrize(
    "condition",
    [
        "",
        "hour =",
        "().__class__",
        "open('x')",
        "account.upper() == 'A'",
        "9 ** 9 ** 9 > 1",
        "'a' * 10 == ''",
        "(lambda: 1)() == 1",
        "account[0] == '3'",
        "f'{hour}' == '9'",
        "[1] == [1]",
        "b'x' == account",
        "1 if hour else 2",
        "(hour := 3) == 3",
        "(" * 200,
        "hour == \0",
    ],
)
def test_what_is_no_condition_is_refused(condition: str) -> None:
    with pytest.raises(ValueError, match="condition"):
        expressions.parsed(condition)


def test_the_names_of_a_condition() -> None:
    assert expressions.names("hour > 8 and not (account == 'hour' or kind in account)") == {"hour", "account", "kind"}


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("您的户号是{account}。", "您的户号是三二零零零零零零零幺。"),
        ("有{accounts:number}户。", "有十二户。"),
        ("{kind}好", "好"),
        ("{name}您好", "张伟您好"),
        ("您咨询的是{topic}。", "您咨询的是电费户号幺二。"),
    ],
)
def test_a_text_is_said_with_its_variables(text: str, said: str) -> None:
    values = {"account": "3200000001", "accounts": "12", "name": "张伟", "topic": "电费户号12"}
    spoken = expressions.spoken(text, values)
    assert "".join(c for c in spoken if c not in "，、 ") == said
    assert "{" not in expressions.filled(text, values)
