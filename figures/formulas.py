"""The formulas as data: each variant of a figure has an id, its text, its source, and is one sum over another."""

import re
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from decimal import ROUND_HALF_UP, Decimal

from core.errors import BadInput
from figures.symbols import SYMBOLS

PLACES = Decimal("0.01")
SECOND_US = 1_000_000
_TERM = re.compile(r"\s*([+−-]?)\s*([A-Za-z][A-Za-z_0-9]*)")


class NoSuchVariant(BadInput):
    """There is no such variant of a figure."""

    code = "no_such_variant"


@dataclass(frozen=True, slots=True)
class Variant:
    """One way to compute a figure: `top` / `bottom`, each a sum of symbols; `unit` is % or s.

    `sets` names the switches of a published formula that are taken here.
    """

    id: str
    zh: str
    en: str
    top: str
    bottom: str
    unit: str
    source: str
    sets: str = ""

    @property
    def text(self) -> str:
        """The formula as it is printed."""
        return f"{_bracket(self.top)} / {_bracket(self.bottom)}"

    @property
    def symbols(self) -> tuple[str, ...]:
        """The symbols that it needs, in order, each once."""
        return tuple(dict.fromkeys(name for _, name in (*_terms(self.top), *_terms(self.bottom))))

    def value(self, counted: Mapping[str, int]) -> Decimal | None:
        """Return the figure in its unit, rounded half up to two places; None when there is nothing to divide by."""
        bottom = _sum(self.bottom, counted)
        if bottom <= 0:
            return None
        scale = 100 if self.unit == "%" else Decimal(1) / SECOND_US
        return (_sum(self.top, counted) * scale / Decimal(bottom)).quantize(PLACES, ROUND_HALF_UP)


def _bracket(part: str) -> str:
    return f"({part})" if " " in part else part


def _terms(part: str) -> list[tuple[int, str]]:
    return [(-1 if sign in ("-", "−") else 1, name) for sign, name in _TERM.findall(part)]


def _sum(part: str, counted: Mapping[str, int]) -> int:
    return sum(sign * counted.get(name, 0) for sign, name in _PARSED[part])


_SIGNED_IN = "READY + RESERVED + RINGING + TALKING + WRAP_UP + NOT_READY"
_KPI = "[kpi.md]"

VARIANTS: tuple[Variant, ...] = (
    Variant("SL-1", "服务水平", "service level", "A_T + B_T", "A + B", "%", "Asterisk SL2; callcentrehelper #1"),
    Variant("SL-2", "服务水平", "service level", "A_T", "A", "%", "Asterisk SL; Wazo quality_of_service; flatters"),
    Variant("SL-3", "服务水平", "service level", "A_T", "A + B", "%", "callcentrehelper #3; Vonage; strictest"),
    Variant("SL-4", "服务水平", "service level", "A_T", "A + B − B_T", "%", "Bright Pattern; Cisco ICR"),
    Variant("SL-5", "服务水平", "service level", "A_T + B_s", "A + B", "%", "callcentrehelper #5"),
    Variant("SL-6", "服务水平", "service level", "A_T", "A + B − B_s", "%", "Genesys Cloud",
            "flow-outs off, short abandons out, abandons in"),
    Variant("SL-6F", "服务水平", "service level", "A_T", "A + B + F − B_s", "%", "Genesys Cloud",
            "flow-outs on, short abandons out, abandons in"),
    Variant("SL-6N", "服务水平", "service level", "A_T", "A + F", "%", "Genesys Cloud", "flow-outs on, abandons out"),
    Variant("SL-7", "服务水平", "service level", "A_T + B_T + C_T", "O", "%",
            "Amazon Connect, archived guide: answer, abandon and callback count as removed"),
    Variant("SL-8", "服务水平", "service level", "A_T", "O − B_s − W_T", "%",
            "8x8; the in-flight-correct form, as Cisco ICR's real-time rule asks for"),
    Variant("CR-1", "人工接通率", "connect rate", "K", "P", "%", "[seed 002 T/F 33]: menu calls are out"),
    Variant("CR-2", "人工接通率（全部来电）", "connect rate of all calls", "K", "N", "%", "domain §11.1 [derived]"),
    Variant("ASA-1", "平均等待接通", "average speed of answer", "WAIT", "A", "s", f"{_KPI} from the queue's entry"),
    Variant("AB-1", "放弃率", "abandon rate", "B", "O", "%", "Genesys; Amazon: a callback is no abandon"),
    Variant("AB-2", "放弃率（不含短时）", "abandon rate, adjusted", "B − B_s", "O − B_s", "%", _KPI),
    Variant("AHT-1", "平均处理时长", "average handle time", "TALK + HOLD + ACW", "A + D", "s", _KPI + " no ringing"),
    Variant("OCC-1", "占用率", "occupancy", "TALKING + WRAP_UP", "TALKING + WRAP_UP + READY", "%",
            f"{_KPI} handle/(handle + idle), being offered a call is neither"),
    Variant("OCC-2", "占用率（含振铃）", "occupancy, offers included", "RESERVED + RINGING + TALKING + WRAP_UP",
            "RESERVED + RINGING + TALKING + WRAP_UP + READY", "%", "Amazon: on contact by the clock"),
    Variant("UT-1", "工时利用率", "utilisation", "TALKING + WRAP_UP", _SIGNED_IN, "%", f"{_KPI} handle/signed-in time"),
    Variant("SHR-1", "未就绪占比", "shrinkage while signed in", "NOT_READY", _SIGNED_IN, "%",
            f"{_KPI} unavailable/paid, where paid is taken as signed in"),
    Variant("RONA-1", "未接率", "ring no answer", "M", "R", "%", f"{_KPI} offers not answered/offers"),
    Variant("RING-1", "平均振铃时长", "mean ringing", "RING", "A_R", "s", "domain §5: 4 rings, 12 s, beside the wait"),
    Variant("EW-50", "等待预告（中位数）命中率", "told wait, P50", "E_50", "E", "%",
            "[ours] a true median gives 50; features §3: calibrated"),
    Variant("EW-90", "等待预告（九成）命中率", "told wait, P90", "E_90", "E", "%", "[ours] a true P90 gives 90"),
    Variant("TR-1", "转接率", "transfer rate", "X", "A + D", "%", _KPI),
    Variant("HR-1", "保持率", "hold rate", "H", "A + D", "%", _KPI),
    Variant("IC-1", "自助解决率", "IVR containment", "Z", "I", "%", f"{_KPI} a hang-up in the menu is no containment"),
    Variant("CB-1", "回拨预约率", "callbacks booked", "CB", "CBO", "%", "[ours] of those who were offered one"),
    Variant("CBR-1", "回拨接通率", "callbacks reached", "CBR", "CBC", "%", "[ours] of those that were finished"),
    Variant("OCR-1", "呼出接通率", "outbound connect rate", "OUT_A", "OUT", "%", "[ours] dialled by hand"),
    Variant("WOF-1", "合单率", "orders folded", "WO_M", "WO_F", "%", "domain §7.2: same faults are merged"),
    Variant("WOU-1", "催办率", "orders urged", "WO_U", "WO", "%", "domain §7.3: urgings by orders; may pass 100"),
    Variant("WOC-1", "投诉率", "complaints by calls", "WO_CP", "N", "%", "domain §11.1: complaints beside volume"),
    Variant("VQ-1", "通话质量达标率", "voice at the pass line", "V_OK", "V", "%",
            f"{_KPI} MOS of the policy's voice_pass; Asterisk's score knows no codec"),
    Variant("CSAT-1", "满意率", "satisfaction", "S_45", "S", "%", f"{_KPI} 4 and 5"),
    Variant("RR-1", "评价参与率", "survey response rate", "S", "A + D", "%", f"{_KPI} always beside CSAT-1"),
    Variant("FCR-1", "首次解决率", "first contact resolution", "Y_1", "Y", "%",
            f"{_KPI} no repeat by the same customer on the same topic within W days"),
)  # fmt: skip

_PARSED: dict[str, list[tuple[int, str]]] = {part: _terms(part) for one in VARIANTS for part in (one.top, one.bottom)}
BY_ID: dict[str, Variant] = {variant.id: variant for variant in VARIANTS}
SERVICE_LEVELS = tuple(variant.id for variant in VARIANTS if variant.id.startswith("SL-"))
USUAL = "SL-4"
"""The service level that is printed when none is asked for: abandons within T blame nobody [interface.md]."""
LIVE = "SL-8"
"""The service level of this moment: only what has had its chance is counted, so that it does not jump."""


def chosen(asked: Collection[str]) -> tuple[Variant, ...]:
    """Return the service levels asked for (none: the usual one; `all`) and every other figure, in their order.

    Raises NoSuchVariant.
    """
    wanted = {one.strip().upper() for one in asked if one.strip()} or {USUAL}
    if wanted == {"ALL"}:
        wanted = set(SERVICE_LEVELS)
    known = {one.upper(): one for one in BY_ID}
    if unknown := sorted(wanted - known.keys()):
        raise NoSuchVariant(f"variant {unknown[0]!r}: there is no such variant; known: {', '.join(BY_ID)}, all")
    ids = {known[one] for one in wanted}
    return tuple(one for one in VARIANTS if one.id in ids or not one.id.startswith("SL-"))


def known_symbols() -> set[str]:
    """Return the symbols that formulas use."""
    return {name for variant in VARIANTS for name in variant.symbols} & SYMBOLS.keys()
