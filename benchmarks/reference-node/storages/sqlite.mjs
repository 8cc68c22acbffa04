// The same on SQLite: WAL, and synchronous=FULL, so that what is acknowledged is on disk.
import Database from "better-sqlite3";

export async function open(database) {
  const db = new Database(database);
  db.pragma("journal_mode = WAL");
  db.pragma("synchronous = FULL");
  db.pragma("foreign_keys = ON");
  const insert = db.prepare(
    "INSERT INTO messages (conversationId, senderId, content, createdAt) VALUES (?, ?, ?, ?) RETURNING *",
  );
  const update = db.prepare("UPDATE conversations SET lastMessageAt = ? WHERE id = ?");
  const newest = db.prepare("SELECT * FROM messages WHERE conversationId = ? AND id < ? ORDER BY id DESC LIMIT ?");
  const save = db.transaction((conversationId, senderId, content) => {
    const message = insert.get(conversationId, senderId, content, new Date().toISOString());
    update.run(message.createdAt, conversationId);
    return message;
  });
  return {
    save: async (conversationId, senderId, content) => save(conversationId, senderId, content),
    page: async (conversationId, limit, before = 2147483647) => newest.all(conversationId, before, limit).reverse(),
  };
}
