"""Callers who help themselves: bill, outage, an unknown number, keys that are not there."""

import asyncio

import pytest

from tests.e2e.heard import come_to, heard, hears, ids, place, words
from tests.phone import caller
from tests.service import Service

pytestmark = [pytest.mark.e2e, pytest.mark.sound, pytest.mark.asyncio(loop_scope="module")]


async def test_a_known_number_hears_its_bill_in_full_and_in_order(hotline: Service) -> None:
    async with caller(hotline.pbx, "13800000001") as call:
        await call.wait_answered(5)
        await come_to(hotline, "13800000001", "main")
        await hears(call, 1.5)
        await call.send_digits("2")
        await come_to(hotline, "13800000001", "after", 60)
        await hears(call, 1.3)
        await call.hangup()
    told = await heard(hotline, call)
    assert ids(told)[0] in ("greeting_morning", "greeting_day")
    assert ids(told)[1] == "menu", "no outage concerns this caller, so nothing comes between greeting and menu"
    parts = ["二零二六年十月", "二百八十六度", "本期电费一百五十六元四角一分", "零点五四六九", "已缴清"]
    places = [place(told[2:], part) for part in parts]
    assert -1 not in places, f"{parts} in {told}"
    assert places == sorted(places), f"in order: {told}"
    assert [p for p in told[2:-1] if not p.complete] == [], told


async def test_where_the_power_is_out_the_caller_hears_so_before_any_menu(hotline: Service) -> None:
    async with caller(hotline.pbx, "13800000003") as call:
        await call.wait_answered(5)
        await come_to(hotline, "13800000003", "main", 60)
        await hears(call, 2)
        await call.hangup()
    told = await heard(hotline, call)
    names = ids(told)
    assert names[0] in ("greeting_morning", "greeting_day")
    menu = names.index("menu")
    before = words(told[1:menu])
    assert "城东片区" in before
    assert "计划停电" in before


async def test_an_unknown_number_is_asked_for_account_and_pin_and_then_hears_the_bill(hotline: Service) -> None:
    number = "13800000006"
    async with caller(hotline.pbx, number) as call:
        await call.wait_answered(5)
        await come_to(hotline, number, "main")
        await hears(call, 1.5)
        await call.send_digits("2")
        await come_to(hotline, number, "ask_account")
        await hears(call, 2)
        await call.send_digits("3200000002#")
        await come_to(hotline, number, "ask_pin")
        await hears(call, 2)
        await call.send_digits("000002#")
        await come_to(hotline, number, "after", 60)
        await call.hangup()
    told = await heard(hotline, call)
    names = ids(told)
    assert names.index("menu") < names.index("account_ask") < names.index("pin_ask")
    assert place(told, "一百元") >= 0, told
    assert place(told, "一百零一元") >= 0, f"arrears of 100.00 with a late fee of 1.00: {told}"


async def test_who_has_two_accounts_chooses_one_and_hears_it_again(hotline: Service) -> None:
    number = "13800000005"
    async with caller(hotline.pbx, number) as call:
        await call.wait_answered(5)
        await come_to(hotline, number, "main")
        await hears(call, 1.3)
        await call.send_digits("2")
        await come_to(hotline, number, "bill")
        await call.send_digits("w12,2")
        await come_to(hotline, number, "after", 60)
        await hears(call, 1.3)
        await call.send_digits("#")
        await come_to(hotline, number, "bill_again")
        await hears(call, 3)
        await call.hangup()
    said = words(await heard(hotline, call))
    bill = said.index("本期电费")
    assert "尾号零零零五" not in said[bill:], "what was chosen is said again without a question"
    assert "尾号零零零六的用电户请按二" in said


async def test_a_wrong_pin_tells_nothing_and_a_secret_stays_secret(hotline: Service) -> None:
    number = "13900000011"
    async with caller(hotline.pbx, number) as call:
        await call.wait_answered(5)
        await call.send_digits("w0.5,2")
        for _ in range(3):
            await come_to_next(hotline, number, "ask_account")
            await hears(call, 1.3)
            await call.send_digits("3200000001#")
            await come_to_next(hotline, number, "ask_pin")
            await hears(call, 1.3)
            await call.send_digits("987654#")
        await come_to(hotline, number, "give_up", 30)
        await call.hangup()
    said = words(await heard(hotline, call))
    assert "元" not in said.replace("元旦", "")
    story = await hotline.timeline((await hotline.calls(number))[0]["id"])
    secret = [e["data"] for e in story if e["event"] == "DigitsCollected" and e["data"]["node"] == "ask_pin"]
    assert [(d["digits"], d["length"]) for d in secret] == [(None, 6)] * 3
    for file in hotline.settings.var.rglob("*"):
        if file.is_file() and file.suffix not in (".alaw", ".sln16", ".wav", ".raw"):
            assert b"987654" not in file.read_bytes(), f"the PIN stands in {file}"


async def come_to_next(hotline: Service, number: str, node: str) -> None:
    """Wait until the call stands at `node` now."""

    async def there() -> bool:
        calls = await hotline.calls(number)
        entered = [e for e in await hotline.timeline(calls[0]["id"]) if e["event"] == "IvrNodeEntered"] if calls else []
        return bool(entered) and entered[-1]["data"]["node"] == node

    from tests.until import until

    await until(there, 30, every=0.05, what=f"{number} stands at {node}")


async def test_keys_that_are_not_there_and_sixty_digits_where_ten_are_asked(hotline: Service) -> None:
    number = "13900000012"
    async with caller(hotline.pbx, number) as call:
        await call.wait_answered(5)
        await call.send_digits("w0.5,9")
        await come_to(hotline, number, "main")
        await call.send_digits("w4,2")
        await come_to(hotline, number, "ask_account")
        await asyncio.sleep(0.5)
        await call.send_digits("1234567890" * 6)
        await asyncio.sleep(4)
        await call.hangup()
    names = ids(await heard(hotline, call))
    assert names.count("input_wrong") >= 2, f"one for the key, one for the number: {names}"
    story = await hotline.timeline((await hotline.calls(number))[0]["id"])
    long = [e["data"] for e in story if e["event"] == "DigitsCollected" and e["data"]["node"] == "ask_account"]
    assert long
    assert 10 < long[0]["length"] <= 64


@pytest.mark.parametrize("name", ["abc", "anonymous", "+86 138-0000-0001"])
async def test_a_caller_id_of_letters_is_an_unknown_caller_and_odd_forms_are_the_same_number(
    hotline: Service, name: str
) -> None:
    user = name.replace(" ", "")
    async with caller(hotline.pbx, user) as call:
        await call.wait_answered(5)
        await asyncio.sleep(0.3)
        await call.hangup()
    expected = "13800000001" if "138" in name else "unknown"
    latest = (await hotline.calls(expected))[0]
    assert latest["caller_known"] is (expected != "unknown")
