// The same on PostgreSQL without Prisma.
import pg from "pg";

const INSERT = 'INSERT INTO messages ("conversationId", "senderId", content) VALUES ($1, $2, $3) RETURNING *';
const UPDATE = 'UPDATE conversations SET "lastMessageAt" = $1 WHERE id = $2';
const PAGE = 'SELECT * FROM messages WHERE "conversationId" = $1 AND id < $2 ORDER BY id DESC LIMIT $3';

export async function open(database) {
  const pool = new pg.Pool({ connectionString: database });
  return {
    async save(conversationId, senderId, content) {
      const inserted = await pool.query({ name: "insert", text: INSERT, values: [conversationId, senderId, content] });
      const message = inserted.rows[0];
      await pool.query({ name: "update", text: UPDATE, values: [message.createdAt, conversationId] });
      return message;
    },
    async page(conversationId, limit, before = 2147483647) {
      const found = await pool.query({ name: "page", text: PAGE, values: [conversationId, before, limit] });
      return found.rows.reverse();
    },
  };
}
