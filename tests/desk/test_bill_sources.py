"""Where numbers come from, as a customer or an auditor reads it: papers to look up, in the language of the reader."""

import re
from datetime import date
from decimal import Decimal

import pytest

from core.policy import load
from desk.billing import rule_words
from desk.billing.model import Bill, Line, Part, explanation, late_fee_step
from desk.billing.rule_words import RULES, source
from desk.billing.step_words import rows
from desk.billing.tariff_file import book, regions

pytestmark = pytest.mark.unit

INNER = re.compile(r"\[(seed|ours|public|own)|domain [0-9]|interface\.md")
HAN = re.compile(r"[\u4e00-\u9fff]")


def told(english: bool) -> set[str]:
    """Every source of every tariff and rule that comes with the program, as it is read."""
    found: set[str] = set()
    for region in regions():
        made = book(region)
        given = [*(step.source for step in made.rules.values()), *(one.source for one in made.factors.values())]
        given += [one.source for versions in made.tariffs.values() for one in versions]
        given += [one.price.source for versions in made.tariffs.values() for one in versions]
        found |= {source(one, english=english) for one in given}
    return found


@pytest.mark.parametrize("english", [True, False])
def test_no_source_names_a_paper_that_no_reader_has(english: bool) -> None:
    assert {one for one in told(english) if INNER.search(one)} == set()


def test_papers_are_named_in_full_and_the_rest_points_to_the_manual() -> None:
    assert (
        source("鲁发改价格〔2019〕509号 [public, full text]; domain 15.7: +0.05", english=True)
        == "鲁发改价格〔2019〕509号"
    )
    assert (
        source("发改价格〔2023〕526 90 % [own knowledge: unverified]", english=False)
        == "发改价格〔2023〕526（未核对原文）"
    )
    assert source("[seed 000] PT × CT", english=True) == f"Hotline's default, see {rule_words.MANUAL}"
    assert source("[seed 000] PT × CT", english=False) == f"Hotline 默认规则，见 {rule_words.MANUAL}"
    assert source("上期多收", english=True) == "上期多收", "a cause that a person wrote stays"
    assert source("我司电价表〔2026〕3号，第二页", english=False) == "我司电价表〔2026〕3号，第二页"


def test_on_a_chinese_page_every_source_of_the_program_has_chinese_words() -> None:
    assert [one for one in told(english=False) if one and not HAN.search(one)] == []


def test_every_rule_has_a_name_in_both_languages() -> None:
    known = {name for region in regions() for name in book(region).rules}
    assert known - set(RULES) == set()
    bill = Bill(
        "3200000002-202609", "3200000002", date(2026, 9, 1), Decimal(178), Decimal("100.00"), date(2026, 10, 20)
    )
    fee = late_fee_step(bill, date(2026, 11, 20), load("seed"))
    assert fee is not None
    assert "Least late fee" in [one.name for one in rows(fee, "en")]
    assert "违约金最低金额" in [one.name for one in rows(fee, "zh-CN")]
    for language in ("en", "zh-CN"):
        assert [one.name for one in rows(fee, language) if "_" in one.name or INNER.search(one.source)] == []


def test_the_lines_of_an_issued_bill_are_told_in_english_too() -> None:
    lines = (
        Line(Decimal(125), Decimal("0.5469"), Decimal("68.36"), 1, Part.PEAK),
        Line(Decimal(53), Decimal("0.5969"), Decimal("31.64"), 2),
    )
    bill = Bill("3200000002", date(2026, 9, 1), Decimal(178), Decimal("100.00"), lines, date(2026, 10, 20))
    said = [(one.text, one.reckoning) for one in explanation(bill, english=True)]
    assert said == [
        ("Energy, tier 1, peak", "125 kWh × 0.5469 yuan/kWh"),
        ("Energy, tier 2", "53 kWh × 0.5969 yuan/kWh"),
        ("Sum", "178 kWh"),
    ]
    assert explanation(bill)[0].text == "第1档高峰时段电费"
