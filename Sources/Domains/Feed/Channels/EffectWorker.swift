public import Consumers
import Core
public import DomainKit
public import EventLog
import Live
import Synchronization

/// Does to channels what events mean to them (`ChannelEffect`): tells them, and tells the states that they have changed. May
/// run twice: see `Channels.publish`.
public struct EffectWorker: Sendable {
    /// Of a state, where each time it was held up.
    private static let mostReads = 8
    private let channels: Channels
    private let kinds: ChannelKinds
    private let effects: [EventKind: [ChannelEffect]]
    private let skipped = SkippedEvents(.log)
    private let turns = Turns()
    private let states = Metrics.shared.counter(.channelStates)
    private let late = Metrics.shared.counter(.lateStates)

    private final class Turns: Sendable {
        let value = Mutex(StateTurns())
    }

    /// - Parameters:
    ///   - kinds: which have the states.
    ///   - effects: of all events of the topics, also those that mean nothing.
    public init(channels: Channels, kinds: ChannelKinds, effects: [ChannelEffect]) {
        (self.channels, self.kinds) = (channels, kinds)
        self.effects = Dictionary(grouping: effects, by: \.kind)
    }

    /// Handles one batch of one partition, in order. It ends when all is told: what it would leave for later would be lost with
    /// the process.
    public func handle(_ records: [LogRecord]) async throws -> Outcomes {
        var outcomes = Outcomes()
        guard let first = records.first else { return outcomes }
        let work = records.flatMap { read($0, &outcomes) }
        // Nearly always there is nobody: then nothing is read and nothing sent.
        let known = try await channels.known(Set(work.map(\.channel)))
        let wanted = work.filter { known.contains($0.channel) }
        guard !wanted.isEmpty else { return outcomes }
        try await tell(wanted.filter(\.isEvent), from: "\(first.topic)/\(first.partition)")
        try await tellStates(Set(wanted.filter(\.isState).map(\.channel)))
        return outcomes
    }

    // MARK: Events

    private struct Work {
        let effect: ChannelEffect
        let channel: ChannelName
        let publication: ChannelPublication

        var isState: Bool { if case .state = effect.means { true } else { false } }
        var isEvent: Bool { if case .event = effect.means { true } else { false } }
    }

    private func read(_ record: LogRecord, _ outcomes: inout Outcomes) -> [Work] {
        let place = "\(record.topic), partition \(record.partition), offset \(record.offset)"
        guard let envelope = Envelope(headers: record.headers, payload: record.value) else {
            skipped.addMalformed(at: place)
            outcomes[record] = .malformed
            return []
        }
        guard let effects = effects[envelope.kind] else {
            skipped.add(envelope.kind, at: place)
            return []
        }
        return effects.compactMap { effect in
            if case .nothing = effect.means { return nil }
            guard let channel = effect.channel(envelope) else {
                skipped.addMalformed(at: place)
                outcomes[record] = .malformed
                return nil
            }
            return Work(
                effect: effect, channel: channel,
                publication: ChannelPublication(offset: record.offset, envelope))
        }
    }

    /// - Parameter work: events.
    private func tell(_ work: [Work], from source: String) async throws {
        var allowed: Set<String> = []
        for some in Dictionary(grouping: work, by: \.effect.kind).values {
            guard case .event(let select) = some[0].effect.means else { continue }
            allowed.formUnion(try await select(some.map(\.publication.envelope)).map(\.eventID))
        }
        var batch: [ChannelName: [ChannelPublication]] = [:]
        for one in work where allowed.contains(one.publication.envelope.eventID) {
            batch[one.channel, default: []].append(one.publication)
        }
        try await channels.publish(batch, from: source)
    }

    // MARK: States

    /// Each is read when its turn has come, so it has all that happened until then: a thousand votes are one state.
    private func tellStates(_ names: Set<ChannelName>) async throws {
        let now = monotonicNanoseconds()
        let due = turns.value.withLock { turns in names.map { (name: $0, at: turns.take($0, now: now)) } }
        for (name, at) in due.sorted(by: { $0.at < $1.at }) {
            let now = monotonicNanoseconds()
            if at > now { try await Task.sleep(nanoseconds: at - now) }
            try await tellState(of: name)
        }
    }

    /// One that was held up on its way may come to a Redis that has forgotten a newer one meanwhile, and would stay: it is read
    /// again behind it.
    private func tellState(of name: ChannelName) async throws {
        guard let channel = kinds.channel(name) else { return }
        for _ in 0..<Self.mostReads {
            let began = monotonicNanoseconds()
            guard let state = try await channel.state() else { return }
            if try await channels.publish(state: state.envelope, version: state.version, on: name) { states.add(1) }
            if monotonicNanoseconds() - began < StateTurns.interval { return }
            late.add(1)
        }
    }
}
