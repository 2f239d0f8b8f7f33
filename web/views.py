"""Our own things in the shapes of the API."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from zoneinfo import ZoneInfo

from agents.codes import C, Codes
from agents.model import Agent, Permission, SeatKind, State
from agents.model import User as Account
from agents.roster import Roster
from cti.model import Call
from desk.billing.model import NOTHING, BillSummary
from desk.customers.model import Account as SupplyAccount
from desk.customers.model import Category, Customer
from desk.outages import speech as outage_words
from desk.outages.model import Outage
from desk.surveys.model import Survey
from desk.workorders.model import Kind, Scope, WorkOrder
from routing.service import RoutingService
from web import shapes
from web.live_calls import LiveCall
from web.masking import number_for


@dataclass(frozen=True, slots=True)
class CallFacts:
    """What other rooms know of a call."""

    customer_id: str | None = None
    recording_id: str | None = None
    ahead_causes: tuple[str, ...] = ()


TARIFFS = {
    Category.RESIDENTIAL: "居民生活用电",
    Category.COMMERCIAL: "工商业用电",
    Category.AGRICULTURAL: "农业生产用电",
}
"""The kinds of tariff, by what the electricity is used for [domain 15.7]."""
DIRECTIONS = {"in": "inbound", "out": "outbound"}


def user_shape(user: Account) -> shapes.User:
    """A person; the user name is the job number (工号), under which callers and colleagues know an agent."""
    return shapes.User(
        id=user.id, username=user.username, display_name=user.name, role=user.role, job_number=user.username
    )


def seat_shape(roster: Roster, seat_id: str | None) -> shapes.Seat | None:
    """A seat and whether its phone is registered."""
    seat = roster.seat(seat_id)
    if seat is None:
        return None
    return shapes.Seat(
        id=seat.id,
        sip_username=seat.sip_username,
        browser=seat.kind is SeatKind.BROWSER,
        checked=roster.checked(seat.id),
        registered=roster.registered(seat),
    )


def seat_of(roster: Roster, agent_id: str) -> shapes.Seat | None:
    """The seat at which an agent sits."""
    agent = roster.get(agent_id)
    return seat_shape(roster, agent.seat_id) if agent else None


def me_shape(agent: Agent) -> shapes.Me:
    """One's own presence; `wish` is what comes after the call."""
    return shapes.Me(
        id=agent.agent_id,
        state=agent.state,
        reason=agent.reason,
        cause=agent.cause.value,
        since=agent.since,
        wrap_up_ends_at=agent.until if agent.state is State.WRAP_UP else None,
        wish=agent.wish.state.value if agent.wish else None,
    )


def agent_row(user: Account, agent: Agent | None, roster: Roster) -> shapes.AgentRow:
    """An agent as others see them; one who never sat down is logged out since ever."""
    return shapes.AgentRow(
        **user_shape(user).model_dump(),
        state=agent.state if agent else State.LOGGED_OUT,
        reason=agent.reason if agent else None,
        cause=agent.cause.value if agent else None,
        since=agent.since if agent else None,
        seat_id=agent.seat_id if agent else None,
        seat_registered=roster.phone_there(agent) if agent else False,
        call_id=agent.call_id if agent else None,
    )


def choices(codes: Codes[C], language: str) -> list[shapes.Choice]:
    """Return the entries of a list of the installation, labelled in `language`."""
    items = codes.items.values()
    return [shapes.Choice(code=one.code, label=one.called(language), names=dict(one.names)) for one in items]


def queue_shape(routing: RoutingService, queue_id: str, language: str) -> shapes.Queue:
    """A queue's figures under its name. Raises NoSuchQueue."""
    figures = routing.figures(queue_id)
    names = routing.queues[queue_id].names
    wait = routing.expected_wait_now(figures)
    return shapes.Queue(
        id=queue_id,
        name=names.get(language.partition("-")[0]) or queue_id,
        waiting=figures.waiting,
        longest_wait_s=round(figures.longest_wait_s, 1),
        agents_ready=figures.agents_ready,
        agents_busy=figures.agents_busy,
        agents_not_ready=figures.agents_not_ready,
        expected_wait_s=round(wait.p50_s, 1) if wait else None,
        expected_wait_p90_s=round(wait.p90_s, 1) if wait else None,
    )


def call_shape(call: Call, facts: CallFacts, viewer: Account) -> shapes.Call:
    """A call as `viewer` may see it: the number in full when the call is theirs or their work needs it."""
    return shapes.Call(
        id=call.id,
        caller=number_for(call.caller, viewer.role.value, own=call.agent_id == viewer.id),
        caller_known=call.caller_known,
        direction=DIRECTIONS.get(call.direction, call.direction),
        state=call.state.value,
        queue=call.queue,
        agent_id=call.agent_id,
        seat_id=call.seat_id,
        customer_id=facts.customer_id,
        started_at=call.started_at,
        answered_at=call.answered_at,
        queued_at=call.queued_at,
        talking_at=call.talking_at,
        ended_at=call.ended_at,
        ended_by=call.ended_by,
        end_cause=call.end_cause,
        recording_id=facts.recording_id,
        away=call.away_at is not None,
        muted=call.muted,
        third=_third_shape(call, viewer),
        park_place=call.park_place,
        monitor=_monitor_shape(call, viewer),
        ahead_causes=list(facts.ahead_causes),
    )


def _monitor_shape(call: Call, viewer: Account) -> shapes.Monitor | None:
    if call.watcher_id is None or not viewer.may(Permission.MONITOR_CALLS):
        return None
    return shapes.Monitor(agent_id=call.watcher_id, mode=call.watch_mode or "")


def _third_shape(call: Call, viewer: Account) -> shapes.ThirdParty | None:
    if call.third is None:
        return None
    own, number = call.agent_id == viewer.id, call.third_number
    shown = number_for(number, viewer.role.value, own=own) if number else None
    return shapes.ThirdParty(state=call.third.value, agent_id=call.third_agent_id, number=shown)


def live_call_shape(live: LiveCall, viewer: Account) -> shapes.Call:
    """A live call as `viewer` may see it."""
    shown = call_shape(live.call, CallFacts(live.customer_id, live.recording_id, live.ahead_causes), viewer)
    return shown.model_copy(update={"silence": live.silence, "silent_prompt": live.silent_prompt})


def customer_shape(customer: Customer, accounts: Sequence[SupplyAccount], role: str, *, own: bool) -> shapes.Customer:
    """A customer; kind, address and area are those of the first account, else as an agent wrote them down."""
    first = accounts[0] if accounts else customer
    return shapes.Customer(
        id=customer.id,
        name=customer.name,
        category=first.category.value if first.category else None,
        vip=customer.vip,
        important=customer.important,
        manager=customer.manager or None,
        phones=[number_for(number, role, own=own) for number in customer.phones],
        address=first.address or None,
        area=first.area or None,
        language=customer.language or None,
    )


def account_shape(account: SupplyAccount, summary: BillSummary | None) -> shapes.Account:
    """An account with its arrears, late fee not included: what is owed once a due day has passed, nothing before."""
    return shapes.Account(
        account_no=account.number,
        address=account.address,
        supply_state=account.supply_state.value,
        arrears_yuan=summary.owed if summary and summary.overdue_days else NOTHING,
        tariff=TARIFFS[account.category],
        voltage=account.voltage,
    )


def bill_shape(summary: BillSummary) -> shapes.Bill:
    """The latest bill of an account with everything that is due today."""
    return shapes.Bill(
        id=summary.bill.id,
        account_no=summary.account,
        period=f"{summary.period:%Y-%m}",
        amount_yuan=summary.amount,
        usage_kwh=summary.usage,
        due_date=summary.due_date.isoformat(),
        paid=summary.paid,
        late_fee_yuan=summary.late_fee,
        total_due_yuan=summary.total_due,
    )


def outage_shape(outage: Outage, zone: ZoneInfo, now: datetime, area: str = "") -> shapes.Outage:
    """An outage notice in the words that callers hear."""
    return shapes.Outage(
        id=outage.id,
        area=area if area in outage.areas else "、".join(outage.areas),
        areas=list(outage.areas),
        accounts=len(outage.accounts),
        kind=str(outage.kind),
        cause=outage.cause,
        from_=outage.begins,
        until=outage.ends,
        text=outage_words.outage(outage, now, zone, area=area).text,
        status=str(outage.status),
        version=outage.version,
    )


SCOPES = {Scope.ROOM: "一个房间没电", Scope.HOME: "全家没电", Scope.STREET: "整条街没电"}


SUMMARY_LENGTH = 80
"""Characters of the agent's words that a line about an order has."""


def _beginning(text: str) -> str:
    return text if len(text) <= SUMMARY_LENGTH else text[:SUMMARY_LENGTH] + "…"


KINDS = {Kind.RETURN_VISIT: "满意度低，需回访"}


def order_shape(order: WorkOrder, role: str, *, own: bool, survey: Survey | None = None) -> shapes.WorkOrder:
    """Return a work order as the API shows it; `own`: it is about who calls now, so the number is shown.

    `survey`: the answer that a return visit is about.
    """
    told = order.report
    words = (order.number, KINDS.get(told.kind, ""), SCOPES.get(told.scope, ""), told.address, _beginning(told.text))
    return shapes.WorkOrder(
        id=order.id,
        number=order.number,
        kind=told.kind,
        scope=told.scope,
        state=order.state,
        priority=told.priority,
        summary=" ".join(part for part in words if part),
        account_no=told.account,
        address=told.address,
        area=told.area,
        caller=number_for(told.caller, role, own=own),
        call_id=told.call_id,
        main_id=order.main_id,
        outage_id=told.outage_id,
        recording_id=told.recording_id,
        address_recording=told.recording_id if told.kind == "fault" else None,
        needs_address=told.needs_address,
        audio=f"/api/v1/recordings/{told.recording_id}/audio" if told.recording_id else None,
        urges=order.urges,
        text=told.text,
        began_at=told.began_at,
        taken_by=told.taken_by,
        created_at=order.created_at,
        closed_at=order.closed_at,
        survey=shapes.SurveyPart(agent_id=survey.agent_id, score=survey.score, reason=survey.reason)
        if survey
        else None,
    )
