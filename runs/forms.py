"""What people may write about a run on its page.

The rules for tags are narrower here than on the API: Fabric's, so that what is typed by hand
is worth finding again. Clients may send more, as MLflow allows.
"""

from collections.abc import Collection, Sequence

from django import forms
from django.core.exceptions import ValidationError
from django.core.files.uploadedfile import UploadedFile

from core.formatting import bytes_text
from core.names import MAX_RUN_TAG_LENGTH, BadName, check_key

MAX_FILE_SIZE = 4 * 1024 * 1024
MAX_TAG_NAME_LENGTH = 250
MAX_TAG_VALUE_LENGTH = 5000
MAX_NAME_LENGTH = 250
MAX_VIEW_NAME_LENGTH = 200

# Tags that MLflow itself writes and reads.
RESERVED_PREFIX = "mlflow."


class Text(forms.CharField):
    """A text with a limit that is told rather than enforced while it is typed.

    A browser that knows the limit cuts what is pasted, and says nothing.
    """

    def __init__(self, *, what: str, max_length: int, **kwargs) -> None:
        super().__init__(
            max_length=max_length,
            error_messages={
                "required": f"Give the {what} some text.",
                "max_length": f"The {what} may have at most {max_length:,} characters; "
                "this one has %(show_value)d.",
            },
            **kwargs,
        )

    def to_python(self, value: object) -> str:
        # Browsers end lines with two characters, of which nobody typed the first.
        return super().to_python(value).replace("\r\n", "\n")

    def widget_attrs(self, widget: forms.Widget) -> dict[str, object]:
        return {"autocomplete": "off"}


class TagNameForm(forms.Form):
    """The name of a tag that is people's own."""

    use_required_attribute = False

    key = Text(label="Name", what="name", max_length=MAX_TAG_NAME_LENGTH)

    def clean_key(self) -> str:
        key = self.cleaned_data["key"]
        if key.lower().startswith(RESERVED_PREFIX):
            raise ValidationError(
                "Names that begin with “mlflow.” are kept for what MLflow writes itself."
            )
        try:
            check_key(key, path="key")
        except BadName:
            raise ValidationError(
                "A name may have letters, digits, spaces and _ - . : / and must not look like "
                "a path that leads elsewhere."
            ) from None
        return key


class TagForm(TagNameForm):
    """One tag with its value."""

    value = Text(
        label="Value",
        what="value",
        max_length=MAX_TAG_VALUE_LENGTH,
        widget=forms.Textarea(attrs={"rows": 1}),
    )


class NewTagForm(TagForm):
    """A tag that the run does not have yet: an old value is never lost by a new tag."""

    taken_message = "The run has a tag of this name. Change that one instead."

    def __init__(self, *args, taken: Collection[str] = (), **kwargs) -> None:
        super().__init__(*args, **kwargs)
        self.taken = taken

    def clean_key(self) -> str:
        key = super().clean_key()
        if key in self.taken:
            raise ValidationError(self.taken_message)
        return key


class RenameForm(forms.Form):
    """A run's new name."""

    use_required_attribute = False

    name = Text(label="Run name", what="name", max_length=MAX_NAME_LENGTH)


class NameAndColorForm(RenameForm):
    """A run's name, and the color that stands for it; none is that of its place."""

    color = forms.ChoiceField(
        required=False,
        widget=forms.RadioSelect,
        error_messages={"invalid_choice": "Choose one of these colors."},
    )

    def __init__(self, *args, colors: Sequence[tuple[str, str]], **kwargs) -> None:
        super().__init__(*args, **kwargs)
        self.fields["color"].choices = [("", "Of its place"), *colors]


class ViewForm(forms.Form):
    """What a saved view of a run list is called, and whether its experiment opens with it."""

    use_required_attribute = False

    name = Text(label="Name", what="name", max_length=MAX_VIEW_NAME_LENGTH)
    is_default = forms.BooleanField(
        label="The experiment opens with it",
        required=False,
        help_text="For everyone whose address asks for nothing else.",
    )

    def __init__(self, *args, has_default: bool, **kwargs) -> None:
        super().__init__(*args, **kwargs)
        if not has_default:
            del self.fields["is_default"]


class ViewFileForm(forms.Form):
    """A file of saved views, as their list exports it."""

    use_required_attribute = False

    file = forms.FileField(
        label="File",
        help_text="JSON, as Export writes it. Views that are here already are left as they are.",
        error_messages={"required": "Choose a file.", "empty": "The file is empty."},
        widget=forms.FileInput(attrs={"accept": ".json,application/json"}),
    )

    def clean_file(self) -> UploadedFile:
        file = self.cleaned_data["file"]
        if file.size > MAX_FILE_SIZE:
            raise ValidationError(
                f"A file of views has at most {bytes_text(MAX_FILE_SIZE)}; "
                f"this one has {bytes_text(file.size)}."
            )
        return file


class NoteForm(forms.Form):
    """A run's note in Markdown; an empty one takes the note away."""

    note = Text(
        label="Note",
        what="note",
        required=False,
        max_length=MAX_RUN_TAG_LENGTH,
        help_text="Markdown. Clients know it as the tag mlflow.note.content.",
        widget=forms.Textarea(attrs={"rows": 8}),
    )


class ConfirmCountForm(forms.Form):
    """How many items are to be removed for good, typed because there is no way back."""

    use_required_attribute = False

    count = forms.CharField(
        label="Number of items",
        error_messages={"required": "Type the number to delete them."},
        widget=forms.TextInput(attrs={"autocomplete": "off", "inputmode": "numeric"}),
    )

    def __init__(self, *args, expected: int, **kwargs) -> None:
        super().__init__(*args, **kwargs)
        self.expected = expected

    def clean_count(self) -> int:
        typed = self.cleaned_data["count"].replace(",", "").strip()
        if typed != str(self.expected):
            raise ValidationError("This is not the number of items.")
        return self.expected
