"""Files over REST, against a running server: in, beside a message, and out to those who may see them."""

from __future__ import annotations

import io
import socket
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
import requests
from PIL import Image

from protocol import blurhash
from protocol.ids import new_uid
from tests.running import RunningServer, Unique
from tests.server.conftest import ServerFactory
from tests.server.files import media


@dataclass
class People:
    """Two who talk with each other, and a stranger, each with an access token."""

    server: RunningServer
    ada: str
    ben: str
    eve: str
    ids: dict[str, int]
    conversation_id: int

    def upload(self, data: bytes, name: str, token: str | None = None) -> requests.Response:
        """Send a file as Ada, or as whose token it is."""
        return self.server.request("POST", "/api/upload", token or self.ada, files={"file": (name, data)})

    def send(self, token: str, *urls: str, **more: object) -> requests.Response:
        """Send these files into the conversation."""
        body = {"attachments": [{"file_url": url} for url in urls], **more}
        return self.server.request("POST", f"/api/messages/{self.conversation_id}", token, json=body)

    def get(self, token: str | None, url: str, **headers: str) -> requests.Response:
        """Fetch a file."""
        return self.server.request("GET", url, token, headers=headers)


@pytest.fixture
def people(server: RunningServer, unique: Unique) -> People:
    """Three people on the module's server."""
    made = {name: server.create_user(unique(name)) for name in ("ada", "ben", "eve")}
    ids = {name: user["user_id"] for name, (user, _) in made.items()}
    conversation = server.open_direct(made["ada"][1], ids["ada"], ids["ben"])
    tokens = {name: token for name, (_, token) in made.items()}
    return People(server, **tokens, ids=ids, conversation_id=conversation["conversation_id"])


def blobs_of(server: RunningServer) -> set[Path]:
    """Every file that lies in the server's store, finished or not."""
    return {path for path in (server.data_dir / "blobs").rglob("*") if path.is_file()}


def error_of(response: requests.Response) -> tuple[int, str]:
    """Status and code of a refusal, which must say what to do."""
    error = response.json()["error"]
    assert error["message"].endswith(".")
    return response.status_code, error["code"]


def test_a_picture_comes_back_as_it_was_with_its_size_and_a_small_one(people: People) -> None:
    data = media.picture("PNG", (1200, 300))
    answer = people.upload(data, "harbour.png")
    assert answer.status_code == 201
    body = answer.json()
    assert (body["file_type"], body["file_size"], body["width"], body["height"]) == ("image/png", len(data), 1200, 300)
    assert body["fileUrl"] == body["file_url"]
    assert body["id"] == body["attachment_id"]
    assert body["message_id"] is None
    whole = people.get(people.ada, body["file_url"])
    assert whole.content == data
    assert whole.headers["Content-Type"] == "image/png"
    assert whole.headers["X-Content-Type-Options"] == "nosniff"
    small = people.get(people.ada, body["thumbnail_url"])
    with Image.open(io.BytesIO(small.content)) as opened:
        assert opened.size == (640, 160)
    sent = people.send(people.ada, body["file_url"]).json()
    assert sent["attachments"][0]["blurhash"] == body["blurhash"]
    assert len(blurhash.decode(body["blurhash"], 4, 1)) == 12


def test_only_the_uploader_sees_an_upload_and_only_members_a_sent_file(people: People) -> None:
    url = people.upload(media.picture(), "a.png").json()["file_url"]
    assert people.get(people.ada, url).status_code == 200
    for token in (people.ben, people.eve):
        assert error_of(people.get(token, url)) == (404, "not_found")
    assert error_of(people.get(None, url)) == (401, "unauthenticated")
    assert people.send(people.ada, url).status_code == 201
    assert people.get(people.ben, url).status_code == 200
    assert people.get(people.ben, f"{url}/thumbnail").status_code == 200
    for refused in (people.get(people.eve, url), people.get(people.eve, f"{url}/thumbnail")):
        assert error_of(refused) == (404, "not_found")
    missing = url.replace(url.split("/")[3], "0" * 32)
    assert people.get(people.eve, url).json() == people.get(people.eve, missing).json()


def test_a_sent_picture_is_an_image_message_for_both_documents(people: People) -> None:
    uploaded = people.upload(media.picture(), "a.png").json()
    form = {"conversationId": people.conversation_id, "senderId": people.ids["ada"], "receiverId": people.ids["ben"]}
    data = {**form, "type": "image", "fileUrl": uploaded["file_url"], "fileName": "a.png"}
    message = people.server.request("POST", "/api/messages", people.ada, data=data).json()
    assert message["type"] == "image"
    assert message["content"] is None
    assert message["fileUrl"] == message["attachments"][0]["fileUrl"] == uploaded["file_url"]
    assert (message["fileName"], message["fileType"]) == ("a.png", "image/png")


def test_document_a_may_send_the_file_itself(people: People) -> None:
    form = {"conversationId": people.conversation_id, "content": "Look", "type": "video"}
    files = {"file": ("clip.mp4", media.MP4)}
    answer = people.server.request("POST", "/api/messages", people.ada, data=form, files=files)
    assert answer.status_code == 201, answer.text
    message = answer.json()
    assert (message["type"], message["content"], message["file_name"]) == ("video", "Look", "clip.mp4")
    assert people.get(people.ben, message["file_url"]).content == media.MP4


@pytest.mark.parametrize(
    "url",
    ["https://evil.example/x.png", "/etc/passwd", "/api/files/" + "0" * 32 + "/x.png", "/api/files/../../x", "", "x"],
)
def test_a_foreign_address_is_refused(people: People, url: str) -> None:
    assert error_of(people.send(people.ada, url or " ")) == (422, "file_not_uploaded")


def test_another_ones_upload_and_an_unseen_file_cannot_be_sent(people: People) -> None:
    theirs = people.upload(media.picture(), "a.png").json()["file_url"]
    assert error_of(people.send(people.ben, theirs)) == (422, "file_not_uploaded")
    other = people.server.open_direct(people.eve, people.ids["eve"], people.ids["ben"])["conversation_id"]
    people.send(people.ada, theirs)
    body = {"file_url": theirs}
    stolen = people.server.request("POST", f"/api/messages/{other}", people.eve, json=body)
    assert error_of(stolen) == (422, "file_not_uploaded")
    passed_on = people.server.request("POST", f"/api/messages/{other}", people.ben, json=body)
    assert passed_on.status_code == 201
    copy = passed_on.json()["file_url"]
    assert copy != theirs
    assert people.get(people.eve, copy).status_code == 200
    assert people.get(people.eve, theirs).status_code == 404


def test_an_upload_is_bound_to_one_message_and_a_retry_answers_the_same(people: People) -> None:
    url = people.upload(media.PDF, "report.pdf").json()["file_url"]
    uid = new_uid()
    first = people.send(people.ada, url, uid=uid)
    again = people.send(people.ada, url, uid=uid)
    assert (first.status_code, again.status_code) == (201, 200)
    assert first.json() == again.json()
    second = people.send(people.ada, url)
    assert second.status_code == 201
    assert second.json()["file_url"] != url
    other = people.upload(media.PDF + b"more", "report.pdf").json()["file_url"]
    assert error_of(people.send(people.ada, other, uid=uid)) == (409, "idempotency_conflict")


@pytest.mark.parametrize(
    ("data", "name"),
    [
        (media.SVG, "logo.svg"),
        (media.HTML, "page.html"),
        (media.PDF, "report.pdf"),
        (media.HTML + media.picture(), "polyglot.png"),
        (b"GIF89a" + media.HTML, "polyglot.gif"),
        (media.picture() + media.HTML, "trailing.html"),
    ],
)
def test_what_a_browser_might_run_is_a_download(people: People, data: bytes, name: str) -> None:
    uploaded = people.upload(data, name).json()
    handed = people.get(people.ada, uploaded["file_url"])
    assert handed.content == data
    safe_picture = handed.headers["Content-Type"] in {"image/png", "image/gif", "image/jpeg", "image/webp"}
    assert safe_picture or handed.headers["Content-Type"] == "application/octet-stream"
    assert handed.headers["Content-Disposition"].startswith("inline" if safe_picture else "attachment")
    assert safe_picture == (uploaded["thumbnail_url"] is not None)
    assert handed.headers["X-Content-Type-Options"] == "nosniff"
    assert "sandbox" in handed.headers["Content-Security-Policy"]


@pytest.mark.parametrize("kind", ["image", "video"])
def test_a_type_the_bytes_do_not_bear_out_is_refused(people: People, kind: str) -> None:
    url = people.upload(media.HTML, "x.png").json()["file_url"]
    assert error_of(people.send(people.ada, url, type=kind)) == (422, "type_mismatch")


def test_a_file_name_is_told_but_never_a_path(people: People) -> None:
    before = {path.name for path in people.server.data_dir.parent.rglob("*")}
    for name in ("../../../evil.sh", "..\\..\\evil.sh", "/etc/cron.d/evil.sh"):
        uploaded = people.upload(b"data", name).json()
        assert uploaded["file_name"] == "evil.sh"
        handed = people.get(people.ada, uploaded["file_url"])
        assert handed.headers["Content-Disposition"] == "attachment; filename=evil.sh"
    new = {path.name for path in people.server.data_dir.parent.rglob("*")} - before
    assert "evil.sh" not in new


def test_a_name_in_any_script_survives(people: People) -> None:
    uploaded = people.upload(b"text", "отчёт \u202egpj.exe 報告.txt").json()
    assert uploaded["file_name"] == "отчёт gpj.exe 報告.txt"
    handed = people.get(people.ada, uploaded["file_url"])
    assert "filename*=UTF-8''" in handed.headers["Content-Disposition"]
    assert handed.content == b"text"


def test_a_file_larger_than_any_other_body_and_one_without_a_length(people: People) -> None:
    data = bytes(range(256)) * 20_000
    uploaded = people.upload(data, "large.bin").json()
    assert people.get(people.ada, uploaded["file_url"]).content == data
    body = b'--b\r\nContent-Disposition: form-data; name="file"; filename="c.bin"\r\n\r\n' + data + b"\r\n--b--\r\n"
    headers = {"Content-Type": "multipart/form-data; boundary=b"}
    chunks = (body[start : start + 100_000] for start in range(0, len(body), 100_000))
    chunked = people.server.request("POST", "/api/upload", people.ada, data=chunks, headers=headers)
    assert chunked.status_code == 201, chunked.text
    assert people.get(people.ada, chunked.json()["file_url"]).content == data


def test_ranges(people: People) -> None:
    data = bytes(range(256)) * 40
    url = people.upload(data, "data.bin").json()["file_url"]
    part = people.get(people.ada, url, Range="bytes=100-199")
    assert (part.status_code, part.content) == (206, data[100:200])
    assert part.headers["Content-Range"] == f"bytes 100-199/{len(data)}"
    assert people.get(people.ada, url, Range="bytes=-5").content == data[-5:]
    assert people.get(people.ada, url, Range="bytes=10000-").content == data[10000:]
    assert error_of(people.get(people.ada, url, Range=f"bytes={len(data)}-")) == (416, "range_not_satisfiable")
    assert people.get(people.ada, url, Range="nonsense").content == data
    assert people.get(people.ada, url, Range="bytes=0-1,4-5").content == data
    whole = people.get(people.ada, url)
    assert whole.headers["Accept-Ranges"] == "bytes"
    assert people.get(people.ada, url, **{"If-None-Match": whole.headers["ETag"]}).status_code == 304


def test_a_bomb_is_refused_and_a_broken_picture_is_a_plain_file(people: People) -> None:
    refused = people.upload(media.bomb(60_000, 60_000), "bomb.png")
    assert error_of(refused) == (413, "image_too_large")
    assert "40 megapixels" in refused.json()["error"]["message"]
    broken = people.upload(media.bomb(5_000, 5_000), "broken.png").json()
    assert (broken["file_type"], broken["thumbnail_url"]) == ("application/octet-stream", None)


def test_the_place_a_photo_was_taken_is_gone_from_its_thumbnail(people: People) -> None:
    uploaded = people.upload(media.photo_with_gps((300, 200)), "photo.jpg").json()
    assert (uploaded["width"], uploaded["height"]) == (200, 300)
    small = people.get(people.ada, uploaded["thumbnail_url"]).content
    with Image.open(io.BytesIO(small)) as opened:
        assert not dict(opened.getexif())
        assert opened.size == (200, 300)


def test_an_empty_file_can_be_sent(people: People) -> None:
    uploaded = people.upload(b"", "empty.txt").json()
    assert uploaded["file_size"] == 0
    assert people.get(people.ada, uploaded["file_url"]).content == b""


@pytest.mark.parametrize(
    "options",
    [
        {},
        {"json": {"file": "x"}},
        {"files": {"other": ("a.txt", b"x")}},
        {"data": {"file": "x"}},
        {"data": b"--x\r\ngarbage", "headers": {"Content-Type": "multipart/form-data; boundary=x"}},
        {"data": b"x", "headers": {"Content-Type": "multipart/form-data"}},
        {"files": [("file", ("a", b"1")), ("file", ("b", b"2"))]},
        {"files": [("file", ("a", b"1"))], "data": {str(i): "x" for i in range(100)}},
        {"files": [("file", ("a", b"1"))], "data": {"content": "x" * 600_000}},
    ],
)
def test_a_form_without_one_file_is_refused_and_leaves_nothing(people: People, options: dict[str, Any]) -> None:
    before = blobs_of(people.server)
    answer = people.server.request("POST", "/api/upload", people.ada, **options)
    status, _ = error_of(answer)
    assert 400 <= status < 500
    assert blobs_of(people.server) == before


def test_an_upload_cut_in_the_middle_leaves_nothing(people: People) -> None:
    before = blobs_of(people.server)
    with socket.create_connection(("127.0.0.1", people.server.port)) as line:
        head = (
            f"POST /api/upload HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer {people.ada}\r\n"
            "Content-Type: multipart/form-data; boundary=b\r\nContent-Length: 1000000\r\n\r\n"
            '--b\r\nContent-Disposition: form-data; name="file"; filename="a.bin"\r\n\r\n'
        )
        line.sendall(head.encode() + b"x" * 500_000)
        until = time.monotonic() + 20
        while blobs_of(people.server) == before and time.monotonic() < until:
            time.sleep(0.02)
        assert blobs_of(people.server) != before, "the upload had not begun to be written"
    while blobs_of(people.server) != before and time.monotonic() < until:
        time.sleep(0.02)
    assert blobs_of(people.server) == before


def test_limits_are_told_before_the_file_is_taken(start_server: ServerFactory) -> None:
    limits = {"HEARTH_LIMITS_FILE_BYTES": "200000", "HEARTH_LIMITS_IMAGE_BYTES": "1000"}
    server = start_server(env={**limits, "HEARTH_LIMITS_OPEN_UPLOADS_PER_USER": "3"})
    _, token = server.create_user("ada")
    before = blobs_of(server)

    def upload(data: bytes) -> requests.Response:
        return server.request("POST", "/api/upload", token, files={"file": ("x", data)})

    refused = upload(b"x" * 200_001)
    assert error_of(refused) == (413, "file_too_large")
    assert refused.json()["error"]["details"]["limit_bytes"] == 200_000
    assert error_of(upload(b"x" * 5_000_000)) == (413, "file_too_large")
    assert error_of(upload(media.picture("PNG", (900, 900)))) == (413, "image_too_large")
    assert blobs_of(server) == before
    assert [upload(bytes([number])).status_code for number in range(3)] == [201] * 3
    full = upload(b"4")
    assert error_of(full) == (429, "too_many_uploads")
    assert int(full.headers["Retry-After"]) > 0


def test_a_nearly_full_disk_refuses_uploads_and_nothing_else(start_server: ServerFactory) -> None:
    server = start_server(env={"HEARTH_FREE_BYTES_MIN": str(10**18)})
    ada, token = server.create_user("ada")
    ben, _ = server.create_user("ben")
    refused = server.request("POST", "/api/upload", token, files={"file": ("x", b"x")})
    assert error_of(refused) == (507, "storage_full")
    assert refused.json()["error"]["retryable"] is True
    conversation = server.open_direct(token, ada["user_id"], ben["user_id"])
    path = f"/api/messages/{conversation['conversation_id']}"
    assert server.request("POST", path, token, json={"content": "still"}).status_code == 201


def test_an_avatar_is_a_square_that_everybody_sees(people: People) -> None:
    files = {"file": ("me.jpg", media.photo_with_gps((900, 300)))}
    user = people.server.request("PUT", "/api/me/avatar", people.ada, files=files)
    assert user.status_code == 200, user.text
    url = user.json()["avatar_url"]
    picture = people.get(people.eve, url)
    with Image.open(io.BytesIO(picture.content)) as opened:
        assert opened.size == (256, 256)
        assert not dict(opened.getexif())
    second = people.server.request("PUT", "/api/me/avatar", people.ada, files={"file": ("n.png", media.picture())})
    assert second.json()["version"] > user.json()["version"]
    assert people.get(people.eve, url).status_code == 404
    refused = people.server.request("PUT", "/api/me/avatar", people.ada, files={"file": ("n.png", media.SVG)})
    assert error_of(refused) == (415, "unsupported_media_type")


def test_an_upload_can_be_looked_up_by_its_owner_alone(people: People) -> None:
    uploaded = people.upload(b"x", "x.bin").json()
    path = f"/api/uploads/{uploaded['attachment_id']}"
    assert people.server.request("GET", path, people.ada).json()["file_url"] == uploaded["file_url"]
    assert error_of(people.server.request("GET", path, people.ben)) == (404, "not_found")
