"""The browser's files: the built desktop from one folder, one page for every address of ours."""

import asyncio
from pathlib import Path

from aiohttp import web

PAGES = (
    *(
        "/",
        "/login",
        "/calls",
        "/callbacks",
        "/shift",
        "/live",
        "/supervision",
        "/announcements",
        "/flows",
        "/bill",
        "/bill/{account}",
    ),
    *("/wallboard", "/supervisor", "/quality", "/orders", "/reports", "/admin", "/admin/{page}"),
)
"""Every address that the router of the desktop knows, or is to know."""
HASHED = "assets/"
"""Files under it carry a hash of their content in their name."""
FOR_EVER = "public, max-age=31536000, immutable"
ASK_FIRST = "no-cache"
NOT_BUILT = (
    "<!doctype html><html lang=zh-CN><meta charset=utf-8><title>Hotline</title>"
    "<p>页面尚未构建。在项目目录运行 <code>./hotline demo</code>。</p>"
    "<p>The desktop is not built yet. Run <code>./hotline demo</code> "
    "in the project's folder, then reload. The API at <code>/api/v1</code> works without it.</p></html>"
)


def add_pages(app: web.Application, ui_dir: Path | None) -> None:
    """Serve the pages and files of `ui_dir`."""

    async def page(_: web.Request) -> web.StreamResponse:
        index = await asyncio.to_thread(_file, ui_dir, "index.html")
        if index is None:
            return web.Response(text=NOT_BUILT, content_type="text/html", headers={"Cache-Control": "no-store"})
        return web.FileResponse(index, headers={"Cache-Control": ASK_FIRST})

    async def file(request: web.Request) -> web.StreamResponse:
        name = request.match_info["name"]
        found = await asyncio.to_thread(_file, ui_dir, name)
        if found is None:
            raise web.HTTPNotFound
        return web.FileResponse(found, headers={"Cache-Control": FOR_EVER if name.startswith(HASHED) else ASK_FIRST})

    for address in PAGES:
        app.router.add_get(address, page)
    app.router.add_get("/{name:(?!api/).+}", file)


def _file(ui_dir: Path | None, name: str) -> Path | None:
    """Return the file `name` when it really lies in `ui_dir`."""
    if ui_dir is None or "\0" in name:
        return None
    try:
        found = (ui_dir / name).resolve(strict=True)
    except OSError:
        return None
    return found if found.is_file() and found.is_relative_to(ui_dir.resolve()) else None
