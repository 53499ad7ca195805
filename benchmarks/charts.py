"""How fast charts answer, and how they are drawn in a browser.

    .venv-test/bin/python -m benchmarks.charts          (--help tells the rest)

``manage.py populate`` fills a site on SQLite: runs of a million points, many runs of ten thousand,
and runs with many metrics and hyperparameters. Then its figures and the pages that compare runs
are asked for over one kept connection, and pages with charts are opened in Chromium. Last,
``mlflow server`` gets a copy of the same runs and is asked for what its own charts ask for, one
request a chart: at most 320 points of each run, evenly chosen.
"""

import argparse
import shutil
import sqlite3
import statistics
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import closing, contextmanager
from pathlib import Path
from urllib.parse import urlencode

from playwright.sync_api import BrowserContext, Page, Playwright, sync_playwright

from benchmarks.importing import make_store, manage
from benchmarks.ingest import mlflow_server, ours
from benchmarks.pages import QUIET, Reader, chromium

METRIC = "metric_00"
MLFLOW_POINTS_A_RUN = 320
COMPARE = "/w/default/compare/"
TABS = ["", "charts/", "metrics/", "params/", "code/", "files/", "stats/"]
FIRST_CHARTS = 12
VISITS = 3
# Until a browser keeps what it compiled of a script, which it does from the second visit on.
FIRST_VISITS = 3
SCROLL_STEPS, SCROLL_BY, SCROLL_PAUSE_MS = 30, 300, 100

# Keeps how long each task took that blocked the page.
_OBSERVE = """
  window.longTasks = [];
  new PerformanceObserver((list) => {
    for (const entry of list.getEntries()) window.longTasks.push(entry.duration);
  }).observe({ type: "longtask", buffered: true });
"""
_DRAWN = "figure:has(.chart-canvas .trace)"

Lines = list[tuple[str, str]]


def figure_address(runs: Sequence[str], **view: float) -> str:
    return f"{COMPARE}figure.json?" + urlencode({"runs": ",".join(runs), "metric": METRIC, **view})


def of_long_runs(reader: Reader, runs: Sequence[str], points: int, requests: int) -> Lines:
    """The figure of long runs, its first time, and parts of it."""
    what = f"figure of {len(runs)} runs × {points:,} points"
    first, _ = reader.get(figure_address(runs))
    again, body = median(reader, figure_address(runs), requests)
    lines = [(f"{what}, the first time", f"{first:,.0f} ms"), (f"{what}, again", f"{again:.0f} ms")]
    for share in (10, 100, 1_000):
        left = points // 3
        part = figure_address(runs, left=left, right=left + points // share)
        lines.append(
            (f"of it, 1/{share} of the steps", f"{median(reader, part, requests)[0]:.0f} ms")
        )
    return [*lines, ("its size, compressed", f"{len(body) / 1000:.0f} kB")]


def of_many_runs(reader: Reader, runs: Sequence[str], points: int, requests: int) -> Lines:
    what = f"figure of {len(runs)} runs × {points:,} points"
    first, _ = reader.get(figure_address(runs))
    again, body = median(reader, figure_address(runs), requests)
    return [
        (f"{what}, cold", f"{first:.0f} ms"),
        (f"{what}, again", f"{again:.0f} ms"),
        ("its size, compressed", f"{len(body) / 1000:.0f} kB"),
    ]


def of_pages(reader: Reader, runs: Sequence[str], what: str, requests: int) -> Lines:
    """The first byte of each tab that compares ``runs``."""
    lines = []
    for tab in TABS:
        address = f"{COMPARE}{tab}?{urlencode({'runs': ','.join(runs)})}"
        name = tab.strip("/") or "summary"
        waited, _ = median(reader, address, requests)
        lines.append((f"compare, {name}, {what}", f"{waited:.0f} ms"))
    return lines


def median(reader: Reader, address: str, requests: int) -> tuple[float, bytes]:
    """The median milliseconds to the first byte, after one request that does not count."""
    answers = [reader.get(address) for _ in range(requests + 1)][1:]
    return statistics.median(waited for waited, _ in answers), answers[0][1]


def in_chromium(host: str, experiment: str, runs: Sequence[str]) -> Lines:
    """Two pages with charts, each visited before, and the longest task while one is scrolled."""
    compare = f"{host}{COMPARE}charts/?runs={','.join(runs)}"
    tab = f"{host}/w/default/experiments/{experiment}/charts/"
    with sync_playwright() as tool:
        pages = (("compare", compare), ("charts of an experiment", tab))
        # So tall that all of the first charts are near the window.
        with browser_of_a_user(tool, height=4600) as tall:
            lines = [
                (f"{FIRST_CHARTS} charts drawn, {name}", f"{drawn(tall, address):,.0f} ms")
                for name, address in pages
            ]
        with browser_of_a_user(tool, height=900) as usual:
            for name, address in pages:
                longest = statistics.median(scrolled(usual, address) for _ in range(VISITS))
                lines.append((f"longest task while scrolling, {name}", f"{longest:.0f} ms"))
    return lines


@contextmanager
def browser_of_a_user(tool: Playwright, *, height: int) -> Iterator[BrowserContext]:
    """A browser with a profile on disk: only that keeps compiled scripts from visit to visit."""
    with tempfile.TemporaryDirectory(prefix="benchmark-profile-") as profile:
        context = tool.chromium.launch_persistent_context(
            profile,
            executable_path=chromium(),
            args=QUIET,
            viewport={"width": 1440, "height": height},
        )
        yield context
        context.close()


def drawn(context: BrowserContext, address: str) -> float:
    """The milliseconds from the click on a link until the first charts stand there."""
    waits = []
    for _ in range(FIRST_VISITS + VISITS):
        page = context.new_page()
        page.goto(address, wait_until="commit")
        page.locator(_DRAWN).nth(FIRST_CHARTS - 1).wait_for()
        waits.append(page.evaluate("performance.now()"))
        page.close()
    return statistics.median(waits[FIRST_VISITS:])


def scrolled(context: BrowserContext, address: str) -> float:
    """The longest task in milliseconds while the page is scrolled to its end."""
    page: Page = context.new_page()
    page.add_init_script(_OBSERVE)
    page.goto(address)
    page.locator(_DRAWN).first.wait_for()
    page.wait_for_timeout(1_000)
    page.evaluate("window.longTasks.length = 0")
    page.mouse.move(900, 500)
    for _ in range(SCROLL_STEPS):
        page.mouse.wheel(0, SCROLL_BY)
        page.wait_for_timeout(SCROLL_PAUSE_MS)
    page.wait_for_timeout(500)
    longest = page.evaluate("Math.max(0, ...window.longTasks)")
    page.close()
    return longest


def copy_to_mlflow(site: Path, store: Path, experiments: Sequence[str]) -> None:
    """The runs of those experiments and their points, in an MLflow database of its own make."""
    make_store(store, runs=0)
    with closing(sqlite3.connect(store)) as connection:
        connection.execute("ATTACH ? AS site", [str(site / "tracker.sqlite3")])
        chosen = f"run.experiment_id IN ({', '.join(experiments)})"
        connection.execute(
            "INSERT INTO runs (run_uuid, name, source_type, source_name, entry_point_name, user_id,"
            " status, start_time, end_time, source_version, lifecycle_stage, artifact_uri,"
            " experiment_id) SELECT run_id, name, 'UNKNOWN', '', '', 'ada', 'FINISHED', start_time,"
            " end_time, '', 'active', '', 1 FROM site.runs_run AS run WHERE " + chosen
        )
        for table, rows, last in (
            ("metrics", "runs_metric", ""),
            ("latest_metrics", "runs_metricstat", "last_"),
        ):
            value, is_nan = ("last", "0") if last else ("value", "is_nan")
            connection.execute(
                f"INSERT INTO {table} (key, timestamp, step, run_uuid, value, is_nan)"
                f" SELECT key.name, point.{last}timestamp, point.{last}step, run.run_id,"
                f" point.{value}, {is_nan} FROM site.{rows} AS point"
                " JOIN site.runs_run AS run ON run.id = point.run_id"
                f" JOIN site.runs_metrickey AS key ON key.id = point.key_id WHERE {chosen}"
            )
        connection.commit()


def of_mlflow(reader: Reader, runs: Sequence[str], requests: int) -> float:
    """The milliseconds until MLflow has all that its chart of these runs asks for."""
    query = [("run_ids", run) for run in runs]
    query += [("metric_key", METRIC), ("max_results", str(MLFLOW_POINTS_A_RUN))]
    address = f"/ajax-api/2.0/mlflow/metrics/get-history-bulk-interval?{urlencode(query)}"
    return median(reader, address, requests)[0]


def runs_of(site: Path, experiment: str) -> list[str]:
    with closing(sqlite3.connect(site / "tracker.sqlite3")) as connection:
        rows = connection.execute(
            "SELECT run_id FROM runs_run WHERE experiment_id = ? ORDER BY id", [experiment]
        )
        return [run for (run,) in rows]


def populate(site: Path, **sizes: int) -> str:
    """The id of a new experiment of that size."""
    options = [word for name, size in sizes.items() for word in (f"--{name}", str(size))]
    return manage(site, "populate", *options).strip()


def table(heads: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    lines = [heads, ["---", *["---:"] * (len(heads) - 1)], *rows]
    return "\n".join(f"| {' | '.join(line)} |" for line in lines)


def main() -> None:
    options = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    options.add_argument("--points", type=int, default=1_000_000, help="of each long run")
    options.add_argument("--requests", type=int, default=7, help="of each figure and page")
    options.add_argument("--no-browser", action="store_true")
    options.add_argument("--no-mlflow", action="store_true", help="spares copying all points")
    chosen = options.parse_args()
    folder = Path(tempfile.mkdtemp(prefix="benchmark-charts-"))
    site = folder / "site"
    try:
        manage(site, "migrate", "--verbosity=0")
        few = {"params": 4, "tags": 0}
        long = populate(site, runs=8, metrics=1, points=chosen.points, **few)
        many = populate(site, runs=40, metrics=1, points=10_000, **few)
        wide = populate(site, runs=40, metrics=200, params=100)
        shown = populate(site, runs=8, metrics=36, points=2_000, **few)
        ids = {experiment: runs_of(site, experiment) for experiment in (long, many, wide, shown)}
        with ours(site) as port:
            reader = Reader(port)
            # The first figure of a server loads its libraries.
            reader.get(figure_address(ids[shown]))
            lines = of_long_runs(reader, ids[long], chosen.points, chosen.requests)
            lines += of_many_runs(reader, ids[many], 10_000, chosen.requests)
            what = "40 runs × 200 metrics × 100 params"
            lines += of_pages(reader, ids[wide], what, chosen.requests)
            mine = [
                median(reader, figure_address(ids[each]), chosen.requests)[0]
                for each in (long, many)
            ]
            if not chosen.no_browser:
                lines += in_chromium(f"http://127.0.0.1:{port}", shown, ids[shown])
        print(table(["charts", ""], lines), flush=True)
        if not chosen.no_mlflow:
            (folder / "artifacts").mkdir()
            copy_to_mlflow(site, folder / "mlflow.db", [long, many])
            with mlflow_server(folder) as port:
                theirs = [of_mlflow(Reader(port), ids[each], 2) for each in (long, many)]
            names = [f"8 runs × {chosen.points:,} points", "40 runs × 10,000 points"]
            rows = [
                (
                    f"a chart of {name}",
                    f"{left:,.0f} ms",
                    f"{right:,.0f} ms",
                    f"**{right / left:.1f}**",
                )
                for name, left, right in zip(names, mine, theirs, strict=True)
            ]
            print("\n" + table(["", "ours", "mlflow server", "times as fast"], rows))
    finally:
        shutil.rmtree(folder, ignore_errors=True)


if __name__ == "__main__":
    main()
