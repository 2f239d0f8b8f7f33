"""`hotline bench NAME`: one measurement, JSON to standard output."""

import importlib
import inspect
import json
import pkgutil

import click

import bench as measurements
from core.errors import BadInput


@click.command("bench")
@click.argument("name")
def bench(name: str) -> None:
    """Run the measurement NAME and print its figures."""
    known = sorted(module.name for module in pkgutil.iter_modules(measurements.__path__))
    if name not in known:
        raise BadInput(f"there is no measurement {name!r}; known: {', '.join(known)}")
    measured = importlib.import_module(f"bench.{name}").run()
    if inspect.isawaitable(measured):
        import asyncio

        measured = asyncio.run(_finish(measured))
    click.echo(json.dumps(measured, ensure_ascii=False, indent=1))


async def _finish(work: object) -> object:
    return await work  # type: ignore[misc]
