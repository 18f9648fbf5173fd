/// A topic but for the number of its partitions, which is the installation's.
public struct TopicPlan: Sendable {
    public let name: String
    public let retentionHours: Int

    public init(_ name: String, retentionHours: Int) {
        self.name = name
        self.retentionHours = retentionHours
    }
}
