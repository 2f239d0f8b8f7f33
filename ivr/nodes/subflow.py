"""subflow: go through a part of the flow that several places share, and go on here by the exit it returns with."""

import re
from typing import ClassVar, Literal

from pydantic import Field, field_validator

from ivr import parts
from ivr.call import IvrCall
from ivr.node import Node, Target, Targets

EXIT = r"^[^\s.]+$"
"""What the name of an exit looks like: no blanks, and no dots, which lead to its place in the file."""


class Subflow(Node):
    """Goes to `start`, the first node of a part; the `return` node at which that ends names one of `exits`."""

    leads_on: ClassVar[bool] = True

    do: Literal["subflow"]
    start: Target
    exits: Targets = Field(min_length=1, json_schema_extra={"propertyNames": {"pattern": EXIT}})

    @field_validator("exits")
    @classmethod
    def _have_names(cls, exits: dict[str, str]) -> dict[str, str]:
        for name in exits:
            if not re.search(EXIT, name):
                raise ValueError(f"{name!r} is no name of an exit; write one word without dots")
        return exits

    async def run(self, call: IvrCall, here: str) -> str | None:
        parts.enter(call.known, here)
        return self.start
