// A client written from document B ("Real-Time Messaging System Documentation"), literally: its composable `useSocket`,
// its events and its endpoints. Only the address and the tokens are added. Exits 0 when all holds.
import assert from "node:assert/strict";
import { io } from "socket.io-client";

const url = process.env.SOCKET_URL;
const [ada, bob] = JSON.parse(process.env.PEOPLE); // { userId, token }

const $fetch = async (person, path, { method = "GET", body } = {}) => {
  const response = await fetch(url + path, {
    method,
    body: body && JSON.stringify(body),
    headers: { Authorization: `Bearer ${person.token}`, ...(body && { "Content-Type": "application/json" }) },
  });
  assert.ok(response.ok, `${path}: ${response.status} ${await response.clone().text()}`);
  return response.json();
};

const until = async (what, holds) => {
  for (let tries = 0; tries < 400; tries += 1) {
    if (holds()) return;
    await new Promise((wake) => setTimeout(wake, 25));
  }
  assert.fail(`did not happen: ${what}`);
};

// The composable of the document.
const useSocket = (person) => {
  const state = { isConnected: false, messages: [], read: [], joined: [], left: [], transports: [] };
  let socket;
  return {
    state,
    initSocket() {
      socket = io(url, { auth: { token: person.token } });
      socket.on("connect", () => {
        state.isConnected = true;
        state.transports.push(socket.io.engine.transport.name);
        socket.io.engine.on("upgrade", (transport) => state.transports.push(transport.name));
      });
      socket.on("disconnect", () => { state.isConnected = false; });
      socket.on("new_message", (message) => state.messages.push(message));
      socket.on("message_read", (message) => state.read.push(message));
      socket.on("user_joined", (event) => state.joined.push(event));
      socket.on("user_left", (event) => state.left.push(event));
    },
    sendMessage(conversationId, content) {
      socket.emit("send_message", { conversation_id: conversationId, content, sender_id: person.userId });
    },
    joinConversation(conversationId) {
      socket.emit("join_conversation", { conversation_id: conversationId, user_id: person.userId });
    },
    leaveConversation(conversationId) {
      socket.emit("leave_conversation", { conversation_id: conversationId, user_id: person.userId });
    },
    markAsRead(messageId, conversationId) {
      socket.emit("mark_as_read", { message_id: messageId, conversation_id: conversationId });
    },
    disconnect() { socket.disconnect(); },
  };
};

// Starting a conversation
const body = { participant1_id: ada.userId, participant2_id: bob.userId };
const conversation = await $fetch(ada, "/api/conversations", { method: "POST", body });
const id = conversation.conversation_id;
assert.equal((await $fetch(bob, "/api/conversations", { method: "POST", body })).conversation_id, id);

const a = useSocket(ada);
const b = useSocket(bob);
a.initSocket();
b.initSocket();
await until("connected and upgraded", () => [a, b].every(({ state }) => (
  state.isConnected && state.transports.at(-1) === "websocket"
)));

// Who looks
a.joinConversation(id);
await until("user_joined", () => b.state.joined.length === 1);
assert.deepEqual(b.state.joined[0].activeUsers, [ada.userId]);
b.joinConversation(id);
await until("both look", () => a.state.joined.at(-1)?.activeUsers.length === 2);

// Sending over the socket, and over REST
a.sendMessage(id, "Hello!");
await until("new_message", () => b.state.messages.length === 1 && a.state.messages.length === 1);
const [hello] = b.state.messages;
assert.deepEqual([hello.conversation_id, hello.sender_id, hello.content, hello.is_read], [id, ada.userId, "Hello!", false]);
assert.ok(Number.isInteger(hello.message_id) && hello.created_at);
const message = await $fetch(ada, `/api/messages/${id}`, {
  method: "POST", body: { content: "Over REST", sender_id: ada.userId, attachments: [] },
});
assert.equal(message.sender.user_id, ada.userId);
await until("the second", () => b.state.messages.length === 2);
const emoji = "🦊".repeat(16000);
a.sendMessage(id, emoji);
await until("16,000 emoji", () => b.state.messages.length === 3);
assert.equal(b.state.messages[2].content, emoji);

// Order
for (let number = 0; number < 40; number += 1) a.sendMessage(id, `line ${number}`);
await until("forty lines", () => b.state.messages.length === 43);
assert.deepEqual(
  b.state.messages.slice(3).map(({ content }) => content), Array.from({ length: 40 }, (_, number) => `line ${number}`),
);

// Read status, over the socket and over REST
b.markAsRead(hello.message_id, id);
await until("message_read", () => a.state.read.length === 1);
assert.deepEqual([a.state.read[0].message_id, a.state.read[0].is_read], [hello.message_id, true]);
const patched = await $fetch(bob, `/api/messages/${message.message_id}`, { method: "PATCH", body: { is_read: true } });
assert.equal(patched.is_read, true);
await until("the second is read", () => a.state.read.some(({ message_id }) => message_id === message.message_id));

// Lists
const messages = await $fetch(bob, `/api/messages/${id}`);
assert.deepEqual(messages.map(({ content }) => content), b.state.messages.map(({ content }) => content));
const [first] = await $fetch(bob, `/api/conversations/${bob.userId}`);
assert.equal(first.conversation_id, id);
assert.equal(first.last_message.content, "line 39");

// Looking away, and dropping
b.leaveConversation(id);
await until("user_left", () => a.state.left.length === 1);
assert.deepEqual([a.state.left[0].conversation_id, a.state.left[0].activeUsers], [id, [ada.userId]]);
b.joinConversation(id);
await until("b looks again", () => a.state.joined.at(-1).activeUsers.length === 2 && a.state.joined.length === 3);
b.disconnect();
await until("left with the socket", () => a.state.left.length === 2);
a.disconnect();
console.log("document B holds");
