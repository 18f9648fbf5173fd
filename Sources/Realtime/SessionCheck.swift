import Accounts
import Core
import Runtime

/// Asks the store about the sessions of live connections: one may have been ended by somebody who told nobody, or its row may
/// have gone. What ended by the rules is found within five seconds without it (`Revocations`). A connection's session is
/// asked about when it is pinged, so that there is no walk over all of them; a long poll's every five seconds. Lives on the
/// gateway's loop.
final class SessionCheck {
    /// A part of the long polls is asked about each second.
    private static let parts: Int64 = 5
    private let loop: EventLoop
    private let accounts: Accounts
    private var part: Int64 = 0
    private var isAsking = false
    private var noted: Set<ID> = []

    init(loop: EventLoop, accounts: Accounts) {
        self.loop = loop
        self.accounts = accounts
    }

    /// It is asked about with the next question.
    func note(_ session: ID) { noted.insert(session) }

    /// To be called each second. One question at a time: a database that is slow or away is not asked more.
    /// - Parameter onOver: called with the sessions that live no more, if there are any; later, on the loop.
    func ask(_ polls: some Sequence<ID>, _ onOver: @escaping (Set<ID>) -> Void) {
        guard !isAsking else { return }
        part = (part + 1) % Self.parts
        for session in polls where isDue(session) { noted.insert(session) }
        guard !noted.isEmpty else { return }
        isAsking = true
        let sessions = Array(noted)
        noted = []
        let boxed = LoopBound.holding((check: self, onOver: onOver), on: loop)
        Task { [accounts] in
            let over = try? await accounts.over(among: sessions)
            boxed.run {
                $0.check.isAsking = false
                // What can't be asked now is asked again.
                if over == nil { $0.check.noted.formUnion(sessions) }
                if let over, !over.isEmpty { $0.onOver(Set(over)) }
            }
        }
    }

    /// By the milliseconds of the id.
    private func isDue(_ session: ID) -> Bool { session.raw >> 12 % Self.parts == part }
}
