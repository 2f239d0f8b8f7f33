"""`hotline user …` and `hotline seat …` as a person types them."""

from pathlib import Path

import pytest
from click.testing import CliRunner, Result
from sqlalchemy import select

from agents.tables import users
from app.user_command import seat_group, user_group
from core.config import Settings, load
from core.db import open_engine

pytestmark = pytest.mark.integration


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    return load(None, {"HOTLINE_STORAGE__DIR": str(tmp_path / "var")})


def user(settings: Settings, *words: str, stdin: str = "") -> Result:
    return CliRunner().invoke(user_group, words, obj=settings, input=stdin)


def seat(settings: Settings, *words: str) -> Result:
    return CliRunner().invoke(seat_group, words, obj=settings)


def test_a_seat_and_its_agent_on_an_empty_installation(settings: Settings) -> None:
    added = seat(settings, "add", "1001")
    assert added.exit_code == 0, added.output
    assert "user seat1001, password " in added.stdout
    password = added.stdout.rsplit(" ", 1)[1].strip()
    made = user(
        settings, "add", "wang", "--name", "王芳", "--seat", "1001", "--password-stdin", stdin="correct horse\n"
    )
    assert (made.exit_code, made.stdout) == (0, "user wang (agent) created\n")
    assert "王芳" in user(settings, "list").stdout
    assert password not in seat(settings, "list").stdout
    assert password in seat(settings, "list", "--passwords").stdout
    assert seat(settings, "remove", "1001").exit_code == 0
    assert "1001" not in user(settings, "list").stdout


def test_what_a_person_can_is_set_and_shown(settings: Settings) -> None:
    user(settings, "add", "wang", "--generate")
    assert user(settings, "skills", "wang").stdout == "wang: no special skill; groups: none\n"
    taught = user(settings, "skills", "wang", "english=3", "fault=1", "--join", "main", "--join", "backup")
    assert taught.stdout == "wang: english=3, fault=1; groups: backup, main\n"
    changed = user(settings, "skills", "wang", "fault=0", "billing=5", "--leave", "backup")
    assert changed.stdout == "wang: billing=5, english=3; groups: main\n"
    for words, says in (
        (("english=6",), "levels go from 1 to 5"),
        (("englisch=2", "billing=1"), "did you mean 'english'"),
        (("--join", "night"), "no group 'night'"),
    ):
        refused = user(settings, "skills", "wang", *words)
        assert refused.exit_code == 1
        assert says in refused.output
    assert user(settings, "skills", "wang", "english").exit_code == 2
    assert user(settings, "skills", "nobody", "english=1").exit_code == 1
    assert user(settings, "skills", "wang").stdout == changed.stdout, "nothing half-applied"


def test_the_password_is_asked_twice_or_made(settings: Settings) -> None:
    asked = user(settings, "add", "li", stdin="correct horse\ncorrect horse\n")
    assert asked.exit_code == 0, asked.output
    assert "correct horse" not in asked.output
    made = user(settings, "passwd", "li", "--generate")
    assert "\npassword: " in made.stdout
    assert "password:" not in user(settings, "passwd", "nobody", "--generate").output
    hashes = set()
    for _ in range(2):
        engine = open_engine(settings.database_url)
        with engine.connect() as connection:
            hashes.add(connection.execute(select(users.c.password_hash)).scalar_one())
        engine.dispose()
        user(settings, "passwd", "li", "--password-stdin", stdin="battery staple\n")
    assert len(hashes) == 2


def test_disable_and_enable_are_shown(settings: Settings) -> None:
    user(settings, "add", "li", "--generate")
    assert user(settings, "disable", "li").exit_code == 0
    assert "disabled" in user(settings, "list").stdout
    assert user(settings, "enable", "li").exit_code == 0
    assert "disabled" not in user(settings, "list").stdout


def test_role_and_usual_seat_are_changed_later_and_a_shared_seat_is_told(settings: Settings) -> None:
    seats = ["1001", "1002"]
    for seat in seats:
        assert CliRunner().invoke(seat_group, ["add", seat], obj=settings).exit_code == 0
    user(settings, "add", "li", "--seat", "1001", "--generate")
    shared = user(settings, "add", "wang", "--seat", "1001", "--generate")
    assert (shared.exit_code, "seat 1001 is the usual seat of li too" in shared.stderr) == (0, True)
    changed = user(settings, "change", "wang", "--seat", "1002", "--role", "deputy", "--name", "王芳")
    assert (changed.exit_code, changed.stderr) == (0, ""), changed.output
    assert all(word in user(settings, "list").stdout for word in ("王芳", "deputy", "1002"))
    assert user(settings, "change", "wang", "--seat", "").exit_code == 0
    assert "1002" not in user(settings, "list").stdout
    assert "no such seat" in user(settings, "change", "wang", "--seat", "9").stderr
    assert user(settings, "change", "wang").exit_code == 2


@pytest.mark.parametrize(
    ("words", "stdin", "status", "says"),
    [
        (["disable", "nobody"], "", 1, "There is no such user; `hotline user list` shows who there is. (user nobody)"),
        (["add", "a b", "--generate"], "", 1, "user name 'a b'"),
        (["add", "li", "--password-stdin"], "short\n", 1, "8 to 256 characters"),
        (
            ["add", "li", "--seat", "9", "--generate"],
            "",
            1,
            "no such seat; `hotline seat list` shows them, `hotline seat add` adds one. (seat_id 9)",
        ),
        (["add", "li", "--role", "king"], "", 2, "'king' is not one of"),
        (["add", "li", "--generate", "--password-stdin"], "", 2, "not both"),
    ],
)
def test_what_is_wrong_is_said_in_one_line(
    settings: Settings, words: list[str], stdin: str, status: int, says: str
) -> None:
    result = user(settings, *words, stdin=stdin)
    assert result.exit_code == status
    assert says in result.stderr
