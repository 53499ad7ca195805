"""What browser tests of charts share."""

from playwright.sync_api import Locator, Page

# Each curve of the fixture ``address`` is broken once, where it is NaN.
PIECES = 2
ESTIMATORS = ["LinearRegression", "DecisionTreeRegressor"]

# Plotly comes in with the first chart, which takes a while on a busy machine.
PATIENCE = 30_000


def chart(page: Page, title: str) -> Locator:
    """The chart with that title."""
    return page.locator("figure.chart").filter(has=page.get_by_role("heading", name=title))
