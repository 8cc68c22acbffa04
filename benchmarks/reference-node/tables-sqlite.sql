-- schema.prisma on SQLite.
CREATE TABLE conversations (
    id integer PRIMARY KEY,
    user1Id integer NOT NULL,
    user2Id integer NOT NULL,
    lastMessageAt text,
    UNIQUE (user1Id, user2Id)
);
CREATE TABLE messages (
    id integer PRIMARY KEY,
    conversationId integer NOT NULL REFERENCES conversations (id),
    senderId integer NOT NULL,
    content text,
    type text NOT NULL DEFAULT 'text',
    read integer NOT NULL DEFAULT 0,
    readAt text,
    createdAt text NOT NULL
);
CREATE INDEX messages_of_conversation ON messages (conversationId, id);
