public import Core
import Synchronization

/// The memory that bytes may take on their way: answers that clients have not taken yet, requests that have come in part.
/// One for the process; each address and each user has a share of it (`FairShare`).
public final class ByteBudget: Sendable {
    private let share: Mutex<FairShare>
    private let inUse = Metrics.shared.queue("buffered_bytes", limit: nil)
    private let refused = Metrics.shared.counter(
        "martlet_memory_refused_total", help: "Times that an address or user wanted more than its share of the buffers")

    /// - Parameter total: bytes.
    public init(total: Int) {
        share = Mutex(FairShare(total: total))
        Metrics.shared.queueLimit("buffered_bytes").set(total)
    }

    /// Bytes.
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
        if !isDone { refused.add() }
        return isDone
    }
}

/// Bytes taken from the budget. They are given back when nobody keeps this any more.
public final class HeldBytes: Sendable {
    private let budget: ByteBudget
    private let holder: FairShare.Holder
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

    deinit {
        _ = budget.change(by: -amount.withLock { $0 }, holder)
    }
}
