"""What several messages share. Names are MLflow's; int64 stays a number, NaN becomes a word."""

import math
from typing import Annotated

import msgspec

Int64 = Annotated[int, msgspec.Meta(ge=-(2**63), le=2**63 - 1)]
Int32 = Annotated[int, msgspec.Meta(ge=-(2**31), le=2**31 - 1)]


class Request(msgspec.Struct):
    """What a client sends. A field without a default is required; unknown ones are ignored."""


class Response(msgspec.Struct, omit_defaults=True):
    """What a client gets. A field at its default is left out, as protobuf does."""


class Empty(Response):
    """Nothing: the call did what it was asked."""


class NoBody(Request):
    """Nothing is asked beyond the address."""


class ErrorBody(msgspec.Struct):
    error_code: str
    message: str


class Pair(msgspec.Struct):
    """A tag or a param."""

    key: str
    value: str = ""


def wire_float(value: float) -> float | str:
    """A double as MLflow's JSON has it: NaN and infinities, which JSON lacks, as words."""
    if math.isfinite(value):
        return value
    return "NaN" if math.isnan(value) else "Infinity" if value > 0 else "-Infinity"
