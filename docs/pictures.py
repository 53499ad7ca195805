"""The pictures in README, of real pages with the example runs in them.

    .venv-test/bin/python docs/pictures.py --site http://127.0.0.1:8000

against a running site that `make demo` has filled. Needs Chromium.
"""

import argparse
import io
import json
import shutil
import sys
import urllib.parse
import urllib.request
from collections.abc import Iterator
from pathlib import Path

from PIL import Image
from playwright.sync_api import Page, sync_playwright

FOLDER = Path(__file__).parent / "images"
EXPERIMENT = "digits-mlp-sweep"
BEST = "m.val/accuracy"
COLUMNS = (
    f"name,status,duration,model,{BEST},m.test/accuracy,m.val/loss,p.learning_rate,p.hidden_units"
)
COMPARED = 4
WIDTH, HEIGHT = 1440, 900
MAX_BYTES = 200_000


def main() -> int:
    """Take every picture anew and say how large it is. Returns 1 if one is too large."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--site", default="http://127.0.0.1:8000", help="the site's address")
    site = parser.parse_args().site.rstrip("/")
    pages = addresses(site)
    FOLDER.mkdir(exist_ok=True)
    too_large = False
    for scheme, page in browser_pages():
        for name, address in pages.items():
            picture = FOLDER / f"{name}-{scheme}.png"
            picture.write_bytes(picture_of(page, address))
            size = picture.stat().st_size
            too_large |= size > MAX_BYTES
            print(f"{picture.name}: {size:,} bytes")
    return int(too_large)


def addresses(site: str) -> dict[str, str]:
    """The pages to take, by the name of their picture."""
    experiment = call(site, "experiments/get-by-name", experiment_name=EXPERIMENT)["experiment"]
    key = experiment["experiment_id"]
    found = call(
        site,
        "runs/search",
        experiment_ids=[key],
        filter="attributes.status = 'FINISHED'",
        order_by=["metrics.`val/accuracy` DESC"],
    )["runs"]
    # The best one of each setting, since its repetitions look the same.
    settings: dict[str, str] = {}
    for run in found:
        setting = json.dumps([p for p in run["data"]["params"] if p["key"] != "seed"])
        settings.setdefault(setting, run["info"]["run_id"])
    chosen = ",".join(list(settings.values())[:COMPARED])
    return {
        "run-list": f"{site}/w/default/experiments/{key}/?sort=-{BEST}&cols={COLUMNS}",
        "compare": f"{site}/w/default/compare/charts/?runs={chosen}",
    }


def call(site: str, name: str, **fields: object) -> dict:
    """Ask MLflow's API; a call that is given lists goes by POST."""
    body = json.dumps(fields).encode()
    address = f"{site}/api/2.0/mlflow/{name}"
    if all(isinstance(value, str) for value in fields.values()):
        address, body = f"{address}?{urllib.parse.urlencode(fields)}", None
    request = urllib.request.Request(address, body, {"Content-Type": "application/json"})
    with urllib.request.urlopen(request, timeout=60) as answer:
        return json.load(answer)


def browser_pages() -> Iterator[tuple[str, Page]]:
    """A page of Chromium in each color scheme."""
    names = ["chromium", "chromium-browser", "google-chrome"]
    chromium = next(filter(None, map(shutil.which, names)), None)
    if chromium is None:
        sys.exit("There is no Chromium on PATH.")
    quiet = ["background-networking", "component-update", "sync", "quic", "gpu"]
    flags = ["--no-sandbox", "--no-first-run", *(f"--disable-{name}" for name in quiet)]
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=chromium, args=flags)
        for scheme in ("light", "dark"):
            yield (
                scheme,
                browser.new_page(
                    viewport={"width": WIDTH, "height": HEIGHT},
                    color_scheme=scheme,
                    reduced_motion="reduce",
                ),
            )
        browser.close()


def picture_of(page: Page, address: str) -> bytes:
    """A PNG of what a visitor sees first, once everything on it is drawn."""
    answer = page.goto(address, wait_until="networkidle")
    if answer is None or not answer.ok:
        sys.exit(f"{address} answers {answer and answer.status}.")
    page.wait_for_function(
        "() => [...document.querySelectorAll('[data-figure]')]"
        ".filter(card => card.getBoundingClientRect().top < innerHeight)"
        ".every(card => card.querySelector('.main-svg'))"
    )
    image = Image.open(io.BytesIO(page.screenshot()))
    # 256 colors are enough for pages and lines, and make a third of the size.
    small = io.BytesIO()
    image.convert("RGB").quantize(256, dither=Image.Dither.NONE).save(small, "PNG", optimize=True)
    return small.getvalue()


if __name__ == "__main__":
    sys.exit(main())
