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
@click.option("--quick", is_flag=True, help="Only as much as shows that it works, where it can do less.")
def bench(name: str, quick: bool) -> None:
    """Run the measurement NAME and print its figures."""
    known = sorted(module.name for module in pkgutil.iter_modules(measurements.__path__) if not module.ispkg)
    if name not in known:
        raise BadInput(f"there is no measurement {name!r}; known: {', '.join(known)}")
    module = importlib.import_module(f"bench.{name}")
    run = module.run
    measured = run(quick=True) if quick and "quick" in inspect.signature(run).parameters else run()
    if inspect.isawaitable(measured):
        import asyncio

        with asyncio.Runner(loop_factory=getattr(module, "LOOP", None)) as runner:
            measured = runner.run(_finish(measured))
    click.echo(json.dumps(measured, ensure_ascii=False, indent=1))


async def _finish(work: object) -> object:
    return await work  # type: ignore[misc]
