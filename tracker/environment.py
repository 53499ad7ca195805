"""Every setting that the environment may give, typed, with its default and its meaning.

``docs/settings.md`` is made from this class, so a setting is described in one place.
"""

import os
from collections.abc import Mapping
from pathlib import Path
from typing import Annotated

import msgspec
from msgspec import Meta


class Environment(msgspec.Struct, frozen=True):
    """What one process is told by its environment. Names are the variables' own."""

    TRACKER_DATA_DIR: Annotated[
        str, Meta(description="The folder of the database, the artifacts and the secret key.")
    ] = "data"
    DATABASE_URL: Annotated[
        str,
        Meta(
            description="Another database, such as `postgres://user:password@host/name`. "
            "Empty: SQLite in the data folder."
        ),
    ] = ""
    TRACKER_DEMO: Annotated[
        bool, Meta(description="Whether the first start trains the example runs.")
    ] = True
    HOST: Annotated[str, Meta(description="The address to serve on.")] = "127.0.0.1"
    PORT: Annotated[int, Meta(ge=0, le=65535, description="The port to serve on.")] = 8000
    TRACKER_URL: Annotated[
        str,
        Meta(
            description="The address that people and clients use, such as "
            "`https://tracker.example.org`, when a proxy stands in front. It is added to the "
            "allowed hosts and shown in snippets."
        ),
    ] = ""
    TRACKER_ALLOWED_HOSTS: Annotated[
        str,
        Meta(
            description="Host names, separated by commas, that requests may be for, besides "
            "the loopback ones. Others are refused, which protects against DNS rebinding."
        ),
    ] = ""
    TRACKER_SECRET_KEY: Annotated[
        str,
        Meta(
            description="Signs cookies; at least 32 characters, the same in every process. "
            "Empty: made at the first start and kept in the data folder."
        ),
    ] = ""
    TRACKER_BEHIND_HTTPS: Annotated[
        bool,
        Meta(
            description="Whether a proxy in front speaks https and sets X-Forwarded-Proto; "
            "makes cookies secure."
        ),
    ] = False
    TRACKER_MAX_JSON_MB: Annotated[
        int, Meta(ge=1, le=1024, description="The largest JSON body of an API call, in MB.")
    ] = 32
    TRACKER_MULTIPART_UPLOADS: Annotated[
        bool,
        Meta(
            description="Whether MLflow clients are told to send files of 500 MB and more in "
            "parts. They can always choose to."
        ),
    ] = False
    TRACKER_LOG_LEVEL: Annotated[
        str, Meta(pattern="^(DEBUG|INFO|WARNING|ERROR)$", description="How much is logged.")
    ] = "INFO"
    TRACKER_DEBUG: Annotated[
        bool, Meta(description="Django's debug pages. For developers only: they show code.")
    ] = False
    WEB_WORKERS: Annotated[
        int,
        Meta(
            ge=0,
            le=256,
            description="gunicorn's processes. 0: one on SQLite, else one a core, at most five: "
            "each may open 16 connections to PostgreSQL.",
        ),
    ] = 0
    WEB_THREADS: Annotated[
        int, Meta(ge=0, le=1024, description="gunicorn's threads in each process. 0: 64.")
    ] = 0


class BadEnvironment(Exception):
    """A variable cannot be what it is; the message says which, why, and what would do."""


def read_environment(variables: Mapping[str, str] = os.environ) -> Environment:
    """The settings that ``variables`` give. Raises ``BadEnvironment``."""
    given = {name: variables[name] for name in Environment.__struct_fields__ if name in variables}
    values = {}
    for field in msgspec.structs.fields(Environment):
        text = given.get(field.name)
        if text is None or text == "":
            continue
        try:
            values[field.name] = msgspec.convert(text.strip(), field.type, strict=False)
        except msgspec.ValidationError as error:
            raise BadEnvironment(f"{field.name}={text!r}: {error}.") from error
    environment = Environment(**values)
    if environment.TRACKER_SECRET_KEY and len(environment.TRACKER_SECRET_KEY) < 32:
        raise BadEnvironment(
            "TRACKER_SECRET_KEY is shorter than 32 characters. Leave it out to have one made."
        )
    return environment


def data_dir(environment: Environment, base: Path) -> Path:
    """The data folder as an absolute path; a relative one counts from ``base``."""
    return (base / environment.TRACKER_DATA_DIR).resolve()
