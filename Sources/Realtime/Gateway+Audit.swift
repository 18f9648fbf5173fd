import Core
import Feed
import Live

/// Compares what live clients were told with their timelines, so that nothing can silence one for long.
extension Gateway {
    /// Each second.
    func audit(_ now: UInt64) {
        guard isListening else { return }
        heal(auditor.silenced(now: now) { [hub] in hub.told($0)?.position })
        let due = auditor.due { [hub] in !hub.connections(of: $0).isEmpty }
            .compactMap { [hub] user in hub.told(user).map { (user: user, cursor: $0) } }
        guard !due.isEmpty else { return }
        metrics.audited.add(due.count)
        node.audit(due) { [unowned self] result in
            // What can't be asked now is asked in the next round.
            guard case .success(let findings) = result else { return }
            var silenced: [ID] = []
            for ((user, cursor), finding) in zip(due, findings) {
                // Registrations go over the link on which this was asked; events come over another one, perhaps later.
                if !finding.isRegistered {
                    silenced.append(user)
                } else if finding.newest > cursor.position {
                    auditor.suspect(user, mustHear: finding.newest, now: self.now)
                }
            }
            // Who went or reads meanwhile need not be registered.
            heal(silenced.filter { hub.told($0) != nil })
        }
    }

    private func heal(_ users: [ID]) {
        guard !users.isEmpty else { return }
        metrics.silenced.add(users.count)
        Log.error(
            .clientsSilenced,
            [
                "users": .number(Int64(users.count)), "user": .text(users[0].description),
                "node": .text(node.name.description),
            ])
        miss(users, before: .max)
    }
}
