#if DEBUG
import Glibc
#endif

/// Deliberate bugs, for `make torture`: it must catch each of them (Tests/Torture/README.md). A debug build has the one
/// that MARTLET_MUTATION names; a release build has none of their code.
public enum Mutation: String, CaseIterable, Sendable {
    /// A post is answered 201, and committed a moment later.
    case ackBeforeCommit = "ack-before-commit"
    /// A post and its event are two transactions.
    case dualWrite = "dual-write"
    /// A repeated request with the same Idempotency-Key is done again.
    case ignoreIdempotencyKey = "ignore-idempotency-key"
    /// A user's number of posts is counted after the transaction.
    case countAfterwards = "count-afterwards"
    /// The relay remembers the highest number that it has seen in the outbox.
    case outboxByNumber = "outbox-by-number"
    /// The relay deletes events before the log has them.
    case deleteBeforeReport = "delete-before-report"
    /// The position of a batch is committed also when the batch failed.
    case commitUnfinished = "commit-unfinished"
    /// Chunks of an author's posts go to any partition of the log.
    case chunksInAnyPartition = "chunks-in-any-partition"
    /// A chunk is delivered although its post was deleted meanwhile.
    case deliverDeleted = "deliver-deleted"
    /// Nobody is told that a post was deleted.
    case forgetDeletions = "forget-deletions"
    /// An author's own feed shows a new post before an older one that is under way.
    case authorOutOfTurn = "author-out-of-turn"
    /// Live clients are told of a post before it is in any timeline.
    case publishBeforeWrite = "publish-before-write"
    /// A connection reads what it missed first and is registered second.
    case readBeforeRegister = "read-before-register"
    /// What comes live is told although the read before has covered it.
    case tellCovered = "tell-covered"
    /// A node that has lost Redis for a while goes on as if nothing had been said meanwhile.
    case forgetOutage = "forget-outage"
    /// A resume tells the posts that are newer than the position's time, by their ids.
    case resumeByID = "resume-by-id"
    /// A position of a Redis whose data was lost is compared with those of the new one.
    case ignoreEpoch = "ignore-epoch"
    /// A late post is not noted for those who resume.
    case forgetDisorder = "forget-disorder"
    /// What is under way from an author whom the user has left is let in.
    case letSeveredIn = "let-severed-in"
    /// A script that Redis does not know is sent again, behind commands that were given later; and what ends a user's
    /// registration does not say which.
    case lateScripts = "late-scripts"
    /// A descriptor is lost with each connection.
    case leakDescriptors = "leak-descriptors"

    #if DEBUG
    private static let variable = "MARTLET_MUTATION"

    private static let chosen: Mutation? = {
        guard let name = getenv(variable).map({ String(cString: $0) }) else { return nil }
        guard let mutation = Mutation(rawValue: name) else {
            fatalError("\(variable) is '\(name)', expected one of \(allCases.map(\.rawValue).joined(separator: ", "))")
        }
        return mutation
    }()

    public var isOn: Bool { Self.chosen == self }
    #else
    @inlinable public var isOn: Bool { false }
    #endif
}
