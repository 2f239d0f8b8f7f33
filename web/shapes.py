"""The shapes that the API and the desktop's socket share; times are UTC, money is yuan as a decimal string."""

from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Annotated, Generic, Literal, TypeVar

from pydantic import AfterValidator, AwareDatetime, BaseModel, ConfigDict, Field

from agents.model import Role, State
from core.clock import YEARS

T = TypeVar("T")


def _as_utc(moment: datetime) -> datetime:
    _check_year(moment)
    return moment.astimezone(UTC)


def _check_year(day: date) -> date:
    if day.year not in YEARS:
        raise ValueError(f"the year cannot be meant: {YEARS[0]} to {YEARS[-1]} can")
    return day


Moment = Annotated[AwareDatetime, AfterValidator(_as_utc)]
"""A moment that comes in, with its offset."""
Day = Annotated[date, AfterValidator(_check_year)]
"""A day that comes in."""


class Shape(BaseModel):
    """What goes out: built from the attributes of our own dataclasses."""

    model_config = ConfigDict(
        from_attributes=True,
        frozen=True,
        populate_by_name=True,
        json_schema_serialization_defaults_required=True,  # what has a default is sent all the same
    )


class Given(BaseModel):
    """What comes in: a field that is not known is an error, not a typo that does nothing."""

    model_config = ConfigDict(extra="forbid", frozen=True, str_strip_whitespace=True, allow_inf_nan=False)


class Items(Shape, Generic[T]):
    """A list."""

    items: list[T]


class Page(Shape, Generic[T]):
    """A part of a list; `next_cursor` asks for the next part, null at the end."""

    items: list[T]
    next_cursor: str | None = None


class Done(Shape):
    """What was asked has been done."""

    ok: bool = True


class User(Shape):
    """A person who signs in."""

    id: str
    username: str
    display_name: str
    role: Role
    job_number: str


class Seat(Shape):
    """A desk with a phone; `browser`: the page of who sits there is its phone, which has to be `checked`."""

    id: str
    sip_username: str
    browser: bool = False
    checked: bool = True
    registered: bool


class SeatChoice(Seat):
    """A seat with the agent who sits at it; `page`: what the desktop page means there for getting calls."""

    agent_id: str | None
    page: Literal["required", "while_open", "ignored"]


class Me(Shape):
    """One's own presence: `cause` is ours, `reason` the agent's; `wish` is the state that comes after the call."""

    id: str
    state: State
    reason: str | None
    cause: str | None
    since: datetime
    wrap_up_ends_at: datetime | None
    wish: str | None


class AgentRow(Shape):
    """An agent as others see them."""

    id: str
    username: str
    display_name: str
    job_number: str
    role: Role
    state: State
    reason: str | None
    cause: str | None
    since: datetime | None
    seat_id: str | None
    seat_registered: bool
    call_id: str | None


class ServiceLevel(Shape):
    """Who was answered within the threshold, in per cent; null as long as nobody counts. `variant` is the formula."""

    variant: str
    percent: Decimal | None
    threshold_s: float


class Queue(Shape):
    """A queue now; `service_level`: today's, null where pushed; `expected_wait…`: of who would come, P50 and P90."""

    id: str
    name: str
    waiting: int
    longest_wait_s: float
    agents_ready: int
    agents_busy: int
    agents_not_ready: int
    service_level: ServiceLevel | None = None
    expected_wait_s: float | None = None
    expected_wait_p90_s: float | None = None


class ThirdParty(Shape):
    """Whom the agent of a talk has brought in: an agent, or a number outside (masked as callers are)."""

    state: str = Field(examples=["ringing", "talking", "held", "joined"])
    agent_id: str | None
    number: str | None


class Monitor(Shape):
    """Which shift lead listens to a talk, and how: listen, whisper, barge."""

    agent_id: str
    mode: str


class Call(Shape):
    """A call; `caller` is masked for who does not need it."""

    id: str
    caller: str
    caller_known: bool
    direction: str = Field(examples=["inbound"])
    state: str
    queue: str | None
    agent_id: str | None
    seat_id: str | None
    customer_id: str | None
    started_at: datetime
    answered_at: datetime | None
    queued_at: datetime | None
    talking_at: datetime | None
    ended_at: datetime | None
    ended_by: str | None
    end_cause: str | None
    recording_id: str | None
    silence: str | None = Field(
        default=None, description="of a live call: noticed (nobody heard the caller yet) or script (it is being said)"
    )
    silent_prompt: int | None = Field(default=None, description="which prompt of the script was begun last, 1 to 3")
    away: bool = Field(default=False, description="whether the caller hears music until the agent's page is back")
    muted: bool = Field(default=False, description="whether nobody in the talk hears the agent")
    third: ThirdParty | None = None
    park_place: int | None = Field(default=None, description="the numbered place at which the caller is parked")
    monitor: Monitor | None = Field(default=None, description="who listens to the talk; told only to who may listen")
    ahead_causes: list[str] = Field(
        default=[], description="why it went ahead in the queue: danger, important, vip, repeat; the weightiest first"
    )


class TimelineItem(Shape):
    """One event of a call's story."""

    seq: int
    at: datetime
    event: str
    data: dict[str, object]


class Customer(Shape):
    """A customer; `phones` are masked in lists."""

    id: str
    name: str
    category: str | None
    vip: bool
    important: bool
    manager: str | None = Field(description="user name of the account manager")
    phones: list[str]
    address: str | None
    area: str | None
    language: str | None = Field(default=None, description="language or dialect, as an agent wrote it down")


class Account(Shape):
    """An account of a customer."""

    account_no: str
    address: str | None
    supply_state: str
    arrears_yuan: Decimal
    tariff: str | None
    voltage: str | None


class Bill(Shape):
    """A bill as of today: `total_due_yuan` = what is unpaid with its late fee."""

    id: str
    account_no: str
    period: str
    amount_yuan: Decimal
    usage_kwh: Decimal | None
    due_date: str | None
    paid: bool
    late_fee_yuan: Decimal
    total_due_yuan: Decimal


class Outage(Shape):
    """An outage notice; `text` is what the agent reads out."""

    id: str
    area: str
    kind: str
    cause: str | None
    from_: datetime = Field(alias="from")
    until: datetime | None
    text: str
    areas: list[str]
    accounts: int
    status: str
    version: int


class Contact(Shape):
    """A former call of the customer."""

    call_id: str | None
    at: datetime
    summary: str
    agent: str | None


class IvrStep(Shape):
    """A menu node that the caller passed, with the keys pressed there (secret ones as `*`), or the intent `said`."""

    node: str
    digits: str | None
    said: str | None = None
    at: datetime


class Script(Shape):
    """What the agent says."""

    greeting: str


class SurveyPart(Shape):
    """The answer that a return visit is about: 5 very satisfied … 1 very dissatisfied."""

    agent_id: str
    score: int
    reason: str | None


class WorkOrder(Shape):
    """A work order; `main_id` is the order it was folded into, `summary` what it is about in words.

    `recording_id` is what the caller said, to be heard at `audio`; `needs_address`: it is the address of a fault,
    which a person writes down first.
    `urges`: how often it was urged.
    """

    id: str
    number: str
    kind: str
    scope: str
    state: str
    priority: str = Field(default="normal", description="normal or urgent: danger was reported")
    summary: str
    account_no: str
    address: str
    area: str
    caller: str
    call_id: str
    main_id: str | None
    outage_id: str | None
    recording_id: str | None = None
    address_recording: str | None = None
    needs_address: bool = False
    audio: str | None = None
    urges: int
    text: str = ""
    began_at: datetime | None = Field(default=None, description="when the fault began, as the caller says")
    taken_by: str = Field(default="", description="id of the agent who took it; empty: the menu")
    created_at: datetime
    closed_at: datetime | None
    survey: SurveyPart | None = None


class CustomerFile(Shape):
    """What is known of who calls."""

    customer: Customer | None = None
    matches: list[Customer] = []
    accounts: list[Account] = []
    bill: Bill | None = None
    outage: Outage | None = None
    open_work_orders: list[WorkOrder] = []
    history: list[Contact] = []
    complaints_30d: int = 0


class ScreenPop(CustomerFile):
    """What opens on the agent's screen while the phone rings."""

    call_id: str
    caller: str
    ivr_path: list[IvrStep]
    waited_s: float
    queue: str | None
    ahead_causes: list[str] = []
    need: str | None = Field(
        default=None, description="what the caller wants by the keys pressed: business, complaint, english"
    )
    by_hand: bool = Field(default=False, description="whether it was the agent who said which customer calls")
    script: Script


class Site(Shape):
    """This installation; whom an agent dials sees `outbound_number`."""

    name: str
    timezone: str
    outbound_number: str = ""


class Choice(Shape):
    """One of several things that can be chosen; `label` in the site's language, `names` in every one (zh, en)."""

    code: str
    label: str
    names: dict[str, str]


class Hello(Shape):
    """The whole state of a desktop."""

    user: User
    seat: Seat | None
    phone_page: str | None = None
    agent: Me
    call: Call | None
    pop: ScreenPop | None
    queues: list[Queue]
    server_time: datetime
    site: Site
    not_ready_reasons: list[Choice]
    result_codes: list[Choice]
