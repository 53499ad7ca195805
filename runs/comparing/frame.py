"""What stands around every tab of a comparison: its runs, its tabs, and what to mind."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from urllib.parse import urlencode

from django.http import HttpRequest

from core.context import site_url
from runs.access import get_comparison, get_runs
from runs.compare import in_order, neighbors
from runs.comparing.address import PageAddress, Tab
from runs.comparing.doubts import Doubt, doubts
from runs.comparing.origin import Origin, origin_of
from runs.comparing.subject import MAX_CHARTED, MAX_RUNS, Subject, read_subject
from runs.comparing.suggestions import suggestions
from runs.comparing.summary import count_differences
from runs.exporting import EXPORT_USES
from runs.models import Run


@dataclass(frozen=True)
class Chip:
    """One run of the comparison, and what can be done to it; addresses are empty where not."""

    run: Run
    status: str
    is_baseline: bool
    baseline_url: str
    without_url: str
    left_url: str
    right_url: str
    # Where its name and color are changed; those of a run in the Trash are not.
    change_url: str
    # In a kept comparison a form takes a run out, since that makes another one.
    leaves_by_form: bool


@dataclass(frozen=True)
class TabLink:
    """One tab."""

    label: str
    url: str
    current: bool
    count: int | None


@dataclass(frozen=True)
class Other:
    """A run that could join, why just that one if there is a reason, and the comparison with it."""

    run: Run
    title: str
    url: str


@dataclass(frozen=True)
class Frame:
    """The page around a tab. Without runs there is no subject, only notices."""

    address: PageAddress
    notices: Sequence[str]
    tab: Tab
    link: str
    subject: Subject | None
    # The list that leads here; None where there is no one list.
    origin: Origin | None = None

    @property
    def chips(self) -> list[Chip]:
        """The first runs: each chip names all of them in several addresses."""
        last = len(self.subject.runs) - 1
        is_free = not self.address.selection
        return [
            Chip(
                run=run,
                status=self.subject.status(run),
                is_baseline=run == self.subject.baseline,
                baseline_url=self.address.but(baseline=run.run_id),
                without_url=self.address.without(run.run_id) if is_free else "",
                left_url=self.address.moved(run.run_id, -1) if is_free and slot else "",
                right_url=self.address.moved(run.run_id, 1) if is_free and slot < last else "",
                change_url=self._change_url(run) if run.is_active else "",
                leaves_by_form=not is_free,
            )
            for slot, run in enumerate(self.subject.charted)
        ]

    @property
    def tabs(self) -> list[TabLink]:
        return [
            TabLink(
                label=tab.label,
                url=self.address.at(tab),
                current=tab == self.tab,
                count=count_differences(self.subject, tab),
            )
            for tab in Tab
        ]

    @property
    def doubts(self) -> list[Doubt]:
        return doubts(self.subject, self.address)

    @property
    def others(self) -> list[Other]:
        """Runs that the only one is most telling beside, and then its neighbors."""
        found = [(each.run, each.title) for each in suggestions(self.subject)]
        named = {run for run, _ in found}
        near = [(run, "") for run in neighbors(self.subject.runs) if run not in named]
        ids = self.address.run_ids
        return [
            Other(run, title, self.address.but(run_ids=[*ids, run.run_id]))
            for run, title in [*found, *near]
        ]

    def _change_url(self, run: Run) -> str:
        pairs = [*self.address.pairs, ("tab", self.tab.value), ("id", run.run_id)]
        return f"{self.address.path_to('compare_run')}?{urlencode(pairs, safe=',:=')}"

    @property
    def restore_url(self) -> str:
        """Where a run of the comparison comes out of the Trash."""
        return self.address.path_to("compare_restore")

    @property
    def pick_url(self) -> str:
        """Where runs are found that could be added."""
        pairs = [*self.address.pairs, ("tab", self.tab.value)]
        return f"{self.address.path_to('compare_add')}?{urlencode(pairs, safe=',:=')}"

    @property
    def exports(self) -> list[tuple[str, str, str]]:
        """What the runs can be saved as: each name, what it is good for, and its address."""
        return [
            (name, use, f"{self.address.path_to(f'compare_{name.lower()}')}{self.address}")
            for name, use in EXPORT_USES.items()
        ]

    @property
    def download_url(self) -> str:
        """The comparison as a file."""
        return f"{self.address.path_to('compare_download')}{self.address}"

    @property
    def select_url(self) -> str:
        """Where forms are sent that change which runs are compared."""
        return self.address.path_to("compare_select")

    @property
    def next_baseline_url(self) -> str:
        """The same against the run after the baseline."""
        runs = self.subject.runs
        place = (self.subject.slot(self.subject.baseline) + 1) % len(runs)
        return self.address.but(baseline=runs[place].run_id)


def read_frame(request: HttpRequest, workspace: str, tab: Tab, *, selection: str = "") -> Frame:
    """The runs that the address or a kept comparison names, and what of it cannot be shown."""
    address, wrong = PageAddress.read(request.GET)
    if selection:
        found = list(
            get_comparison(request, selection).runs.select_related("experiment__workspace")
        )
        address = replace(address, run_ids=[run.run_id for run in found], selection=selection)
    else:
        found = get_runs(request, address.run_ids[: MAX_RUNS + 1])
    notices = [*_left_out(address, found, tab), *wrong]
    is_ordered = address.is_ordered and not selection
    runs = found[:MAX_RUNS] if is_ordered else in_order(found[:MAX_RUNS])
    address = replace(address, workspace=workspace, run_ids=[run.run_id for run in runs])
    subject = None
    if runs:
        subject = read_subject(runs, baseline=address.baseline)
    return Frame(
        address=address,
        notices=notices,
        tab=tab,
        link=f"{site_url(request)}{address.at(tab)}",
        subject=subject,
        origin=origin_of(request, workspace, subject.experiments) if subject else None,
    )


def _left_out(address: PageAddress, found: Sequence[Run], tab: Tab) -> list[str]:
    notices = []
    asked = len(address.run_ids)
    unknown = min(asked, MAX_RUNS + 1) - len(found)
    if unknown == 1:
        notices.append("1 run does not exist or is not visible to you.")
    elif unknown:
        notices.append(f"{unknown} runs do not exist or are not visible to you.")
    if asked > MAX_RUNS:
        notices.append(
            f"The first {MAX_RUNS} of {asked} runs are compared: more is a matter for the run list."
        )
    if tab in {Tab.CHARTS, Tab.SUMMARY} and len(found) > MAX_CHARTED:
        total = min(len(found), MAX_RUNS)
        notices.append(
            f"Charts show the first {MAX_CHARTED} of {total} runs: "
            "more lines cannot be told apart. Tables show all."
        )
    return notices
