"""What the steps of a bill are called, in Chinese and English, and how one is written as a row."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from decimal import ROUND_CEILING, Decimal
from typing import Literal

from desk.billing import rule_words
from desk.billing.model import PARTS, PARTS_EN
from desk.billing.steps import FEN, Rounding, Step

Language = Literal["zh-CN", "en"]
DECIMALS = 8
"""Figures of a value that was not rounded, as they are shown."""

FIGURES = 30
"""Figures of a formula that are shown: a sum over ten thousand sub-meters is read by nobody."""

WORDS: dict[str, tuple[str, str]] = {
    "amount": ("应收电费", "Amount"),
    "basic.share": ("基本电费分摊", "Share of the basic charge"),
    "basic.share.left": ("基本电费分摊（余量）", "Share of the basic charge, what is left"),
    "basic.share.of": ("分摊基数", "Basis of shares"),
    "basic.share.rest": ("基本电费余额", "Rest of the basic charge"),
    "basic.weight": ("该电价合计", "Sum of the tariff"),
    "bill": ("账单金额", "Bill"),
    "booking.adjustment": ("账后退补", "Adjusted after billing"),
    "booking.payment": ("缴费", "Paid"),
    "booking.refund": ("退费", "Given back"),
    "booking.settled": ("营销系统记为已缴", "Paid, says the billing system"),
    "capacity": ("计费容量", "Capacity"),
    "charge.adjustment": ("退补调整", "Adjustment"),
    "charge.basic": ("基本电费", "Basic charge"),
    "charge.basic.of_month": ("整月基本电费 × 天数", "Basic charge of a month × days"),
    "charge.capacity.of_month": ("整月容量电费 × 天数", "Capacity charge of a month × days"),
    "charge.energy": ("电度电费", "Energy"),
    "charge.free": ("免费电量减免", "Free energy"),
    "charge.over_demand": ("超需量加收", "Demand above the contract"),
    "charge.over_demand.of_month": ("整月超需量电费 × 天数", "Excess demand of a month × days"),
    "charge.power_factor": ("功率因数调整电费", "Power factor adjustment"),
    "charge.surcharge": ("代征附加", "Surcharge"),
    "charge.tier": ("阶梯加价", "Added by the tier"),
    "days": ("天数", "Days"),
    "demand.contract": ("合同需量", "Contract demand"),
    "demand.highest": ("合同需量上限", "Highest contract demand"),
    "demand.least": ("合同需量下限", "Least contract demand"),
    "demand.limit": ("需量考核线", "Limit of demand"),
    "demand.measured": ("实际最大需量", "Measured demand"),
    "demand.over": ("超出需量", "Demand above the limit"),
    "energy.agreed": ("定量电量", "Agreed quantity"),
    "energy.billed": ("计费电量", "Energy billed"),
    "energy.both_meters": ("换表前后合计", "Both meters"),
    "energy.change": ("增减电量", "Energy added or taken away"),
    "energy.changed": ("增减后电量", "Energy with changes"),
    "energy.flat": ("剩余电量", "Remaining energy"),
    "energy.of_days": ("按天数分摊电量", "Energy by days"),
    "energy.of_days.left": ("按天数分摊电量（余量）", "Energy by days, what is left"),
    "energy.of_days.of": ("总天数", "Days in all"),
    "energy.of_days.rest": ("其余天数电量", "Energy of the other days"),
    "energy.overflow": ("转由第二上级扣减", "Passed to the second parent"),
    "energy.ratio": ("定比电量", "Agreed share"),
    "energy.reactive": ("无功电量", "Reactive energy"),
    "energy.read": ("抄见电量", "Energy read"),
    "energy.read_left": ("抄见电量（不超过总量）", "Energy read, no more than the total"),
    "energy.share": ("按分时比例分摊", "Share by parts of the day"),
    "energy.share.left": ("按分时比例分摊（余量）", "Share, what is left"),
    "energy.share.of": ("分摊基数", "Basis of shares"),
    "energy.share.rest": ("平段余量", "The rest, to flat"),
    "energy.total": ("合计电量", "Energy in all"),
    "energy.with_loss": ("含变损电量", "Energy with loss"),
    "energy.without_loss": ("不含变损电量", "Energy without loss"),
    "energy.without_sub_meters": ("扣除套表后电量", "Energy without sub-meters"),
    "free.allowed": ("免费额度", "Free allowance"),
    "free.had": ("已享免费电量", "Free energy had"),
    "free.left": ("剩余免费额度", "Free allowance left"),
    "free.kwh": ("免费电量", "Free energy"),
    "free.month": ("每月免费电量", "Free energy a month"),
    "ladder.end": ("本档上限", "End of the tier"),
    "ladder.kwh": ("本档电量", "Energy in the tier"),
    "ladder.month": ("每月上限", "End of the tier a month"),
    "ladder.more": ("多人口增加", "More for large households"),
    "ladder.plus": ("本档加价", "Added in the tier"),
    "ladder.start": ("起点", "Begin"),
    "ladder.upto": ("每月上限", "End of the tier a month"),
    "ladder.used": ("累计电量", "Energy used until now"),
    "ladder.used_before": ("此前累计电量", "Energy used before"),
    "late_fee": ("违约金", "Late fee"),
    "late_fee.days": ("逾期各日违约金", "Late fee by days"),
    "late_fee.grown": ("违约金合计", "Late fee in all"),
    "loss.active": ("变压器有功损耗", "Active loss"),
    "loss.agreed": ("协议有功变损", "Agreed active loss"),
    "loss.agreed_reactive": ("协议无功变损", "Agreed reactive loss"),
    "loss.copper": ("铜损", "Copper loss"),
    "loss.copper_share": ("铜损比例", "Share of copper loss"),
    "loss.full_load": ("满载电量", "Energy at full load"),
    "loss.iron": ("铁损", "Iron loss"),
    "loss.load_rate": ("负载率", "Load rate"),
    "loss.plate": ("容量² × 时间", "Capacity² × hours"),
    "loss.reactive": ("变压器无功损耗", "Reactive loss"),
    "loss.share": ("变损分摊", "Share of the loss"),
    "loss.share.left": ("变损分摊（余量）", "Share of the loss, what is left"),
    "loss.share.of": ("分摊基数", "Basis of shares"),
    "loss.share.rest": ("变损余量", "Rest of the loss"),
    "loss.squares": ("有功² + 无功²", "Active² + reactive²"),
    "loss.weighted": ("负载损耗计算量", "Weighted load"),
    "modulus": ("翻转模", "Modulus"),
    "months": ("月数", "Months"),
    "multiplier": ("综合倍率", "Multiplier"),
    "multiplier.ct": ("CT 倍率", "CT ratio"),
    "multiplier.pt": ("PT 倍率", "PT ratio"),
    "owed.fee": ("未缴违约金", "Late fee still open"),
    "owed.open": ("未缴金额", "Open amount"),
    "owed.principal": ("欠缴电费", "Bill still open"),
    "owed.total": ("合计应缴", "To be paid in all"),
    "part.ratio": ("分时比价", "Ratio of the part"),
    "power_factor": ("功率因数", "Power factor"),
    "power_factor.base": ("力调基数（不含代征）", "Money without surcharges"),
    "power_factor.money": ("电度与基本电费", "Energy and basic charge"),
    "power_factor.rate": ("调整率", "Rate"),
    "power_factor.standard": ("标准", "Standard"),
    "price": ("电价", "Price"),
    "price.bare": ("不含代征电价", "Price without surcharges"),
    "price.capacity": ("容量电价", "Price of capacity"),
    "price.demand": ("需量电价", "Price of demand"),
    "price.demand_reduced": ("优惠需量电价", "Reduced price of demand"),
    "price.floated": ("浮动后电价", "Price with ratios"),
    "price.tier": ("本档电价", "Price of the tier"),
    "ratio": ("定比", "Ratio"),
    "reading.demand": ("需量示数", "Demand shown"),
    "reading.difference": ("度差", "Difference"),
    "reading.last": ("上期表码", "Last reading"),
    "reading.now": ("本期表码", "This reading"),
    "season.ratio": ("丰枯比价", "Ratio of the season"),
    "surcharge": ("代征标准", "Surcharge"),
    "surcharge.included": ("电价内代征", "Surcharges in the price"),
    "transformer.capacity": ("变压器容量", "Transformer capacity"),
    "transformer.hours": ("运行小时", "Hours in service"),
    "transformer.load": ("负载损耗", "Load loss"),
    "transformer.magnetising": ("励磁无功", "Magnetising power"),
    "transformer.magnetising.percent": ("空载电流百分比", "No-load current"),
    "transformer.no_load": ("空载损耗", "No-load loss"),
    "transformer.stray": ("漏磁无功", "Stray power"),
    "transformer.stray.percent": ("阻抗电压百分比", "Impedance"),
    "compare.change": ("电费变化", "Change of the bill"),
    "compare.days": ("计费天数变化", "More or fewer days"),
    "compare.kwh": ("用电量变化", "More or less energy"),
    "compare.tier": ("阶梯变化", "Another tier"),
    "compare.price": ("电价变化", "Another price"),
    "compare.hours": ("用电时段变化", "Other hours"),
    "compare.power_factor": ("功率因数变化", "Power factor"),
    "compare.basic": ("基本电费变化", "Basic charge"),
    "compare.surcharge": ("代征附加变化", "Surcharges"),
    "compare.free": ("免费电量变化", "Free energy"),
    "compare.adjustment": ("退补调整", "Adjustments"),
    "compare.late_fee": ("违约金变化", "Late fee"),
    "compare.rounding": ("四舍五入", "Rounding"),
}
"""Each name in Chinese and English; those of rules: `rule_words.py`."""
UNITS = {
    "kWh": "度",
    "yuan": "元",
    "yuan/kWh": "元/度",
    "yuan/kVA": "元/kVA",
    "yuan/kW": "元/kW",
    "d": "天",
    "h": "小时",
}
_PARTS_ZH = {part.value: name for part, name in PARTS.items()}
_TIERED = ("charge.", "ladder.", "price.tier")
REGISTERS = {
    "total": ("总", "total"),
    "reactive": ("正向无功", "reactive"),
    "reverse_reactive": ("反向无功", "reverse reactive"),
}


@dataclass(frozen=True, slots=True)
class Row:
    """One step as it is shown: number, depth, name, how it was reckoned, value with unit, rounding, source.

    `again`: it was shown before with this number, so what lies below it is not shown once more.
    """

    number: int
    depth: int
    name: str
    reckoning: str
    value: str
    unit: str
    rounding: str
    source: str
    again: bool = False
    key: str = ""
    """The name of the step in programs."""


def name(step: Step, language: Language) -> str:
    """Return what a step is called, with what it is about."""
    english = language == "en"
    if step.key.startswith("rule."):
        return rule_words.rule(step.key.removeprefix("rule."), english=english)
    told = _about(step, WORDS[step.key][english], language)
    if not step.tariff:
        return told
    return f"{told}, {step.tariff}" if english else f"{told}（{step.tariff}）"


def _about(step: Step, word: str, language: Language) -> str:
    of, english = step.of, language == "en"
    if not of:
        return word
    if of in PARTS_EN:
        return f"{word}, {PARTS_EN[of]}" if english else f"{_PARTS_ZH[of]}{word}"
    if of in REGISTERS:
        return f"{word}, {REGISTERS[of][1]}" if english else f"{word}（{REGISTERS[of][0]}）"
    if of.isdigit() and step.key.startswith(_TIERED):
        return f"{word}, tier {of}" if english else f"第{of}档{word}"
    return f"{word}, {of}" if english else f"{word}（{of}）"


def unit(step: Step, language: Language) -> str:
    """Return the unit as it is written."""
    return step.unit if language == "en" else UNITS.get(step.unit, step.unit)


def plain(value: Decimal) -> str:
    """Return a number without zeros at its end and without an exponent; what was not rounded with eight decimals."""
    if int(value.as_tuple().exponent) < -DECIMALS:
        value = round(value, DECIMALS)
    text = format(value, "f")
    return text.rstrip("0").rstrip(".") if "." in text else text


def shown(step: Step) -> str:
    """Return the value as it is written: whole fen with both decimals."""
    money = step.unit == "yuan" and step.value == FEN.of(step.value)
    return format(step.value, ".2f") if money else plain(step.value)


def reckoning(step: Step, language: Language = "en") -> str:
    """Return the formula with the figures that went in; empty for a step that was given."""
    if step.op is None:
        return ""
    formula = step.op.writes(_figures(step.inputs))
    return formula if language == "en" else formula.replace("max(", "取大(").replace("min(", "取小(")


def _figures(inputs: Sequence[Step]) -> list[str]:
    """Return the figures of a formula; of very many the first ones and the last: each has a row of its own below."""
    if len(inputs) <= FIGURES:
        return [_figure(one) for one in inputs]
    return [*(_figure(one) for one in inputs[: FIGURES - 2]), "…", _figure(inputs[-1])]


def _figure(step: Step) -> str:
    if step.key.endswith(".of_month"):
        return reckoning(step)
    text = plain(step.value)
    return f"({text})" if text.startswith("-") else text


def rounding(of: Rounding | None, language: Language) -> str:
    """Return how a value was rounded, in words."""
    if of is None:
        return ""
    quantum = plain(of.quantum)
    up = of.mode == ROUND_CEILING
    if language == "en":
        return f"to {quantum}, {'up' if up else 'half up'}"
    return f"{'进一' if up else '四舍五入'}到 {quantum}"


def row(step: Step, language: Language, depth: int = 0, number: int = 0, *, again: bool = False) -> Row:
    """Return a step as a row."""
    how = rounding(step.rounding, language)
    formula, value = reckoning(step, language), shown(step)
    said, source = name(step, language), rule_words.source(step.source, english=language == "en")
    return Row(number, depth, said, formula, value, unit(step, language), how, source, again, step.key)


def rows(step: Step, language: Language) -> Iterator[Row]:
    """Yield a step and everything below it, each as deep as it lies; what several steps share is shown once."""
    yield from _rows(step, language, 0, {})


def _rows(step: Step, language: Language, depth: int, seen: dict[int, int]) -> Iterator[Row]:
    again = id(step) in seen
    number = seen.setdefault(id(step), len(seen) + 1)
    yield row(step, language, depth, number, again=again)
    if not again:
        for one in step.inputs:
            yield from _rows(one, language, depth + 1, seen)
