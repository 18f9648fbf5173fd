/// What a process was told about the site by its own settings.
public struct GivenSettings: Sendable {
    public struct Value<T: Sendable & Equatable>: Sendable {
        let value: T
        /// Whether somebody said it; otherwise it is the default, for a new site.
        let isGiven: Bool
        /// The variable or the flag.
        let name: String

        public init(_ value: T, isGiven: Bool, name: String) {
            (self.value, self.isGiven, self.name) = (value, isGiven, name)
        }
    }

    /// `nil` for a command that has no such setting.
    let partitions: Value<Int>?
    /// `nil` where the process has no Kafka.
    let topicPrefix: Value<String>?
    /// `nil` where the process does not read the event log.
    let logPartitions: Value<Int>?

    public init(partitions: Value<Int>?, topicPrefix: Value<String>?, logPartitions: Value<Int>? = nil) {
        (self.partitions, self.topicPrefix, self.logPartitions) = (partitions, topicPrefix, logPartitions)
    }

    /// - Returns: what the process is to be warned of: a setting that the site has outgrown, by its name.
    /// - Throws: `SiteMismatch` where the process is told something else than what is recorded.
    public func outdated(against record: SiteRecord) throws(SiteMismatch) -> String? {
        if let prefix = topicPrefix, prefix.isGiven, let recorded = record.topicPrefix, recorded != prefix.value {
            throw SiteMismatch(
                "\(prefix.name) is '\(prefix.value)', but the topics of this site begin with '\(recorded)', as PostgreSQL has "
                    + "recorded at the site's first start. Remove the setting, for without it the recorded value is taken; or name "
                    + "the database of the site that this process is meant for")
        }
        if let log = logPartitions, log.isGiven, let recorded = record.logPartitions, log.value > recorded {
            throw SiteMismatch(
                "\(log.name) is '\(log.value)', but the topics of this site's event log have \(recorded) partitions, as PostgreSQL has "
                    + "recorded. Remove the setting, for without it the recorded value is taken; or give the topics more while the "
                    + "site runs: martlet partitions --log \(log.value)")
        }
        guard let partitions, partitions.isGiven, partitions.value != record.partitions else {
            // It only grows: fewer are those of before a change.
            guard let log = logPartitions, log.isGiven, log.value != record.logPartitions ?? log.value else {
                return nil
            }
            return log.name
        }
        // Processes begin anew with the settings that they had before the change.
        if record.former.contains(partitions.value) { return partitions.name }
        throw SiteMismatch(
            "\(partitions.name) is '\(partitions.value)', but this site has \(record.partitions) partitions, as PostgreSQL has "
                + "recorded (since \(record.since)). Remove the setting, for without it the recorded value is taken; or change the "
                + "site while it runs: martlet partitions \(partitions.value)")
    }
}

/// A process must not start: it would work beside all others.
public struct SiteMismatch: Error, CustomStringConvertible {
    public let description: String

    init(_ description: String) { self.description = description }
}
