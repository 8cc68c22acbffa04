-- schema.prisma on PostgreSQL (document A: "Or manually run the SQL migration").
CREATE TABLE conversations (
    id serial PRIMARY KEY,
    "user1Id" integer NOT NULL,
    "user2Id" integer NOT NULL,
    "lastMessageAt" timestamptz(3),
    UNIQUE ("user1Id", "user2Id")
);
CREATE TABLE messages (
    id serial PRIMARY KEY,
    "conversationId" integer NOT NULL REFERENCES conversations (id),
    "senderId" integer NOT NULL,
    content text,
    type text NOT NULL DEFAULT 'text',
    read boolean NOT NULL DEFAULT false,
    "readAt" timestamptz(3),
    "createdAt" timestamptz(3) NOT NULL DEFAULT now()
);
CREATE INDEX messages_of_conversation ON messages ("conversationId", id);
