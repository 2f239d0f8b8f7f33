"""Health, figures, the OpenAPI document and the browser's files."""

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from openapi_spec_validator import OpenAPIV31SpecValidator, validate

from tests.until import until
from tests.web.world import World, open_world
from web.app import all_routes
from web.openapi import document

pytestmark = pytest.mark.integration


class Dependency:
    """A dependency that a test can break."""

    def __init__(self) -> None:
        self.ok, self.detail, self.error, self.hangs = True, "fine", "", False

    async def __call__(self) -> tuple[bool, str]:
        if self.hangs:
            await asyncio.Event().wait()
        if self.error:
            raise ConnectionError(self.error)
        return self.ok, self.detail


@pytest.fixture
def database() -> Dependency:
    return Dependency()


@pytest.fixture
async def probed(tmp_path: Path, database: Dependency) -> AsyncIterator[World]:
    async with open_world(tmp_path, probes={"database": database, "pbx": Dependency()}) as one:
        yield one


async def test_readyz_tells_each_dependency(probed: World, database: Dependency) -> None:
    async with probed.client() as client:
        good = {"ok": True, "detail": "fine"}
        assert await client.ask("GET", "/readyz") == {"ready": True, "dependencies": {"database": good, "pbx": good}}
        database.ok, database.detail = False, "disk full"
        assert await client.ask("GET", "/readyz", expect=503) == {
            "ready": False,
            "dependencies": {"database": {"ok": False, "detail": "disk full"}, "pbx": good},
        }
        database.error = "refused"
        broken = (await client.ask("GET", "/readyz", expect=503))["dependencies"]["database"]
        assert broken == {"ok": False, "detail": "ConnectionError: refused"}
        assert await client.ask("GET", "/healthz") == {"alive": True}


async def test_a_probe_that_hangs_is_not_waited_for(
    probed: World, database: Dependency, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("web.health.PROBE_LIMIT_S", 0.05)
    database.hangs = True
    async with probed.client() as client:
        asked = (await client.ask("GET", "/readyz", expect=503))["dependencies"]
        assert asked["database"]["detail"].startswith("no answer within")
        assert asked["pbx"]["ok"]


async def test_metrics_count_calls_agents_queues_and_the_journal(world: World) -> None:
    await world.ready("1001", "1001")
    await world.talking("13800000001")
    async with world.client() as client:

        async def figures() -> str:
            async with client.http.get(f"{world.base}/metrics") as answer:
                assert answer.headers["Content-Type"].startswith("text/plain")
                return await answer.text()

        async def told() -> bool:
            return 'hotline_calls{state="talking"} 1.0' in await figures()

        await until(told, what="the talk is counted")
        text = await figures()
        assert 'hotline_agents{state="talking"} 1.0' in text
        assert 'hotline_queue_waiting{queue="general"} 0.0' in text
        assert 'hotline_journal_events_total{event="CallArrived"} 1.0' in text
        assert "13800000001" not in text

        async def measured() -> bool:
            return "hotline_event_loop_lag_seconds_count 0.0" not in await figures()

        await until(measured, what="the event loop is measured")


def test_the_openapi_document_is_valid_and_whole() -> None:
    described = document(all_routes())
    validate(described, cls=OpenAPIV31SpecValidator)
    listed = {(method.upper(), path) for path, operations in described["paths"].items() for method in operations}
    assert ("GET", "/api/v1/calls/{id}/timeline") in listed
    assert ("POST", "/api/v1/calls/{id}/wrap-up") in listed
    names = [one["operationId"] for operations in described["paths"].values() for one in operations.values()]
    assert len(names) == len(set(names)) == len(all_routes())
    body = described["paths"]["/api/v1/calls/{id}/wrap-up"]["post"]["requestBody"]
    schema = described["components"]["schemas"][body["content"]["application/json"]["schema"]["$ref"].rsplit("/", 1)[1]]
    assert schema["required"] == ["result_code"]


async def test_the_document_is_served_to_anyone(world: World) -> None:
    async with world.client() as client:
        assert (await client.ask("GET", "/openapi.json"))["openapi"] == "3.1.0"


@pytest.fixture
async def with_pages(tmp_path: Path) -> AsyncIterator[World]:
    ui = tmp_path / "dist"
    (ui / "assets").mkdir(parents=True)
    (ui / "index.html").write_text("<!doctype html><title>desk</title>")
    (ui / "assets" / "app-1a2b.js").write_text("export {}")
    (tmp_path / "secret.txt").write_text("secret")
    (ui / "link.txt").symlink_to(tmp_path / "secret.txt")
    async with open_world(tmp_path, ui_dir=ui) as one:
        yield one


@pytest.mark.parametrize("page", ["/", "/login", "/supervisor", "/quality", "/orders", "/reports", "/admin"])
async def test_every_page_is_the_one_page(with_pages: World, page: str) -> None:
    async with with_pages.client() as client, client.http.get(with_pages.base + page) as answer:
        assert answer.status == 200
        assert "<title>desk</title>" in await answer.text()
        assert answer.headers["Cache-Control"] == "no-cache"


async def test_files_with_a_hash_in_their_name_are_cached_for_ever(with_pages: World) -> None:
    async with with_pages.client() as client, client.http.get(f"{with_pages.base}/assets/app-1a2b.js") as answer:
        assert answer.status == 200
        assert "immutable" in answer.headers["Cache-Control"]
        assert "javascript" in answer.headers["Content-Type"]


@pytest.mark.parametrize("path", ["/../secret.txt", "/%2e%2e/secret.txt", "/link.txt", "/assets", "/a%00b", "/none"])
async def test_nothing_beside_the_pages_is_served(with_pages: World, path: str) -> None:
    host, _, port = with_pages.base.removeprefix("http://").partition(":")
    reader, writer = await asyncio.open_connection(host, int(port))
    writer.write(f"GET {path} HTTP/1.0\r\nHost: x\r\n\r\n".encode())
    answer = (await reader.read()).decode()
    writer.close()
    await writer.wait_closed()
    assert "secret" not in answer.partition("\r\n\r\n")[2]
    assert answer.split()[1] in ("404", "400")


async def test_without_built_pages_the_page_says_how_to_build_them(world: World) -> None:
    async with world.client() as client, client.http.get(world.base + "/") as answer:
        assert "./hotline demo" in await answer.text()
