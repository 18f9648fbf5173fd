import Core
import HTTPService
import Social

/// What all lists have in common: how long they may get, and how many are read at once.
///
/// A list is cut by bytes as well as by its limit, so no answer is longer than that, and the room for it is known before
/// it is read. Readers wait in a queue, holding nothing; only those whose turn has come take room for the longest answer,
/// and keep of it what the answer came to.
public struct Lists: Sendable {
    /// Of a list's items. At least one goes out, however long it is.
    static let mostBytes = PostBytes.mostRead

    private let turns = AsyncSemaphore(32, name: "list_reads")

    public init() {}

    /// - Parameters:
    ///   - largest: bytes, where the longest answer is shorter than `mostBytes`.
    ///   - read: makes the answer.
    func read(
        _ scope: RequestScope, largest: Int = Lists.mostBytes, _ read: () async throws -> Answer
    ) async throws -> Answer {
        try await turns.run {
            let held = try scope.hold(min(largest, Self.mostBytes) + Self.tail)
            var answer = try await read()
            _ = held.resize(to: min(held.count, answer.body.count + Self.tail))
            answer.held = held
            return answer
        }
    }

    /// For what follows the items, and for the head.
    private static let tail = 2048
}

extension ByteWriter {
    /// `{"items":[…]`, left open for what follows. Ends before the item that would make it too long, though not before
    /// the first.
    /// - Returns: how many items it has.
    mutating func appendList<Items: Collection>(
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
    mutating func appendNext(_ cursor: String?) {
        guard let cursor else { return }
        append(ascii: ",\"next\":")
        append(jsonString: cursor)
    }
}
