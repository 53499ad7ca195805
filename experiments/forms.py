"""The form that creates an experiment, and the one that changes it."""

from django import forms

from core.errors import Invalid
from core.names import MAX_EXPERIMENT_NAME_LENGTH, MAX_KEY_LENGTH, check_key
from experiments.models import Direction

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

    def clean_primary_metric(self) -> str:
        metric = self.cleaned_data["primary_metric"]
        if metric:
            try:
                check_key(metric, path="primary metric")
            except Invalid as error:
                raise forms.ValidationError(error.message) from None
        return metric


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
