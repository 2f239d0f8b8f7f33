"""The desktop's own tests: its types, its reducer, its line and its words, in Node."""

import pytest

from asterisk_conf.install import default_cache
from tests.web.desk import workshop
from web.build import find_node, run_script

pytestmark = pytest.mark.unit


def test_types() -> None:
    run_script(find_node(default_cache(), print), workshop(), "check")


def test_reducer_line_and_words() -> None:
    said = run_script(find_node(default_cache(), print), workshop(), "test")
    assert "passed" in said
    assert "failed" not in said
