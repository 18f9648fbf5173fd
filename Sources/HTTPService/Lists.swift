public import Core

/// What all lists have in common: how long they may get, and how many are read at once.
///
/// A list is cut by bytes as well as by its limit, so no response is longer than that, and the room for it is known before
/// it is read. Readers wait in a queue, holding nothing; only those whose turn has come take room for the longest response,
/// and keep of it what the response came to.
public struct Lists: Sendable {
    /// Of a list's items. At least one goes out, however long it is.
    public static let mostBytes = 262_144

    public enum Queue: Sendable {
        case pages
        /// One post may wake thousands of long polls, which must leave something of the database to others.
        case polls

        /// Nanoseconds. Who has waited for longer is refused when the turn comes: where the database hangs, the end of the
        /// queue would wait for the time-outs of all before it. Polls wait for half a minute anyway.
        fileprivate var patience: UInt64 { self == .pages ? 5_000_000_000 : 20_000_000_000 }
    }

    private let pages = AsyncSemaphore(32, name: "list_reads")
    private let polls = AsyncSemaphore(16, name: "poll_reads")

    public init() {}

    /// - Parameters:
    ///   - largest: bytes, where the longest response is shorter than `mostBytes`.
    ///   - read: makes the response.
    public func read(
        _ request: RequestContext, in queue: Queue = .pages, largest: Int = Lists.mostBytes,
        _ read: () async throws -> Response
    ) async throws -> Response {
        let came = monotonicNanoseconds()
        return try await (queue == .pages ? pages : polls).run {
            guard monotonicNanoseconds() - came < queue.patience else {
                throw Problem(.overloaded, "too many lists are asked for: try again", retryAfter: .random(in: 1...3))
            }
            let held = try request.hold(min(largest, Self.mostBytes) + Self.tail)
            var response = try await read()
            _ = held.resize(to: min(held.count, response.body.count + Self.tail))
            response.held = held
            return response
        }
    }

    /// For what follows the items, and for the head.
    private static let tail = 2048
}

extension ByteWriter {
    /// `{"items":[…]`, left open for what follows. Ends before the item that would make it too long, though not before
    /// the first.
    /// - Returns: how many items it has.
    public mutating func appendList<Items: Collection>(
        _ items: Items, most: Int = Lists.mostBytes, _ append: (inout ByteWriter, Items.Element) -> Void
    ) -> Int {
        self.append(ascii: "{\"items\":[")
        var count = 0
        for item in items {
            let end = self.count
            if count > 0 { self.append(ascii: ",") }
            append(&self, item)
            guard self.count <= most || count == 0 else {
                bytes.removeSubrange(end...)
                break
            }
            count += 1
        }
        self.append(ascii: "]")
        return count
    }

    /// `,"next":"…"` where there is more.
    public mutating func appendNext(_ cursor: String?) {
        guard let cursor else { return }
        append(ascii: ",\"next\":")
        append(jsonString: cursor)
    }
}
