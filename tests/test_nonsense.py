"""Nothing that stands in an address or a form gets more out of a page than an answer or a refusal.

``test_pages.py`` asks every page the same few things; here hypothesis thinks of what to ask.
"""

import base64
import dataclasses
import json
from contextlib import contextmanager
from urllib.parse import quote

import pytest
from django.db import connection
from django.test import Client
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from core.db import write
from experiments.models import Experiment
from runs.charts.spec import ChartSpec
from runs.filters import RunFilter
from tests.support.factories import make_run
from tests.support.routes import page_routes
from tests.support.site import Site, make_site

# Every key that a page reads of its address or its form, beside the filters and a chart's fields.
KEYS = """
    above add agg alias all amount at base better cards chart ci cols color count cols de delta
    description differ digits do edit existing experiment facet filters find folder from group
    hi.m.loss id in.p.lr is_default keep key keys kind lo.m.loss measure metric more move name
    nest new notation note number of on only open order page param params part path per pin
    primary_metric put q remove rep row_field row_operator row_part row_value rows run runs saved
    section selected show shown size sort stat stat1 tab tag_key tag_value tags target theme value
    version view where y add-key add-value remove-key replicate_keys primary_direction source
""".split()  # fmt: skip
ALL_KEYS = sorted(
    {*KEYS, *RunFilter.base_filters, *(f.name for f in dataclasses.fields(ChartSpec))}
)

WORDS = """
    -1 0 1 2 nan NaN inf -Infinity 1e999 -0.0 9223372036854775808 99999999999999999999999999999 ² ٣
    true null None auto none all list apply reset default up drop stat csv yes mlflow. .. ../../etc
    m. p. m.loss -m.loss,-m.loss m.loss@min,m.loss@beststep,!m.loss@line m.x@line p.lr,-t.team
    m.loss@mean start_time,-duration status,user,experiment,source,run_id,end_time,model *  p.lr,*
    t.mlflow.source.name p.`a` ~ <script>alert(1)</script> %2500 %25252e%25252e %s %(x)s {x} {0} ' "
    ` \\ ; , : / # & = ? [ ] (( )) () p.lr=1&x=2 param:lr metric:loss tag:team dataset loss ema:0.5
    gauss:1e9 mean:-1 ci sd range log line bar box violin history table heatmap importance pareto
    parallel ecdf 1h 30d 2026-11-24 0000-00-00 9999-12-31 10000-01-01 -2026-11-24 top child stalled
    empty nothing FINISHED finished keep:0 trash:x untick: export:parquet export:x "a" =1+1 tag all
    metrics.loss&gt metrics.loss>0.1 params.lr~'(a+)+$' params.lr='0.1' metrics.loss.max>nan
    NOT(NOT(metrics.loss>1)) metrics.`loss`<1ORtags.team='x' {run} {run},{run} {run}.{run} {view}
    {experiment} {experiment},{experiment} runs:/{run}/model ab
""".split()  # fmt: skip
SENTENCES = [
    "",
    " ",
    "\t\r\n",
    "metrics.loss > 0.1 OR params.lr = '0.1' AND NOT tags.team IS NULL",
    "metrics.loss NOT BETWEEN 1 AND 'x'",
    "params.lr ~ '((a*)*)*b' AND status IN ('FINISHED')",
    "duration > 1h AND start_time >= '2026-11-24'",
    "x" * 60_000,
    "(" * 20_000,
    ",".join(["m.loss"] * 5_000),
    " AND ".join(["metrics.loss > 0"] * 3_000),
    "metric=loss&type=bar&x=param:lr&group=tag:team&xmin=nan&new=1",
    "metric=" + "y&y=" * 500,
]
CHARACTERS = st.sampled_from(
    "\x00\x01\x7f\x85\u2028\ufeff\u202e\ufffd\U0001f4a5é%&=+,.-'\"`\\/ aZ09"
)
# As bytes, since no client writes them otherwise: halves of characters, and what is not UTF-8.
RAW = ["%", "%zz", "%00", "%ED%A0%80", "%ED%A0%BD%ED%B2%A5", "%80", "%C0%AF", "%FF%FE", "%u0041"]


def cursor(*values: object) -> str:
    text = json.dumps([0, *values])
    return base64.urlsafe_b64encode(text.encode()).decode().rstrip("=")


CURSORS = [
    cursor(*values)
    for values in (
        [1700000000000, "x"],
        ["x", "x"],
        [float("nan"), "x"],
        [float("inf"), 0, 1700000000000, "x"],
        [None, None, None, "x"],
        ["1", 1, 1e308, "x"],
        [2**62, 2**63 - 1, -(2**63), "\ud800"],
        [True, "a", "b", "c"],
        [[], {}, "x"],
    )
]
values = st.one_of(
    st.sampled_from(WORDS).map(quote),
    st.sampled_from(SENTENCES).map(quote),
    st.sampled_from(CURSORS),
    st.sampled_from(RAW),
    st.lists(st.sampled_from(WORDS) | CHARACTERS, max_size=6).map(
        lambda each: quote("".join(each))
    ),
)
pairs = st.lists(st.tuples(st.sampled_from(ALL_KEYS), values), min_size=1, max_size=5)


@pytest.fixture
def site(db) -> Site:
    site = make_site(Client(raise_request_exception=False))
    make_run(
        Experiment.objects.get(pk=site.names["experiment"]),
        "odd",
        metrics={"loss": [float("inf"), float("nan")], "x": float("nan")},
        params={"lr": "words"},
        status="RUNNING",
    )
    return site


def filled(site: Site, text: str) -> str:
    for name in ("run", "experiment", "view"):
        text = text.replace(quote(f"{{{name}}}"), site.names[name])
    return text


class _Undone(Exception):
    """Ends a transaction whose writes nobody needs."""


@contextmanager
def undone():
    try:
        with write():
            yield
            raise _Undone
    except _Undone:
        pass


def check(response, what: str) -> None:
    assert response.status_code < 500, what
    if not response.streaming:
        assert b"Traceback" not in response.content, what
    else:
        b"".join(response.streaming_content)
    # A statement that failed and was swallowed would leave it unusable on PostgreSQL.
    assert connection.is_usable(), what


hunted = settings(
    max_examples=250,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)


@hunted
@given(route=st.sampled_from(page_routes()), asked=pairs, is_part=st.booleans())
def test_no_address_breaks_a_page(site, route, asked, is_part):
    query = filled(site, "&".join(f"{quote(key)}={value}" for key, value in asked))
    headers = {"HX-Request": "true", "HX-Current-URL": f"http://testserver/x?{query[:300]}"}
    address = site.address(route)

    with undone():
        response = site.client.get(f"{address}?{query}", headers=headers if is_part else {})
        check(response, f"GET {address}?{query[:3000]}")


@hunted
@given(route=st.sampled_from(page_routes()), asked=pairs, sent=pairs)
def test_no_form_breaks_a_page(site, route, asked, sent):
    query, form = (
        filled(site, "&".join(f"{quote(key)}={value}" for key, value in each))
        for each in (asked[:1], sent)
    )
    address = site.address(route)

    with undone():
        response = site.client.post(
            f"{address}?{query}", form, content_type="application/x-www-form-urlencoded"
        )
        check(response, f"POST {address}?{query[:500]} {form[:3000]}")


@pytest.mark.parametrize("current", ["http://[", "//", "http://testserver/\x00?\x00", "é", "x:y:z"])
def test_a_page_that_htmx_names_wrongly_breaks_nothing(site, current):
    for address in (f"/runs/{site.names['run']}/children/", "/runs/members/", "/runs/"):
        headers = {"HX-Request": "true", "HX-Current-URL": current}
        response = site.client.get(f"/w/default{address}", headers=headers)

        assert response.status_code == 200, address


def test_what_a_request_may_not_have_is_refused_with_a_page(site):
    many = "&".join(f"a{number}=1" for number in range(6_000))
    form = "application/x-www-form-urlencoded"
    answers = [
        site.client.get(f"/w/default/runs/?{many}"),
        # A longer redirect would be cut on its way.
        site.client.get(f"/w/default/runs/filter/apply/?user={'x' * 60_000}"),
        site.client.post("/w/default/runs/selection/", many, content_type=form),
        site.client.post("/w/default/runs/selection/", "x", content_type="multipart/form-data"),
    ]

    assert [answer.status_code for answer in answers] == [400] * 4
    assert all("cannot be read" in answer.text for answer in answers)
