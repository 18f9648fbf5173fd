import Core
import Synchronization

/// Which addresses have how many of the connections that may be open. One for the servers of all loops.
public final class ConnectionShare: Sendable {
    private struct Server: Sendable {
        let id: ObjectIdentifier
        let yields: @Sendable (_ large: FairShare.Holder, _ small: FairShare.Holder) -> Void
    }

    private let share: Mutex<FairShare>
    private let servers = Mutex<[Server]>([])
    public let total: Int

    /// - Parameters:
    ///   - wanted: lowered to what RLIMIT_NOFILE allows.
    ///   - most: of one address.
    public init(wanted: Int, most: Int? = nil) {
        total = DescriptorLimit.connections(wanted: wanted)
        share = Mutex(FairShare(total: total, most: most ?? .max))
        Metrics.shared.queueLimit("connections").set(total)
    }

    func take(for holder: FairShare.Holder) -> Bool { share.withLock { $0.take(1, for: holder) } }
    func give(of holder: FairShare.Holder) { share.withLock { $0.give(1, of: holder) } }
    var largest: FairShare.Holder? { share.withLock { $0.largest } }

    func mustYield(_ large: FairShare.Holder, to small: FairShare.Holder) -> Bool {
        share.withLock { $0.mustYield(large, to: small, 1) }
    }

    func pass(from large: FairShare.Holder, to small: FairShare.Holder) {
        share.withLock { $0.pass(1, from: large, to: small) }
    }

    // MARK: Other loops

    /// - Parameter yields: on any thread: has the server close a connection of the one, where the one has too many.
    func join(
        _ id: ObjectIdentifier,
        yields: @escaping @Sendable (_ large: FairShare.Holder, _ small: FairShare.Holder) -> Void
    ) {
        servers.withLock { $0.append(Server(id: id, yields: yields)) }
    }

    func leave(_ id: ObjectIdentifier) { servers.withLock { $0.removeAll { $0.id == id } } }

    /// None of the one's connections is on the caller's loop: the place is another one's, for who comes again.
    func ask(_ large: FairShare.Holder, toYieldTo small: FairShare.Holder, but id: ObjectIdentifier) {
        for server in servers.withLock({ $0 }) where server.id != id { server.yields(large, small) }
    }
}
