/// What PostgreSQL has of the site: the truth for all of its processes.
public struct SiteRecord: Sendable, Equatable {
    /// From 1 on. Each change of the partitions begins another one, also where it goes back to a number of before.
    public let layout: Int
    public let partitions: Int
    /// Of all topics and consumer groups; `nil`: no process with Kafka has come yet.
    public let topicPrefix: String?
    /// Of each topic of the event log; `nil`: no process that reads it has come yet.
    public let logPartitions: Int?
    /// How many partitions the layouts before had, the last one at the end.
    public let former: [Int]
    /// What was asked for: nobody begins to work in this layout any more.
    public let next: Int?
    /// With it, more partitions of the log; `nil`: these stay.
    public let nextLog: Int?
    /// It was asked for a while ago, and somebody still works in this layout: it is to be given up.
    public let isOverdue: Bool
    /// When the layout began, as text.
    public let since: String
}
