"""Style sheets and scripts as a browser gets them: few, small, and named by what is in them.

A page names its sources in its head, in the order in which they are to stand:

    {% styles "css/lists.css" "css/filters.css" %}
    {% scripts "js/filters.js" "js/runlist.js" %}

Where static files are collected, each such line is one minified file. Where they are served from
their folders (in tests, and with ``TRACKER_DEBUG``), it is as many elements as it has names.
"""

from collections.abc import Iterator
from pathlib import Path, PurePosixPath

from django.contrib.staticfiles.storage import staticfiles_storage
from django.core.exceptions import ImproperlyConfigured
from django.core.files.base import ContentFile
from django.core.files.storage import InMemoryStorage
from django.template import Engine
from django.template.library import SimpleNode
from django.templatetags.static import static
from rcssmin import cssmin
from rjsmin import jsmin
from whitenoise.storage import CompressedManifestStaticFilesStorage

# The folders of ``static/`` that are ours to make smaller, also what is named alone.
_OURS = ("css/", "js/")
_MINIFIERS = {".css": cssmin, ".js": jsmin}
# A script may end in an expression, and the next one begin with a parenthesis.
_BETWEEN = {".css": "\n", ".js": "\n;"}


def addresses(*sources: str) -> list[str]:
    """Where a browser finds ``sources``: one address if they are bundled, one each if not."""
    if isinstance(staticfiles_storage, BundledStorage):
        return [static(bundle_name(sources))]
    return [static(source) for source in sources]


def bundle_name(sources: tuple[str, ...]) -> str:
    """What the file of ``sources`` is called. One alone keeps its name."""
    if len(sources) == 1:
        return sources[0]
    paths = [PurePosixPath(source) for source in sources]
    kind = paths[0].suffix
    return f"{kind[1:]}/{'-'.join(path.stem for path in paths)}{kind}"


def named_in_templates() -> set[tuple[str, ...]]:
    """The sources of each ``styles`` and ``scripts`` in the site's templates."""
    engine = Engine.get_default()
    return {
        _sources(node, path)
        for folder in engine.dirs
        for path in sorted(Path(folder).rglob("*.html"))
        for node in engine.from_string(path.read_text()).nodelist.get_nodes_by_type(SimpleNode)
        if node.func.__name__ in {"styles", "scripts"}
    }


def _sources(node: SimpleNode, path: Path) -> tuple[str, ...]:
    names = tuple(argument.var for argument in node.args)
    if not all(isinstance(name, str) for name in names):
        raise ImproperlyConfigured(
            f"{path}: styles and scripts take names in quotes, no variables."
        )
    return names


class BundledStorage(CompressedManifestStaticFilesStorage):
    """Static files by the hash of their content, compressed; ours minified and bundled first."""

    def post_process(self, paths: dict, dry_run: bool = False, **options) -> Iterator[tuple]:
        made = InMemoryStorage()
        bundles = {bundle_name(sources): sources for sources in named_in_templates()}
        alone = {path: (path,) for path in paths if path.startswith(_OURS) and _is_minifiable(path)}
        for name, sources in (alone | bundles).items():
            between = _BETWEEN[PurePosixPath(name).suffix]
            text = between.join(_minified(source, paths) for source in sources)
            made.save(name, ContentFile(text.encode()))
        written = {name: (made, name) for name in (alone | bundles)}
        yield from super().post_process(paths | written, dry_run=dry_run, **options)


def _is_minifiable(path: str) -> bool:
    return PurePosixPath(path).suffix in _MINIFIERS and ".min." not in path


def _minified(source: str, paths: dict) -> str:
    if source not in paths:
        raise ImproperlyConfigured(f"A template names {source}, and there is no such static file.")
    storage, path = paths[source]
    with storage.open(path) as file:
        text = file.read().decode()
    return _MINIFIERS[PurePosixPath(source).suffix](text) if _is_minifiable(source) else text
