"""How fast the run list answers, and what a browser has to fetch for it.

    .venv-test/bin/python -m benchmarks.pages          (--help tells the rest)

First, an experiment of 100,000 runs that ``manage.py populate`` fills, on SQLite: the first byte
of the list and of its panes, and how many bytes travel. Then, in Chromium, a list of 1,000 runs
beside MLflow's own page of the same runs: a genuine MLflow database, and its copy by
``import_mlflow``. MLflow's page asks for the newest hundred, however many there are.
"""

import argparse
import http.client
import re
import shutil
import statistics
import tempfile
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlencode

from playwright.sync_api import Browser, Error, sync_playwright

from benchmarks.importing import make_store, manage
from benchmarks.ingest import mlflow_server, ours

COUNTS = ["--metrics", "20", "--params", "20", "--tags", "3"]
MANY_NAMES = 12_000
# What Chromium says it takes.
ENCODINGS = "gzip, deflate, br, zstd"
VISITS = 3
VISIBLE_WITHIN_MS = 120_000
QUIET = ["--no-sandbox", "--no-first-run", "--disable-background-networking", "--disable-gpu"]
_CHROMIUM = ["chromium", "chromium-browser", "google-chrome"]
_ASSETS = {
    "CSS": re.compile(r'<link rel="stylesheet" href="([^"]+)"'),
    "JavaScript": re.compile(r'<script src="([^"]+)"'),
}


class Reader:
    """Asks for pages over one connection that is kept, as a browser does."""

    def __init__(self, port: int) -> None:
        self.connection = http.client.HTTPConnection("127.0.0.1", port, timeout=300)

    def get(self, address: str, *, is_fragment: bool = False) -> tuple[float, bytes]:
        """The milliseconds until the answer began, and its bytes as they travelled."""
        headers = {"Accept-Encoding": ENCODINGS} | ({"HX-Request": "true"} if is_fragment else {})
        began = time.perf_counter()
        self.connection.request("GET", address, headers=headers)
        response = self.connection.getresponse()
        waited = (time.perf_counter() - began) * 1000
        body = response.read()
        if response.status != 200:
            raise SystemExit(f"{address}: {response.status}")
        return waited, body

    def text(self, address: str) -> str:
        self.connection.request("GET", address)
        return self.connection.getresponse().read().decode()


def first_bytes(port: int, requests: int, experiment: str, many: str) -> list[tuple[str, str]]:
    """What was measured of the list of ``experiment``, and of one with ``many`` names."""
    reader = Reader(port)
    runs = f"/w/default/experiments/{experiment}/"
    condition = "metrics.metric_01 > 0.5 and params.param_01 = 'adam'"
    narrowed = urlencode({"where": condition, "sort": "-m.metric_03"})
    lines = []
    for name, address, is_fragment in (
        ("newest first", runs, False),
        ("by a metric", f"{runs}?sort=-m.metric_03", False),
        ("by a hyperparameter", f"{runs}?sort=p.param_00", False),
        ("a metric and a hyperparameter filter, by another metric", f"{runs}?{narrowed}", False),
        ("in groups by a hyperparameter", f"{runs}?group=p.param_01", False),
        ("the filter pane, counts of status and start", f"{runs}filter/", True),
        (
            f"a search among the columns, {MANY_NAMES:,} names",
            f"/w/default/experiments/{many}/columns/?find=metric_117",
            True,
        ),
    ):
        # The first one warms up and does not count.
        waits = [reader.get(address, is_fragment=is_fragment)[0] for _ in range(requests + 1)][1:]
        lines.append((f"first byte, {name}", f"{statistics.median(waits):.0f} ms"))
    lines.append(("HTML of 50 rows", _kilobytes(len(reader.get(runs)[1]))))
    page = reader.text(runs)
    for kind, pattern in _ASSETS.items():
        sizes = [len(reader.get(address)[1]) for address in pattern.findall(page)]
        lines.append((f"{kind} of the page", _kilobytes(sum(sizes))))
    return lines


@dataclass(frozen=True)
class Visit:
    """One visit with nothing in the cache: until a run is seen, and all that was fetched."""

    visible: float
    requests: int
    size: int


def chromium() -> str | None:
    """The browser of this machine; None for Playwright's own."""
    return next(filter(None, map(shutil.which, _CHROMIUM)), None)


def visits(browser: Browser, address: str, run_name: str) -> Visit:
    """The medians of some visits to the list at ``address``, each in a browser without a past."""
    seen = [_visit(browser, address, run_name) for _ in range(VISITS + 1)][1:]
    return Visit(
        statistics.median(visit.visible for visit in seen),
        int(statistics.median(visit.requests for visit in seen)),
        int(statistics.median(visit.size for visit in seen)),
    )


def _visit(browser: Browser, address: str, run_name: str) -> Visit:
    context = browser.new_context(viewport={"width": 1440, "height": 900})
    page = context.new_page()
    network = context.new_cdp_session(page)
    network.send("Network.enable")
    sizes: list[float] = []
    network.on("Network.loadingFinished", lambda event: sizes.append(event["encodedDataLength"]))
    began = time.perf_counter()
    page.goto(address, wait_until="commit")
    page.get_by_text(run_name, exact=True).first.wait_for(timeout=VISIBLE_WITHIN_MS)
    visible = (time.perf_counter() - began) * 1000
    try:
        page.wait_for_load_state("networkidle", timeout=10_000)
    except Error:
        # A page that asks again and again is never idle: what it fetched in that time counts.
        pass
    context.close()
    return Visit(visible, len(sizes), int(sum(sizes)))


def in_chromium(folder: Path, runs: int) -> tuple[Visit, Visit]:
    """The list of the same runs: ours, and MLflow's."""
    store = folder / "mlflow.db"
    (folder / "artifacts").mkdir()
    make_store(store, runs=runs, experiments=1, steps=1)
    site = folder / "site"
    manage(site, "migrate", "--verbosity=0")
    manage(site, "import_mlflow", str(store), "--artifacts-folder", str(folder / "artifacts"))
    newest = f"run-{runs - 1}"
    found = []
    with sync_playwright() as tool:
        browser = tool.chromium.launch(executable_path=chromium(), args=QUIET)
        for server, root, address_of in (
            (ours, site, _our_list),
            (mlflow_server, folder, lambda host: f"{host}/#/experiments/1/runs"),
        ):
            with server(root) as port:
                address = address_of(f"http://127.0.0.1:{port}")
                found.append(visits(browser, address, newest))
        browser.close()
    return found[0], found[1]


def _our_list(host: str) -> str:
    """The list of the copied experiment, which the home of the workspace leads to."""
    port = int(host.rpartition(":")[2])
    home = Reader(port).text("/w/default/")
    link = re.search(r'href="(/w/default/experiments/[^"?]+)"[^>]*>\s*experiment 1\s*<', home)
    if link is None:
        raise SystemExit("The copied experiment is not on the home of its workspace.")
    return f"{host}{link[1]}"


def beside(mine: Visit, theirs: Visit) -> str:
    """Both as a Markdown table, with how many times less ours is."""
    lines = ["| in Chromium | ours | mlflow server | times less |", "|---|---:|---:|---:|"]
    rows: list[tuple[str, float, float, Callable[[float], str]]] = [
        ("until the first run is seen", mine.visible, theirs.visible, lambda ms: f"{ms:,.0f} ms"),
        ("requests", mine.requests, theirs.requests, str),
        ("bytes", mine.size, theirs.size, _kilobytes),
    ]
    for name, left, right, said in rows:
        lines.append(f"| {name} | {said(left)} | {said(right)} | **{right / left:.1f}** |")
    return "\n".join(lines)


def _kilobytes(size: float) -> str:
    return f"{size / 1000:,.1f} kB"


def main() -> None:
    options = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    options.add_argument("--runs", type=int, default=100_000, help="in the populated experiment")
    options.add_argument("--requests", type=int, default=15, help="of each page")
    options.add_argument(
        "--chromium-runs", type=int, default=1_000, help="beside MLflow; 0 leaves it out"
    )
    chosen = options.parse_args()
    folder = Path(tempfile.mkdtemp(prefix="benchmark-pages-"))
    try:
        if chosen.runs:
            site = folder / "populated"
            manage(site, "migrate", "--verbosity=0")
            experiment = manage(site, "populate", "--runs", str(chosen.runs), *COUNTS).strip()
            many = manage(site, "populate", "--runs", "3", "--metrics", str(MANY_NAMES)).strip()
            with ours(site) as port:
                lines = first_bytes(port, chosen.requests, experiment, many)
            print(f"\n| run list, {chosen.runs:,} runs | |\n|---|---:|")
            print("\n".join(f"| {name} | {figure} |" for name, figure in lines), flush=True)
        if chosen.chromium_runs:
            print(f"\n{beside(*in_chromium(folder, chosen.chromium_runs))}")
    finally:
        shutil.rmtree(folder, ignore_errors=True)


if __name__ == "__main__":
    main()
