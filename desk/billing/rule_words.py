"""What rules are called, and where numbers come from, in words that a reader can look up."""

import re

MANUAL = "docs/reference/billing.md#defaults"
RULES: dict[str, tuple[str, str]] = {
    "adjust_surcharges": ("力调是否计代征附加", "Surcharges in the power factor adjustment"),
    "basic_shared": ("基本电费分摊方式", "How the basic charge is shared among tariffs"),
    "contract_least": ("合同需量下限比例", "Least contract demand, share of the capacity"),
    "contract_most": ("合同需量上限比例", "Highest contract demand, share of the capacity"),
    "demand_hours": ("需量电价优惠用电小时", "Energy per kVA for the reduced price of demand"),
    "demand_multiple": ("超需量倍数", "Multiple for demand above the limit"),
    "demand_over": ("超需量考核比例", "Limit of demand, share of the contract"),
    "demand_reduced": ("需量电价优惠比例", "Reduced price of demand, share"),
    "energy_places": ("电量小数位", "Decimals of energy"),
    "late_fee_minimum": ("违约金最低金额", "Least late fee"),
    "late_fee_other_current_per_day": (
        "非居民当年欠费每日违约金比例",
        "Late fee a day of businesses, this year's arrears",
    ),
    "late_fee_other_previous_per_day": (
        "非居民跨年欠费每日违约金比例",
        "Late fee a day of businesses, former years' arrears",
    ),
    "late_fee_resident_per_day": ("居民欠费每日违约金比例", "Late fee a day of households"),
    "loss_full_load": ("变压器满载系数", "Share of the capacity at full load"),
    "loss_share_up": ("变损分摊是否进一", "Shares of the loss rounded up"),
    "loss_shape": ("负荷形状系数 K", "Shape of the load, K"),
    "month_days": ("每月计费天数", "Days of a month for the basic charge"),
    "submeter_levels": ("套表最多层数", "Levels of sub-meters"),
    "submeter_parents": ("套表最多上级数", "Parents of a sub-meter"),
    "suspended_share": ("暂停容量计费比例", "Charge on capacity laid off, share"),
    "two_part_from": ("两部制起始容量", "Two-part tariff from this capacity on"),
}
"""Rules of tariff files and of the policy that bills show, in Chinese and English."""
_PAPER = re.compile(r"[\u4e00-\u9fff]{2,12}[〔\[(（][0-9]{2,4}[〕\])）][0-9]{1,5}(?:号)?")
_INNER = re.compile(r"\[(?:seed|ours|public|own knowledge|law)\b|\bdomain [0-9]|interface\.md|\bspec\b")
_KNOWN: tuple[tuple[str, str, str], ...] = (
    ("Rule 98", "供电营业规则第98条（据公开摘要）", "供电营业规则 Rule 98 (by public summaries)"),
    ("prices of the demo", "演示电价（非真实电价）", "prices of the demo, not real ones"),
    ("Zhejiang price list", "浙江省电价表（公开引用）", "Zhejiang price list, as quoted in public"),
    ("Beijing [public]", "北京市居民电价（公开资料）", "Beijing prices for households, as told in public"),
    ("Shenzhen [public]", "深圳市居民电价（公开资料）", "Shenzhen prices for households, as told in public"),
    ("Shanghai bill notes", "上海电费账单说明", "notes on Shanghai bills"),
    ("agreed (定量)", "约定定量", "agreed quantity"),
    ("agreed (定比)", "约定定比", "agreed share"),
    ("by the billing system", "营销系统记录", "by the billing system"),
)
"""Sources of the program by their beginning or a part of it: in Chinese, in English."""


def rule(name: str, *, english: bool) -> str:
    """Return what a rule is called; one of a file of one's own keeps its own name."""
    return RULES[name][english] if name in RULES else name


def source(text: str, *, english: bool) -> str:
    """Return a source as a reader can look it up: the paper that it names, else where Hotline tells its default.

    What a utility wrote itself (its papers, causes of adjustments) is left as it is.
    """
    if text == "agreed":
        return "agreed" if english else "协议"
    for part, *told in _KNOWN:
        if part in text:
            return told[english]
    if found := _PAPER.search(text):
        if not _INNER.search(text):
            return text
        unsure = " (not checked against its text)" if english else "（未核对原文）"
        return found[0] + (unsure if "unverified" in text else "")
    if not _INNER.search(text):
        return text
    return f"Hotline's default, see {MANUAL}" if english else f"Hotline 默认规则，见 {MANUAL}"
