"""The reference page shows the tables of the code."""

from pathlib import Path

import pytest

from figures.page import tables

pytestmark = pytest.mark.unit

PAGE = Path(__file__).parents[2] / "docs" / "reference" / "kpi.md"


def test_the_tables_in_the_documentation_are_those_of_the_code() -> None:
    shown = PAGE.read_text("utf-8").split("<!-- tables -->\n")[1].split("<!-- end -->")[0]
    assert shown == tables(), f"put the output of figures.page.tables() into {PAGE.name}"
