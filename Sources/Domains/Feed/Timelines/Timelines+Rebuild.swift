public import Core
import RedisLink

/// Timelines from the database: whole ones, and what a follow adds.
extension Timelines {
    enum BuildStart: Int {
        case ready = 0
        case busy = 1
        case begun = 2
    }

    enum MergeResult: Int {
        case missing = 0
        case merged = 1
        /// Another builder took over, or the timeline was dropped meanwhile.
        case overtaken = 2
    }

    /// Milliseconds that a builder's token lives; a builder that needs longer starts again.
    private static let tokenLife = 60_000

    /// Sees to it that the user has a timeline; at most one caller of all processes reads the database for it, while
    /// others wait. Nodes that hold the user are told to reset the clients, for the
    /// rebuilt timeline tells nothing of what happened before.
    /// - Parameter source: reads the database. What was committed there before it is called must be in what it
    ///   returns, up to `completeFrom`.
    /// - Returns: whether this call rebuilt it.
    @discardableResult
    public func ensure(_ user: ID, source: () async throws -> RebuildEntries) async throws -> Bool {
        let token = RedisArgument.text(String(UInt64.random(in: 1 ... .max), radix: 36))
        let impatience = monotonicNanoseconds() + UInt64(options.buildWait) * 1_000_000
        while true {
            let patience = monotonicNanoseconds() < impatience ? options.buildPatience : 0
            switch try await begin(user, token: token, patience: patience) {
            case .ready: return false
            case .busy: try await Task.sleep(nanoseconds: 10_000_000)
            case .begun:
                if try await finish(user, token: token, source) { return true }
            }
        }
    }

    private func finish(
        _ user: ID, token: RedisArgument, _ source: () async throws -> RebuildEntries
    ) async throws -> Bool {
        let entries: RebuildEntries
        do {
            entries = try await source()
        } catch {
            // Best effort: without it the next builder waits.
            _ = try? await redis.eval([call(scripts.abandon, of: user, [token])])
            throw error
        }
        return try await merge(user, token: token, entries) == .merged
    }

    /// Adds an author's posts after a follow. Live clients are not told, but should the delivery of one of the posts
    /// still come (it was on its way when the follow was made), they are told then. Does nothing where there is no
    /// timeline.
    public func backfill(_ user: ID, _ entries: RebuildEntries) async throws {
        _ = try await merge(user, token: "", entries)
    }

    /// - Parameter patience: milliseconds after which another builder is taken for dead.
    func begin(_ user: ID, token: RedisArgument, patience: Int) async throws -> BuildStart {
        let arguments: [RedisArgument] = [
            token, candidate(), .number(Int64(options.life)), .number(Int64(patience)), .number(Int64(Self.tokenLife)),
        ]
        return try await outcome(call(scripts.begin, of: user, arguments))
    }

    /// - Parameter token: of the rebuild; empty for a backfill.
    func merge(_ user: ID, token: RedisArgument, _ added: RebuildEntries) async throws -> MergeResult {
        var packed = ByteWriter(capacity: added.entries.count * 15)
        for entry in added.entries {
            packed.append(bigEndian: UInt64(entry.post.raw), width: 7)
            packed.append(bigEndian: UInt64(entry.author.raw), width: 7)
            packed.append(entry.isByTag ? 1 : 0)
        }
        let arguments: [RedisArgument] = [
            token, .number(added.completeFrom.raw), .number(Int64(options.cap)), candidate(),
            .bytes(packed.bytes),
        ]
        return try await outcome(call(scripts.merge, of: user, arguments))
    }

    private func outcome<T: RawRepresentable<Int>>(_ call: RedisScriptCall) async throws -> T {
        let reply = try await redis.eval(call)
        guard let value = reply.integer.flatMap({ T(rawValue: Int($0)) }) else {
            throw RedisError.unexpectedReply("rebuild")
        }
        return value
    }

    // MARK: Edges

    /// The user unfollowed or blocked the author: takes the author's posts out of the timeline and, for an hour,
    /// refuses those that are still under way. Live clients are not told.
    public func sever(_ user: ID, from author: ID) async throws {
        let arguments: [RedisArgument] = [.number(author.raw), .number(Int64(options.severance))]
        _ = try await redis.eval(call(scripts.sever, of: user, arguments))
    }

    /// The same for who has some of the author's posts by hashtags, and goes on having them: `withdraw` the others after it.
    func refuse(_ user: ID, from author: ID) async throws {
        try await add(.number(user.raw), to: severanceKey(user, author))
    }

    /// These posts are in the user's feed no more. Live clients are not told.
    func withdraw(_ posts: [ID], from user: ID) async throws {
        guard !posts.isEmpty else { return }
        var packed = ByteWriter(capacity: posts.count * 7)
        for post in posts { packed.append(bigEndian: UInt64(post.raw), width: 7) }
        _ = try await redis.eval(call(scripts.withdraw, of: user, [.bytes(packed.bytes)]))
    }

    /// The user follows the author (again): deliveries are taken from now on. `backfill` after it.
    public func join(_ user: ID, to author: ID) async throws {
        _ = try await redis.command("SREM", severanceKey(user, author), .number(user.raw))
    }

    /// There is a block between the two, or is none any more. While there is one, the user is not told of the author's posts that
    /// are still under way, by whatever hashtag: see `deliver.lua`.
    func setBarred(_ isBarred: Bool, _ user: ID, from author: ID) async throws {
        let (key, member) = (severanceKey(user, author), RedisArgument.text("b\(user)"))
        if isBarred { try await add(member, to: key) } else { _ = try await redis.command("SREM", key, member) }
    }

    private func add(_ member: RedisArgument, to key: RedisArgument) async throws {
        let replies = try await redis.pipeline([
            ["SADD", key, member], ["EXPIRE", key, .number(Int64(options.severance))],
        ])
        for case .error(let text) in replies { throw RedisError.server(text) }
    }

    private func severanceKey(_ user: ID, _ author: ID) -> RedisArgument {
        .text("\(options.prefix)severed:\(tag(partitions.of(user))):\(author)")
    }

    /// Drops the timeline. Nodes that hold the user are told to rebuild it and to reset the clients.
    public func evict(_ user: ID) async throws {
        _ = try await redis.eval(call(scripts.evict, of: user, [candidate()]))
    }
}
