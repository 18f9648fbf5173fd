/// The parts of the rule by which a live client is told everything, once and in order. `LiveSession` and `PartitionTracker`
/// keep it; the random walks leave each part out and must notice.
public enum LiveRule: Sendable, CaseIterable {
    // MARK: Of a partition

    /// A message that is not the next by its number tells of one that was lost.
    case numbers
    /// A probe that was not heard before the next one is sent tells of messages that were lost.
    case probes
    /// A number that Redis counts anew, or a node that it does not tell any more, tells of a Redis that has lost its memory.
    case epochs
    /// Who was told nothing for a while reads when he is told again.
    case absence
    /// A registration that was made and is not there any more, as the next one of the same log shows, may have been lost with
    /// what came meanwhile.
    case registrations

    // MARK: Of a session

    /// What comes while the log is being read waits, for the read may not find it.
    case waiting
    /// What a read has covered is not told again.
    case covered
    /// What is found to be missing while the log is being read is read once more.
    case findingsWhileReading
    /// A queue that was cut while the log was being read is read once more.
    case overflow
    /// One for whom too much waits is told nothing but what a read finds.
    case falling
}

/// Which parts of the rule are kept: all of them, but in tests.
public struct LiveRules: Sendable {
    #if DEBUG
    private let omitted: LiveRule?
    public init(without omitted: LiveRule? = nil) { self.omitted = omitted }
    #else
    public init() {}
    #endif

    @inline(__always)
    func keep(_ rule: LiveRule) -> Bool {
        #if DEBUG
        rule != omitted
        #else
        true
        #endif
    }
}
