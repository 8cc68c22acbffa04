// A client written from document A ("Messaging System Setup Guide"), literally: its events, fields and endpoints. Only
// the address and the tokens are added. Two people, each with a socket of default transports; exits 0 when all holds.
import assert from "node:assert/strict";
import { once } from "node:events";
import { io } from "socket.io-client";

const url = process.env.SOCKET_URL;
const people = JSON.parse(process.env.PEOPLE); // [{ userId, token }, { userId, token }]
const [ada, bob] = people;
const bearer = (person) => ({ Authorization: `Bearer ${person.token}` });
const rest = async (person, path, options = {}) => {
  const response = await fetch(url + path, { ...options, headers: { ...bearer(person), ...options.headers } });
  assert.ok(response.ok, `${path}: ${response.status} ${await response.clone().text()}`);
  return response.json();
};

// The next event of a name, as a promise; later ones wait in line.
const listen = (socket, ...names) => {
  const waiting = Object.fromEntries(names.map((name) => [name, { events: [], takers: [] }]));
  for (const name of names) {
    socket.on(name, (payload) => {
      const line = waiting[name];
      line.takers.length ? line.takers.shift()(payload) : line.events.push(payload);
    });
  }
  return (name) => {
    const line = waiting[name];
    return line.events.length ? Promise.resolve(line.events.shift()) : new Promise((take) => line.takers.push(take));
  };
};

const open = (person) => {
  const socket = io(url, { auth: { token: person.token } });
  const next = listen(
    socket, "connected", "new_message", "message_sent", "message_error", "user_typing", "messages_read",
  );
  return { socket, next };
};

// Connecting: polling first, then the upgrade.
const a = open(ada);
const b = open(bob);
await Promise.all([a, b].map(async ({ socket }) => {
  await once(socket, "connect");
  if (socket.io.engine.transport.name === "polling") await once(socket.io.engine, "upgrade");
  assert.equal(socket.io.engine.transport.name, "websocket");
}));
assert.equal((await a.next("connected")).user_id, ada.userId);
assert.equal((await b.next("connected")).user_id, bob.userId);
a.socket.emit("join_user_room", ada.userId);
b.socket.emit("join_user_room", bob.userId);

// GET /api/messages/conversations?userId={id}
const conversations = await rest(ada, `/api/messages/conversations?userId=${ada.userId}`);
const conversation = conversations.find(({ user1Id, user2Id }) => [user1Id, user2Id].includes(bob.userId));
assert.ok(conversation.user1Id < conversation.user2Id);
assert.ok("lastMessageAt" in conversation);
const conversationId = conversation.id;
a.socket.emit("join_conversation", conversationId);
b.socket.emit("join_conversation", conversationId);

// send_message, new_message, message_sent
a.socket.emit("send_message", {
  conversationId, senderId: ada.userId, receiverId: bob.userId, content: "Hello from A", type: "text", fileUrl: null,
});
const sent = await a.next("message_sent");
const heard = await b.next("new_message");
assert.equal((await a.next("new_message")).id, sent.id);
assert.deepEqual(
  [heard.id, heard.conversationId, heard.senderId, heard.receiverId, heard.content, heard.type, heard.read],
  [sent.id, conversationId, ada.userId, bob.userId, "Hello from A", "text", false],
);

// 16,000 emoji in one message
const emoji = "😀".repeat(16000);
a.socket.emit("send_message", { conversationId, senderId: ada.userId, receiverId: bob.userId, content: emoji });
assert.equal((await b.next("new_message")).content, emoji);
assert.equal((await a.next("message_sent")).content, emoji);
await a.next("new_message");

// typing
b.socket.emit("typing", { conversationId, userId: bob.userId, isTyping: true });
const typing = await a.next("user_typing");
assert.deepEqual([typing.conversationId, typing.userId, typing.isTyping], [conversationId, bob.userId, true]);
b.socket.emit("typing", { conversationId, userId: bob.userId, isTyping: false });
assert.equal((await a.next("user_typing")).isTyping, false);

// mark_read, messages_read
b.socket.emit("mark_read", { conversationId, userId: bob.userId });
const read = await a.next("messages_read");
assert.deepEqual([read.conversationId, read.userId], [conversationId, bob.userId]);
assert.match(read.readAt, /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/);

// message_error: somebody else's name
a.socket.emit("send_message", { conversationId, senderId: bob.userId, content: "forged" });
assert.equal((await a.next("message_error")).error.code, "not_yourself");

// Upload, then POST /api/messages with FormData
const picture = Buffer.from(
  "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAQAAAC1HAwCAAAAC0lEQVR42mNk+A8AAQUBAScY42YAAAAASUVORK5CYII=", "base64",
);
const upload = new FormData();
upload.append("file", new Blob([picture], { type: "image/png" }), "pixel.png");
const uploaded = await rest(ada, "/api/upload", { method: "POST", body: upload });
const form = new FormData();
for (const [key, value] of Object.entries({
  conversationId, senderId: ada.userId, receiverId: bob.userId, content: "", type: "image", fileUrl: uploaded.fileUrl,
  fileName: "pixel.png",
})) form.append(key, value);
const posted = await rest(ada, "/api/messages", { method: "POST", body: form });
assert.deepEqual([posted.type, posted.fileName, posted.fileType, posted.fileSize], [
  "image", "pixel.png", "image/png", picture.length,
]);
assert.equal((await b.next("new_message")).fileUrl, posted.fileUrl);
const bytes = await fetch(url + posted.fileUrl, { headers: bearer(bob) });
assert.deepEqual(Buffer.from(await bytes.arrayBuffer()), picture);

// PUT /api/messages, GET /api/messages?conversationId={id}
await rest(bob, "/api/messages", {
  method: "PUT", body: JSON.stringify({ conversationId, userId: bob.userId }),
  headers: { "Content-Type": "application/json" },
});
const messages = await rest(ada, `/api/messages?conversationId=${conversationId}`);
assert.deepEqual(messages.map(({ content, read: isRead }) => [content, isRead]), [
  ["Hello from A", true], [emoji, true], [null, true],
]);
assert.ok(messages.every(({ readAt }) => readAt !== null));

a.socket.disconnect();
b.socket.disconnect();

// A token that is none
const stranger = io(url, { auth: { token: "none" } });
const [refused] = await once(stranger, "connect_error");
assert.equal(refused.data.code, "unauthenticated");
stranger.disconnect();
console.log("document A holds");
