import Core
import Testing

@testable import Tail

/// What is told around a post, as lines.
@Suite struct NewsTests {
    private static let now: Int64 = 1_795_255_200_000

    private static func comment(_ text: String, parent: String? = nil) -> String {
        "{\"id\":\"7\",\"post_id\":\"1\",\"thread_id\":\"7\"," + (parent.map { "\"parent_id\":\"\($0)\"," } ?? "")
            + "\"author\":{\"id\":\"2\",\"handle\":\"bob\",\"display_name\":\"Bob\"},\"text\":\"\(text)\"}"
    }

    private static func group(_ count: Int, by handle: String?) -> String {
        let actor = handle.map { "{\"id\":\"2\",\"handle\":\"\($0)\",\"display_name\":\"B\"}" } ?? ""
        return "{\"id\":\"9\",\"key\":\"like:post:1\",\"type\":\"like\",\"count\":\(count),\"actors\":[\(actor)],"
            + "\"object\":{\"type\":\"post\",\"id\":\"1\",\"text\":\"a\\nb\"},"
            + "\"created_at\":\"2026-11-21T10:00:00.000Z\",\"read\":false}"
    }

    private static let told: [(event: String, line: String)] = [
        (
            "{\"type\":\"post.counts\",\"post_id\":\"1\",\"likes\":1,\"comments\":2,\"views\":0,\"version\":3}",
            "1 like, 2 comments, 0 views"
        ),
        ("{\"type\":\"comment.created\",\"comment\":\(comment("a\\nb"))}", "@bob commented: a\\nb"),
        ("{\"type\":\"comment.created\",\"comment\":\(comment("so", parent: "7"))}", "@bob replied: so"),
        ("{\"type\":\"comment.updated\",\"comment\":\(comment("c"))}", "@bob edited a comment: c"),
        ("{\"type\":\"comment.updated\",\"comment\":\(comment("c", parent: "7"))}", "@bob edited a reply: c"),
        ("{\"type\":\"comment.deleted\",\"comment_id\":\"7\",\"post_id\":\"1\"}", "a comment was deleted"),
        ("{\"type\":\"comment.deleted\",\"comment_id\":\"8\",\"parent_id\":\"7\"}", "a reply was deleted"),
        (
            "{\"type\":\"poll.updated\",\"poll\":{\"options\":[{\"text\":\"tea\",\"votes\":2},{\"text\":\"none\",\"votes\":0}],"
                + "\"voters\":2,\"closed\":false}}",
            "poll: tea 2, none 0 (2 voters)"
        ),
        ("{\"type\":\"notification.created\",\"group\":\(group(1, by: "bob"))}", "@bob liked your post: a\\nb"),
        (
            "{\"type\":\"notification.updated\",\"group\":\(group(3, by: "bob"))}",
            "@bob and 2 more liked your post: a\\nb"
        ),
        ("{\"type\":\"notification.created\",\"group\":\(group(2, by: nil))}", "liked your post: a\\nb"),
        (
            "{\"type\":\"device.failing\",\"device\":{\"id\":\"1\",\"kind\":\"webhook\",\"state\":\"gone\"}}",
            "nothing reaches your device: webhook, which is gone"
        ),
        ("{\"type\":\"notification.removed\",\"key\":\"like:post:1\",\"unread\":0}", "taken back: like"),
        ("{\"type\":\"notifications.read\",\"up_to\":\"9\",\"unread\":1}", "1 notification unread"),
        // Whose results are hidden.
        (
            "{\"type\":\"poll.updated\",\"poll\":{\"options\":[{\"text\":\"tea\"}],\"closed\":true}}",
            "poll: tea, closed"
        ),
    ]

    @Test func aLineEach() {
        for (event, line) in Self.told {
            var plain = FeedView(renderer: PlainLines())
            #expect(plain.event(event, now: Self.now) == "2026-11-21T10:00:00.000Z \(line)\n")
            var pretty = FeedView(renderer: PrettyText(color: false, width: { 80 }))
            let lines = pretty.event(event, now: Self.now).split(separator: "\n")
            #expect(lines.count == 2 && lines[1].hasSuffix(line.replacing("\\n", with: " ")), "under its day: \(lines)")
            var json = FeedView(renderer: JSONLines())
            #expect(json.event(event, now: Self.now) == event + "\n")
        }
    }

    /// What others have written does nothing to the terminal.
    @Test func harmless() {
        let event = "{\"type\":\"comment.created\",\"comment\":\(Self.comment("\\u001b[2J"))}"
        var plain = FeedView(renderer: PlainLines())
        #expect(plain.event(event, now: Self.now).hasSuffix("@bob commented: \\u{1b}[2J\n"))
        var pretty = FeedView(renderer: PrettyText(color: false, width: { 80 }))
        #expect(pretty.event(event, now: Self.now).hasSuffix("@bob commented: ␛[2J\n"))
    }

    @Test(arguments: [
        "{\"type\":\"post.counts\",\"likes\":1}", "{\"type\":\"comment.created\",\"comment\":{}}",
        "{\"type\":\"comment.deleted\"}", "{\"type\":\"poll.updated\",\"poll\":[]}", "{\"type\":\"another\"}",
    ])
    func whatIsNoneIsPassedOver(event: String) {
        var plain = FeedView(renderer: PlainLines())
        #expect(plain.event(event, now: Self.now).isEmpty)
    }
}
