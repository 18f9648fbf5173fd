import Core
import Devices
import Notifications
import Preferences
import Store

/// Decides what becomes of pushes whose turn has come, by what holds now: for all of them in a few statements.
struct PushDecider: Sendable {
    enum Step: Sendable {
        case send(PushMessage, Device, Deliveries.Claim)
        case end(PushEnd)
    }

    let database: Database
    let inboxes: InboxPushes
    let devices: @Sendable ([ID]) async throws -> [Device]
    /// Who of these has a connection that is told.
    let listeners: @Sendable (Set<ID>) async throws -> Set<ID>
    let clock: any WallClock
    /// Of what may go, when (`Deliveries.turns`).
    let turns: @Sendable ([DeliveryKey: String], _ now: Int64) async throws -> [DeliveryKey: PushTurn]

    func decide(_ claims: [Deliveries.Claim]) async throws -> [Step] {
        let users = Set(claims.map(\.key.user)).sorted()
        let names = { (claims: [Deliveries.Claim]) in
            Set(claims.map { InboxPushes.Name(user: $0.key.user, id: $0.key.notification) })
        }
        let contents = try await inboxes.contents(names(claims.filter { !$0.isTest }))
        let tests = try await inboxes.tests(names(claims.filter(\.isTest)), type: Deliveries.testType)
        let reachable = try await devices(users)
        let known = Dictionary(reachable.map { ($0.id, $0) }) { $1 }
        var wishes: [ID: Preferences] = [:]
        for row in try await database.query(PreferenceRow.rows(of: users)) {
            wishes[try row.id("id")] = try PreferenceRow.preferences(row)
        }
        // Where nobody can say, nobody is kept waiting: a push too many is better than none.
        let live = (try? await listeners(Set(users))) ?? []
        let now = clock.milliseconds()
        let steps = claims.map { claim -> Step in
            let name = InboxPushes.Name(user: claim.key.user, id: claim.key.notification)
            guard let device = known[claim.key.device], device.user == claim.key.user else {
                return .end(PushEnd(claim, .suppressed, .device))
            }
            guard let content = claim.isTest ? tests[name] : contents[name] else {
                return .end(PushEnd(claim, .suppressed, .stale))
            }
            guard now - claim.key.notification.milliseconds < PushAccounts.life else {
                return .end(PushEnd(claim, .expired, claim.reason ?? .stale))
            }
            // Whoever asks for a test wants to see it, whatever holds for others.
            if claim.isTest { return .send(PushMessage(content, attempts: claim.attempts), device, claim) }
            if live.contains(claim.key.user) { return .end(PushEnd(claim, .suppressed, .live)) }
            let wish = wishes[claim.key.user] ?? Preferences()
            switch wish.decision(on: claim.type, from: content.relation, isDigest: claim.reason == .digest, now: now) {
            case .suppress(let reason):
                return .end(PushEnd(claim, .suppressed, DeliveryReason(rawValue: reason.rawValue) ?? .type))
            case .hold(let until):
                return .end(PushEnd(claim, for: claim.reason == .digest ? .digest : .quiet, until: until))
            case .digest(let until): return .end(PushEnd(claim, for: .digest, until: until))
            case .send:
                let message = PushMessage(content, hasText: wish.previews, attempts: claim.attempts)
                return .send(message, device, claim)
            }
        }
        return try await paced(Self.bundled(steps), now)
    }

    /// What goes of a group that was pushed just now waits. Digests have their distance, and a test is waited for.
    private func paced(_ steps: [Step], _ now: Int64) async throws -> [Step] {
        var groups: [DeliveryKey: String] = [:]
        for case .send(let message, _, let claim) in steps where claim.reason != .digest && !claim.isTest {
            groups[claim.key] = message.content.key
        }
        let turns = try await turns(groups, now)
        return steps.map { step in
            guard case .send(_, _, let claim) = step else { return step }
            return switch turns[claim.key] {
            case nil, .now: step
            case .later(let until): .end(PushEnd(claim, for: .pace, until: until))
            case .replaced: .end(PushEnd(claim, .suppressed, .newer))
            }
        }
    }

    /// Of one digest of a device the newest is sent, and says how many others there are.
    private static func bundled(_ steps: [Step]) -> [Step] {
        var digests: [ID: [(Int, ID)]] = [:]
        for (index, step) in steps.enumerated() {
            guard case .send(_, let device, let claim) = step, claim.reason == .digest else { continue }
            digests[device.id, default: []].append((index, claim.key.notification))
        }
        var steps = steps
        for several in digests.values where several.count > 1 {
            let newest = several.max { $0.1 < $1.1 }!
            for (index, _) in several {
                guard case .send(let message, let device, let claim) = steps[index] else { continue }
                steps[index] =
                    index == newest.0
                    ? .send(message.with(others: several.count - 1), device, claim)
                    : .end(PushEnd(claim, .suppressed, .together))
            }
        }
        return steps
    }
}

extension PushedNotification {
    /// Whom the user may not be notified of is in no content.
    var relation: ActorRelation {
        guard let followsActor else { return .nobody }
        guard followsActor else { return .stranger }
        return isFollowedByActor == true ? .mutual : .followed
    }
}
