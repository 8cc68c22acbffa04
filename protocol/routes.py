"""The REST catalogue: every path with what goes in and comes out; server and OpenAPI document are made from it."""

from __future__ import annotations

from typing import Any, Literal

from msgspec import Struct

from protocol import accounts, commands, shapes, signals, tus

Method = Literal["GET", "POST", "PUT", "PATCH", "DELETE"]
Body = Literal["none", "json", "form", "file", "json_or_form", "piece"]


_REACHED = (tus.OFFSET_HEADER, tus.LENGTH_HEADER, tus.EXPIRES_HEADER, tus.ATTACHMENT_HEADER)


class Route(Struct, kw_only=True, frozen=True):
    """One endpoint. `path` in OpenAPI form; `documents`: A or B where theirs; `answers`: status → type or None.

    `asked_headers`: what a request may carry beside the usual; `told_headers`: what the answer does.
    """

    name: str
    method: Method
    path: str
    does: str
    takes: type[Struct] | None = None
    query: type[Struct] | None = None
    body: Body = "none"
    answers: dict[int, Any]
    asked_headers: tuple[str, ...] = ()
    told_headers: tuple[str, ...] = ()
    documents: str = ""
    token: bool = True


ROUTES: tuple[Route, ...] = (
    Route(
        name="server_info",
        method="GET",
        path="/api/server",
        does="what this server offers",
        answers={200: accounts.ServerInfo},
        token=False,
    ),
    Route(
        name="register",
        method="POST",
        path="/api/auth/register",
        does="open an account",
        takes=accounts.Register,
        body="json",
        answers={201: accounts.Tokens},
        token=False,
    ),
    Route(
        name="login",
        method="POST",
        path="/api/auth/login",
        does="open a session",
        takes=accounts.Login,
        body="json",
        answers={200: accounts.Tokens},
        token=False,
    ),
    Route(
        name="refresh",
        method="POST",
        path="/api/auth/refresh",
        does="the next pair of tokens",
        takes=accounts.Refresh,
        body="json",
        answers={200: accounts.Tokens},
        token=False,
    ),
    Route(name="logout", method="POST", path="/api/auth/logout", does="end this session", answers={204: None}),
    Route(name="me", method="GET", path="/api/me", does="one's own profile", answers={200: shapes.User}),
    Route(
        name="change_me",
        method="PATCH",
        path="/api/me",
        does="change name or status text",
        takes=accounts.ProfileChange,
        body="json",
        answers={200: shapes.User},
    ),
    Route(
        name="change_password",
        method="POST",
        path="/api/me/password",
        does="change the password; other sessions end",
        takes=accounts.PasswordChange,
        body="json",
        answers={204: None},
    ),
    Route(
        name="change_avatar",
        method="PUT",
        path="/api/me/avatar",
        does="set one's picture",
        body="file",
        answers={200: shapes.User},
    ),
    Route(
        name="devices",
        method="GET",
        path="/api/me/devices",
        does="one's sessions",
        answers={200: list[accounts.Device]},
    ),
    Route(
        name="end_device",
        method="DELETE",
        path="/api/me/devices/{device_id}",
        does="end one of one's sessions",
        answers={204: None},
    ),
    Route(
        name="users",
        method="GET",
        path="/api/users",
        does="people the caller may write to",
        query=accounts.UserQuery,
        answers={200: list[shapes.User]},
    ),
    Route(
        name="conversations_of",
        method="GET",
        path="/api/conversations/{user_id}",
        does="one's conversations, newest first",
        answers={200: list[shapes.Conversation]},
        documents="B",
    ),
    Route(
        name="conversations_of_a",
        method="GET",
        path="/api/messages/conversations",
        does="the same",
        query=commands.ListOf,
        answers={200: list[shapes.Conversation]},
        documents="A",
    ),
    Route(
        name="open_conversation",
        method="POST",
        path="/api/conversations",
        does="create or get a direct conversation",
        takes=commands.OpenConversation,
        body="json",
        answers={200: shapes.Conversation, 201: shapes.Conversation},
        documents="B",
    ),
    Route(
        name="messages_of",
        method="GET",
        path="/api/messages/{conversation_id}",
        does="messages, ascending",
        query=commands.Page,
        answers={200: list[shapes.Message]},
        documents="B",
    ),
    Route(
        name="messages_of_a",
        method="GET",
        path="/api/messages",
        does="the same",
        query=commands.PageOf,
        answers={200: list[shapes.Message]},
        documents="A",
    ),
    Route(
        name="send",
        method="POST",
        path="/api/messages/{conversation_id}",
        does="send; the same uid again answers 200",
        takes=commands.SendMessage,
        body="json",
        answers={200: shapes.Message, 201: shapes.Message},
        documents="B",
    ),
    Route(
        name="send_a",
        method="POST",
        path="/api/messages",
        does="the same from a form, or with the file itself",
        takes=commands.SendMessage,
        body="form",
        answers={200: shapes.Message, 201: shapes.Message},
        documents="A",
    ),
    Route(
        name="patch_message",
        method="PATCH",
        path="/api/messages/{message_id}",
        does="read up to here, or unread from here; or another text for one's own",
        takes=commands.PatchMessage,
        body="json",
        answers={200: shapes.Message},
        documents="B",
    ),
    Route(
        name="delete_message",
        method="DELETE",
        path="/api/messages/{message_id}",
        does="leave a tombstone where a message was",
        answers={200: shapes.Message},
    ),
    Route(
        name="add_reaction",
        method="PUT",
        path="/api/messages/{message_id}/reactions/{emoji}",
        does="put an emoji under a message",
        answers={200: shapes.Message},
    ),
    Route(
        name="remove_reaction",
        method="DELETE",
        path="/api/messages/{message_id}/reactions/{emoji}",
        does="take one's emoji away",
        answers={200: shapes.Message},
    ),
    Route(
        name="edits",
        method="GET",
        path="/api/messages/{message_id}/edits",
        does="what a message has said before, the oldest first",
        answers={200: list[shapes.Edit]},
    ),
    Route(
        name="readers",
        method="GET",
        path="/api/messages/{message_id}/readers",
        does="who has read a message, the first one first",
        answers={200: list[shapes.Reader]},
    ),
    Route(
        name="pin",
        method="PUT",
        path="/api/messages/{message_id}/pin",
        does="pin a message for all",
        answers={200: shapes.Conversation},
    ),
    Route(
        name="unpin",
        method="DELETE",
        path="/api/messages/{message_id}/pin",
        does="unpin a message",
        answers={200: shapes.Conversation},
    ),
    Route(
        name="star",
        method="PUT",
        path="/api/messages/{message_id}/star",
        does="star a message for oneself",
        answers={200: shapes.Own},
    ),
    Route(
        name="unstar",
        method="DELETE",
        path="/api/messages/{message_id}/star",
        does="take one's star away",
        answers={200: shapes.Own},
    ),
    Route(
        name="read_all",
        method="PUT",
        path="/api/messages",
        does="everything so far is read",
        takes=commands.MarkRead,
        body="json_or_form",
        answers={200: signals.Ack},
        documents="A",
    ),
    Route(
        name="upload",
        method="POST",
        path="/api/upload",
        does="upload a file",
        body="file",
        answers={201: shapes.Attachment},
        documents="A",
    ),
    Route(
        name="begin_upload",
        method="POST",
        path=tus.PATH,
        does="begin an upload in pieces (tus 1.0.0; OPTIONS tells its extensions)",
        answers={201: None},
        asked_headers=(tus.VERSION_HEADER, tus.LENGTH_HEADER, tus.METADATA_HEADER),
        told_headers=("Location", *_REACHED),
    ),
    Route(
        name="upload_progress",
        method="GET",
        path=f"{tus.PATH}/{{key}}",
        does="how far an upload has come; HEAD tells the same in headers alone",
        answers={200: tus.UploadState},
        asked_headers=(tus.VERSION_HEADER,),
        told_headers=(*_REACHED, tus.METADATA_HEADER),
    ),
    Route(
        name="append_upload",
        method="PATCH",
        path=f"{tus.PATH}/{{key}}",
        does="the next piece of an upload; the last one makes it an attachment",
        body="piece",
        answers={204: None},
        asked_headers=(tus.VERSION_HEADER, tus.OFFSET_HEADER, tus.CHECKSUM_HEADER),
        told_headers=_REACHED,
    ),
    Route(
        name="abandon_upload",
        method="DELETE",
        path=f"{tus.PATH}/{{key}}",
        does="forget an upload",
        answers={204: None},
        asked_headers=(tus.VERSION_HEADER,),
    ),
    Route(
        name="upload_state",
        method="GET",
        path="/api/uploads/{attachment_id}",
        does="one's own upload",
        answers={200: shapes.Attachment},
    ),
    Route(
        name="file",
        method="GET",
        path="/api/files/{key}/{name}",
        does="a file; ranges",
        answers={200: bytes, 206: bytes},
    ),
    Route(
        name="thumbnail",
        method="GET",
        path="/api/files/{key}/{name}/thumbnail",
        does="a picture of it, at most 640 px",
        answers={200: bytes},
    ),
    Route(
        name="sync",
        method="POST",
        path="/api/sync",
        does="what is new since these versions",
        takes=commands.Sync,
        body="json",
        answers={200: signals.Synced},
    ),
    Route(
        name="digest",
        method="POST",
        path="/api/digest",
        does="is anything stale?",
        takes=commands.Digest,
        body="json",
        answers={200: signals.DigestAnswer},
    ),
    Route(
        name="verify",
        method="POST",
        path="/api/messages/verify",
        does="which of these uids are missing",
        takes=commands.Verify,
        body="json",
        answers={200: signals.VerifyAnswer},
    ),
    Route(
        name="health",
        method="GET",
        path="/healthz",
        does="the process lives",
        answers={200: dict[str, str]},
        token=False,
    ),
    Route(
        name="ready",
        method="GET",
        path="/readyz",
        does="database, migrations and storage are well",
        answers={200: dict[str, Any], 503: dict[str, Any]},
        token=False,
    ),
    Route(name="metrics", method="GET", path="/metrics", does="Prometheus text", answers={200: str}, token=False),
    Route(
        name="openapi",
        method="GET",
        path="/api/openapi.json",
        does="this catalogue as OpenAPI 3.1",
        answers={200: dict[str, Any]},
        token=False,
    ),
    Route(
        name="events",
        method="GET",
        path="/api/events.json",
        does="the catalogue of socket events",
        answers={200: dict[str, Any]},
        token=False,
    ),
    Route(name="docs", method="GET", path="/api/docs", does="a page to read both", answers={200: str}, token=False),
)
"""Every endpoint of the server."""
