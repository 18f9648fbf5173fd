import Core
import Live
import TestSupport

@testable import Feed

/// What a walk found that must not be.
struct TimelinesFailure: Error, CustomStringConvertible {
    let description: String
}

/// One part of what nodes do. Tests leave each out and must notice.
enum WalkOmission: Equatable, CustomStringConvertible {
    case rule(LiveRule)
    /// The client's timeline is read before the user is registered.
    case registerFirst
    /// That a timeline was dropped or rebuilt is ignored.
    case reset
    case audit

    static let all = LiveRule.allCases.map { .rule($0) } + [WalkOmission.registerFirst, .reset, .audit]

    var description: String {
        switch self {
        case .rule(let rule): "\(rule)"
        case .registerFirst: "registerFirst"
        case .reset: "reset"
        case .audit: "audit"
        }
    }
}

/// Redis did not do what a node asked for: it had forgotten the scripts, or the reply was lost.
struct WithoutScripts: Error {}

/// A random walk over the life of timelines in a real Redis: authors, followers, nodes and clients do at each step
/// something at random, in any order, and every event and every page is checked against what must be.
///
/// `database` is the truth of who must find what in the timeline, `events` of what was to be told and when.
final class TimelinesWalk {
    struct Event: Equatable {
        let cursor: LiveCursor
        let operation: NodeEvent.Operation
        let post: ID
        let author: ID
    }

    struct Post {
        let id: ID
        let author: ID
        let recipients: [ID]
        var isDeleted = false
    }

    /// A delivery that is under way.
    struct Chunk {
        let event: TimelineEvent
        let users: [ID]
    }

    let users = (1...5).map { ID(raw: $0) }
    let authors = (101...104).map { ID(raw: $0) }
    let inbox: TimelinesInbox
    let timelines: Timelines
    let omission: WalkOmission?
    let rules: LiveRules
    var random: Seeded

    var posts: [ID: Post] = [:]
    var follows: [ID: Set<ID>] = [:]
    var database: [ID: [ID: ID]] = [:]
    /// By author: what is committed and not delivered yet, in order.
    var pending: [ID: [Chunk]] = [:]
    var delivered: [Chunk] = []
    var events: [ID: [Event]] = [:]
    /// By user: authors of whom Redis refuses deliveries.
    var severed: [ID: Set<ID>] = [:]
    var unfollowed: Set<[ID]> = []
    var replayed: Set<ID> = []
    var wasFlushed = false
    var nodes: [WalkNode] = []
    var clients: [WalkClient] = []
    /// Rebuilds run steps of others in their midst; those start none themselves.
    var isInRebuild = false
    /// Redis does not know the scripts.
    var isWithoutScripts = false
    /// How rough the walk is: what goes wrong in it, at how many of 1,000 steps.
    let roughness:
        (lose: Int, vanish: Int, flush: Int, drop: Int, tamper: Int, leave: Int, forget: Int, stampede: Int, deaf: Int)
    /// Monotonic nanoseconds.
    var time: UInt64 = 1_000_000_000
    private let mostClients: Int
    /// At the end everybody comes to rest.
    var isSettling = false
    private(set) var tally = TimelinesTally()
    private var nextPost: Int64 = 1000

    init(
        seed: UInt64, server: TimelinesServer, inbox: TimelinesInbox, scripts: TimelineScripts,
        without omission: WalkOmission?, clients: Int = 5
    ) {
        var random = Seeded(seed)
        self.inbox = inbox
        self.omission = omission
        rules = if case .rule(let rule) = omission { LiveRules(without: rule) } else { LiveRules() }
        mostClients = clients
        // Turmoil hides faults that show in quiet times, or where only one kind of thing goes wrong.
        let most = [60, 40, 30, 80, 40, 30, 4, 20, 30]
        let levels =
            switch Int.random(in: 0..<3, using: &random) {
            case 0: most.map { [0, $0 / 8, $0].randomElement(using: &random)! }
            case 1: most.map { $0 / 20 }
            default:
                {
                    let only = most.indices.randomElement(using: &random)
                    return most.indices.map { $0 == only ? most[$0] : 0 }
                }()
            }
        roughness = (
            levels[0], levels[1], levels[2], levels[3], levels[4], levels[5], levels[6], levels[7], levels[8]
        )
        self.random = random
        // Both forms, as while one is being enabled.
        timelines = server.timelines(partitions: 2, cap: 12, scripts: scripts) {
            Bool.random() ? .operations : .envelopes
        }
        for user in users {
            follows[user] = Set(authors.filter { _ in chance(50) })
            database[user] = [:]
            events[user] = []
            severed[user] = []
        }
    }

    func run(steps: Int) async throws {
        for _ in 0..<3 { nodes.append(try await WalkNode(timelines, inbox, rules)) }
        for user in users where chance(80) { try await rebuild(user) }
        for number in 0..<mostClients {
            let client = WalkClient(user: users[number % users.count], walk: self)
            clients.append(client)
            connect(client)
            for _ in 0..<3 { try await advance(client) }
        }
        for _ in 0..<steps { try await step() }
        try await failOnceMore()
        try await settle()
        try await checkTimelines()
        for node in nodes { try await inbox.shut(node.channels(timelines)) }
    }

    func chance(_ percent: Int) -> Bool { Int.random(in: 0..<100, using: &random) < percent }

    func one<T>(_ of: [T]) -> T? { of.randomElement(using: &random) }

    func count(_ what: WritableKeyPath<TimelinesTally, Int>) { tally[keyPath: what] += 1 }

    private func step() async throws {
        time += 10_000_000
        for (per1000, action) in [
            (roughness.lose, lose), (roughness.vanish, vanish), (roughness.flush, flush), (roughness.drop, drop),
            (roughness.tamper, tamper), (roughness.leave, leave), (roughness.forget, forgetScripts),
            (roughness.stampede, stampede), (roughness.deaf, deafen),
        ] where Int.random(in: 0..<1000, using: &random) < per1000 {
            try await action()
        }
        switch Int.random(in: 0..<100, using: &random) {
        case ..<14: post(by: one(authors)!)
        case ..<32: try await deliverNext()
        case ..<35: try await replay()
        case ..<39: remove()
        case ..<42: update()
        case ..<47: connect()
        case ..<67: try await advance()
        case ..<71: try await disconnect()
        case ..<77: stall()
        case ..<89: try await pump()
        case ..<91: try await rebuildElsewhere()
        case ..<94: try await follow()
        case ..<96: try await recover(one(nodes)!)
        case ..<97: try await audit(one(nodes)!)
        default: try await beat(one(nodes)!)
        }
        try checkWritten()
    }

    /// What others do while a user's timeline is being rebuilt.
    func meanwhile(_ user: ID) async throws {
        if isSettling { return }
        for _ in 0..<Int.random(in: 0..<5, using: &random) {
            switch Int.random(in: 0..<100, using: &random) {
            case ..<15: post(by: one(authors)!)
            case ..<30: try await deliverAll(of: post(by: one(authors)!).author)
            case ..<55: try await deliverNext()
            case ..<60: try await replay()
            case ..<75: if let post = remove() { try await deliverAll(of: post.author) }
            case ..<85: try await pump()
            default: if let author = one(follows[user]!.sorted()) { try await unfollow(user, author) }
            }
        }
    }

    // MARK: Authors

    @discardableResult
    func post(by author: ID) -> Post {
        nextPost += 1
        let post = Post(
            id: ID(raw: nextPost), author: author, recipients: users.filter { follows[$0]!.contains(author) })
        posts[post.id] = post
        for user in post.recipients { database[user]![post.id] = author }
        send(.created, post, to: post.recipients)
        return post
    }

    @discardableResult
    private func remove() -> Post? {
        guard var post = one(posts.values.filter { !$0.isDeleted }.sorted { $0.id < $1.id }) else { return nil }
        post.isDeleted = true
        posts[post.id] = post
        for user in users { database[user]![post.id] = nil }
        send(.deleted, post, to: users.filter { post.recipients.contains($0) || follows[$0]!.contains(post.author) })
        return post
    }

    private func update() {
        guard let post = one(posts.values.filter { !$0.isDeleted }.sorted { $0.id < $1.id }) else { return }
        send(.updated, post, to: users.filter { follows[$0]!.contains(post.author) })
    }

    private func send(_ operation: NodeEvent.Operation, _ post: Post, to users: [ID]) {
        let event = TimelineEvent.of(operation, post.id, by: post.author)
        pending[post.author, default: []].append(Chunk(event: event, users: users))
    }

    // MARK: Deliveries

    func deliverNext() async throws {
        if let author = one(authors.filter { !(pending[$0] ?? []).isEmpty }) { try await deliverNext(of: author) }
    }

    func deliverAll(of author: ID) async throws {
        while !pending[author]!.isEmpty { try await deliverNext(of: author) }
    }

    private func deliverNext(of author: ID) async throws {
        let chunk = pending[author]!.removeFirst()
        delivered.append(chunk)
        try await deliver(chunk)
    }

    /// A worker that died before it could say that it was done: what followed comes again too.
    private func replay() async throws {
        guard let index = delivered.indices.randomElement(using: &random) else { return }
        let chunk = delivered[index]
        guard chunk.event.operation != .updated else { return }
        count(\.replays)
        replayed.insert(chunk.event.post)
        try await deliver(chunk)
        let later = delivered[index...].first { $0.event.post == chunk.event.post && $0.event.operation == .deleted }
        if chunk.event.operation == .created, let later { try await deliver(later) }
    }

    private func deliver(_ chunk: Chunk) async throws {
        var told: [ID] = []
        let lists = try await timelines.lists(chunk.users)
        for (user, list) in zip(chunk.users, lists) where isNews(chunk.event, for: user, in: list) {
            told.append(user)
        }
        for call in timelines.deliveries(chunk.event, chunk.users, 500) {
            let reply = try await timelines.redis.eval(call).elements ?? []
            guard reply.count == 4, let position = reply[3].integer else {
                throw TimelinesFailure(description: "reply \(reply)")
            }
            let partition = try await state(of: call)
            for user in told where timelines.partitions.of(user) == partition.index {
                events[user]!.append(
                    Event(
                        cursor: LiveCursor(epoch: partition.epoch, position: position),
                        operation: chunk.event.operation, post: chunk.event.post, author: chunk.event.author))
            }
        }
        count(\.deliveries)
    }

    /// The rule by which an event is new to a timeline, said once more in other words than the script's.
    private func isNews(_ event: TimelineEvent, for user: ID, in list: [TimelineEntry]) -> Bool {
        guard let marker = list.last else { return false }
        let entry = list.first { $0.post == event.post }
        guard event.operation == .created else { return entry.map { !$0.isTombstone } ?? false }
        if severed[user]!.contains(event.author) { return false }
        if let entry { return entry.flags == .untold }
        if !list[0].isMarker && list[0].post < event.post { return true }
        if event.post < marker.completeFrom { return false }
        if !list[0].isMarker { count(\.late) }
        return true
    }
}

/// How often what happened, so that a walk which goes nowhere is noticed.
struct TimelinesTally {
    var deliveries = 0
    var replays = 0
    var late = 0
    var pushed = 0
    var missed = 0
    var resumes = 0
    var resets = 0
    var gaps = 0
    var rebuilds = 0
    var healed = 0

    static func += (sum: inout TimelinesTally, more: TimelinesTally) {
        sum.deliveries += more.deliveries
        sum.replays += more.replays
        sum.late += more.late
        sum.pushed += more.pushed
        sum.missed += more.missed
        sum.resumes += more.resumes
        sum.resets += more.resets
        sum.gaps += more.gaps
        sum.rebuilds += more.rebuilds
        sum.healed += more.healed
    }
}
