import Core
import EventLog
import Posts
import Testing

@testable import Feed

@Suite struct FanOutPlanTests {
    private let ann = ID(raw: 11)
    private let ben = ID(raw: 12)

    private func change(
        _ post: Int64, by author: ID, kind: PostEvent = .created, tags: [String] = []
    ) -> PostChange {
        var envelope = Envelope(
            kind.kind, eventID: "event-\(post)", TraceContext(requestID: "r"), payload: Array("{}".utf8))
        envelope[.post] = ID(raw: post)
        envelope[.author] = author
        envelope.tags = tags
        return PostChange(kind, envelope)!
    }

    private func author(_ followers: Int64, slices: Int = 1) -> FanOutStore.Author {
        FanOutStore.Author(followers: followers, slices: slices)
    }

    /// Post, key and buckets of each record.
    private func told(_ plan: FanOutPlan) -> [String] {
        plan.records.map { "\($0.headers["post"]!) \($0.key) \($0.headers["buckets"]!)" }
    }

    @Test func aSmallAuthorsPostIsOneChunk() throws {
        let plan = FanOutPlan([change(5, by: ann)], authors: [ann: author(3)], busy: [])
        #expect(told(plan) == ["5 11:0 0-1024"])
        #expect(plan.tracked.isEmpty && plan.slices.isEmpty && plan.deliveries == 4)
        let record = try #require(plan.records.first)
        #expect(record.topic == "fanout.chunks" && record.value == Array("{}".utf8))
        let event = try #require(Envelope(headers: record.headers, payload: record.value))
        #expect(PostEvent(event.kind) == .created && event.eventID == "event-5" && event[.author] == ann)
        #expect(event[.isTracked] == nil)
    }

    @Test func changesKeepTheirOrder() {
        let changes = [change(5, by: ann), change(6, by: ben), change(5, by: ann, kind: .deleted)]
        let plan = FanOutPlan(changes, authors: [ann: author(0), ben: author(0)], busy: [])
        #expect(told(plan) == ["5 11:0 0-1024", "6 12:0 0-1024", "5 11:0 0-1024"])
        #expect(plan.records.map { $0.headers["event-type"] } == ["post.created", "post.created", "post.deleted"])
        #expect(plan.deliveries == 3)
    }

    /// The account is gone.
    @Test func anUnknownAuthorsPostComesToNothing() {
        let plan = FanOutPlan([change(5, by: ann), change(6, by: ben)], authors: [ben: author(0)], busy: [])
        #expect(told(plan) == ["6 12:0 0-1024"] && plan.deliveries == 1)
    }

    @Test func beforeAnAuthorIsCutTheProgressIsWrittenDown() {
        let plan = FanOutPlan([change(5, by: ann)], authors: [ann: author(1_001)], busy: [])
        let chunk = Chunk(post: ID(raw: 5), author: ann, kind: .created, buckets: 0..<1024)
        #expect(plan.tracked == [chunk] && plan.records.first?.headers["tracked"] == "1")
    }

    @Test func anIdleAuthorIsCutIntoMoreSlices() {
        let authors = [ann: author(2_001)]
        #expect(FanOutPlan.unsettled(authors) == [ann])
        let plan = FanOutPlan([change(5, by: ann), change(6, by: ann)], authors: authors, busy: [])
        #expect(plan.slices == [ann: 4])
        let slices = ["11:0 0-256", "11:256 256-512", "11:512 512-768", "11:768 768-1024"]
        #expect(told(plan) == slices.map { "5 \($0)" } + slices.map { "6 \($0)" })
        #expect(plan.tracked.count == 8 && plan.deliveries == 2 * 2_002)
    }

    /// Another partition could bring the new post before the old one.
    @Test func aBusyAuthorKeepsTheSlices() {
        let plan = FanOutPlan([change(5, by: ann)], authors: [ann: author(2_001)], busy: [ann])
        #expect(plan.slices.isEmpty && told(plan) == ["5 11:0 0-1024"])
        let fewer = [ann: author(100, slices: 4)]
        #expect(FanOutPlan([change(5, by: ann)], authors: fewer, busy: [ann]).records.count == 4)
        let idle = FanOutPlan([change(5, by: ann)], authors: fewer, busy: [])
        #expect(idle.slices == [ann: 1] && idle.records.count == 1)
    }

    /// A post goes to the followers of its hashtags by the way that all posts of its author take. Hashtags that nobody follows are
    /// left out.
    @Test func hashtags() throws {
        let changes = [change(5, by: ann, tags: ["a", "b"]), change(6, by: ann, tags: ["b"]), change(7, by: ann)]
        let plan = FanOutPlan(changes, authors: [ann: author(3)], busy: [], tags: ["a": 2])
        #expect(told(plan) == ["5 11:0 0-1024", "6 11:0 0-1024", "7 11:0 0-1024"])
        let events = try plan.records.map { try #require(Envelope(headers: $0.headers, payload: $0.value)) }
        #expect(events.map(\.tags) == [["a"], [], []] && events.map { $0[.isTracked] } == [nil, nil, nil])
        #expect(plan.deliveries == 6 + 4 + 4)
        let large = FanOutPlan(Array(changes.prefix(2)), authors: [ann: author(3)], busy: [], tags: ["a": 1_001])
        #expect(large.tracked.map(\.post.raw) == [5] && large.tracked[0].tags == ["a"] && large.slices.isEmpty)
    }

    @Test func whoHasWhatIsWantedIsNotAskedAbout() {
        let authors = [ann: author(1_999, slices: 4), ben: author(30_000, slices: 16)]
        #expect(FanOutPlan.unsettled(authors).isEmpty)
    }
}
