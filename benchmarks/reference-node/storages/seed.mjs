// Prisma on PostgreSQL, as both documents have it. Without a transaction around the two statements: with 400 sends waiting,
// Prisma refuses those that do not get one within two seconds.
import { PrismaPg } from "@prisma/adapter-pg";
import prismaClient from "../generated/index.js";

export async function open(database) {
  const prisma = new prismaClient.PrismaClient({ adapter: new PrismaPg({ connectionString: database }) });
  await prisma.$connect();
  return {
    async save(conversationId, senderId, content) {
      const message = await prisma.message.create({ data: { conversationId, senderId, content } });
      await prisma.conversation.update({ where: { id: conversationId }, data: { lastMessageAt: message.createdAt } });
      return message;
    },
    async page(conversationId, limit, before) {
      const id = before === undefined ? undefined : { lt: before };
      const messages = await prisma.message.findMany({
        where: { conversationId, id },
        orderBy: { id: "desc" },
        take: limit,
      });
      return messages.reverse();
    },
  };
}
