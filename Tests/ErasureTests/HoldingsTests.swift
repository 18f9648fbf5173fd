import DomainKit
import Store
import TestSite
import Testing

/// Each place that can hold something of a user says so.
@Suite(.site) struct HoldingsTests {
    private let site = TestSite.current

    /// Columns that name no user, and hold nothing of one; with what they are, where their names don't say.
    private static let others: Set<String> = [
        // Of events, posts, sessions, deletions: they go with their rows.
        "bookmarks.id", "comments.id", "comments.thread_id", "comments.parent_id", "comments.ancestors",
        "comments.edit_id", "comment_replies.ancestor_id", "comment_replies.id", "comment_scores.comment_id",
        "comment_scores.post_id", "comment_scores.likes", "comment_rankings.id", "comment_rankings.post_id",
        "comment_rankings.ids", "fanout_progress.post_id", "fanout_marks.position", "open_changes.post_id",
        "feed_items.post_id", "feed_metadata.complete_from",
        "redis_mark.mark", "feed_audit.place", "follows.id",
        "follow_requests.id", "posts.id", "posts.edit_id", "post_versions.id", "relations.id", "sessions.id",
        "counters.likes", "counters.replies", "counters.views", "counters.changes",
        "likes.id", "post_views.viewers", "fanout_progress.next_follower", "fanout_progress.delivered",
        "users.last_post", "deletions.id",
        "deletion_stores.deletion_id", "outbox.id", "users.posts", "users.followers", "users.following",
        "follow_counts.followers", "follow_counts.following", "follower_stripes.followers",
        "ended_sessions.up_to", "ended_sessions.written",
        "audit.id", "reports.id", "polls.id", "poll_votes.id", "poll_counts.changes", "deletion_stores.removed",
        "deletion_stores.remaining", "deletion_stores.position",
        "post_tags.post_id", "tag_counts.posts", "tag_follows.id", "notification_start.since", "tags.number",
        "popular_tags.posts",
        "popular_tags.users",
        "text_progress.position", "bells.id", "notifications.id", "notifications.object_id", "notifications.count",
        "notifications.floor", "notification_causes.cause_id", "notification_state.unread",
        "notification_state.last_id", "notification_state.version", "notifications.version",
        "notification_state.floor", "devices.id", "devices.session_id", "deliveries.device_id",
        "deliveries.notification_id", "push_paces.device_id", "push_paces.passed_id",
        "push_paces.waiting_id", "delivery_counts.consumed", "delivery_counts.waiting",
        "delivery_counts.delivered",
        "delivery_counts.dead", "delivery_counts.expired", "delivery_counts.invalidated", "delivery_counts.suppressed",
        "delivery_counts.old_delivered", "delivery_counts.old_dead", "delivery_counts.old_expired",
        "delivery_counts.old_invalidated", "delivery_counts.old_suppressed",
        "exports.id", "exports.position", "exports.bytes", "exports.attempts", "exports.length",
        "parked_records.log_offset", "dead_letters.id", "dead_letters.log_offset", "redrives.id", "redrives.ids",
        "redrives.moved",
        // NULL once it is done.
        "deletions.user_id",
        // Of processes and logs.
        "id_nodes.ids_until", "log_partitions.next", "log_positions.next", "log_records.log_offset",
    ]

    @Test func allNumbersAreKnown() async throws {
        let columns = try await site.database.query(
            """
            SELECT c.relname || '.' || a.attname AS name FROM pg_attribute a JOIN pg_class c ON c.oid = a.attrelid
            JOIN pg_namespace n ON n.oid = c.relnamespace
            WHERE n.nspname = 'public' AND c.relkind IN ('r', 'p') AND NOT c.relispartition AND a.attnum > 0
                AND NOT a.attisdropped AND a.atttypid IN ('bigint'::regtype, 'bigint[]'::regtype)
            """
        ).map { try $0.text("name") }
        let held = site.holdings.flatMap { holding in
            holding.columns.map { "\(holding.name.dropFirst("postgres.".count)).\($0)" }
        }
        for column in columns {
            #expect(
                held.contains(column) != Self.others.contains(column),
                "\(column): a holding of its domain, or no user's (HoldingsTests.others)")
        }
        #expect(Set(held).isSubset(of: Set(columns + ["outbox.key"])))
    }

    @Test func allTablesOfUsersAreKnown() async throws {
        let tables = try await site.database.query(
            """
            SELECT DISTINCT conrelid::regclass::text AS name FROM pg_constraint
            WHERE contype = 'f' AND confrelid = 'users'::regclass AND conparentid = 0
            """
        ).map { "postgres." + (try $0.text("name")) }
        let names = Set(site.holdings.map(\.name))
        #expect(tables.count > 5)
        for table in tables { #expect(names.contains(table), "\(table)") }
    }

    @Test func allTopicsAreKnown() {
        let names = site.holdings.map(\.name)
        #expect(names.filter { $0.hasPrefix("log.") }.count == site.topics.count)
        #expect(Set(names).count == names.count)
    }
}
