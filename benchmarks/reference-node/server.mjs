// The server that a reader of the two source documents writes: express, socket.io, one insert and one update a message,
// a room for each conversation, the acknowledgement after the write. What it leaves out is in its favour: it asks for a
// token and verifies it, but does not look who is a member.
//
//   node server.mjs STORAGE PORT DATABASE      STORAGE: seed (Prisma), pg, sqlite or echo (none)
import http from "node:http";
import express from "express";
import jwt from "jsonwebtoken";
import { Server } from "socket.io";

const [storageName, port, database] = process.argv.slice(2);
const { open } = await import(`./storages/${storageName}.mjs`);
const storage = await open(database);
const secret = process.env.JWT_SECRET;

const app = express();
const server = http.createServer(app);
const io = new Server(server);

io.use((socket, next) => {
  try {
    socket.data.userId = jwt.verify(socket.handshake.auth.token, secret).userId;
    next();
  } catch {
    next(new Error("Authentication error"));
  }
});

io.on("connection", (socket) => {
  socket.emit("connected", { user_id: socket.data.userId });

  socket.on("join_conversation", ({ conversation_id }, ack) => {
    socket.join(`conversation_${conversation_id}`);
    ack?.({ ok: true });
  });

  socket.on("send_message", async ({ conversation_id, content }, ack) => {
    try {
      const message = await storage.save(conversation_id, socket.data.userId, content);
      io.to(`conversation_${conversation_id}`).emit("new_message", message);
      ack?.({ ok: true, message });
    } catch (error) {
      console.error(error);
      ack?.({ ok: false, error: "The message could not be saved." });
    }
  });
});

function authenticate(request, response, next) {
  try {
    request.userId = jwt.verify((request.headers.authorization ?? "").replace("Bearer ", ""), secret).userId;
    next();
  } catch {
    response.status(401).json({ error: "Authentication error" });
  }
}

app.get("/api/messages", authenticate, async (request, response) => {
  const { conversationId, limit, before } = request.query;
  response.json(await storage.page(Number(conversationId), Number(limit ?? 50), before ? Number(before) : undefined));
});

server.listen(Number(port), "127.0.0.1");
