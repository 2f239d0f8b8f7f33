"""A new menu at noon: a hundred callers finish with the old one, also over a kill; who comes next hears the new one."""

import contextlib
import copy
import io
from collections.abc import AsyncIterator, Callable
from typing import Any

import aiohttp
import pytest
from ruamel.yaml import YAML

from asterisk_conf.spec import Trunk
from core.tasks import TaskOwner
from cti.ua import OutgoingCall, UserAgent
from speech.prompts import catalogue
from tests.e2e.heard import come_to, heard, ids, words
from tests.e2e.test_fifty import check_story
from tests.pbx import Pbx, started_pbx
from tests.phone import caller
from tests.service import Service, started_service
from tests.until import until

pytestmark = [pytest.mark.e2e, pytest.mark.alone, pytest.mark.timeout(240)]

CROWD, OLD, NEW, LATER = "13800000001", ("13900000051", "13900000052"), "13900000053", "13900000054"
MANY = 98
FLOW = "/flows/hotline"
NEW_PROMPT = "handset_ask"
"""Words that the shipped menu does not say."""
NEWS = catalogue(site="供电服务热线")["thanks"].text
"""Words that the voice has said before: a story about calls need not wait for it."""
LEGS = f"""\
[crowd-in]
exten => s,1,Set(CALLERID(num)={CROWD})
 same => n,Goto(from-trunk,95598,1)

[crowd]
exten => s,1,Wait(3)
 same => n(again),SendDTMF(3)
 same => n,Wait(8)
 same => n,SendDTMF(*)
 same => n,Wait(10)
 same => n,Goto(again)
"""
"""What the callers of the crowd do: the outages, back, and again. They have no telephone, so a hundred cost little."""
Edit = Callable[[dict[str, Any]], None]


async def test_callers_finish_with_the_version_they_began_with() -> None:
    trunk = Trunk(("127.0.0.1",), ("95598",), 200, "95598")
    async with started_pbx(trunk=trunk, dialplan=LEGS) as pbx, started_service(pbx) as hotline, UserAgent() as ua:
        async with crowd(pbx, hotline), caller(pbx, OLD[0], ua=ua) as first, caller(pbx, OLD[1], ua=ua) as second:
            tasks = TaskOwner("callers")
            walking = [tasks.start(walk(call), "walk") for call in (first, second)]
            for number in OLD:
                await come_to(hotline, number, "main")
            await refused(hotline)
            live = await publish(hotline, 1, new_menu)
            assert live["state"] == "live"
            walking[0].cancel()
            await press_nine(hotline, first, OLD[0])
            async with caller(pbx, NEW, ua=ua) as young:
                await hears_the_new_menu(hotline, young, NEW)
            await undisturbed(hotline)
            await hotline.kill()
            await hotline.start()
            walking[1].cancel()
            await press_nine(hotline, second, OLD[1])
            async with caller(pbx, LATER, ua=ua) as younger:
                await hears_the_new_menu(hotline, younger, LATER)
        for number in OLD:
            await until(lambda n=number: hotline.calls(n, "ended"), 20, what="the old call is over")  # type: ignore[misc]
            assert await versions(hotline, number) == {1}
        for number in (NEW, LATER):
            assert await versions(hotline, number) == {live["number"]}
        for call in (first, second):
            told = ids(await heard(hotline, call))
            assert "input_wrong" in told, "9 is no key of the old menu"
            assert NEW_PROMPT not in told
        for call in (young, younger):
            told = ids(await heard(hotline, call))
            assert NEW_PROMPT in told
            assert "menu" not in told
            assert NEWS in words(await heard(hotline, call)), "9 leads to what the new menu says"
        await check_crowd(hotline)


@contextlib.asynccontextmanager
async def crowd(pbx: Pbx, hotline: Service) -> AsyncIterator[None]:
    """Let many callers be in the menu."""
    known = pbx.spec.secrets
    headers = {"Authorization": aiohttp.encode_basic_auth(known.ari_user, known.ari_password)}
    leg = {"endpoint": "Local/s@crowd-in/n", "formats": "alaw", "extension": "s", "context": "crowd", "priority": "1"}
    async with aiohttp.ClientSession(headers=headers) as ari:
        for _ in range(MANY):
            async with ari.post(f"{pbx.ari_url}/channels", params=leg) as answer:
                assert answer.status == 200, await answer.text()

    async def all_there() -> bool:
        return len(await crowd_calls(hotline, "&state=live")) == MANY

    await until(all_there, 30, every=0.2, what="the crowd is in the menu")
    try:
        yield
        assert await all_there(), "nobody of the crowd was lost"
    finally:
        await pbx.asterisk.command("channel request hangup all")


async def crowd_calls(hotline: Service, more: str = "") -> list[Any]:
    return list((await hotline.request("lead", "GET", f"/calls?caller={CROWD}&limit=200{more}"))["items"])


async def check_crowd(hotline: Service) -> None:
    """Each call of the crowd has a whole story with the version that it began with."""

    async def all_over() -> bool:
        return not await crowd_calls(hotline, "&state=live")

    await until(all_over, 20, every=0.2, what="the crowd is gone")
    for call in await crowd_calls(hotline):
        story = await hotline.timeline(call["id"])
        check_story(story)
        assert {e["data"]["version"] for e in story if e["event"] == "IvrNodeEntered"} == {1}
        assert [e["data"]["by"] for e in story if e["event"] == "CallEnded"] == ["caller"], story


async def undisturbed(hotline: Service) -> None:
    """Nobody of the crowd has seen trouble, or anything but the first version."""
    for call in await crowd_calls(hotline):
        story = await hotline.timeline(call["id"])
        assert not [e for e in story if e["event"] == "IvrFailed"], story
        assert {e["data"]["version"] for e in story if e["event"] == "IvrNodeEntered"} == {1}


async def walk(call: OutgoingCall) -> None:
    """Stay in the menu."""
    await call.wait_answered(10)
    while await call.send_digits("w2,3,w4,*"):
        pass


async def press_nine(hotline: Service, call: OutgoingCall, number: str) -> None:
    """Come to the main menu and press 9 there."""
    await call.send_digits("w1,*")

    async def pressed() -> bool:
        await call.send_digits("w2,*,w1,9")
        found = await hotline.timeline((await hotline.calls(number))[0]["id"])
        nines = [e for e in found if e["event"] == "DigitsCollected" and e["data"]["digits"] == "9"]
        return any(e["data"]["node"] == "main" for e in nines)

    await until(pressed, 60, what="9 was pressed in the main menu")
    await call.send_digits("w3,*")


async def hears_the_new_menu(hotline: Service, call: OutgoingCall, number: str) -> None:
    await call.wait_answered(10)
    await come_to(hotline, number, "main", 30)
    await call.send_digits("w3,9")
    await come_to(hotline, number, "news", 30)
    await until(lambda: call.ended, 20, what="the new way ends")


async def versions(hotline: Service, number: str) -> set[int]:
    story = await hotline.timeline((await hotline.calls(number))[0]["id"])
    return {e["data"]["version"] for e in story if e["event"] == "IvrNodeEntered"}


# --- flows --------------------------------------------------------------------------------------------


def new_menu(main: dict[str, Any]) -> None:
    nodes = main["nodes"]
    nodes["main"]["prompts"] = [NEW_PROMPT]
    nodes["main"]["keys"]["9"] = "news"
    nodes["news"] = {"do": "say", "text": NEWS, "next": "news_end"}
    nodes["news_end"] = {"do": "hangup", "prompts": []}


def with_two_faults(main: dict[str, Any]) -> None:
    main["nodes"]["main"]["keys"]["1"] = "nowhere"
    main["nodes"]["welcome"]["prompts"] = ["greting"]


async def refused(hotline: Service) -> None:
    """A broken flow leaves the old one live, and each fault is told."""
    broken = (await publish(hotline, 1, with_two_faults, expect=409))["error"]
    assert broken["code"] == "flow_broken"
    assert {one["node"] for one in broken["details"]["findings"]} == {"main", "welcome"}
    assert (await hotline.request("admin", "GET", "/flows"))["items"][0]["live_version"] == 1


async def publish(hotline: Service, based_on: int, edit: Edit, expect: int = 200) -> Any:
    """Publish the version `based_on` as changed by `edit`."""
    files = dict((await hotline.request("admin", "GET", f"{FLOW}/versions/{based_on}"))["files"])
    tree = copy.deepcopy(YAML().load(files["hotline.yaml"]))
    edit(tree)
    out = io.StringIO()
    YAML().dump(tree, out)
    body = {"files": files | {"hotline.yaml": out.getvalue()}, "based_on": based_on, "note": "noon"}
    number = (await hotline.request("admin", "POST", f"{FLOW}/versions", body))["number"]
    return await hotline.request("admin", "POST", f"{FLOW}/versions/{number}/publish", {}, expect, wait=90)
