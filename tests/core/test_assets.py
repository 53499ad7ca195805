import gzip
import re
from pathlib import Path

import pytest
from django.contrib.staticfiles import finders
from django.core.management import call_command
from django.template import Context, Template
from django.template.loader import get_template

from core.assets import bundle_name, named_in_templates
from tests.support.factories import make_experiment, make_run

STYLES = re.compile(r'<link rel="stylesheet" href="/static/([^"]+)"')
SCRIPTS = re.compile(r'<script src="/static/([^"]+)"')


@pytest.fixture
def collected(settings, tmp_path) -> Path:
    """The folder with the static files, made and named as a started site has them."""
    settings.STATIC_ROOT = tmp_path / "static"
    settings.STORAGES = {
        **settings.STORAGES,
        "staticfiles": {"BACKEND": "core.assets.BundledStorage"},
    }
    call_command("collectstatic", interactive=False, verbosity=0)
    return settings.STATIC_ROOT


def sizes(folder: Path, names: list[str]) -> int:
    return sum((folder / f"{name}.gz").stat().st_size for name in names)


@pytest.mark.django_db
def test_a_run_list_asks_for_few_and_small_files(client, collected):
    experiment = make_experiment()
    make_run(experiment)

    page = client.get(f"/w/default/experiments/{experiment.pk}/").text

    styles, scripts = STYLES.findall(page), SCRIPTS.findall(page)
    assert (len(styles), len(scripts)) == (2, 2)
    assert sizes(collected, styles) < 30_000
    assert sizes(collected, scripts) < 35_000
    assert all(re.search(r"\.[0-9a-f]{12}\.(css|js)$", name) for name in styles + scripts)
    # Plotly writes its rules into this one.
    assert re.search(r'href="/static/css/app\.[0-9a-f]+\.css" id="plotly.js-style-global"', page)


def test_every_source_that_a_template_names_is_there():
    named = named_in_templates()

    assert ("css/app.css",) in named
    assert [source for sources in named for source in sources if not finders.find(source)] == []


def test_no_template_fetches_a_style_sheet_beside_its_bundle():
    templates = Path(__file__).parents[2] / "templates"

    beside = [path for path in templates.rglob("*.html") if 'rel="stylesheet"' in path.read_text()]

    assert beside == []


def test_no_two_bundles_share_a_name():
    named = named_in_templates()

    assert len({bundle_name(sources) for sources in named}) == len(named)


def test_a_bundle_holds_its_sources_in_their_order_and_without_comments(collected):
    # The first line of scripts that every page has.
    base = Path(get_template("base.html").origin.name).read_text()
    head = Template("{% load core %}" + re.search(r"{% scripts .*? %}", base).group())

    (name,) = SCRIPTS.findall(head.render(Context()))

    bundle = gzip.decompress((collected / f"{name}.gz").read_bytes()).decode()
    assert bundle.startswith("var htmx=")
    assert 0 < bundle.index("data-theme-toggle") < bundle.index("palette-results")
    assert "What a page does beyond links and forms" not in bundle


def test_from_the_source_folders_each_file_comes_alone():
    head = Template('{% load core %}{% styles "css/lists.css" "css/filters.css" id="first" %}')

    assert head.render(Context()) == (
        '<link rel="stylesheet" href="/static/css/lists.css" id="first">'
        '<link rel="stylesheet" href="/static/css/filters.css">'
    )


def test_minified_style_sheets_mean_what_their_sources_mean(page, collected):
    for source in sorted(Path(finders.find("css/app.css")).parent.glob("*.css")):
        (minified,) = collected.glob(f"css/{source.stem}.*.css")

        assert rules(page, minified) == rules(page, source), source.name


def rules(page, path: Path) -> list[str]:
    """What Chromium makes of a style sheet, but for the spaces that it keeps in variables."""
    return page.evaluate(
        """text => {
            const sheet = new CSSStyleSheet();
            sheet.replaceSync(text);
            return [...sheet.cssRules].map((rule) =>
                rule.cssText.replace(/ *, */g, ",").replace(/\\( +/g, "(").replace(/ +\\)/g, ")"));
        }""",
        path.read_text(),
    )
