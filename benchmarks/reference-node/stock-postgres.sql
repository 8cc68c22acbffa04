-- What benchmarks/seeding.py has a store hold: it replaces the words with a dollar sign.
INSERT INTO conversations SELECT n, 2 * n - 1, 2 * n, NULL FROM generate_series(1, $pairs) n;
INSERT INTO conversations SELECT $pairs + 1, 0, 1, NULL WHERE $crowd > 0;
INSERT INTO messages ("conversationId", "senderId", content)
SELECT n, 2 * n - 1, '$content'
FROM generate_series(1, $pairs) n, generate_series(1, CASE n WHEN 1 THEN $first ELSE $others END) i
ORDER BY n, i;
SELECT setval('conversations_id_seq', (SELECT max(id) FROM conversations));
ANALYZE;
