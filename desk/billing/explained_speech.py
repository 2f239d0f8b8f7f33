"""A reckoned bill as sentences for the phone: its lines, and why it is not that of the month before."""

from collections.abc import Sequence

from desk.billing.comparison import Comparison
from desk.billing.explained import CAUSES_TOLD
from desk.billing.model import PARTS, PARTS_EN, Part
from desk.billing.reckoning import Reckoned
from desk.billing.speech import LINES_SAID
from desk.billing.step_words import WORDS
from desk.billing.steps import Step
from desk.spoken import Sentence, sentence
from speech import english_figures as figures
from speech import mandarin


def bill(told: Reckoned, change: Comparison | None = None) -> list[Sentence]:
    """Return what the bill consists of and, beside another one, why it changed; one thought a sentence."""
    month = told.supply.period
    used, amount = mandarin.energy(told.used.value), mandarin.money(told.amount.value)
    head = sentence("您", mandarin.month(month.year, month.month), "用电", used, "，本期电费", amount, "。")
    own = [one for one in told.lines if one.value]
    if len(own) > LINES_SAID:
        lines = [sentence("电费共", mandarin.count(len(own), "项"), "，最大的", mandarin.count(2, "项"), "是：")]
        own = sorted(own, key=lambda one: abs(one.value), reverse=True)[:2]
    else:
        lines = []
    return [head, *lines, *(_line(one) for one in own), *(_changed(change) if change else ())]


def _line(one: Step) -> Sentence:
    if one.key == "charge.energy":
        kwh, price = one.inputs
        tier = f"{mandarin.ordinal(int(one.of))}档" if one.of.isdigit() else ""
        part = PARTS[Part(one.of)] if one.of and not tier else ""
        figures_said = (
            mandarin.energy(kwh.value),
            "，",
            mandarin.price(price.value),
            "，计",
            mandarin.money(one.value),
        )
        return sentence("其中", tier, part, *figures_said, "。")
    given_back = one.value < 0
    return sentence(WORDS[one.key][0], "减收" if given_back else "", mandarin.money(abs(one.value)), "。")


def _changed(change: Comparison) -> list[Sentence]:
    if not change.of_bills:
        return [sentence("电费与上期相同。")]
    told = [sentence("比上期", "多" if change.of_bills > 0 else "少", mandarin.money(abs(change.of_bills)), "。")]
    for one in change.causes_of_bills[:CAUSES_TOLD]:
        more = "多" if one.value > 0 else "少"
        told.append(sentence("因为", WORDS[one.key][0], "，", more, mandarin.money(abs(one.value)), "。"))
    return told


def english(told: Reckoned, change: Comparison | None = None) -> list[Sentence]:
    """Return the same in English."""
    used = sentence("You used ", figures.energy(told.used.value), ".")
    out = [used, sentence("The bill is ", figures.money(told.amount.value), ".")]
    own = [one for one in told.lines if one.value]
    if len(own) > LINES_SAID:
        own = sorted(own, key=lambda one: abs(one.value), reverse=True)[:2]
        out.append(sentence("The bill has ", figures.count(len(told.lines), "part"), ". The largest are these."))
    out += [_english_line(one) for one in own]
    return [*out, *(english_causes(change.causes_of_bills) if change else ())]


def english_causes(causes: Sequence[Step]) -> list[Sentence]:
    """Return the largest causes in English."""
    return [
        sentence(WORDS[one.key][1], ": ", figures.money(abs(one.value)), " more." if one.value > 0 else " less.")
        for one in causes[:CAUSES_TOLD]
    ]


def _english_line(one: Step) -> Sentence:
    what = WORDS[one.key][1]
    if one.of.isdigit():
        what += f", tier {figures.cardinal(int(one.of))}"
    elif one.of in PARTS_EN:
        what += f", {PARTS_EN[one.of]}"
    less = "minus " if one.value < 0 else ""
    return sentence(what, ": ", less, figures.money(abs(one.value)), ".")
