import TestSite
import Testing

/// Each table that holds something of a user is exported, or is not for a reason.
@Suite(.site) struct CoverageTests {
    private let site = TestSite.current

    private static let others: [String: String] = [
        "known_addresses": "keyed hashes of addresses: nobody can read them",
        "refresh_tokens": "secrets",
        "idempotency_keys": "sealed responses, for a day",
        "erased_users": "numbers of those who are not there any more, for an hour",
        "identities": "a keyed hash of whom a provider knows: nobody can read it",
        "outbox": "events on their way, of what is exported",
        "feed_items": "others' posts, derived from follows",
        "counters": "numbers of what others did", "post_views": "the same",
        "notification_causes": "who did what the exported notifications are of: what others did",
        "notification_state": "numbers of the exported notifications",
        "deliveries": "when the exported notifications were sent to the exported devices, for a week",
        "delivery_counts": "numbers of these", "push_paces": "when these were, for a day",
        "post_tags": "derived from the texts of posts",
        "feed_metadata": "how far feed_items is complete",
        "fanout_progress": "how far a post was brought to its followers",
        "open_changes": "which changes of posts are being brought to them",
        "audit": "the site's own record of what was done by those with a role",
        "parked_records": "events on their way, of what is exported", "dead_letters": "the same",
        "exports": "what makes exports", "export_parts": "what makes exports", "export_chunks": "what makes exports",
    ]

    @Test func allTablesAreKnown() {
        let held = Set(
            site.holdings.map(\.name).filter { $0.hasPrefix("postgres.") }.map {
                String($0.dropFirst("postgres.".count))
            })
        let exported = Set(site.exportedFiles.flatMap(\.tables))
        for table in held {
            #expect(
                exported.contains(table) != (Self.others[table] != nil),
                "\(table): an ExportedFile of its domain has it, or it is in CoverageTests.others with the reason")
        }
        // Deletions are NULL once they are done, and so no holding.
        #expect(exported.subtracting(held) == ["deletions"])
        #expect(Set(Self.others.keys).isSubset(of: held))
    }

    @Test func filesHaveNamesThatEverySystemTakes() {
        for file in site.exportedFiles {
            #expect(file.name.wholeMatch(of: /[a-z_]{1,32}/) != nil && file.name != "manifest", "\(file.name)")
        }
    }
}
