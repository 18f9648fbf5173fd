import Core
import Feed
import Live
import RedisLink

/// Compares what live clients were told with what is in Redis, so that nothing can silence one for long.
extension Gateway {
    /// It has live clients.
    func watch(_ key: LogKey) {
        switch key {
        case .feed: feedAudit.add(key)
        case .channel: channelAudit.add(key)
        }
    }

    /// Each second.
    func audit(_ now: UInt64) {
        guard isListening else { return }
        let told = { [hub] (key: LogKey) in hub.told(key)?.position }
        heal(feedAudit.silenced(now: now, told: told) + channelAudit.silenced(now: now, told: told))
        let isHere = { [hub] (key: LogKey) in hub.hasSubscribers(of: key) }
        auditFeeds(feedAudit.due(isHere: isHere).users)
        auditChannels(channelAudit.due(isHere: isHere).channels)
    }

    private func suspect(_ key: LogKey, mustHear position: Int64) {
        switch key {
        case .feed: feedAudit.suspect(key, mustHear: position, now: now)
        case .channel: channelAudit.suspect(key, mustHear: position, now: now)
        }
    }

    private func auditFeeds(_ users: [ID]) {
        let told = users.compactMap { [hub] user in hub.told(.feed(of: user)).map { (user: user, cursor: $0) } }
        guard !told.isEmpty else { return }
        metrics.audited.add(told.count)
        node.audit(told) { [unowned self] result in
            // What can't be asked now is asked in the next round.
            guard case .success(let findings) = result else { return }
            compare(
                zip(told, findings).map { told, finding in
                    Finding(
                        key: .feed(of: told.user), told: told.cursor, isRegistered: finding.isRegistered,
                        newest: finding.newest)
                })
        }
    }

    /// Their registrations end by themselves: what says them again finds out about them.
    private func auditChannels(_ names: [ChannelName]) {
        guard !names.isEmpty else { return }
        metrics.audited.add(names.count)
        let told = names.map { [hub] in hub.told(.channel($0)) }
        node.registerAgain(names) { [unowned self] result in
            guard case .success(let found) = result else { return }
            var findings: [Finding] = []
            for (index, registration) in found.enumerated() {
                let key = LogKey.channel(names[index])
                if let told = told[index] {
                    findings.append(
                        Finding(
                            key: key, told: told, isRegistered: registration.wasRegistered,
                            newest: registration.newest))
                }
            }
            compare(findings)
        }
    }

    private struct Finding {
        let key: LogKey
        let told: LiveCursor
        let isRegistered: Bool
        let newest: Int64
    }

    private func compare(_ findings: [Finding]) {
        var silenced: [LogKey] = []
        for finding in findings {
            // Registrations go over the link on which this was asked; events come over another one, perhaps later.
            if !finding.isRegistered {
                silenced.append(finding.key)
            } else if finding.newest > finding.told.position {
                suspect(finding.key, mustHear: finding.newest)
            }
        }
        // What went or is read meanwhile need not be registered.
        heal(silenced.filter { hub.told($0) != nil })
    }

    private func heal(_ keys: [LogKey]) {
        guard !keys.isEmpty else { return }
        metrics.silenced.add(keys.count)
        Log.error(
            .clientsSilenced,
            [
                "logs": .number(Int64(keys.count)), "log": .text(keys[0].description),
                "node": .text(node.name.description),
            ])
        miss(keys, before: .max)
    }
}
