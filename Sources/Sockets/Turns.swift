import Core
import Runtime

/// Whose first bytes are looked at when. A crowd that connects at once is more work than a turn of the loop may take, for
/// everybody else waits for the end of a turn: so the first request of a connection, and what a WebSocket says before its user
/// is known, wait where a turn has worked on such for two milliseconds. Confined to its loop.
final class Turns {
    private static let longest: UInt64 = 2_000_000
    private let loop: EventLoop
    private var waiting = FIFO<Link>()
    private var end: UInt64 = 0

    init(loop: EventLoop) {
        self.loop = loop
    }

    /// Whether there is time for one more, whom nobody precedes.
    var isOpen: Bool { waiting.isEmpty && monotonicNanoseconds() < end }

    /// Calls its `takeTurn`, later.
    func wait(_ link: Link) { waiting.append(link) }

    /// A turn begins.
    func next() {
        end = monotonicNanoseconds() + Self.longest
        while monotonicNanoseconds() < end, let link = waiting.popFirst() { link.takeTurn() }
        // The loop must not sleep.
        if !waiting.isEmpty { loop.post {} }
    }
}

@available(*, unavailable)
extension Turns: Sendable {}
