"""`hotline tariff`: faults go to standard error and make it fail; lists have days and sources."""

from pathlib import Path

import pytest
from click.testing import CliRunner

from app.cli import cli
from core.config import Settings

pytestmark = pytest.mark.unit


def run(*words: str) -> tuple[int, str]:
    done = CliRunner().invoke(cli, ["tariff", *words], obj=Settings())
    return done.exit_code, done.output


def test_the_files_of_the_program_are_fine() -> None:
    code, text = run("check")
    assert code == 0
    assert "shandong: fine, 2 versions" in text


def test_a_broken_file_fails_with_each_fault(tmp_path: Path) -> None:
    file = tmp_path / "ours.yaml"
    file.write_text("region: ours\ntariffs: {}\nprices: 1\n", encoding="utf-8")
    code, text = run("check", str(file))
    assert code == 1
    assert "title: it is missing; add it" in text
    assert "prices: 'prices' is not known" in text


def test_a_list_has_days_prices_and_sources() -> None:
    code, text = run("list", "shandong")
    assert code == 0
    assert "2020-01-01 – 2024-06-30  0.5469 yuan/kWh" in text
    assert "509" in text


def test_the_example_of_an_own_file_is_fine_and_a_number_in_place_of_a_table_is_told_in_plain_words(
    tmp_path: Path,
) -> None:
    example = Path(__file__).parents[2] / "docs" / "examples" / "tariffs.yaml"
    code, text = run("check", str(example))
    assert (code, "fine, 2 versions" in text) == (0, True)
    file = tmp_path / "ours.yaml"
    file.write_text(example.read_text("utf-8").replace("[{upto: [200, 400]}]", "[200, 400]"), encoding="utf-8")
    code, text = run("check", str(file))
    assert code == 1
    assert "ladder.bounds.0: keys with values are wanted, not '200'; write it as in docs/examples" in text


def test_a_list_says_when_the_last_version_ends_and_a_check_that_a_file_has_no_prices() -> None:
    assert (
        "  bills after 2024-06-30 are refused: no version of residential holds later; add a version"
        in run("list", "shandong")[1]
    )
    assert "refused" not in run("list", "demo")[1]
    told = run("check")[1]
    assert "shanghai: fine, with rules and tables only: no bill is reckoned by it until prices are added" in told
    assert " 0 versions" not in told
