"""Sentences from fragments: every amount, energy, date and time of the trade can be said."""

import datetime as dt
from decimal import Decimal
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.errors import ConfigError, NotFound
from speech import g711, mandarin
from speech.fragments import Fragment, FragmentPack, carriers, read_carriers, written_out
from speech.prompts import render
from tests.speech.tone_worker import SECONDS, Humming

pytestmark = pytest.mark.unit

_ALL = FragmentPack(Path("/nowhere"), carriers(), settings_key="humming", cache=Path("/nowhere"))


def said(text: str) -> str:
    return "".join(piece.text for clause in _ALL.clauses(text) for piece in clause)


def unpaused(text: str) -> str:
    return text.replace("，", "").replace("。", "")


@given(st.integers(0, 99_999_999))
def test_every_amount_up_to_a_million_yuan_can_be_said(fen: int) -> None:
    text = f"本期电费{mandarin.money(Decimal(fen) / 100)}。"
    assert said(text) == unpaused(text)


@given(st.integers(0, 99_999), st.integers(0, 99))
def test_every_energy_and_price_can_be_said(whole: int, hundredths: int) -> None:
    number = Decimal(whole) + Decimal(hundredths) / 100
    text = f"用电{mandarin.energy(number)}，{mandarin.price(number)}。"
    assert said(text) == unpaused(text)


@given(st.dates(dt.date(2025, 1, 1), dt.date(2030, 12, 31)))
def test_every_date_of_these_years_can_be_said(day: dt.date) -> None:
    text = f"您{mandarin.month(day.year, day.month)}用电，请于{mandarin.date(day)}前缴纳。"
    assert said(text) == unpaused(text)


@given(st.times(), st.times())
def test_every_time_of_day_can_be_said(start: dt.time, end: dt.time) -> None:
    text = f"今天{mandarin.clock_time(start)}至明天{mandarin.clock_time(end)}。"
    assert said(text) == unpaused(text)


@given(st.text("0123456789", min_size=1, max_size=12))
def test_every_account_number_can_be_said(number: str) -> None:
    assert said(mandarin.digits(number)) == unpaused(mandarin.digits(number))


def test_the_end_of_a_clause_takes_a_fragment_cut_before_a_pause() -> None:
    first, second = _ALL.clauses("本期电费一百五十六元，违约金四十元三角。")
    assert [piece.text for piece in first] == ["本期电费", "一百", "五十", "六元"]
    assert [piece.final for piece in first] == [False, False, False, True]
    assert [(piece.text, piece.final) for piece in second[-2:]] == [("四十元", False), ("三角", True)]


def test_what_no_fragment_says_is_named() -> None:
    with pytest.raises(NotFound) as caught:
        _ALL.cover("本期电费三头牛")
    assert caught.value.details["part"].startswith("头")


def test_a_pattern_meets_every_digit_and_two_changes_before_thousand() -> None:
    lines = written_out("[a千]元")
    assert lines == [f"[{char}千]元" for char in "一两三四五六七八九"]


def test_fragments_are_cut_where_their_characters_sound(tmp_path: Path) -> None:
    file = tmp_path / "carriers.yaml"
    file.write_text("patterns: []\ncarriers: ['您[三百][元]，再见']", encoding="utf-8")
    pack = FragmentPack(tmp_path / "pack", read_carriers(file), settings_key="humming", cache=tmp_path / "cache")
    assert render(pack, pack.missing(), Humming()) == [Fragment("三百", False).id, Fragment("元", True).id]
    inside, end = (Path(f"{media.removeprefix('sound:')}.alaw").read_bytes() for media in pack.cover("三百元"))
    assert 2 * SECONDS <= len(inside) / 8000 <= 2 * SECONDS + 0.12
    assert np.abs(g711.decode(inside)[:1600]).max() > 3000
    assert np.abs(g711.decode(end)[-1200:]).max() < 100, "a pause follows"
    again = FragmentPack(tmp_path / "other", read_carriers(file), settings_key="humming", cache=tmp_path / "cache")
    assert len(again.take_cached(again.missing())) == 2


def test_the_two_kinds_of_one_text_are_apart_in_the_cache_too(tmp_path: Path) -> None:
    file = tmp_path / "carriers.yaml"
    file.write_text("patterns: []\ncarriers: ['您[三元]四角', '您[三元]，再见']", encoding="utf-8")
    for name in ("first", "out_of_the_cache"):
        pack = FragmentPack(tmp_path / name, read_carriers(file), settings_key="humming", cache=tmp_path / "cache")
        render(pack, pack.missing(), Humming())
        inside, end = (tmp_path / name / f"{Fragment('三元', final).id}.alaw" for final in (False, True))
        assert end.stat().st_size > inside.stat().st_size, name


def test_a_fragment_before_a_pause_ends_where_the_pause_begins(tmp_path: Path) -> None:
    file = tmp_path / "carriers.yaml"
    file.write_text("patterns: []\ncarriers: ['您，[三元]，再见']", encoding="utf-8")
    pack = FragmentPack(tmp_path / "pack", read_carriers(file), settings_key="humming", cache=tmp_path / "cache")
    render(pack, pack.missing(), Humming())
    (media,) = pack.cover("三元")
    heard = g711.decode(Path(f"{media.removeprefix('sound:')}.alaw").read_bytes())
    sounding = np.flatnonzero(np.abs(heard) > 300)
    assert (sounding[-1] - sounding[0]) / 8000 == pytest.approx(2 * SECONDS, abs=0.02), "nothing of 再 is left in it"
    assert len(heard) / 8000 - sounding[-1] / 8000 == pytest.approx(0.14, abs=0.03)


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("patterns: []", "has exactly the lists"),
        ("patterns: []\ncarriers: [无括号]", "at least one"),
        ("patterns: []\ncarriers: ['[三百]，元]']", "brackets in pairs"),
        ("patterns: [", "cannot be read as YAML"),
    ],
)
def test_wrong_carriers_say_where(tmp_path: Path, text: str, said: str) -> None:
    (tmp_path / "wrong.yaml").write_text(text, encoding="utf-8")
    with pytest.raises(ConfigError, match=said):
        read_carriers(tmp_path / "wrong.yaml")
