"""The words about a work order: what the caller hears, and the note that is sent."""

from core.config import Site
from desk.spoken import Sentence, sentence
from desk.workorders.model import WorkOrder
from speech import mandarin


def number_said(number: str) -> Sentence:
    """Return the order number digit by digit, 1 as 幺 ([domain 4.1])."""
    return sentence("您的报修工单号是", mandarin.digits(number), "。")


def known(order: WorkOrder, account: str) -> Sentence:
    """Return what a caller hears of the open order that explains the fault: the own one, or that of the street."""
    whose = "您的户号" if order.report.account == account else "您所在的街道"
    return sentence(whose, "已经报修，", "工单号是", mandarin.digits(order.number), "，正在处理。")


def message(order: WorkOrder, site: Site) -> str:
    """Return the text message about a fault that was taken: no name, no address, no account."""
    already = "，已与同一故障的工单合并处理" if order.main_id else ""
    return f"【{site.name}】您的故障报修已受理，工单号{order.number}{already}。查询进度请拨打{site.number}。"
