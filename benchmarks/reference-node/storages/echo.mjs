// No database: the limit of Socket.IO on Node.
export async function open() {
  let id = 0;
  return {
    save: async (conversationId, senderId, content) => ({
      id: ++id,
      conversationId,
      senderId,
      content,
      type: "text",
      read: false,
      readAt: null,
      createdAt: new Date().toISOString(),
    }),
    page: async () => [],
  };
}
