import Core
public import DomainKit
public import EventLog
import Feed
import Posts

/// What is done around posts reaches the channels of those who look at them.
public struct EffectsDomain: Domain {
    private let channels: Channels
    private let kinds: ChannelKinds
    private let all: [ChannelEffect]

    /// - Parameters:
    ///   - kinds: of all domains.
    ///   - effects: the same.
    public init(_ resources: Resources, kinds: ChannelKinds, effects: [ChannelEffect]) {
        channels = Channels(FeedDomain.timelines(of: resources, over: resources.connections.workers))
        (self.kinds, all) = (kinds, effects)
    }

    public func consumers(_ log: any EventLog) -> [Consumer] {
        let worker = EffectWorker(channels: channels, kinds: kinds, effects: all)
        return [
            // A hot post's batch waits for its turn, so one takes what comes in a quarter of a second.
            Consumer(
                SubscriptionOptions(group: "effects", topics: [EngagementTopic.name], batch: 2_000, rest: 50),
                in: .worker
            ) { try await worker.handle($0) }
        ]
    }
}
