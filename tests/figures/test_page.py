"""The reference page shows the tables of the code."""

from pathlib import Path

import pytest

from figures.formulas import VARIANTS
from figures.page import tables

pytestmark = pytest.mark.unit

PAGE = Path(__file__).parents[2] / "docs" / "reference" / "kpi.md"


def test_the_tables_in_the_documentation_are_those_of_the_code() -> None:
    shown = PAGE.read_text("utf-8").split("<!-- tables -->\n")[1].split("<!-- end -->")[0]
    assert shown == tables(), f"put the output of figures.page.tables() into {PAGE.name}"


def test_the_table_of_the_specification_names_every_variant() -> None:
    placed = PAGE.read_text("utf-8").split("## Every figure of the specification")[1].split("Not computed")[0]
    missing = [one.id for one in VARIANTS if not one.id.startswith("SL-") and one.id not in placed]
    assert missing == [], f"say in {PAGE.name} where these are"
