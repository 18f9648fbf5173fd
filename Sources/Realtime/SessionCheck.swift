import Accounts
import Core
import Runtime

/// Asks the store about the sessions of live connections, each every five seconds: one may have expired, or have been ended
/// by somebody whose word was not heard. Lives on the gateway's loop.
final class SessionCheck {
    /// A part of the sessions is asked about each second.
    private static let parts: Int64 = 5
    private let loop: EventLoop
    private let accounts: Accounts
    private var part: Int64 = 0
    private var isAsking = false

    init(loop: EventLoop, accounts: Accounts) {
        self.loop = loop
        self.accounts = accounts
    }

    /// To be called each second. One question at a time: a database that is slow or away is not asked more.
    /// - Parameter onOver: called with the sessions that live no more, if there are any; later, on the loop.
    func ask(_ clients: some Sequence<ID>, _ polls: some Sequence<ID>, _ onOver: @escaping (Set<ID>) -> Void) {
        guard !isAsking else { return }
        part = (part + 1) % Self.parts
        var due: Set<ID> = []
        for session in clients where isDue(session) { due.insert(session) }
        for session in polls where isDue(session) { due.insert(session) }
        guard !due.isEmpty else { return }
        isAsking = true
        let sessions = Array(due)
        let boxed = LoopBound.holding((check: self, onOver: onOver), on: loop)
        Task { [accounts] in
            // What can't be asked now is asked in the next round.
            let over = (try? await accounts.over(among: sessions)) ?? []
            boxed.run {
                $0.check.isAsking = false
                if !over.isEmpty { $0.onOver(Set(over)) }
            }
        }
    }

    /// By the milliseconds of the id. Zero is a connection that has not said yet who it is.
    private func isDue(_ session: ID) -> Bool { session.raw >> 12 % Self.parts == part && session != .zero }
}
