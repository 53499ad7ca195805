"""Every address of the site, as the URL table has it."""

from django.urls import URLPattern, URLResolver, get_resolver


def all_routes() -> list[str]:
    """Every route, as Django writes it."""
    found = set()

    def walk(patterns, prefix: str) -> None:
        for entry in patterns:
            route = prefix + str(entry.pattern)
            if isinstance(entry, URLResolver):
                walk(entry.url_patterns, route)
            elif isinstance(entry, URLPattern):
                found.add(route)

    walk(get_resolver().url_patterns, "")
    return sorted(found)


def page_routes() -> list[str]:
    """Every route that is for people."""
    return [route for route in all_routes() if "api/" not in route]
