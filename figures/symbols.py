"""What is counted: the symbols of the formulas, each with its meaning and the groups in which it has one."""

from dataclasses import dataclass
from enum import Enum, auto


class Scope(Enum):
    """By what a symbol can be told apart, besides time."""

    CONTACT = auto()
    """By queue and skill. A contact that nobody answered is no agent's, so there is no such figure of an agent."""
    ANSWERED = auto()
    """By queue and skill, and by the agent who was rung or who answered."""
    CALL = auto()
    """Of calls as a whole: neither by queue nor by agent."""
    PRESENCE = auto()
    """By agent: what an agent does between calls belongs to no queue."""


@dataclass(frozen=True, slots=True)
class Symbol:
    """A number that formulas are made of: a count, or seconds when `timed` (kept as whole microseconds)."""

    id: str
    scope: Scope
    zh: str
    en: str
    timed: bool = False


_C, _A, _N, _P = Scope.CONTACT, Scope.ANSWERED, Scope.CALL, Scope.PRESENCE

_ALL = (
    Symbol("N", _N, "呼入通话数", "calls that arrived"),
    Symbol("I", _N, "进入语音菜单数", "calls that we answered: they entered the menu"),
    Symbol("Z", _N, "菜单自助完成数", "of these, led to the flow's own end without asking for a person or a callback"),
    Symbol("CBO", _N, "提供回拨次数", "times that a caller was offered a callback"),
    Symbol("CB", _N, "预约回拨数", "callbacks that were booked"),
    Symbol("CBD", _N, "回拨呼出次数", "calls by which a callback was to be made"),
    Symbol("CBC", _N, "回拨办结数", "callbacks that were finished, however"),
    Symbol("CBR", _N, "回拨接通数", "of these, the customer was rung and talked with the agent"),
    Symbol("WO", _N, "工单数", "work orders made for callers, return visits left out"),
    Symbol("WO_F", _N, "报修工单数", "of these, faults"),
    Symbol("WO_CP", _N, "投诉工单数", "of these, complaints"),
    Symbol("WO_M", _N, "合单数", "work orders folded into the main order of the same fault"),
    Symbol("WO_U", _N, "催办次数", "urgings of open orders"),
    Symbol("RV", _N, "应回访数", "return visits that low scores asked for"),
    Symbol("V", _N, "测得通话质量的话路数", "legs whose sound was measured at their end"),
    Symbol("V_OK", _N, "通话质量达标话路数", "of these, at the pass line or better"),
    Symbol("P", _C, "要求人工的通话数", "calls that asked for a person, at their first queue"),
    Symbol("K", _C, "接通人工的通话数", "of these, talked to an agent, in whichever queue"),
    Symbol("O", _C, "排队数", "contacts offered to the queue"),
    Symbol("A", _A, "接听数", "contacts answered by an agent"),
    Symbol("A_T", _A, "T 内接听数", "answered after a wait of at most T"),
    Symbol("B", _C, "放弃数", "contacts whose call ended while they waited or while a phone rang for them"),
    Symbol("B_T", _C, "T 内放弃数", "abandoned after a wait of at most T"),
    Symbol("B_s", _C, "短时放弃数", "abandoned after a wait of at most s"),
    Symbol("F", _C, "溢出数", "contacts that left the queue otherwise: nobody there, waited too long, left by key"),
    Symbol("C", _C, "转回拨数", "contacts that left the queue and booked a callback instead"),
    Symbol("C_T", _C, "T 内转回拨数", "moved to a callback after a wait of at most T"),
    Symbol("W", _C, "正在等待数", "contacts still waiting"),
    Symbol("W_T", _C, "等待未满 T 数", "contacts still waiting, for less than T so far"),
    Symbol("WAIT", _A, "接听前等待时长", "waits of the answered contacts, from the queue's entry on", True),
    Symbol("TALK", _A, "通话时长", "talk of what was answered (A and D), hold excluded, once it is over", True),
    Symbol("HOLD", _A, "保持时长", "hold of what was answered", True),
    Symbol("ACW", _A, "话后时长", "wrap-up after what was answered", True),
    Symbol("A_R", _A, "振铃后接听数", "of the answered contacts, those whose phone was rung for them"),
    Symbol("RING", _A, "接听前振铃时长", "ringing of the phones that were answered", True),
    Symbol("E", _A, "预告过等待的接听数", "answered contacts that had been told how long it takes"),
    Symbol("E_50", _A, "未超过预告中位数", "of these, waited no longer from then on than the told P50"),
    Symbol("E_90", _A, "未超过预告九成数", "of these, waited no longer from then on than the told P90"),
    Symbol("D", _A, "接转数", "callers whom a colleague handed on to this one agent, and who were answered"),
    Symbol("X", _A, "转接数", "of what was answered, handed on"),
    Symbol("H", _A, "保持通话数", "of what was answered, held at least once"),
    Symbol("R", _A, "振铃数", "offers: a seat was rung"),
    Symbol("M", _A, "未接数", "offers not answered, busy, rejected or not reached; not those that a caller ended"),
    Symbol("S", _A, "评价数", "answers to the question how satisfied the caller was"),
    Symbol("S_45", _A, "满意数", "answers of 4 or 5"),
    Symbol("Y", _A, "可判定解决数", "answered contacts of a known number whose W days are over"),
    Symbol("Y_1", _A, "一次解决数", "of these, without a contact by the same customer on the same topic in W days"),
    Symbol("OUT", _A, "呼出数", "calls that an agent dialled by hand"),
    Symbol("OUT_A", _A, "呼出接通数", "of these, answered by the other side"),
    Symbol("OUT_TALK", _A, "呼出通话时长", "talk of these, hold included", True),
    Symbol("OUT_ACW", _A, "呼出话后时长", "wrap-up after these", True),
    Symbol("TALK_CLOCK", _A, "区间内通话时长", "talk on the clock: split over the intervals in which it was", True),
    Symbol("HOLD_CLOCK", _A, "区间内保持时长", "hold on the clock, split likewise", True),
    Symbol("READY", _P, "就绪时长", "time in state ready", True),
    Symbol("RESERVED", _P, "预占时长", "time reserved for a call", True),
    Symbol("RINGING", _P, "振铃时长", "time in which the phone rang", True),
    Symbol("TALKING", _P, "通话状态时长", "time in state talking, hold included", True),
    Symbol("WRAP_UP", _P, "话后状态时长", "time in wrap-up", True),
    Symbol("NOT_READY", _P, "未就绪时长", "time not ready", True),
    Symbol("LOGGED_OUT", _P, "签出时长", "time signed out", True),
)  # fmt: skip

SYMBOLS: dict[str, Symbol] = {symbol.id: symbol for symbol in _ALL}
"""Every symbol by its id; T is the service-level threshold, s the short abandon, W the days of the repeat rule."""
