"""Taking back the last thing that a browser did to many runs, or the deletion of a view.

What it takes is kept in the browser's session, not in the page: the runs are known by their keys,
and a tag's old values are nobody else's business. The next such act replaces it.

A hundred thousand keys are some thousand characters there: how far each is from the one before,
compressed.
"""

import base64
import json
import secrets
import zlib
from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import asdict, dataclass
from functools import partial
from itertools import accumulate, chain, pairwise

from django.http import HttpRequest
from django.template.loader import render_to_string
from django.urls import reverse
from django.utils.safestring import SafeString

from core.errors import Missing
from runs.actions.bulk import TagChange, in_parts, put_tags_back, restore_runs, trash_runs
from runs.actions.views import DeletedView, bring_back_view
from workspaces.models import Workspace

_SESSION_KEY = "undo"

# Old values of a tag beyond this are too much for a session.
_MAX_CHARACTERS = 500_000


class NothingToUndo(Missing):
    """It was undone already, or something else was done since."""

    def __init__(self) -> None:
        super().__init__("This can no longer be undone. Something else was done since.")


@dataclass(frozen=True)
class Undone:
    """What was taken back, in words, and the page to go back to."""

    message: str
    back: str


def offer_undo_of_trash(request: HttpRequest, keys: Sequence[int], **place) -> str:
    """The text of the offer to restore runs that were moved to the trash."""
    return _offer(request, {"verb": "trash", "keys": _packed(keys)}, **place)


def offer_undo_of_restore(request: HttpRequest, keys: Sequence[int], **place) -> str:
    """The text of the offer to move restored runs to the trash again."""
    return _offer(request, {"verb": "restore", "keys": _packed(keys)}, **place)


def offer_undo_of_tag(request: HttpRequest, change: TagChange, *, key: str, **place) -> str:
    """The text of the offer to give a tag its old values; empty if they are too long to keep."""
    runs_of = defaultdict(list)
    for run, value in change.old.items():
        runs_of[value].append(run)
    old = [(value, _packed(runs)) for value, runs in runs_of.items()]
    if sum(len(value) + len(runs) for value, runs in old) > _MAX_CHARACTERS:
        request.session.pop(_SESSION_KEY, None)
        return ""
    kept = {"verb": "tag", "keys": _packed(change.keys), "key": key, "old": old}
    return _offer(request, kept, **place)


def offer_undo_of_view(request: HttpRequest, deleted: DeletedView, **place) -> str:
    """The text of the offer to bring a deleted view back."""
    return _offer(request, {"verb": "view", "view": asdict(deleted)}, **place)


def undo(request: HttpRequest, workspace: Workspace, token: str) -> Undone:
    """Take it back. Raises ``NothingToUndo``."""
    kept = request.session.get(_SESSION_KEY)
    if not kept or kept["token"] != token or kept["workspace"] != workspace.pk:
        raise NothingToUndo
    keys = _unpacked(kept["keys"]) if "keys" in kept else []
    match kept["verb"]:
        case "view":
            view = bring_back_view(workspace, DeletedView(**kept["view"]))
            message = f"The view {view.name} is back"
        case "trash":
            message = f"Restored {_runs(sum(map(len, in_parts(restore_runs, keys))))}"
        case "restore":
            message = f"Moved {_runs(sum(map(len, in_parts(trash_runs, keys))))} back to Trash"
        case _:
            old = {run: value for value, runs in kept["old"] for run in _unpacked(runs)}
            in_parts(partial(_put_back, old=old, key=kept["key"]), keys)
            message = f"The tag {kept['key']} of {_runs(len(keys))} is as it was"
    del request.session[_SESSION_KEY]
    return Undone(message, kept["back"])


def message_with_undo(request: HttpRequest, text: str, offer: str) -> SafeString:
    """What was done, with a button that takes it back."""
    context = {"text": text, "undo_url": offer}
    return render_to_string("components/_undo.html", context, request)


def _offer(request: HttpRequest, kept: dict, *, workspace: Workspace, back: str) -> str:
    """The address that takes it back."""
    token = secrets.token_urlsafe(9)
    place = {"token": token, "workspace": workspace.pk, "back": back}
    request.session[_SESSION_KEY] = kept | place
    return reverse("runs:undo", args=[workspace.slug, token])


def _put_back(keys: Sequence[int], *, old: dict[int, str], key: str) -> None:
    change = TagChange(keys, {run: old[run] for run in keys if run in old})
    put_tags_back(change, key=key)


def _packed(keys: Iterable[int]) -> str:
    steps = [after - before for before, after in pairwise(chain([0], sorted(keys)))]
    return base64.b85encode(zlib.compress(json.dumps(steps).encode())).decode()


def _unpacked(text: str) -> list[int]:
    return list(accumulate(json.loads(zlib.decompress(base64.b85decode(text)))))


def _runs(count: int) -> str:
    return "1 run" if count == 1 else f"{count:,} runs"
