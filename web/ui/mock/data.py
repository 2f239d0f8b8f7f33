"""People, accounts and calls that the mock server plays with: plain ones and ugly ones."""

from dataclasses import asdict
from datetime import UTC, datetime, timedelta, timezone
from typing import Any

from agents.codes import C, Codes
from desk.scripts.lines import Speaker, situations

Json = dict[str, Any]

LONG_NAME = (
    "国网某某省电力有限公司某某市城东高新技术产业开发区第二十七届全国电力抢修技能竞赛筹备组委会办公室后勤保障服务部"
)
USER: Json = {"id": "ag1", "username": "1001", "display_name": "李晓梅", "role": "shift_lead", "job_number": "1001"}
SEAT: Json = {"id": "seat1001", "sip_username": "seat1001", "registered": True}
SEATS: list[Json] = [
    {**SEAT, "agent_id": None},
    {"id": "seat1002", "sip_username": "seat1002", "registered": True, "agent_id": "ag2"},
    {"id": "seat1003", "sip_username": "seat1003", "registered": False, "agent_id": None},
]
QUEUES: list[Json] = [
    {
        "id": "general",
        "name": "综合服务",
        "waiting": 3,
        "longest_wait_s": 47,
        "agents_ready": 4,
        "agents_busy": 11,
        "agents_not_ready": 2,
    },
    {
        "id": "repair",
        "name": "故障报修",
        "waiting": 0,
        "longest_wait_s": 0,
        "agents_ready": 2,
        "agents_busy": 5,
        "agents_not_ready": 1,
        "expected_wait_s": 25.0,
        "expected_wait_p90_s": 60.0,
    },
]
GREETING = "您好，供电服务热线，工号1001为您服务，请问有什么可以帮您？"


def colleague(number: int, name: str, state: str = "ready", **more: Any) -> Json:
    """Return an agent as colleagues see them."""
    return {
        "id": f"ag{number}",
        "username": str(1000 + number),
        "display_name": name,
        "job_number": str(1000 + number),
        "role": "agent",
        "state": state,
        "reason": None,
        "cause": None,
        "since": ago(minutes=number),
        "seat_id": f"seat{1000 + number}",
        "seat_registered": True,
        "call_id": None,
        **more,
    }


def scripts() -> list[Json]:
    """Return what agents say, as the service tells it at two in the afternoon."""
    speaker = Speaker("供电服务热线", "1001", 14, 12)
    return [{"id": one.id, "lines": [asdict(line) for line in one.lines]} for one in situations(speaker)]


def parked(place: int, caller: str, seconds: float, by: str = "ag2") -> Json:
    """Return a caller who has been parked for so long."""
    return {
        "place": place,
        "call_id": f"p{place}",
        "caller": caller,
        "agent_id": by,
        "since": ago(seconds=seconds),
        "until": ago(seconds=seconds - 90),
    }


def now() -> datetime:
    """Return the time, aware."""
    return datetime.now(UTC)


def ago(**span: float) -> str:
    """Return the time so long ago, as the API writes it."""
    return (now() - timedelta(**span)).isoformat()


def call(call_id: str, caller: str, **more: Any) -> Json:
    """Return a call that rings at seat1001."""
    return {
        "id": call_id,
        "caller": caller,
        "caller_known": caller.isdigit(),
        "direction": "in",
        "state": "ringing",
        "queue": "general",
        "agent_id": USER["id"],
        "seat_id": SEAT["id"],
        "customer_id": None,
        "started_at": ago(seconds=52),
        "answered_at": ago(seconds=52),
        "queued_at": ago(seconds=23),
        "talking_at": None,
        "ended_at": None,
        "ended_by": None,
        "end_cause": None,
        "recording_id": None,
        **more,
    }


def customer(name: str, **more: Any) -> Json:
    """Return a customer of 城东片区."""
    return {
        "id": "cu2",
        "name": name,
        "category": "residential",
        "vip": False,
        "important": False,
        "phones": ["13800000002"],
        "address": "城东区建设路 18 号阳光花园 3 幢 2 单元 501 室",
        "area": "城东片区",
        "language": None,
        **more,
    }


def account(number: int, **more: Any) -> Json:
    """Return an account that owes nothing."""
    return {
        "account_no": str(3200000000 + number),
        "address": f"城东区建设路 {number} 号",
        "supply_state": "on",
        "arrears_yuan": "0.00",
        "tariff": "居民一档",
        "voltage": "220 V",
        **more,
    }


def bill(**more: Any) -> Json:
    """Return a paid bill."""
    return {
        "account_no": "3200000001",
        "period": "2026-10",
        "amount_yuan": "156.41",
        "usage_kwh": "286",
        "due_date": "2026-11-20",
        "paid": True,
        "late_fee_yuan": "0.00",
        "total_due_yuan": "0.00",
        **more,
    }


def outage() -> Json:
    """Return the planned outage of the day."""
    start = now().astimezone(timezone(timedelta(hours=8))).replace(hour=0, minute=0, second=0, microsecond=0)
    return {
        "id": "out1",
        "area": "城东片区",
        "kind": "计划停电",
        "cause": "10 kV 城东线检修",
        "from": start.isoformat(),
        "until": (start + timedelta(hours=24)).isoformat(),
        "text": "您所在的城东片区今天零点至二十四点计划停电检修，预计今晚二十四点前恢复供电，给您带来不便，敬请谅解。",
    }


def pop(call_id: str, caller: str, **more: Any) -> Json:
    """Return the screen pop of 王芳， who owes 100.00 yuan."""
    return {
        "call_id": call_id,
        "caller": caller,
        "customer": customer("王芳"),
        "matches": [],
        "accounts": [account(2, arrears_yuan="100.00")],
        "bill": bill(amount_yuan="100.00", usage_kwh="182", paid=False, late_fee_yuan="1.00", total_due_yuan="101.00"),
        "outage": None,
        "open_work_orders": [],
        "history": [
            {"call_id": "c0", "at": ago(days=6), "summary": "咨询电费：十月账单", "agent": "1003"},
            {"call_id": "c00", "at": ago(days=41), "summary": "咨询峰谷电价办理条件", "agent": "1012"},
        ],
        "complaints_30d": 0,
        "ivr_path": [
            {"node": "main", "digits": "2", "at": ago(seconds=44)},
            {"node": "bill", "digits": "0", "at": ago(seconds=25)},
        ],
        "waited_s": 23,
        "queue": "综合服务",
        "ahead_causes": [],
        "need": None,
        "by_hand": False,
        "script": {"greeting": GREETING},
        **more,
    }


def plain_pop(call_id: str) -> Json:
    """Return the pop of 张伟， whose bill is paid and at whose address the power is off today."""
    return pop(
        call_id,
        "13800000003",
        customer=customer("李娜", phones=["13800000003", "13900001234"]),
        accounts=[account(3)],
        bill=bill(),
        outage=outage(),
    )


def ugly_pop(call_id: str) -> Json:
    """Return a pop with everything too long and too much of it."""
    return pop(
        call_id,
        "02512345678",
        customer=customer(
            LONG_NAME,
            vip=True,
            important=True,
            phones=[f"1390000{n:04}" for n in range(12)],
            category="commercial",
            address="某某省某某市城东区经济技术开发区" + "创新大道西延长线辅路" * 6 + "88 号",
        ),
        accounts=[
            account(
                n,
                arrears_yuan="1234567.89" if n % 7 == 0 else "0.00",
                supply_state="cut" if n % 9 == 0 else "on",
                tariff="工商业两部制（一般工商业及其他）1-10 kV",
                voltage="10 kV",
            )
            for n in range(1, 31)
        ],
        bill=bill(
            amount_yuan="12345678.90",
            usage_kwh="23456789",
            paid=False,
            late_fee_yuan="37037.04",
            total_due_yuan="12382715.94",
        ),
        outage=outage(),
        history=[
            {
                "call_id": f"h{n}",
                "at": ago(days=n * 3),
                "summary": "投诉：停电频繁、答复不及时，" * (1 + n % 3),
                "agent": LONG_NAME[:12],
            }
            for n in range(1, 25)
        ],
        complaints_30d=13,
        ivr_path=[
            {"node": f"node_{n}_with_a_long_name", "digits": "1234567890"[: n % 9 + 1], "at": ago(seconds=60 - n)}
            for n in range(12)
        ],
        waited_s=3725,
        ahead_causes=["danger", "important", "vip", "repeat"],
    )


def several_pop(call_id: str) -> Json:
    """Return a pop whose number fits three customers."""
    matches = [customer(f"刘洋 {n}", id=f"cu{n}", address=f"城西区人民路 {n} 号", vip=n == 2) for n in (1, 2, 3)]
    return pop(call_id, "13800000005", customer=None, accounts=[], bill=None, history=[], matches=matches)


def unknown_pop(call_id: str, caller: str = "13800000006") -> Json:
    """Return a pop whose number nobody has."""
    return pop(call_id, caller, customer=None, accounts=[], bill=None, history=[], ivr_path=[])


COLLEAGUES = [
    colleague(2, "王建国"),
    colleague(3, "陈丽", "talking"),
    colleague(4, "赵敏", "not_ready", reason="meal"),
    colleague(5, "孙强", seat_registered=False),
    colleague(6, LONG_NAME, "wrap_up"),
    colleague(7, "周不在", "logged_out"),
]


def past_calls(count: int) -> list[Json]:
    """Return that many finished calls, newest first."""
    return [_past(n) for n in range(count)]


def _past(n: int) -> Json:
    minutes = 7 + n * 9
    talked = n % 6 != 5
    return call(
        f"past{n}",
        f"1380000{n:04}",
        state="ended",
        started_at=ago(minutes=minutes),
        answered_at=ago(minutes=minutes),
        queued_at=ago(minutes=minutes - 0.5),
        talking_at=ago(minutes=minutes - 1) if talked else None,
        ended_at=ago(minutes=minutes - 4.2),
        ended_by="caller" if n % 4 else "agent",
        recording_id=f"rec{n}" if talked else None,
    )


def timeline(call_id: str) -> list[Json]:
    """Return the story of a call that asked for a person, was held and ended."""
    steps: list[tuple[str, Json]] = [
        ("CallArrived", {}),
        ("CallAnswered", {}),
        ("IvrNodeEntered", {"node": "main"}),
        ("DigitsCollected", {"digits": "2"}),
        ("DigitsCollected", {"digits": None, "length": 6}),
        ("AgentRequested", {}),
        ("CallQueued", {"queue": "general"}),
        ("AgentReserved", {"agent_id": "ag1", "seat_id": "seat1001"}),
        ("AgentRang", {"agent_id": "ag1", "seat_id": "seat1001"}),
        ("AgentAnswered", {"agent_id": "ag1", "seat_id": "seat1001"}),
        ("RecordingStarted", {"recording_id": "rec1"}),
        ("CallHeld", {}),
        ("CallResumed", {}),
        ("SomethingNewer", {"x": 1}),
        ("CallReleased", {"by": "caller", "why": "normal"}),
        ("CallEnded", {"by": "caller", "why": "normal", "where": "talking"}),
        ("RecordingStored", {"recording_id": "rec1", "length_s": 192.4}),
    ]
    return [
        {"seq": i, "at": ago(minutes=5, seconds=-7 * i), "event": name, "data": {"call_id": call_id, **data}}
        for i, (name, data) in enumerate(steps)
    ]


def choices(codes: Codes[C]) -> list[Json]:
    """Return a list of the installation as `hello` tells it."""
    return [{"code": one.code, "label": one.called("zh-CN"), "names": one.names} for one in codes.items.values()]
