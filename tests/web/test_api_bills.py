"""Bills through the API: why they are what they are, on other terms, on paper, by text."""

import re
from calendar import month_name

import pytest

from desk.billing.model import month_before
from tests.web.world import ZONE, World

pytestmark = pytest.mark.integration


async def test_bills_are_listed_and_explained(world: World) -> None:
    async with world.client("1001") as agent:
        bills = (await agent.ask("GET", "/bills?account=3200000001"))["items"]
        bill = next(one for one in bills if one["period"] == "2026-10")
        assert (bill["amount_yuan"], bill["usage_kwh"], bill["paid"]) == ("156.41", "286", True)
        rows = (await agent.ask("GET", f"/bills/{bill['id']}/explanation"))["items"]
        assert rows[-1]["amount"] == "156.41"
        assert await agent.refused("GET", "/bills/none/explanation", status=404) == "no_such_bill"
        assert await agent.refused("GET", "/bills", status=400) == "bad_input"


async def test_a_bill_is_told_step_by_step_and_on_other_terms(world: World) -> None:
    async with world.client("1001") as agent:
        told = await agent.ask("GET", "/bills/3200000001-202610/steps?language=en")
        assert told["refused"] is None
        assert told["differences"] == []
        assert told["steps"][0]["value"] == "156.41"
        assert "286 × 0.5469" in [row["reckoning"] for row in told["steps"]]
        assert told["last_month"][0]["value"] == "-8.75"
        assert await agent.refused("GET", "/bills/3200000001-202501/steps", status=404) == "no_readings"
        assert await agent.refused("GET", "/bills/none/steps", status=404) == "no_such_bill"
        path = "/bills/3200000001-202610/what-if"
        assert await agent.refused("POST", path, {"contract_kw": "5"}, status=400) == "bill_refused"
        assert await agent.refused("POST", path, {}, status=400) == "bad_input"


def last_month(world: World) -> str:
    """The month of the latest bills of the demo, as it stands in their ids."""
    return f"{month_before(world.clock.now().astimezone(ZONE).date()):%Y%m}"


async def test_what_the_books_have_on_a_bill_is_told_with_what_is_still_open(world: World) -> None:
    async with world.client("1001") as agent:
        month = last_month(world)
        told = await agent.ask("GET", f"/bills/3200000018-{month}/explanation")
        issued = told["issued"]
        assert (issued["amount_yuan"], issued["open_yuan"], issued["paid"]) == ("216.57", "110.00", False)
        rows = [(one["kind"], one["number"], one["principal_yuan"], one["cause"]) for one in issued["booked"]]
        assert rows == [("adjustment", "TB-0018-1", "-6.57", "抄表差错"), ("payment", "JF-0018-1", "-100.00", "")]
        total, *below = [(row["key"], row["value"]) for row in told["owed"]]
        assert total == ("owed.total", "112.02")
        assert ("owed.principal", "110.00") in below
        assert ("booking.payment", "-100.00") in below
        assert ("late_fee", "2.02") in below
        assert told["owed"][0]["name"] == "合计应缴"
        assert "这张账单还欠110.00元" in told["why"]
        listed = await agent.ask("GET", "/bills?account=3200000018")
        assert listed["items"][0]["open_yuan"] == "110.00"
        paid = await agent.ask("GET", "/bills/3200000001-202610/explanation")
        assert (paid["owed"], paid["credit_yuan"], paid["issued"]["open_yuan"]) == ([], "0.00", "0.00")


async def test_one_answer_tells_why_a_bill_is_so_high(world: World) -> None:
    async with world.client("1001") as agent:
        month = last_month(world)
        number = int(month[4:])
        told = await agent.ask("GET", f"/bills/3200000002-{month}/explanation")
        assert told["why"].startswith(
            f"{number}月用电178度，电费100.00元。比上月（121度，66.17元）多33.83元。主要原因："
        )
        assert re.search("主要原因：用电多57度(（.*）)?，多31.18元；第2档电价，多2.65元。", told["why"])
        assert told["why"].endswith("另有违约金1.00元。")
        assert told["issued"]["amount_yuan"] == told["items"][-1]["amount"] == "100.00"
        assert told["reckoned"]["last_month"][1]["key"] == "compare.kwh"
        assert told["message"].startswith(f"尾号0002的户号，{month[:4]}年{number}月用电178度")
        assert (told["what_if"]["people"], told["what_if"]["poor"], told["what_if"]["basic"]) == (5, True, [])
        english = await agent.ask("GET", f"/bills/3200000002-{month}/explanation?language=en")
        assert english["why"].startswith(
            f"In {month_name[number]}, 178 kWh cost 100.00 yuan. That is 33.83 yuan more than the month"
        )
        factory = await agent.ask("GET", f"/bills/3200000021-{month}/explanation")
        assert "功率因数由0.92变为0.87" in factory["why"] or "用电时段" in factory["why"]
        assert factory["reckoned"]["last_year"][0]["key"] == "compare.change"
        possible = factory["what_if"]
        assert (possible["contract_least"], possible["contract_most"]) == ("400.0", "900.0")
        assert (possible["basic"], possible["to_valley"]) == (["capacity", "measured_demand"], True)
        differs = await agent.ask("GET", f"/bills/3200000008-{month}/explanation")
        assert "与已出账单不一致" in differs["why"]
        assert "226度" in differs["message"], "what was issued is what is sent"
        refused = await agent.ask("GET", f"/bills/3200000013-{month}/explanation")
        assert "算不出来" in refused["why"]
        assert "小于上期表码" in refused["reckoned"]["refused"]
        assert "请更正表码，如果是表码翻转，请填写位数" in refused["reckoned"]["refused"]
        in_english = await agent.ask("GET", f"/bills/3200000013-{month}/explanation?language=en")
        assert "correct the reading, or give `digits`" in in_english["reckoned"]["refused"]
        assert refused["what_if"] is None
        unread = await agent.ask("GET", f"/bills/3200000011-{month}/explanation")
        assert (unread["reckoned"], unread["what_if"]) == (None, None)
        assert unread["why"].startswith(
            f"{number}月用电277度，电费151.49元。比上月（275度，150.40元）多1.09元。主要原因：用电多2度。"
        )
        assert await agent.refused("GET", "/bills/3200000011-202501/explanation", status=404) == "no_such_bill"


async def test_other_terms_of_a_factory_and_of_a_household(world: World) -> None:
    month = last_month(world)
    async with world.client("1001") as agent:
        factory = f"/bills/3200000021-{month}/what-if"
        moved = await agent.ask("POST", factory, {"to_valley": "0.2"})
        assert moved["months"] == 12
        assert float(moved["yearly_yuan"]) < -50_000
        assert float((await agent.ask("POST", factory, {"power_factor": "0.95"}))["yearly_yuan"]) < 0
        assert (await agent.ask("POST", factory, {"basic": "contract_demand"}))["yearly_yuan"] == "0.00"
        home = f"/bills/3200000002-{month}/what-if"
        assert (await agent.ask("POST", home, {"people": 5}))["difference_yuan"] == "-2.65"
        assert (await agent.ask("POST", home, {"poor": True}))["difference_yuan"] == "-16.40"
        for bad in ({"people": 0}, {"poor": None}, {"people": 5, "poor": True}, {"contract_kw": "NaN"}):
            assert await agent.refused("POST", home, bad, status=400) == "bad_input"
        beyond = (await agent.ask("POST", factory, {"contract_kw": "9000"}, expect=400))["error"]
        assert (beyond["code"], beyond["details"]["fault"]) == ("bill_refused", "demand_out_of_limits")
        assert beyond["details"]["told"]["en"] == beyond["message"]
        assert "合同需量9000 kW不在400.0至900.0 kW之间；请另行核定" in beyond["details"]["told"]["zh-CN"]


async def test_a_bill_on_paper_and_by_text(world: World) -> None:
    month = last_month(world)
    async with world.client("1001") as agent:
        where = f"{world.base}/api/v1/bills/3200000021-{month}.pdf?language=zh-CN"
        async with agent.http.get(where, headers=agent.headers) as paper:
            assert (paper.status, paper.content_type) == (200, "application/pdf")
            assert (await paper.read()).startswith(b"%PDF-")
        refused = (await agent.ask("GET", f"/bills/3200000013-{month}.pdf", expect=400))["error"]
        assert refused["code"] == "bill_refused"
        assert "小于上期表码" in refused["details"]["told"]["zh-CN"], "it crosses the process that makes the PDF"
        assert await agent.refused("GET", f"/bills/3200000011-{month}.pdf", status=404) == "no_readings"
        sent = await agent.ask("POST", f"/bills/3200000002-{month}/message")
        assert sent == {"to": "138****0002", "first": True}
        assert (await agent.ask("POST", f"/bills/3200000002-{month}/message"))["first"] is False
        assert await agent.refused("POST", "/bills/3200000002-202501/message", status=404) == "no_such_bill"
    async with world.client("quality") as quality:
        assert await quality.refused("POST", f"/bills/3200000002-{month}/message", status=403) == "forbidden"
