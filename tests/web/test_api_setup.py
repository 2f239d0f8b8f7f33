"""The calendar and the prompts as pages of administration need them: with sources, with sounds to be heard."""

import io
import wave
from pathlib import Path

import numpy as np
import pytest

from speech.prompts import PromptPack, catalogue
from speech.sound import FORMATS
from tests.web.world import World

pytestmark = pytest.mark.integration


async def test_the_calendar_tells_holidays_and_weekends_that_are_worked(world: World) -> None:
    async with world.client("quality") as one, world.client("1001") as agent:
        view = await one.ask("GET", "/calendar", params={"year": "2026"})
        days = {row["day"]: (row["free"], row["feast"]) for row in view["days"]}
        assert view["planned"]
        assert days["2026-02-17"] == (True, "spring_festival")
        assert days["2026-02-14"] == (False, "spring_festival")
        assert list(days) == sorted(days)
        later = await one.ask("GET", "/calendar", params={"year": "2100"})
        assert (later["planned"], len(later["days"])) == (False, 6)
        assert (await one.ask("GET", "/calendar"))["year"] == int(view["today"][:4])
        assert await one.refused("GET", "/calendar", status=400, params={"year": "1"}) == "bad_input"
        assert await agent.refused("GET", "/calendar", status=403) == "forbidden"


async def test_a_prompt_is_heard_where_it_has_a_sound(world: World, tmp_path: Path) -> None:
    known = catalogue(site=world.settings.site.name)
    pack = PromptPack(tmp_path / "prompts", known, settings_key="v", cache=tmp_path / "cache")
    tone = (np.sin(np.arange(8000) / 4) * 9000).astype("<i2")
    with wave.open(str(tmp_path / "studio.wav"), "wb") as file:
        file.setnchannels(1)
        file.setsampwidth(2)
        file.setframerate(8000)
        file.writeframes(tone.tobytes())
    pack.record("menu", tmp_path / "studio.wav")
    world.packs["zh-CN"] = pack
    async with world.client("admin") as admin, world.client("1001") as agent:
        rows = {row["id"]: row for row in (await admin.ask("GET", "/prompts"))["items"]}
        assert rows["menu"]["sound"] == {"made": "recorded", "length_s": 1.0}
        assert (rows["goodbye"]["sound"], rows["menu"]["english_sound"]) == (None, None)
        async with admin.http.get(f"{world.base}/api/v1/prompts/menu/audio", headers=admin.headers) as answer:
            assert (answer.status, answer.content_type) == (200, "audio/wav")
            with wave.open(io.BytesIO(await answer.read())) as heard:
                assert (heard.getframerate(), heard.getnframes()) == (FORMATS["sln16"], 16000)
        for path in ("/prompts/goodbye/audio", "/prompts/menu/audio?language=en", "/prompts/..%2Fx/audio"):
            assert await admin.refused("GET", path, status=404) in ("no_audio", "no_such_path")
        assert await agent.refused("GET", "/prompts/menu/audio", status=403) == "forbidden"
