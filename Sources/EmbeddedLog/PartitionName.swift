/// A partition of a topic.
struct PartitionName: Hashable, Sendable, Comparable {
    let topic: String
    let partition: Int

    static func < (a: PartitionName, b: PartitionName) -> Bool {
        (a.topic, a.partition) < (b.topic, b.partition)
    }
}
