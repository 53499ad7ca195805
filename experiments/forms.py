"""What people say of an experiment, in the form that creates it and among its settings."""

from django import forms
from django.utils.html import format_html

from core.errors import Invalid, Refused, Taken
from core.names import MAX_EXPERIMENT_NAME_LENGTH, MAX_KEY_LENGTH, check_key
from experiments.actions import (
    DEFAULT_REPLICATE_KEYS,
    HIGHER_IS_BETTER_TAG,
    PRIMARY_METRIC_TAG,
    BadReplicateKeys,
    ExperimentNameTaken,
    check_replicate_keys,
)
from experiments.models import NOTE_TAG, Direction, Experiment
from workspaces.locations import check_artifact_location
from workspaces.models import Workspace

# Rows for tags that a fresh form has; "Add row" gives one more.
TAG_ROWS = 1
MAX_TAG_ROWS = 50
MAX_TAG_VALUE_LENGTH = 5000


class ExperimentForm(forms.Form):
    """What a person says of an experiment."""

    name = forms.CharField(
        max_length=MAX_EXPERIMENT_NAME_LENGTH,
        help_text="Unique in this workspace, at most 500 characters. Use / to group, as in "
        "churn/baseline.",
        widget=forms.TextInput(attrs={"data-focus": True, "autocomplete": "off"}),
    )
    description = forms.CharField(
        required=False,
        max_length=20_000,
        help_text="What the runs try to find out. Markdown works.",
        widget=forms.Textarea(attrs={"rows": 4}),
    )
    primary_metric = forms.CharField(
        required=False,
        max_length=MAX_KEY_LENGTH,
        label="Primary metric",
        help_text="The metric by which runs are best, such as val/accuracy.",
        widget=forms.TextInput(attrs={"autocomplete": "off"}),
    )
    primary_direction = forms.ChoiceField(
        required=False,
        label="Better is",
        choices=Direction.choices,
        initial=Direction.HIGHER,
    )

    replicate_keys = forms.CharField(
        required=False,
        max_length=20_000,
        initial="\n".join(DEFAULT_REPLICATE_KEYS),
        label="Replicate keys",
        help_text="Hyperparameters, one a line, that only tell repetitions of one setting apart, "
        "such as seed or fold. Groups put such runs together, and comparisons average them.",
        widget=forms.Textarea(attrs={"rows": 2, "spellcheck": "false"}),
    )

    def clean_replicate_keys(self) -> list[str]:
        lines = (line.strip() for line in self.cleaned_data["replicate_keys"].splitlines())
        keys = list(dict.fromkeys(filter(None, lines)))
        try:
            check_replicate_keys(keys)
        except BadReplicateKeys as refusal:
            raise forms.ValidationError(refusal.message) from None
        return keys

    def clean_primary_metric(self) -> str:
        metric = self.cleaned_data["primary_metric"]
        if metric:
            try:
                check_key(metric, path="primary metric")
            except Invalid as error:
                raise forms.ValidationError(error.message) from None
        return metric


class NewExperimentForm(ExperimentForm):
    """What a person says of an experiment that is not there yet."""

    artifact_location = forms.CharField(
        required=False,
        label="Artifact location",
        widget=forms.TextInput(
            attrs={"autocomplete": "off", "spellcheck": "false", "placeholder": "s3://bucket/path"}
        ),
    )

    def __init__(self, *args, workspace: Workspace, **kwargs) -> None:
        super().__init__(*args, **kwargs)
        self.workspace = workspace
        usual = workspace.default_artifact_root or "this server"
        self.fields["artifact_location"].help_text = (
            f"Where files of the runs go; {usual}, if nothing is said. Clients write there "
            "themselves, and it cannot be changed later."
        )

    def clean_artifact_location(self) -> str:
        location = self.cleaned_data["artifact_location"]
        try:
            check_artifact_location(
                location, workspace_slug=self.workspace.slug, what="Artifact location"
            )
        except Invalid as refusal:
            raise forms.ValidationError(refusal.message) from None
        return location


class TagRows:
    """Rows of keys and values that work without JavaScript: each button submits the form.

    ``rows`` are what was typed, with an ``error`` beside what cannot be; ``tags`` is what the
    rows say. Blank rows are left out.
    """

    def __init__(self, data=None, *, initial: dict[str, str] | None = None) -> None:
        if data is None:
            typed = list((initial or {}).items())
        else:
            keys, values = data.getlist("tag_key"), data.getlist("tag_value")
            typed = list(zip(keys, values, strict=False))[:MAX_TAG_ROWS]
            if "remove_tag" in data:
                removed = data["remove_tag"]
                typed = [row for index, row in enumerate(typed) if str(index) != removed]
        seen: set[str] = set()
        self.rows = []
        for key, value in typed:
            self.rows.append(self._row(key.strip(), value, seen, checked=data is not None))
        blank = {"key": "", "value": "", "error": ""}
        if data is None or "add_tag" in data or not self.rows:
            self.rows += [dict(blank) for _ in range(TAG_ROWS)]

    @property
    def is_valid(self) -> bool:
        return not any(row["error"] for row in self.rows)

    @property
    def tags(self) -> dict[str, str]:
        return {row["key"]: row["value"] for row in self.rows if row["key"]}

    @property
    def faults(self) -> list[tuple[str, str, str]]:
        """What is wrong: the id of the row's field, the row, and the fault in words."""
        return [
            (f"tag-{number}", f"Tag {number}", row["error"])
            for number, row in enumerate(self.rows, start=1)
            if row["error"]
        ]

    def _row(self, key: str, value: str, seen: set[str], *, checked: bool) -> dict[str, str]:
        error = self._fault(key, value, seen) if checked and (key or value) else ""
        seen.add(key)
        return {"key": key, "value": value, "error": error}

    def _fault(self, key: str, value: str, seen: set[str]) -> str:
        if not key:
            return "A tag needs a name."
        if not value:
            return "A tag needs a value."
        if len(key) > MAX_KEY_LENGTH:
            return f"A tag's name has at most {MAX_KEY_LENGTH} characters; this has {len(key)}."
        if len(value) > MAX_TAG_VALUE_LENGTH:
            return (
                f"A tag's value has at most {MAX_TAG_VALUE_LENGTH} characters; "
                f"this has {len(value)}."
            )
        if key.startswith("mlflow."):
            return "Names that begin with mlflow. are the clients' own."
        if key in seen:
            return "This name is there twice."
        try:
            check_key(key, path="tag")
        except Invalid:
            return "Letters, digits, spaces and the characters _ - . : / only."
        if "\x00" in value:
            return "The value has a character that cannot be stored."
        return ""


def all_tags(form: ExperimentForm, rows: TagRows) -> dict[str, str]:
    """The tags that a valid form means, MLflow's own for what it says in words among them."""
    tags = dict(rows.tags)
    given = form.cleaned_data
    tags[NOTE_TAG] = given["description"]
    if given["primary_metric"]:
        tags[PRIMARY_METRIC_TAG] = given["primary_metric"]
        higher = given["primary_direction"] != Direction.LOWER
        tags[HIGHER_IS_BETTER_TAG] = str(higher)
    return tags


def fault_of(refusal: Refused) -> tuple[str | None, str]:
    """The field that a refusal of what such a form says is about, and the words beside it."""
    match refusal:
        case ExperimentNameTaken():
            return "name", _name_taken(refusal.experiment)
        case Taken():
            return "name", "This name was taken a moment ago. Choose another name."
        case _:
            return None, refusal.message


def _name_taken(other: Experiment) -> str:
    if not other.is_active:
        return format_html(
            "An experiment in the Trash has this name. "
            '<a href="{}">Restore it</a> or choose another name.',
            other.get_absolute_url(),
        )
    return format_html(
        'This name is taken. <a href="{}">Open {}</a> or choose another name.',
        other.get_absolute_url(),
        other.name,
    )
