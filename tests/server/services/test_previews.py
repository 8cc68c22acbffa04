"""Previews of links, end to end: a site on this machine, the process that looks at it, and what people are told."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from protocol.errors import ErrorCode, Refused
from protocol.shapes import Message
from server.fetch.links import LinkReader
from server.services.links import first_link
from server.services.ports import Actor
from server.services.previews import Previews
from server.storage.attachments import key_of
from tests.server.databases import SQLITE, Cluster, new_address, on_both
from tests.server.fetch.site import Site, opened
from tests.server.files.media import bomb, picture
from tests.server.services.setting import Setting

PAGE = b"""<html><head><title>A page</title><meta property="og:site_name" content="Site">
<meta property="og:description" content="What it is"><meta property="og:image" content="/cat.png"></head>"""


class Looking(Setting):
    """A setting that looks at links when it is told to."""

    def __init__(self, folder: Path, url: str, site: Site) -> None:
        self.waiting: list[Callable[[], object]] = []
        self.busy = False
        super().__init__(folder, url, said=self._said)
        links = LinkReader(site.places)
        self.previews = Previews(self.database, self.access, self.uploads, links, self._later)

    def _said(self, message_id: int, content: str | None) -> None:
        self.previews.consider(message_id, content)

    def _later(self, work: Callable[[], object]) -> bool:
        if not self.busy:
            self.waiting.append(work)
        return not self.busy

    def look(self) -> None:
        """Look at what waits."""
        # What a job does after its commit comes before the answer to the next one.
        self.database.write(lambda unit: unit.now_ms)
        while self.waiting:
            self.waiting.pop(0)()

    def last(self, actor: Actor, room: int) -> Message:
        """The newest message as it is read now."""
        return self.latest(actor, room)[-1]


@pytest.fixture(scope="module")
def site() -> Iterator[Site]:
    """One site with a page and its picture."""
    with opened() as made:
        made.says("/", PAGE)
        made.says("/cat.png", picture(size=(1280, 320)), "image/png")
        yield made


@pytest.fixture
def setting(request: pytest.FixtureRequest, tmp_path: Path, cluster: Cluster, site: Site) -> Iterator[Looking]:
    """An empty house that looks at links."""
    kind = getattr(request, "param", SQLITE)
    with new_address(kind, tmp_path, cluster) as url:
        made = Looking(tmp_path, url, site)
        yield made
        made.close()


@on_both
def test_a_link_is_shown_to_all_and_taken_away_by_who_wrote_it(
    setting: Looking, ada: Actor, ben: Actor, direct: int, site: Site
) -> None:
    message = setting.say(ada, direct, f"look: {site.url()}.")
    assert message.preview is None
    setting.look()
    shown = setting.last(ben, direct)
    preview = shown.preview
    assert preview is not None
    assert (preview.url, preview.title, preview.site) == (site.url(), "A page", "Site")
    assert (preview.description, preview.image_width, preview.image_height) == ("What it is", 640, 160)
    assert preview.image_blurhash is not None
    assert shown.version == message.version + 1
    assert setting.told("message_updated", ben) == setting.told("message_updated", ada) == [shown]
    assert (shown.attachments, shown.edited_at) == ([], None)
    file = setting.uploads.open(ben, key_of(preview.image_url or "") or "")
    assert (file.file_type, file.path.read_bytes()[8:12]) == ("image/webp", b"WEBP")
    with pytest.raises(Refused) as caught:
        setting.previews.remove(ben, message.message_id)
    assert caught.value.code == ErrorCode.FORBIDDEN
    bare = setting.previews.remove(ada, message.message_id)
    assert (bare.preview, setting.told("message_updated", ben)[-1]) == (None, bare)
    assert setting.previews.remove(ada, message.message_id) == bare
    setting.look()
    assert [*setting.blobs.digests()] == []


def test_another_link_is_looked_at_anew_and_another_text_is_not(
    setting: Looking, ada: Actor, direct: int, site: Site
) -> None:
    other = site.says("/other", b"<title>Other</title>")
    message = setting.say(ada, direct, site.url())
    setting.look()
    kept = setting.edit(ada, message, f"see {site.url()}")
    assert kept.preview == setting.last(ada, direct).preview is not None
    assert not setting.waiting
    assert setting.edit(ada, message, other).preview is None
    setting.look()
    shown = setting.last(ada, direct).preview
    assert shown is not None
    assert (shown.title, shown.image_url) == ("Other", None)
    forwarded = setting.say(ada, direct, None, forward_of=message.message_id)
    setting.look()
    assert setting.messages.get(ada, forwarded.message_id).preview == shown
    assert setting.delete(ada, message).preview is None


def test_what_comes_too_late_is_not_shown(setting: Looking, ada: Actor, direct: int, site: Site) -> None:
    edited, deleted = setting.say(ada, direct, site.url()), setting.say(ada, direct, site.url())
    setting.database.write(lambda unit: unit.now_ms)
    late = [*setting.waiting]
    setting.waiting.clear()
    setting.edit(ada, edited, "no link")
    setting.delete(ada, deleted)
    for work in late:
        work()
    assert [message.preview for message in setting.latest(ada, direct)] == [None, None]
    assert [*setting.blobs.digests()] == []


def test_a_page_is_shown_without_a_picture_that_is_none(setting: Looking, ada: Actor, direct: int, site: Site) -> None:
    broken = {
        "/svg": (b"<svg/>", "image/svg+xml"),
        "/html": (b"<p>", "image/png"),
        "/large": (b"x" * 2_100_000, "image/png"),
        "/bomb": (bomb(20_000, 20_000), "image/png"),
    }
    for path, (body, kind) in broken.items():
        site.says(path, body, kind)
        site.says("/page", b'<title>Page</title><meta property="og:image" content="%s">' % path.encode())
        setting.say(ada, direct, site.url("/page"))
        setting.look()
        shown = setting.last(ada, direct).preview
        assert shown is not None
        assert (shown.title, shown.image_url) == ("Page", None), path
    assert [*setting.blobs.digests()] == []


def test_nothing_is_shown_of_what_leads_elsewhere_or_is_too_much(
    setting: Looking, ada: Actor, direct: int, site: Site
) -> None:
    setting.say(ada, direct, site.moves("/away", "http://127.0.0.1:1/"))
    setting.busy = True
    setting.say(ada, direct, site.url())
    setting.look()
    assert [message.preview for message in setting.latest(ada, direct)] == [None, None]


@pytest.mark.parametrize(
    ("text", "link"),
    [
        ("", None),
        (None, None),
        ("no link, httpx://a", None),
        ("https://a.example", "https://a.example"),
        ("see HTTP://A.example/x?y=1#z, and http://b.example", "HTTP://A.example/x?y=1#z"),
        ("(https://a.example/w_(x))", "https://a.example/w_(x)"),
        ("**https://a.example/**!", "https://a.example/"),
        ("<https://a.example/>.", "https://a.example/"),
        ("https://a.example/ä/中?", "https://a.example/ä/中"),
    ],
)
def test_the_first_link_is_found_without_what_surrounds_it(text: str | None, link: str | None) -> None:
    assert first_link(text) == link
