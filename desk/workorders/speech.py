"""The words about a work order: what the caller hears, and the note that is sent."""

from datetime import date, datetime
from zoneinfo import ZoneInfo

from core.config import Site
from desk.spoken import Sentence, sentence
from desk.workorders.model import Kind, State, WorkOrder
from speech import mandarin

TAIL = 4
"""Digits by which a caller knows an order again."""


def number_said(number: str) -> Sentence:
    """Return the order number digit by digit, 1 as 幺 ([domain 4.1])."""
    return sentence("您的报修工单号是", mandarin.digits(number), "。")


def known(order: WorkOrder, account: str) -> Sentence:
    """Return what a caller hears of the open order that explains the fault: the own one, or that of the street."""
    whose = "您的户号" if order.report.account == account else "您所在的街道"
    return sentence(whose, "已经报修，", "工单号是", mandarin.digits(order.number), "，正在处理。")


def progress(order: WorkOrder, main: WorkOrder, today: date, zone: ZoneInfo) -> list[Sentence]:
    """Return how far an order has come and what follows, without name, address or what it is about.

    `main` is the order into which it was folded, or itself.
    """
    tail = mandarin.digits(order.number[-TAIL:])
    told = [sentence("尾号", tail, "的工单，", _moment(order.created_at, today, zone), "受理。")]
    if order.state is State.CLOSED:
        closed = order.closed_at or order.created_at
        return [*told, sentence("已于", _moment(closed, today, zone), "办结。")]
    folded = "已合并到同一故障，" if order.state is State.MERGED else ""
    following = "下一步由抢修人员到现场。" if order.report.kind is Kind.FAULT else "下一步由专业部门答复您。"
    told.append(sentence(folded, "正在处理，", following))
    if main.urges:
        told.append(sentence("已催办", mandarin.count(main.urges, "次"), "。"))
    return told


def _moment(at: datetime, today: date, zone: ZoneInfo) -> str:
    here = at.astimezone(zone)
    return mandarin.day(here.date(), today=today) + mandarin.clock_time(here.time())


def message(order: WorkOrder, site: Site) -> str:
    """Return the text message about what was taken: no name, no address, no account."""
    what = "故障报修" if order.report.kind is Kind.FAULT else "诉求"
    already = "，已与同一故障的工单合并处理" if order.main_id else ""
    return f"【{site.name}】您的{what}已受理，工单号{order.number}{already}。查询进度请拨打{site.number}。"
