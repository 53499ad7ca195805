"""The pages of a comparison in a browser: by keyboard, with pictures, without a network."""

import re
import struct
import zlib
from urllib.parse import parse_qs, urlsplit

import pytest
from mlflow.entities import Metric, Param
from playwright.sync_api import Page, expect

pytestmark = pytest.mark.browser

LONG = "one two three four five six seven eight nine ten eleven twelve thirteen"


def picture(gray: int) -> bytes:
    """A PNG of 600 by 400 gray dots."""

    def chunk(kind: bytes, data: bytes) -> bytes:
        return (
            struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))
        )

    rows = zlib.compress((b"\0" + bytes([gray]) * 600) * 400)
    head = chunk(b"IHDR", struct.pack(">IIBBBBB", 600, 400, 8, 0, 0, 0, 0))
    return b"\x89PNG\r\n\x1a\n" + head + chunk(b"IDAT", rows) + chunk(b"IEND", b"")


@pytest.fixture
def runs(server, mlflow_client, experiment_name, tmp_path) -> list[str]:
    """Four runs of one experiment with a curve, hyperparameters and a picture."""
    experiment = mlflow_client.create_experiment(experiment_name)
    found = []
    for number in range(4):
        run_id = mlflow_client.create_run(experiment, run_name=f"run {number}").info.run_id
        mlflow_client.log_batch(
            run_id,
            metrics=[Metric("loss", 1 / (step + 1 + number), step, step) for step in range(3)],
            params=[
                Param("lr", str(number)),
                Param("same", "1"),
                Param("optimizer.beta", str(number)),
                Param("optimizer.name", f"kind {number}"),
                Param("note", f"{LONG} {'x' * number}"),
            ],
        )
        (tmp_path / "plot.png").write_bytes(picture(50 * number))
        mlflow_client.log_artifact(run_id, str(tmp_path / "plot.png"))
        for step in (0, 5, 10):
            name = f"sample+step+{step}+timestamp+{step}+uuid{step}.png"
            (tmp_path / name).write_bytes(picture(step))
            mlflow_client.log_artifact(run_id, str(tmp_path / name), "images")
        mlflow_client.set_terminated(run_id)
        found.append(run_id)
    return found


@pytest.fixture
def address(server, runs) -> str:
    """The comparison of the first three."""
    return f"{server.url}/w/default/compare/?runs={','.join(runs[:3])}"


@pytest.fixture
def complaints(page: Page) -> list[str]:
    """What the browser complained about; what Plotly brings of its own is not ours."""
    said: list[str] = []
    page.on("pageerror", lambda error: said.append(str(error)))
    page.on(
        "console",
        lambda line: (
            said.append(line.text)
            if line.type == "error" and "plotly.min.js" not in line.location["url"]
            else None
        ),
    )
    return said


def test_digits_open_the_tabs_and_letters_press_their_switches(page: Page, address, complaints):
    page.goto(address)
    for digit, words in [("3", "Metrics"), ("7", "Statistics"), ("4", "Hyperparameters & tags")]:
        page.keyboard.press(digit)
        expect(page.locator(".tabs [aria-current]")).to_contain_text(words)

    expect(page.get_by_role("rowheader", name="same", exact=True)).to_have_count(0)
    page.keyboard.press("d")
    expect(page.get_by_role("rowheader", name="same", exact=True)).to_be_visible()
    page.keyboard.press("t")
    expect(page.get_by_role("columnheader", name="same", exact=True)).to_be_visible()
    page.keyboard.press("b")
    page.wait_for_url(re.compile("base="))
    query = parse_qs(urlsplit(page.url).query)
    assert query["show"] == ["all"]
    assert query["rows"] == ["runs"]
    assert query["base"] == [query["runs"][0].split(",")[1]]
    assert complaints == []


def test_n_and_p_go_from_difference_to_difference(page: Page, address, complaints):
    page.goto(address.replace("/compare/", "/compare/params/") + "&show=all")

    def focused() -> str:
        return page.evaluate("document.activeElement.textContent.trim()")

    page.keyboard.press("n")
    first = focused()
    page.keyboard.press("n")
    second = focused()
    page.keyboard.press("p")

    assert focused() == first != second
    assert "same" not in {first, second}
    assert complaints == []


def test_a_long_text_opens_to_its_words(page: Page, address, complaints):
    page.goto(address.replace("/compare/", "/compare/params/"))
    row = page.locator("tr", has=page.get_by_role("rowheader", name="note"))

    row.locator("summary").last.click()

    expect(row.locator("ins").last).to_have_text("xx")
    assert complaints == []


def test_runs_are_added_in_place(page: Page, address, runs, complaints):
    page.goto(address)

    page.keyboard.press("a")
    dialog = page.get_by_role("dialog", name="Add runs")
    dialog.get_by_label("Search runs").fill(runs[3])
    page.keyboard.press("Enter")
    # What is found has taken the place of what was there.
    expect(dialog.get_by_role("checkbox", checked=True)).to_have_count(0)
    dialog.get_by_role("checkbox", name="run 3").check()
    dialog.get_by_role("button", name="Compare the ticked").click()

    expect(page.get_by_role("heading", level=1)).to_have_text("Compare 4 runs")
    assert complaints == []


def test_pictures_change_their_size_together_without_loading_again(page: Page, address, complaints):
    page.goto(address.replace("/compare/", "/compare/files/") + "&path=plot.png")
    pictures = page.locator(".compare-image img")
    expect(pictures).to_have_count(3)
    page.evaluate("window.here = true")

    page.get_by_role("link", name="Small").click()
    small = pictures.first.bounding_box()["width"]
    page.get_by_role("link", name="Actual size").click()
    expect(pictures.first).to_have_js_property("naturalWidth", 600)

    assert pictures.first.bounding_box()["width"] == 600 > small
    page.locator(".compare-image").first.evaluate("box => box.scrollTo(80, 0)")
    expect(page.locator(".compare-image").nth(2)).to_have_js_property("scrollLeft", 80)
    assert page.evaluate("window.here")
    assert "size=full" in page.url
    assert complaints == []


def test_a_run_is_renamed_and_recolored_where_it_stands(page: Page, address, complaints):
    page.goto(address.replace("/compare/", "/compare/params/"))

    page.locator("summary", has_text="What to do with run 1").click()
    page.get_by_role("link", name="Rename run 1 or recolor").click()
    dialog = page.get_by_role("dialog", name="Name and color")
    dialog.get_by_label("Run name").fill("the best one")
    dialog.get_by_label("Red").check()
    dialog.get_by_role("button", name="Save").click()

    chip = page.locator(".run-chip", has_text="the best one")
    expect(chip.locator("svg.swatch path")).to_have_attribute("stroke", "#D02E1E")
    assert "/compare/params/" in page.url
    assert complaints == []


def test_names_fold_below_what_they_share_and_n_skips_what_is_folded(
    page: Page, address, complaints
):
    page.goto(address.replace("/compare/", "/compare/params/") + "&q=optimizer")
    beta = page.get_by_role("rowheader", name=re.compile(r"optimizer\. ?beta"))
    expect(beta).to_be_visible()
    beginning = page.get_by_role("button", name="optimizer.")

    beginning.focus()
    page.keyboard.press("Enter")

    expect(beta).to_be_hidden()
    expect(beginning).to_have_attribute("aria-expanded", "false")
    page.keyboard.press("n")
    expect(beginning).to_be_focused()
    page.keyboard.press("Enter")
    expect(beta).to_be_visible()
    assert complaints == []


def test_pictures_slide_over_their_steps_and_two_of_them_swipe(
    page: Page, address, runs, complaints
):
    page.goto(address.replace("/compare/", "/compare/files/") + "&path=images/sample")
    picture = page.locator("#compare-shown img").first
    expect(picture).to_have_attribute("src", re.compile(r"step\+10"))

    slider = page.get_by_role("slider")
    slider.focus()
    page.keyboard.press("ArrowLeft")
    expect(picture).to_have_attribute("src", re.compile(r"step\+5"))
    expect(slider).to_be_focused()
    page.wait_for_url(re.compile("at=5"))

    two = f"{address.partition('?')[0]}files/?runs={','.join(runs[:2])}&path=plot.png"
    page.goto(two)
    page.get_by_role("link", name="Swipe", exact=True).click()
    page.get_by_role("slider").fill("20")
    upper = page.locator(".compare-pair img").nth(1)
    expect(upper).to_have_css("clip-path", "inset(0px 0px 0px 20%)")
    page.get_by_role("link", name="Difference").click()
    expect(upper).to_have_css("mix-blend-mode", "difference")
    assert complaints == []


def test_without_a_script_runs_are_added_and_removed(browser, address):
    page = browser.new_context(java_script_enabled=False).new_page()
    page.goto(address)

    page.get_by_role("link", name="Add runs").click()
    page.get_by_label("run 3").check()
    page.get_by_role("button", name="Compare the ticked").click()
    expect(page.get_by_role("heading", level=1)).to_have_text("Compare 4 runs")
    page.locator(".run-chip summary").first.click()
    page.get_by_role("link", name=re.compile("^Remove")).first.click()
    expect(page.get_by_role("heading", level=1)).to_have_text("Compare 3 runs")
    page.context.close()


def test_the_saved_file_opens_without_a_network(browser, page: Page, address, tmp_path):
    page.goto(address)
    with page.expect_download() as saving:
        page.locator("summary", has_text="Export").click()
        page.get_by_role("link", name="HTML").click()
    saving.value.save_as(tmp_path / "comparison.html")

    context = browser.new_context(offline=True)
    alone = context.new_page()
    asked = []
    alone.on("request", lambda request: asked.append(request.url))
    alone.goto(f"file://{tmp_path}/comparison.html")

    expect(alone.get_by_role("heading", level=1)).to_have_text("Compare 3 runs")
    expect(alone.locator("figure.chart svg").first).to_be_visible()
    width = alone.evaluate("getComputedStyle(document.querySelector('.panel')).borderTopWidth")
    assert width == "1px"
    assert asked == [f"file://{tmp_path}/comparison.html"]
    context.close()


@pytest.mark.parametrize("tab", ["", "charts/", "metrics/", "params/", "code/", "files/", "stats/"])
def test_no_tab_scrolls_sideways_on_a_phone(browser, address, tab):
    context = browser.new_context(viewport={"width": 320, "height": 800})
    page = context.new_page()
    page.goto(address.replace("/compare/", f"/compare/{tab}"))

    assert page.evaluate("document.documentElement.scrollWidth") == 320
    context.close()
