"""What the operator switches on is heard before the menu; a customer system in trouble costs an apology, not the call.

On PostgreSQL, whose locks make one table slow and leave the others alone.
"""

import asyncio
import subprocess
import sys
from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta

import psycopg
import pytest
import pytest_asyncio

from tests.databases import PostgresServer
from tests.e2e.heard import come_to, come_to_state, heard, hears, ids, words
from tests.pbx import ROOT, started_pbx
from tests.phone import caller, seat_phone
from tests.service import Service, started_service
from tests.until import until

pytestmark = [pytest.mark.e2e, pytest.mark.sound, pytest.mark.asyncio(loop_scope="module")]

EVERYBODY, EAST = "受台风影响，部分线路停电，我们正在抢修。", "城东片区抢修预计今晚完成。"
LOOKS = "customer_phones"
"""The table by which a caller's number is looked up."""


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def hotline(postgres: PostgresServer) -> AsyncIterator[Service]:
    url = postgres.create()
    async with started_pbx() as pbx, started_service(pbx, url=url) as service:
        yield service
    postgres.drop(url)


async def live(hotline: Service, *texts: str) -> dict[str, str]:
    """Wait until exactly these announcements are live and return their ids by text."""
    found: dict[str, str] = {}

    async def so() -> bool:
        rows = (await hotline.request("lead", "GET", "/announcements"))["items"]
        found.clear()
        found.update({row["text"]: row["id"] for row in rows if row["state"] == "live"})
        return set(found) == set(texts)

    await until(so, 60, every=0.1, what=lambda: f"{texts} are live, not {list(found)}")
    return found


async def announce(hotline: Service, *arguments: str) -> str:
    """Run `hotline announce …` beside the service and return what it prints."""
    command = [sys.executable, "-m", "app", "--config", str(hotline.config), "announce", *arguments]
    done = await asyncio.to_thread(
        subprocess.run, command, cwd=ROOT, capture_output=True, text=True, timeout=60, check=False
    )
    assert done.returncode == 0, done.stderr
    return done.stdout


async def until_menu(hotline: Service, number: str) -> tuple[list[str], str]:
    """Call until the menu has begun; return the ids and the words of what was heard."""
    async with caller(hotline.pbx, number) as call:
        await call.wait_answered(10)
        await come_to(hotline, number, "main", 60)
        await hears(call, 2.5)
        await call.hangup()
    told = await heard(hotline, call)
    return ids(told), words(told)


async def test_who_concerns_it_hears_it_before_the_menu_until_it_is_switched_off(hotline: Service) -> None:
    assert EVERYBODY in await announce(hotline, "say", EVERYBODY)
    east = {"kind": "emergency", "text": EAST, "areas": ["城东片区"], "place": 1}
    await hotline.request("lead", "POST", "/announcements", east)
    made = await live(hotline, EVERYBODY, EAST)
    (names, _), (eastern, said) = await asyncio.gather(
        until_menu(hotline, "13800000001"), until_menu(hotline, "13800000003")
    )
    assert names[0] in ("greeting_morning", "greeting_day")
    assert names[1:] == ["said", "menu"]
    assert eastern[1:3] == ["said", "said"]
    assert eastern[-1] == "menu"
    places = [said.find(text) for text in (EVERYBODY, EAST, "计划停电")]
    assert -1 not in places
    assert places == sorted(places), f"in order: {said}"
    events = await hotline.story("13800000003")
    assert events.count("AnnouncementsHeard") == 1

    await hotline.request("lead", "PATCH", f"/announcements/{made[EVERYBODY]}", {"on": False})
    await announce(hotline, "off", made[EAST])
    until_when = (datetime.now(UTC) + timedelta(hours=1)).isoformat()
    body = {"kind": "greeting", "festival": "new_year", "until": until_when}
    await hotline.request("lead", "POST", "/announcements", body)
    (greeting,) = await live(hotline, "新年好！供电服务热线欢迎您的来电。")
    names, said = await until_menu(hotline, "13800000001")
    assert (len(names), names[-1]) == (2, "menu")
    assert said.startswith(greeting)


async def test_a_customer_system_that_is_slow_or_down_costs_an_apology_within_three_seconds_and_no_person(
    hotline: Service,
) -> None:
    seat = hotline.pbx.seats[0]
    async with seat_phone(hotline.pbx, seat.sip_username, seat.sip_password):
        await hotline.make_ready("anna")
        with psycopg.connect(hotline.settings.database_url.replace("+psycopg", "")) as system:
            system.execute(f"LOCK TABLE {LOOKS} IN ACCESS EXCLUSIVE MODE")
            waits = await apology_after_the_bill_key(hotline, "13800000002")
        assert 2 < waits <= 3, "the whole limit, then the apology"
        with psycopg.connect(hotline.settings.database_url.replace("+psycopg", "")) as system:
            system.execute(f"ALTER TABLE {LOOKS} RENAME TO gone")
            system.commit()
            waits = await apology_after_the_bill_key(hotline, "13800000005")
            system.execute(f"ALTER TABLE gone RENAME TO {LOOKS}")
        assert waits <= 3


async def apology_after_the_bill_key(hotline: Service, number: str) -> float:
    """Call, ask for the bill, wait for a person, and return the seconds from the key to the apology's first sound."""
    async with caller(hotline.pbx, number) as call:
        await call.wait_answered(10)
        await come_to(hotline, number, "main", 60)
        await hears(call, 1)
        pressed = call.now()
        await call.send_digits("2")
        await come_to_state(hotline, number, "ringing", 60)
        await call.hangup()
    apology = next(prompt for prompt in await heard(hotline, call) if prompt.prompt == "apology_person")
    return apology.at - pressed
