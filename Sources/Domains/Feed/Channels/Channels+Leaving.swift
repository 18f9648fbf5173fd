public import Live
import RedisLink

extension Channels {
    /// What they were about has gone.
    /// - Returns: how much there was.
    public func drop(_ channels: [ChannelName]) async throws -> Int {
        let byPartition = Dictionary(grouping: channels) { partition(of: $0) }.sorted { $0.key < $1.key }
        return try await timelines.removed(
            byPartition.map { partition, names in
                timelines.call(scripts.drop, partition, names.map { .text($0.description) })
            })
    }
}
