"""A scene at a running server: two people talking, a stranger, a file; and a good request for every route."""

from __future__ import annotations

import uuid
from dataclasses import dataclass
from typing import Any

import requests

from protocol import tus
from protocol.ids import new_uid
from protocol.routes import ROUTES, Route
from tests.running import PASSWORD, RunningServer
from tests.server.files import media

_ENDING = ("logout",)
"""Routes that end the session they are asked by."""
_OF_GROUPS = ("change_conversation", "members_of", "add_members", "change_member", "remove_member")
"""Routes that are about the group of Ada and Bob."""
_TUS = {tus.VERSION_HEADER: tus.VERSION}
_PICTURE = media.picture(size=(16, 16))
BY_NAME = {route.name: route for route in ROUTES}


@dataclass(kw_only=True)
class Scene:
    """Ada and Bob talk; Eve shares nothing with them. Ids as the server gave them."""

    server: RunningServer
    ada: dict[str, Any]
    ada_token: str
    bob: dict[str, Any]
    bob_token: str
    eve: dict[str, Any]
    eve_token: str
    conversation_id: int
    message: dict[str, Any]
    file: dict[str, Any]
    upload: dict[str, Any]
    coming: str = ""
    group_id: int = 0

    def path(self, route: Route) -> str:
        """The route's path with Ada's things in it."""
        key, name = self.file["file_url"].split("/")[-2:]
        if route.path.startswith(tus.PATH):
            key = self.begun() if route.method == "DELETE" else self.coming
        in_group = route.name in _OF_GROUPS
        if route.name == "remove_member":
            self.ask(BY_NAME["add_members"])
        return route.path.format(
            user_id=(self.bob if in_group else self.ada)["user_id"],
            conversation_id=self.group_id if in_group else self.conversation_id,
            message_id=self._message_id(route),
            emoji="👍",
            attachment_id=self.upload["attachment_id"],
            device_id=self.login()["session_id"] if route.name == "end_device" else 0,
            key=key,
            name=name,
        )

    def _message_id(self, route: Route) -> int:
        """Bob's message; where it must be one's own, one of Ada's to be used up."""
        if route.name not in ("delete_message", "remove_preview"):
            return int(self.message["message_id"])
        path = f"/api/messages/{self.conversation_id}"
        return int(self.server.request("POST", path, self.ada_token, json={"content": "gone"}).json()["message_id"])

    def begun(self) -> str:
        """The key of an upload in pieces of Ada's, to be used up."""
        headers = {**_TUS, tus.LENGTH_HEADER: "10"}
        answer = self.server.request("POST", tus.PATH, self.ada_token, headers=headers)
        return answer.headers["Location"].split("/")[-1]

    def login(self) -> dict[str, Any]:
        """Another session of Ada's, to be used up."""
        return self.server.login(self.ada["username"])

    def options(self, route: Route) -> dict[str, Any]:
        """A good body or query for the route, as Ada would send it."""
        ada, bob = self.ada["user_id"], self.bob["user_id"]
        picture = {"file": ("ada.png", _PICTURE, "image/png")}
        table: dict[str, dict[str, Any]] = {
            "register": {"json": _account(_name("new"))},
            "login": {"json": {"username": self.ada["username"], "password": PASSWORD}},
            "change_me": {"json": {"status_text": "at tea"}},
            "change_password": {"json": {"current_password": PASSWORD, "new_password": PASSWORD}},
            "change_avatar": {"files": picture},
            "users": {"params": {"query": "bob"}},
            "conversations_of_a": {"params": {"userId": ada}},
            "open_conversation": {"json": {"participant1_id": ada, "participant2_id": bob}},
            "change_conversation": {"json": {"title": "Friends"}},
            "add_members": {"json": {"user_ids": [bob]}},
            "change_member": {"json": {"role": "admin"}},
            "change_own": {"json": {"pinned": True}},
            "put_draft": {"json": {"content": "Dear", "written_at": "2026-11-22T09:41:07.120Z"}},
            "messages_of": {"params": {"limit": 1}},
            "search": {"params": {"q": "cat", "from": self.bob["username"]}},
            "messages_of_a": {"params": {"conversationId": self.conversation_id}},
            "send": {"json": {"content": "hello", "sender_id": ada}},
            "send_a": {"data": {"conversationId": self.conversation_id, "senderId": ada, "content": "hello"}},
            "patch_message": {"json": {"is_read": True}},
            "read_all": {"json": {"conversationId": self.conversation_id, "userId": ada}},
            "upload": {"files": picture},
            "begin_upload": {"headers": {**_TUS, tus.LENGTH_HEADER: "0"}},
            "upload_progress": {"headers": _TUS},
            "append_upload": {"headers": {**_TUS, tus.OFFSET_HEADER: "0", "Content-Type": tus.PIECE_TYPE}},
            "abandon_upload": {"headers": _TUS},
            "sync": {"json": {}},
            "digest": {"json": {"epoch": "x", "count": 0, "sum": 0}},
            "verify": {"json": {"uids": [new_uid()]}},
        }
        if route.name == "refresh":
            return {"json": {"refresh_token": self.login()["refresh_token"]}}
        return table.get(route.name, {})

    def ask(self, route: Route, token: str | None = None) -> requests.Response:
        """The good request, as Ada or as whoever owns the token."""
        if token is None:
            token = self.login()["access_token"] if route.name in _ENDING else self.ada_token
        return self.server.request(route.method, self.path(route), token, **self.options(route))


def _name(who: str) -> str:
    """A user name nobody has."""
    return f"{who}-{uuid.uuid4().hex[:12]}"


def _account(name: str) -> dict[str, str]:
    """A registration."""
    return {"username": name, "password": PASSWORD, "display_name": "New"}


def set_scene(server: RunningServer) -> Scene:
    """Everybody registered, one message with a picture sent by Bob, one upload of Ada's waiting and one coming."""
    ada, ada_token = server.create_user(_name("ada"))
    bob, bob_token = server.create_user(_name("bob"))
    eve, eve_token = server.create_user(_name("eve"))
    conversation = server.open_direct(ada_token, ada["user_id"], bob["user_id"])
    picture = {"file": ("cat.png", _PICTURE, "image/png")}
    sent = server.request("POST", "/api/upload", bob_token, files=picture).json()
    body = {"content": "a cat", "attachments": [{"file_url": sent["file_url"]}]}
    path = f"/api/messages/{conversation['conversation_id']}"
    message = server.request("POST", path, bob_token, json=body).json()
    scene = Scene(
        server=server,
        ada=ada,
        ada_token=ada_token,
        bob=bob,
        bob_token=bob_token,
        eve=eve,
        eve_token=eve_token,
        conversation_id=conversation["conversation_id"],
        message=message,
        file=message["attachments"][0],
        upload=server.request("POST", "/api/upload", ada_token, files=picture).json(),
    )
    scene.coming = scene.begun()
    group = {"kind": "group", "title": "Friends", "member_ids": [bob["user_id"]]}
    made = server.request("POST", "/api/conversations", ada_token, json=group).json()
    scene.group_id = made["conversation_id"]
    return scene
