"""What people may write about models and versions on their pages."""

from collections.abc import Callable

from django import forms
from django.core.exceptions import ValidationError

from core.errors import Invalid
from registry.names import (
    MAX_ALIAS_LENGTH,
    MAX_DESCRIPTION_LENGTH,
    MAX_NAME_LENGTH,
    check_alias,
    check_model_name,
)
from runs.forms import NewTagForm, Text

NAME_HELP = "Any characters but / and :, at most 256. Unique in this workspace."

_MANY_LINES = forms.Textarea(attrs={"rows": 4})


def _check(check: Callable[[str], None], text: str, words: str) -> str:
    """``text``, if it passes ``check``; else ``words`` are what is wrong with it."""
    try:
        check(text)
    except Invalid:
        raise ValidationError(words) from None
    return text


def clean_model_name(name: str) -> str:
    return _check(
        check_model_name,
        name,
        "A name cannot have / or : in it, nor be a dot or begin with two, because it stands "
        "in addresses such as models:/churn/4.",
    )


def clean_alias(alias: str) -> str:
    return _check(
        check_alias,
        alias,
        "An alias has letters, digits, - and _ only. “latest” and numbers such as “v4” are "
        "taken: they mean versions already.",
    )


class ModelForm(forms.Form):
    """A new model, which has no versions yet."""

    use_required_attribute = False

    name = Text(
        label="Name",
        what="name",
        max_length=MAX_NAME_LENGTH,
        help_text=NAME_HELP,
        widget=forms.TextInput(attrs={"data-focus": True}),
    )
    description = Text(
        label="Description",
        what="description",
        required=False,
        max_length=MAX_DESCRIPTION_LENGTH,
        help_text="What the model predicts, and for whom. Markdown works.",
        widget=_MANY_LINES,
    )

    def clean_name(self) -> str:
        return clean_model_name(self.cleaned_data["name"])


class RenameForm(forms.Form):
    """A model's new name."""

    use_required_attribute = False

    name = Text(label="Model name", what="name", max_length=MAX_NAME_LENGTH)

    def clean_name(self) -> str:
        return clean_model_name(self.cleaned_data["name"])


class DescriptionForm(forms.Form):
    """A description in Markdown; an empty one takes it away."""

    description = Text(
        label="Description",
        what="description",
        required=False,
        max_length=MAX_DESCRIPTION_LENGTH,
        help_text="Markdown works.",
        widget=forms.Textarea(attrs={"rows": 6}),
    )


class NewModelTagForm(NewTagForm):
    """A tag that the model or version does not have yet."""

    taken_message = "There is a tag of this name. Change that one instead."


class AliasForm(forms.Form):
    """An alias for a version; ``move`` says that it may leave another version for this one."""

    use_required_attribute = False

    alias = Text(label="Alias", what="alias", max_length=MAX_ALIAS_LENGTH)
    move = forms.BooleanField(required=False)

    def clean_alias(self) -> str:
        return clean_alias(self.cleaned_data["alias"])


class DeleteModelForm(forms.Form):
    """The name of the model, typed once more, because there is no way back."""

    use_required_attribute = False

    name = forms.CharField(
        label="Name of the model",
        strip=False,
        error_messages={"required": "Type the model's name to delete it."},
        widget=forms.TextInput(attrs={"autocomplete": "off"}),
    )

    def __init__(self, *args, expected: str, **kwargs) -> None:
        super().__init__(*args, **kwargs)
        self.expected = expected

    def clean_name(self) -> str:
        if self.cleaned_data["name"].strip() != self.expected.strip():
            raise ValidationError("This is not the model's name.")
        return self.expected


class SaveForm(forms.Form):
    """Where a run's model goes: a new model or a next version, from which folder, called what."""

    NEW, EXISTING = "new", "existing"

    use_required_attribute = False

    target = forms.ChoiceField(
        choices=[(NEW, "Create a new model"), (EXISTING, "Add to an existing model")],
        error_messages={"required": "Choose a new model or an existing one."},
    )
    name = Text(
        label="Name",
        what="name",
        max_length=MAX_NAME_LENGTH,
        help_text=NAME_HELP,
    )
    existing = forms.CharField(
        label="Existing model",
        strip=False,
        error_messages={"required": "Choose the model that gets a new version."},
    )
    folder = forms.CharField(
        label="Model folder",
        strip=False,
        error_messages={"required": "Choose the folder of the model."},
    )
    description = Text(
        label="Description",
        what="description",
        required=False,
        max_length=MAX_DESCRIPTION_LENGTH,
        help_text="What is special about this version. Markdown works.",
        widget=forms.Textarea(attrs={"rows": 3}),
    )
    alias = Text(
        label="Alias",
        what="alias",
        required=False,
        max_length=MAX_ALIAS_LENGTH,
        help_text="A name such as champion, by which code loads whichever version has it.",
    )
    move_alias = forms.BooleanField(required=False)

    @property
    def chosen_target(self) -> str:
        """Which of the two is ticked, also in a form that was refused."""
        return self["target"].value() or self.NEW

    def clean_name(self) -> str:
        return clean_model_name(self.cleaned_data["name"])

    def clean_alias(self) -> str:
        alias = self.cleaned_data["alias"]
        return clean_alias(alias) if alias else ""

    def clean(self) -> None:
        # What stands in the fields of the way that is not taken does not matter.
        not_taken = {self.NEW: "existing", self.EXISTING: "name"}
        target = self.cleaned_data.get("target")
        if target in not_taken:
            self.errors.pop(not_taken[target], None)
            self.cleaned_data[not_taken[target]] = ""
