public import Core
import Synchronization

/// The memory that bytes may take on their way: responses that clients have not read yet, requests that have come in
/// part. One for the process; each address and each user has a share of it (`FairShare`).
///
/// Where one has so much that others get nothing, the servers are asked to make room: see `join`.
public final class ByteBudget: Sendable {
    /// Somebody was refused bytes of which another has too much.
    struct Wish: Sendable {
        let bytes: Int
        let holder: FairShare.Holder
        let large: FairShare.Holder
    }

    private struct Server: Sendable {
        let id: ObjectIdentifier
        let makeRoom: @Sendable (Wish) -> Void
    }

    private struct Relief {
        /// One after the other is asked.
        var servers: [Server] = []
        /// One wish at a time.
        var isUnderWay = false
        var largest: FairShare.Holder?
        /// When it was looked for, in nanoseconds.
        var lookedAt: UInt64 = 0
    }

    private let share: Mutex<FairShare>
    private let relief = Mutex(Relief())
    private let inUse = Metrics.shared.queue("buffered_bytes", limit: nil)
    private let refused = Metrics.shared.counter(.memoryRefused)

    /// - Parameter total: bytes.
    public init(total: Int) {
        share = Mutex(FairShare(total: total))
        Metrics.shared.queueLimit("buffered_bytes").set(total)
    }

    /// In bytes.
    public var total: Int { share.withLock { $0.total } }
    public var used: Int { share.withLock { $0.used } }

    /// - Returns: `nil` when it is more than the holder's share.
    public func take(_ bytes: Int, for holder: FairShare.Holder) -> HeldBytes? {
        change(by: bytes, holder) ? HeldBytes(self, holder, bytes) : nil
    }

    fileprivate func change(by bytes: Int, _ holder: FairShare.Holder) -> Bool {
        let isDone = share.withLock { share in
            defer { inUse.set(share.used) }
            if bytes > 0 { return share.take(bytes, for: holder) }
            share.give(-bytes, of: holder)
            return true
        }
        if !isDone {
            refused.add()
            ask(bytes, holder)
        }
        return isDone
    }

    // MARK: Room for others

    /// - Parameter makeRoom: called on any thread; takes bytes from the one who has too many, and says `roomMade`.
    func join(_ id: ObjectIdentifier, makeRoom: @escaping @Sendable (Wish) -> Void) {
        relief.withLock { $0.servers.append(Server(id: id, makeRoom: makeRoom)) }
    }

    func leave(_ id: ObjectIdentifier) {
        relief.withLock { relief in
            relief.servers.removeAll { $0.id == id }
            // It may have been asked.
            relief.isUnderWay = false
        }
    }

    /// As far as this server could: the next one is asked.
    func roomMade(_ wish: Wish, by id: ObjectIdentifier) {
        let isOpen = isOpen(wish)
        let next = relief.withLock { relief -> Server? in
            let behind = relief.servers.drop { $0.id != id }.dropFirst()
            if isOpen, let next = behind.first { return next }
            relief.isUnderWay = false
            return nil
        }
        next?.makeRoom(wish)
    }

    /// Is there no room for it yet, and does the other still have too much?
    func isOpen(_ wish: Wish) -> Bool {
        share.withLock {
            !$0.allows(wish.bytes, for: wish.holder) && $0.mustYield(wish.large, to: wish.holder, wish.bytes)
        }
    }

    private func ask(_ bytes: Int, _ holder: FairShare.Holder) {
        let now = monotonicNanoseconds()
        let (makeRoom, wish): ((@Sendable (Wish) -> Void)?, Wish?) = relief.withLock { relief in
            guard let makeRoom = relief.servers.first?.makeRoom, !relief.isUnderWay else { return (nil, nil) }
            // Looking at all holders takes time, and a flood is refused often.
            if now - relief.lookedAt >= 10_000_000 {
                relief.lookedAt = now
                relief.largest = share.withLock { $0.largest }
            }
            guard let large = relief.largest else { return (nil, nil) }
            let wish = Wish(bytes: bytes, holder: holder, large: large)
            relief.isUnderWay = isOpen(wish)
            return relief.isUnderWay ? (makeRoom, wish) : (nil, nil)
        }
        if let makeRoom, let wish { makeRoom(wish) }
    }
}

/// Bytes taken from the budget. They are given back when the last reference to this goes.
public final class HeldBytes: Sendable {
    private let budget: ByteBudget
    let holder: FairShare.Holder
    private let amount: Mutex<Int>

    fileprivate init(_ budget: ByteBudget, _ holder: FairShare.Holder, _ amount: Int) {
        self.budget = budget
        self.holder = holder
        self.amount = Mutex(amount)
    }

    public var count: Int { amount.withLock { $0 } }

    /// - Returns: false when it is more than the holder's share; then nothing changes.
    public func resize(to bytes: Int) -> Bool {
        amount.withLock { amount in
            guard bytes == amount || budget.change(by: bytes - amount, holder) else { return false }
            amount = bytes
            return true
        }
    }

    /// A part of it, or all, as something of its own.
    func split(_ bytes: Int) -> HeldBytes {
        amount.withLock { amount in
            let part = min(amount, bytes)
            amount -= part
            return HeldBytes(budget, holder, part)
        }
    }

    deinit {
        _ = budget.change(by: -amount.withLock { $0 }, holder)
    }
}
