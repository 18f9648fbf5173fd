import Comments
import Store
import TestSite

/// How many posts and comments have another number of replies than they should.
func wrong(_ site: TestSite) async throws -> Int {
    try await site.database.query(
        """
        WITH expected AS (\(CommentsDomain.countsAudit))
        SELECT e.object_id FROM expected e
        WHERE e.n <> COALESCE((SELECT sum(c.replies) FROM counters c WHERE c.object_id = e.object_id), 0)
        UNION ALL
        SELECT c.object_id FROM counters c
        WHERE c.object_id NOT IN (SELECT object_id FROM expected) GROUP BY c.object_id HAVING sum(c.replies) <> 0
        """
    ).count
}
