"""Why a bill is refused and how to mend it, in Chinese and English: each fault once, with what it is about in braces.

Chinese names are those of docs/glossary.md and of the columns of the files.
"""

from collections.abc import Mapping
from string import Formatter
from typing import NamedTuple

from desk.billing.step_words import Language

FAULTS: dict[str, tuple[str, str]] = {
    "adjustment_not_in_fen": ("退补金额为{amount}元；请填到分", "an adjustment is {amount} yuan; give whole fen"),
    "adjustment_without_cause": (
        "一笔{amount}元的退补没有写原因；请填写原因",
        "an adjustment of {amount} yuan has no cause; say why",
    ),
    "capacity_by_month": (
        "容量的天数按“{day_count}”算，而这张账单是{months}个月的；请改为按实际天数（actual），或逐月出账",
        "a capacity counts {day_count} a month, and {months} are billed; let it count `actual`, or bill each month",
    ),
    "capacity_ends_before_it_begins": (
        "容量的终止日{until}不晚于起始日{since}；请更正容量的起止日期",
        "a capacity ends on {until}, not after {since}; correct its days",
    ),
    "capacity_negative": ("容量为{kva} kVA；请填0或正数", "a capacity is {kva} kVA; give kVA from 0 on"),
    "change_not_in_a_part": (
        "增减电量{kwh}度记在“{register}”上，而这块表分时段计量；请记在某个时段上（峰、平、谷等）",
        "a change of {kwh} kWh is put in {register}; put it in a part of the day (peak, flat, valley …)",
    ),
    "change_not_in_the_total": (
        "增减电量{kwh}度记在“{register}”上，而这块表不分时段；请记在“总”上",
        "a change of {kwh} kWh is put in {register}; put it in `total`",
    ),
    "change_without_cause": (
        "增减电量{kwh}度没有写原因；请填写原因",
        "a change of {kwh} kWh has no cause; say why",
    ),
    "circle": ("套表关系成了环：{circle}；请更正上级计量点", "sub-meters form a circle: {circle}; correct the parents"),
    "days_of_another_month": (
        "抄表期为{since}至{until}，与账期的月份不符；请更正月份或抄表日期",
        "its days are {since} to {until}; correct the month, or the days of the readings",
    ),
    "demand_negative": (
        "最大需量的表码为{reading}；表码不会是负数，请核对",
        "the demand reads {reading}; a register shows no negative number",
    ),
    "demand_of_both_missing": (
        "本表是换下{removed}后装的，两块表中有一块没有抄最大需量；请补齐两块表的需量",
        "it replaced meter {removed}, and the demand of one of them was not read; give the register `demand` of both",
    ),
    "demand_out_of_limits": (
        "合同需量{kw} kW不在{least}至{most} kW之间；请另行核定，上下限是容量的一定比例",
        "the demand agreed, {kw} kW, is not between {least} and {most} kW; "
        "agree on another: the limits are shares of the capacity",
    ),
    "ends_before_it_begins": (
        "抄表期的终止日{until}不晚于起始日{since}；请更正抄表日期",
        "it ends on {until}, not after {since}; correct the days of the readings",
    ),
    "energy_negative": (
        "加上增减电量后，“{part}”的电量为{kwh}度；请更正增减电量，退钱请用写明原因的退补",
        "energy of {part} is {kwh} kWh after its changes; "
        "correct the change; money is given back by an adjustment with its cause",
    ),
    "factor_not_metered": (
        "这个户没有计量力率；请选有无功表码的户",
        "its power factor is not metered; ask about an account with reactive readings",
    ),
    "factor_without_adjusted_tariff": (
        "填了力率标准，但各计量点的电价都不执行功率因数调整；请更正其中之一",
        "a power factor standard is given and no tariff of its points is adjusted; correct one of them",
    ),
    "factor_without_reactive": (
        "填了力率标准，但没有抄无功；请抄录无功表码（示数类型“正向无功”）",
        "a power factor standard is given and no reactive energy was read; read register `reactive`",
    ),
    "household_of_none": ("家庭人口为{count}；请填1或更多", "a household of {count}; give 1 or more"),
    "months_out_of_range": (
        "账单的月数为{months}；请填距上次出账的月数，1至{most}",
        "it is billed for {months} months; give the months since the last bill, 1 to {most}",
    ),
    "more_than_parents_have": (
        "它的电量{kwh}度比上级计量点剩下的多{lacking}度；请核对它和上级的表码，这种情况怎样计费没有规定",
        "its {kwh} kWh are {lacking} more than its parents have left; "
        "check the readings of it and of its parents; what to charge then is not laid down",
    ),
    "no_basic_charge": (
        "这个户没有基本电费；请选别的户，这个户执行单一制电价",
        "it has no basic charge; ask about another account: this one has a single-part tariff",
    ),
    "no_capacity": (
        "基本电费按容量计收，但没有容量；请填写在用容量（kVA）",
        "a basic charge by capacity has no capacity; give the kVA in service",
    ),
    "no_capacity_price": (
        "电价“{tariff}”没有容量电价；请补上，或改按需量计收",
        "tariff {tariff!r} has no price of capacity; add it, or charge by demand",
    ),
    "no_demand_agreed": (
        "没有约定合同需量；请填写合同需量（kW），或改按实际需量计收",
        "no demand was agreed; give `contract` in kW, or charge by the measured demand",
    ),
    "no_demand_price": (
        "电价“{tariff}”没有需量电价；请补上，或改按容量计收",
        "tariff {tariff!r} has no price of demand; add it, or charge by capacity",
    ),
    "no_demand_reading": (
        "基本电费按需量计收，但没有需量表码；请导入需量表码（示数类型“需量”）",
        "a basic charge by demand has no demand reading; import the register `demand`",
    ),
    "no_figure": (
        "有数字太大或不是数字，算不出来；请更正表码、倍率和计费参数",
        "a figure is too large to reckon with, or no number; correct readings, ratios and terms",
    ),
    "no_multiplier": (
        "没有倍率；请填写PT倍率和CT倍率（没有互感器的填1）",
        "the multiplier is missing; give the ratios pt and ct (1 where there is none)",
    ),
    "no_parent": (
        "“{kind}”计量点没有上级；请填写计量它电量的上级计量点",
        "a {kind} point has no parent; name the meter that counts its energy",
    ),
    "no_parts_to_move": (
        "这个户没有同时计量“{away}”和“{to}”的表；请选执行分时电价的户",
        "no meter of it has registers {away} and {to}; ask about an account billed by the hour",
    ),
    "no_point": ("没有计量点；请导入电表的表码", "there is no metering point; import the readings of its meter"),
    "no_reading": (
        "计量点{point}没有表码；请导入这块表的表码",
        "point {point} has no reading; import the reading of its meter",
    ),
    "no_such_account": (
        "没有这个户号；请先导入户号（`hotline import accounts`）",
        "there is no such account; import it first (`hotline import accounts`)",
    ),
    "no_total": (
        "没有总表码；请把示数类型“总”的表码也抄上",
        "there is no reading of the total; read the register `total` too",
    ),
    "parent_known_later": (
        "“{kind}”计量点的上级{parent}是“{parent_kind}”计量点，它的电量后面才算出；"
        "请把它挂在同类或更先算的计量点下（先实表，再定量，后定比）",
        "a {kind} point lies behind {parent}, a {parent_kind} one, known only later; "
        "put it behind a point of its own kind or an earlier one (real, fixed, ratio)",
    ),
    "parent_twice": (
        "上级计量点{parent}写了两次；每个上级只写一次",
        "parent {parent} is named twice; name each parent once",
    ),
    "parent_unknown": (
        "上级{parent}不是这个户的计量点；请更正上级计量点",
        "its parent {parent} is not a point of this account; correct the parent",
    ),
    "part_more_than_parents_have": (
        "它的“{part}”电量{kwh}度比上级计量点剩下的多{lacking}度；请核对它和上级的表码，这种情况怎样计费没有规定",
        "its {kwh} kWh of {part} are {lacking} more than its parents have left; "
        "check the readings of it and of its parents; what to charge then is not laid down",
    ),
    "parts_above_total": (
        "各时段合计{parts}度，总只有{total}度；请重新抄表，总应包含所有时段",
        "the parts of the day come to {parts} kWh, the total to {total}; "
        "read the registers again: no part may be missing in the total",
    ),
    "parts_of_both_above_total": (
        "各时段合计{parts}度，总只有{total}度；请重新抄换表前后两块表的表码",
        "the parts of the day come to {parts} kWh, the total to {total}; read the registers of both meters again",
    ),
    "point_twice": (
        "计量点{point}写了两次；每个计量点只写一次",
        "point {point} is told twice; give each metering point once",
    ),
    "quantity_out_of_range": ("定量为{quantity}；请填0或正的度数", "its quantity is {quantity}; give kWh from 0 on"),
    "reactive_of_the_transformer": (
        "无功全部来自变压器损耗；请在变压器侧补偿",
        "its reactive energy is that of the transformer alone; compensate at the transformer",
    ),
    "region_name": (
        "“{region}”不是地区的名称；请更正户号的地区（`hotline tariff check` 列出可用的地区）",
        "{region!r} is no name of a region; correct the region of the account (`hotline tariff check` knows them)",
    ),
    "region_unknown": (
        "没有地区“{region}”的电价；请更正户号的地区（可用：{known}），或填写自己的电价文件（NAME.yaml）",
        "tariffs {region!r}: there is no such file; known: {known}, or a file of your own, NAME.yaml; "
        "correct the region of the account (`hotline tariff check` knows them)",
    ),
    "region_unusable": (
        "这个地区的电价文件不能用（{problem}）；请更正电价文件，或更正户号的地区（`hotline tariff check` 列出问题）",
        "{problem}; correct the region of the account (`hotline tariff check` knows them)",
    ),
    "register_beyond_digits": (
        "“{register}”表码为{reading}，超出了{digits}位能显示的数；请更正表码或位数",
        "{register} reads {reading}, more than {digits} digits can show; correct the reading or `digits`",
    ),
    "register_fell": (
        "“{register}”本期表码{now}小于上期表码{last}，又不知道表的位数；请更正表码，如果是表码翻转，请填写位数",
        "{register} reads {now}, less than the last {last}, and its number of digits is not known; "
        "correct the reading, or give `digits` if the register has passed its highest figure",
    ),
    "register_negative": (
        "“{register}”表码为{reading}；表码不会是负数，请核对",
        "{register} reads {reading}; a register shows no negative number",
    ),
    "register_twice": (
        "同一示数类型有两个表码；每个示数类型只填一次",
        "a register is there twice; give each register once",
    ),
    "registers_of_both_differ": (
        "本表是换下{removed}后装的，两块表抄的示数类型不一样；请补齐，使两块表相同",
        "it replaced meter {removed}, and they were not read for the same registers; give the same registers of both",
    ),
    "share_out_of_range": (
        "定比为{quantity}；请填0到1之间的数",
        "its quantity is {quantity}; give a share from 0 to 1",
    ),
    "share_to_move_out_of_range": ("移峰比例为{share}；请填0到1之间的数", "a share of {share}; give one from 0 to 1"),
    "standard_unknown": (
        "没有{standard}这个力率标准；可用：{known}",
        "there is no power factor standard {standard}; give one of {known}",
    ),
    "target_out_of_range": (
        "功率因数为{target}；请填大于0、不超过1的数",
        "a power factor of {target}; give one above 0, up to 1",
    ),
    "tariff_gap": (
        "{region}的电价“{tariff}”在{day}没有生效的版本；请把它连同来源补进电价文件（`hotline tariff check` 列出空档）",
        "tariff {tariff!r} of {region} has no version for {day}; "
        "add it to the tariff file with its source (`hotline tariff check` names gaps)",
    ),
    "tariff_unknown": (
        "地区{region}没有电价“{tariff}”；可用：{known}",
        "region {region} has no tariff {tariff!r}; name one of: {known}",
    ),
    "too_deep": (
        "它在第{level}级套表；最多{most}级，请更正上级计量点",
        "it is at level {level} of sub-meters; at most {most} levels",
    ),
    "too_many_days": (
        "抄表期有{days}天，而账单是{months}个月的；请更正抄表日期，或填写距上次出账的月数",
        "it spans {days} days and is billed for {months} months; "
        "correct the days of the readings, or tell the months since the last bill",
    ),
    "too_many_parents": ("它有{count}个上级计量点；最多填{most}个", "it has {count} parents; name at most {most}"),
    "transformer_capacity_zero": (
        "变压器容量为0 kVA；请填写铭牌上的容量",
        "the transformer has a capacity of 0 kVA; give the capacity of its plate",
    ),
    "transformer_figure_missing": (
        "变压器损耗按“{method}”计算，缺少{figure}；请按铭牌或协议填写{figure}，不能是负数",
        "the loss of the transformer by the method {method} needs {figure}; give {figure} of its plate",
    ),
    "transformer_without_hours": (
        "变压器的运行小时不是正数；请填写账期内的运行小时",
        "the transformer was in service for no hour; give its hours in the period",
    ),
    "used_before_negative": (
        "本年此前用电{kwh}度；请更正以前的账单",
        "{kwh} kWh were used before it in the year; correct the earlier bills",
    ),
}
"""Each fault: what is wrong; and after the first semicolon how to mend it."""

REGISTERS = {
    "total": "总",
    "sharp": "尖",
    "peak": "峰",
    "flat": "平",
    "valley": "谷",
    "reactive": "正向无功",
    "reverse_reactive": "反向无功",
    "demand": "需量",
}
"""What registers are called in Chinese."""
_KINDS = {"real": "实表", "fixed": "定量", "ratio": "定比"}
_VALUES: Mapping[str, Mapping[str, str]] = {
    "register": REGISTERS,
    "part": REGISTERS,
    "away": REGISTERS,
    "to": REGISTERS,
    "kind": _KINDS,
    "parent_kind": _KINDS,
    "quantity": {"None": "空"},
    "day_count": {"actual": "实际天数", "zero": "不计", "half": "半月", "full": "整月"},
    "method": {"formula": "公式法", "simple": "简易法", "agreed": "协议"},
    "figure": {
        "capacity": "变压器容量",
        "no_load": "空载损耗",
        "load": "负载损耗",
        "no_load_current": "空载电流",
        "impedance": "阻抗电压",
        "agreed_active": "协议有功变损",
        "agreed_reactive": "协议无功变损",
    },
}
"""Values that programs and files write in English, in Chinese."""


class Told(NamedTuple):
    """A refusal as it is read: the whole sentence, and its part on how to mend it."""

    sentence: str
    cure: str


def named(fault: str, language: Language) -> frozenset[str]:
    """Return the fields that a fault names in a language."""
    return frozenset(name for _, name, _, _ in Formatter().parse(_template(fault, language)) if name)


def told(fault: str, fields: Mapping[str, str], language: Language, *, account: str, meter: str, month: str) -> Told:
    """Return why the bill of an account and month is refused, by which meter where one is to blame."""
    english = language == "en"
    values = fields if english else {name: _VALUES.get(name, {}).get(text, text) for name, text in fields.items()}
    what, cure = (half.format_map(values) for half in halves(fault, language))
    if english:
        where = ", ".join([f"account {account}", *([f"meter {meter}"] if meter else []), *([month] if month else [])])
        return Told(f"{where}: {what}; {cure}", cure)
    where = "，".join([f"户号{account}", *([f"计量点{meter}"] if meter else []), *([f"账期{month}"] if month else [])])
    return Told(f"{where}：{what}；{cure}。", cure)


def halves(fault: str, language: Language) -> tuple[str, str]:
    """Return what is wrong and how to mend it, with the fields in braces."""
    what, _, cure = _template(fault, language).partition("; " if language == "en" else "；")
    return what, cure


def _template(fault: str, language: Language) -> str:
    return FAULTS[fault][language == "en"]
