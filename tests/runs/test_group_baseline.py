"""A grouped list held against one of its groups, sorted by texts, and the children of its runs."""

import re
from html import unescape

import pytest

from tests.runs.test_groups import HTMX, group_names, links, plain, table, tick_names
from tests.support.factories import make_experiment, make_run


@pytest.fixture
def experiment(db):
    return make_experiment("sweep")


@pytest.fixture
def url(experiment) -> str:
    return f"/w/default/experiments/{experiment.pk}/"


@pytest.fixture
def three(experiment) -> None:
    """Three optimizers with accuracies of 0.5, 0.6 and 0.5 on average."""
    for opt, accuracies in (("sgd", [0.4, 0.6]), ("adam", [0.5, 0.7]), ("lion", [0.5])):
        for accuracy in accuracies:
            make_run(
                experiment,
                f"{opt} {accuracy}",
                params={"opt": opt, "size": {"sgd": "8", "adam": "16", "lion": "x"}[opt]},
                metrics={"accuracy": accuracy, "thing": accuracy * 2},
            )


def baselines(response) -> list[str]:
    """Where the anchors of the groups lead."""
    found = re.findall(r'class="row-mark" href="([^"]*)"', response.text)
    return [unescape(each) for each in found]


def deltas(response) -> list[str]:
    found = re.findall(r'<span class="delta[^"]*"[^>]*>(.*?</span>|.*?)</span>', response.text)
    return [plain(each) for each in found]


QUERY = {"group": "p.opt", "cols": "m.accuracy,m.thing", "sort": "p.opt"}


def test_groups_are_held_against_one_of_them(client, three, url):
    page = client.get(url, QUERY)
    assert group_names(page) == ["adam", "lion", "sgd"]
    held = client.get(baselines(page)[2])

    assert "baseline <b>sgd</b>" in held.text
    assert deltas(held) == ["+0.1 (+20 %) better", "+0.2 (+20 %)", "=", "="]
    assert len(baselines(held)) == 2
    cleared = re.search(r'href="([^"]*)"[^>]*>[^>]*>[^>]*><span class="sr-only">No base', held.text)
    assert "base" not in unescape(cleared.group(1)).replace("cols=", "")


def test_a_baseline_on_another_page_or_a_run_is_found_too(client, three, url):
    group = re.search(r"base=(g\.\w+)", baselines(client.get(url, QUERY))[0]).group(1)
    other_page = client.get(url, QUERY | {"base": group, "sort": "-p.opt", "per": "25"})
    run = re.search(r'href="/w/default/runs/(\w+)/', client.get(url, {"q": "lion"}).text).group(1)

    assert "baseline <b>adam</b>" in other_page.text
    assert deltas(other_page)[0].startswith("−0.1 (−17 %) worse")
    by_run = client.get(url, QUERY | {"base": run})
    assert "baseline <b>lion 0.5</b>" in by_run.text
    assert deltas(by_run)[0] == "+0.1 (+20 %) better"


@pytest.mark.parametrize("base", ["g.", "g.0123456789abcdef", "g.\x00", "g." + "x" * 900])
def test_a_group_that_is_not_there_is_said(client, three, url, base):
    page = client.get(url, QUERY | {"base": base})

    assert page.status_code == 200
    assert "is not here" in page.text
    assert deltas(page) == []
    assert client.get(url, {"base": base}).status_code == 200


def test_groups_sort_by_a_text_that_their_runs_share_numbers_first(client, three, experiment, url):
    make_run(experiment, params={"opt": "both", "size": "8"})
    make_run(experiment, params={"opt": "both", "size": "9"})
    make_run(experiment, params={"opt": "none"})

    def order(sort: str) -> list[str]:
        return group_names(client.get(url, {"group": "p.opt", "cols": "p.size", "sort": sort}))

    assert order("p.size") == ["sgd", "adam", "lion", "both", "none"]
    assert order("-p.size") == ["lion", "adam", "sgd", "both", "none"]
    assert "sort=p.size" in client.get(url, {"group": "p.opt", "cols": "p.size"}).text


def test_runs_are_grouped_by_their_commit(client, experiment, url):
    for name, commit in (("a", "abc123"), ("b", "abc123"), ("c", None)):
        tags = {"mlflow.source.git.commit": commit} if commit else {}
        make_run(experiment, name, tags=tags)

    page = client.get(url, {"group": "commit", "sort": "-n"})

    assert group_names(page) == ["abc123", "(not set)"]
    assert sorted(tick_names(client.get(links(page, "list")[0]))) == ["a", "b"]
    assert "Git commit" in page.text


def test_the_children_of_a_groups_run_open_below_it(client, experiment, url):
    parent = make_run(experiment, "parent", params={"opt": "adam"}, metrics={"loss": 1.0})
    for index in range(2):
        make_run(
            experiment,
            f"child {index}",
            metrics={"loss": float(index)},
            tags={"mlflow.parentRunId": parent.run_id},
        )
    page = client.get(url, {"group": "p.opt", "cols": "m.loss", "sort": "p.opt"})

    members = client.get(links(page, "members")[0], headers=HTMX)
    children = client.get(links(members, "members")[0], headers=HTMX)

    assert tick_names(members) == ["parent"]
    assert sorted(tick_names(children)) == ["child 0", "child 1"]
    assert children.text.count('data-level="2"') == 2
    assert children.text.count("<td") == 2 * (len(table(page)[0]) - 1)
