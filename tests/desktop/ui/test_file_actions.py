"""Opening and saving: names are made safe, programs are asked about, failures are told, progress is shown."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from PySide6.QtCore import QUrl
from PySide6.QtGui import QDesktopServices
from PySide6.QtWidgets import QApplication, QFileDialog, QMessageBox, QWidget

from desktop.cache.settings_file import SettingsFile
from desktop.ui import fonts
from desktop.ui.file_actions import FileActions, runs, safe_name
from desktop.ui.file_words import letters, progress_words, size_words
from desktop.ui.message_actions import open_link
from desktop.ui.toast import Toast
from desktop.ui.transfers import Transfers
from protocol.shapes import Attachment
from tests.desktop.doubles import FakeServer, until
from tests.desktop.fake_line import FakeApi
from tests.desktop.loop import QLoop
from tests.desktop.timeline_rows import document


@pytest.mark.parametrize(
    ("name", "safe"),
    [
        ("report.pdf", "report.pdf"),
        ("../../etc/passwd", "_.._etc_passwd"),
        ("a\\b:c.txt", "a_b_c.txt"),
        ("CON.txt", "_CON.txt"),
        ("\u202egnp.exe", "gnp.exe"),
        ("   ", "file"),
        ("x" * 300 + ".pdf", "x" * 116 + ".pdf"),
        ("trailing. ", "trailing"),
    ],
)
def test_names_are_only_names(name: str, safe: str) -> None:
    assert safe_name(name) == safe


def test_programs_are_known_by_their_real_ending() -> None:
    assert all(runs(name) for name in ("a.exe", "a.pdf.SH", "photo.png\u202e.js", "x.desktop", "page.html", "a.exe. "))
    assert not any(runs(name) for name in ("a.pdf", "exe", "photo.exe.png", "notes.txt"))


def test_sizes_and_progress_in_words() -> None:
    assert [size_words(n) for n in (0, 812, 1000, 48_000, 5_000_000, 2_300_000_000)] == [
        "0 B",
        "812 B",
        "1 KB",
        "48 KB",
        "5.0 MB",
        "2.3 GB",
    ]
    assert progress_words(5_000_000, 0.62, 4.2) == "3.1 of 5.0 MB · 4 s left"
    assert progress_words(5_000_000, 0.1, None) == "500 KB of 5.0 MB"
    assert progress_words(5_000_000, 0.5, 600) == "2.5 of 5.0 MB · 10 min left"
    assert [letters(name) for name in ("a.pdf", "a.tar.gz", "README", "x.verylong")] == ["PDF", "GZ", "FILE", "FILE"]


def test_a_pace_is_said_only_when_it_is_known() -> None:
    now = [0.0]
    transfers = Transfers(now_s=lambda: now[0])
    assert transfers.seconds_left("m", 0.0) is None
    now[0] = 0.1
    assert transfers.seconds_left("m", 0.05) is None
    now[0] = 2.0
    assert transfers.seconds_left("m", 0.5) == pytest.approx(2.0)
    assert transfers.seconds_left("m", 1.0) is None
    assert transfers.seconds_left("m", 0.6) is None


class Desk:
    """A page with file actions on a fake server that holds one file."""

    def __init__(self) -> None:
        fonts.install()
        self.server = FakeServer()
        self.api = FakeApi(self.server, self.server.add_user("anna").user_id)
        self.file = document("report.pdf", url="/api/files/1/report.pdf")
        url = "/api/files/1/report.pdf"
        self.server.uploads[url] = Attachment(
            attachment_id=1, file_url=url, file_name="report.pdf", file_type="application/pdf", file_size=7
        )
        self.page = QWidget()
        self.page.resize(500, 400)
        self.page.show()
        self.toast = Toast(self.page)
        self.transfers = Transfers()
        self.actions = FileActions(self.api, self.transfers, self.toast, self.page)


@pytest.fixture
def desk(qapp: QApplication) -> Iterator[Desk]:
    made = Desk()
    yield made
    made.actions.close()
    made.page.hide()
    made.page.deleteLater()


@pytest.fixture
def opened(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """What would have been given to the system to open."""
    urls = list[str]()
    monkeypatch.setattr(QDesktopServices, "openUrl", lambda url: urls.append(url.toString()))
    return urls


def test_a_file_is_saved_where_one_asks_and_the_folder_is_offered(
    qloop: QLoop, desk: Desk, tmp_path: Path, opened: list[str]
) -> None:
    async def scene() -> None:
        told = list[float | None]()
        desk.transfers.changed.connect(lambda url: told.append(desk.transfers.download(url)))
        desk.actions.save_as(desk.file)
        dialog = desk.page.findChild(QFileDialog)
        assert dialog is not None
        dialog.fileSelected.emit(str(tmp_path / "mine.pdf"))
        dialog.reject()
        await until(lambda: desk.toast.words() != "")
        assert (tmp_path / "mine.pdf").read_bytes() == b"content"
        assert "mine.pdf" in desk.toast.words()
        assert told == [0.0, 1.0, None]
        assert desk.actions.folder_of(desk.file) == tmp_path
        (tmp_path / "mine.pdf").unlink()
        assert desk.actions.folder_of(desk.file) is None

    qloop(scene())


def test_the_folder_is_remembered_over_a_restart(qapp: QApplication, desk: Desk, tmp_path: Path) -> None:
    settings = SettingsFile(tmp_path / "settings.json")
    FileActions(desk.api, desk.transfers, desk.toast, desk.page, settings).set_folder(tmp_path / "pictures")
    settings.close()
    again = SettingsFile(tmp_path / "settings.json")
    actions = FileActions(desk.api, desk.transfers, desk.toast, desk.page, again)
    assert actions.folder() == str(Path.home())
    (tmp_path / "pictures").mkdir()
    assert actions.folder() == str(tmp_path / "pictures")
    again.close()


def test_a_document_is_fetched_and_opened(qloop: QLoop, desk: Desk, opened: list[str]) -> None:
    async def scene() -> None:
        desk.actions.open(desk.file)
        await until(lambda: len(opened) == 1)
        assert opened[0].endswith("/report.pdf")

    qloop(scene())
    copy = Path(QUrl(opened[0]).toLocalFile())
    assert copy.read_bytes() == b"content"
    desk.actions.close()
    assert not copy.exists()


def test_a_program_is_opened_only_after_a_question(qloop: QLoop, desk: Desk, opened: list[str]) -> None:
    async def scene() -> None:
        desk.server.uploads["/api/files/1/setup.exe"] = desk.server.uploads["/api/files/1/report.pdf"]
        desk.actions.open(document("setup.exe", url="/api/files/1/setup.exe"))
        box = desk.page.findChild(QMessageBox)
        assert box is not None
        assert "setup.exe" in box.text()
        assert opened == []
        assert box.defaultButton().text().replace("&", "") == "Cancel"
        next(button for button in box.buttons() if button.text().replace("&", "") == "Open").click()
        await until(lambda: len(opened) == 1)

    qloop(scene())


@pytest.mark.parametrize("case", ["gone", "offline", "no folder"])
def test_what_goes_wrong_is_told(qloop: QLoop, desk: Desk, tmp_path: Path, case: str) -> None:
    async def scene() -> None:
        target, file = tmp_path / "x.pdf", desk.file
        if case == "gone":
            file = document(url="/api/files/9/x.pdf")
        elif case == "offline":
            desk.server.is_up = False
        else:
            target = tmp_path / "missing" / "x.pdf"
        desk.actions.save_to(file, target)
        await until(lambda: desk.toast.words() != "")
        words = {"gone": "does not exist", "offline": "cannot be reached", "no folder": "could not be saved"}[case]
        assert words in desk.toast.words()
        assert desk.transfers.download(file.url or "") is None
        assert not target.exists()

    qloop(scene())


def test_only_checked_addresses_reach_the_browser(opened: list[str]) -> None:
    for url in ("https://example.org/x", "file:///etc/passwd", "javascript:alert(1)", "https://"):
        open_link(url)
    assert opened == ["https://example.org/x"]
