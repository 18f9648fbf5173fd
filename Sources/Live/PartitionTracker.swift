/// What a node knows of one partition: which logs its connections are told there (feeds of users, channels), and whether it
/// has heard all that was said to it. Messages are numbered for each node and partition; a probe tells the last number and
/// the epoch of a partition that is quiet. Each registration says whether the node relies on an earlier one (`known`): where
/// Redis has that no more, it leaves out a number. A value without I/O: it says what the node is to do, and is told what came of it.
public struct PartitionTracker {
    public enum Action: Equatable {
        /// Something of these was missed: from now on nothing of them is told but what a read finds that begins later
        /// (`LiveSession.miss`).
        case miss([LogKey])
        /// Register them, then tell by `registered` or `registrationFailed`.
        case register([LogKey])
        /// They are registered anew: long polls must look again.
        case look([LogKey])
        /// `retry` is to be called in a moment.
        case wait
    }

    /// How many are registered in one go.
    static let slice = 2000

    /// Each log, and whether it was registered since all of them were last found to have missed something.
    private var logs: [LogKey: Bool] = [:]
    /// All of them are being registered.
    public private(set) var isRecovering = false
    private var isListening = false
    /// The last number that was heard.
    private var last: Int64?
    private var epoch: UInt64?
    /// What the last probe's number was: it must have been heard when the next one is sent.
    private var probed: Int64?
    private var mustRecoverAgain = false
    /// Those that are still to be registered.
    private var rest: ArraySlice<LogKey> = []
    private let rules: LiveRules

    public init(rules: LiveRules = LiveRules()) {
        self.rules = rules
    }

    // MARK: Logs

    /// Before it is registered.
    public mutating func add(_ key: LogKey) { logs[key] = logs[key] ?? false }
    public mutating func remove(_ key: LogKey) { logs[key] = nil }
    public var keys: Dictionary<LogKey, Bool>.Keys { logs.keys }

    /// Those of them whose clients may rely on a registration that was made.
    public func known(among keys: [LogKey]) -> Set<LogKey> {
        rules.keep(.registrations) ? Set(keys.filter { logs[$0] == true }) : []
    }

    /// A registration's reply.
    /// - Parameter number: of the last message to this node.
    public mutating func note(_ key: LogKey, number: Int64, epoch: UInt64) {
        if logs[key] != nil { logs[key] = true }
        note(number: number, epoch: epoch)
    }

    private mutating func note(number: Int64, epoch: UInt64) {
        last = last ?? number
        self.epoch = self.epoch ?? epoch
    }

    // MARK: Messages

    /// A message has come. What is to be done comes before what it says.
    public mutating func heard(number: Int64, epoch: UInt64) -> [Action] {
        let isNext = last.map { number <= $0 + 1 } ?? true
        let isOfAnother = self.epoch != nil && self.epoch != epoch
        last = isOfAnother ? number : max(last ?? number, number)
        self.epoch = epoch
        let isMissing = !isNext && rules.keep(.numbers) || isOfAnother && rules.keep(.epochs)
        return isMissing ? recover() : []
    }

    /// A message that can't be read: what it should have told must be found.
    public mutating func heardNonsense() -> [Action] { recover() }

    /// The node is subscribed (again).
    public mutating func subscribed() -> [Action] {
        isListening = true
        (last, probed) = (nil, nil)
        return rules.keep(.absence) ? recover() : []
    }

    /// Nothing is heard any more.
    public mutating func lost() { isListening = false }

    // MARK: Probes

    /// The next probe is about to be sent.
    public mutating func willProbe() -> [Action] {
        defer { probed = nil }
        guard let probed, (last ?? 0) < probed, rules.keep(.probes) else { return [] }
        last = probed
        return recover()
    }

    /// A probe was sent.
    /// - Parameter subscribers: how many connections got it.
    public mutating func didProbe(number: Int64, epoch: UInt64, subscribers: Int) -> [Action] {
        probed = number
        let isOfAnother = self.epoch != nil && self.epoch != epoch
        guard subscribers == 0 || isOfAnother, rules.keep(.epochs) else { return [] }
        // A flush starts the numbers anew, too.
        (self.epoch, last, probed) = (epoch, number, nil)
        return recover()
    }

    // MARK: Recovery

    /// Has the clients of the partition read, and registers all of it again: Redis may have forgotten them.
    private mutating func recover() -> [Action] {
        guard !logs.isEmpty else { return [] }
        let all = Array(keys)
        // Each client reads, and registers before: none relies on what was.
        for key in all { logs[key] = false }
        // Nothing would be heard: whoever is registered now has to be again by `subscribed`.
        guard isListening else { return [.miss(all)] }
        guard !isRecovering else {
            mustRecoverAgain = true
            return [.miss(all)]
        }
        isRecovering = true
        rest = all[...]
        return [.miss(all)] + next()
    }

    private mutating func next() -> [Action] {
        while !rest.isEmpty {
            // Who has gone meanwhile stays away.
            let some = rest.prefix(Self.slice).filter(keys.contains)
            rest = rest.dropFirst(Self.slice)
            if !some.isEmpty { return [.register(some)] }
        }
        isRecovering = false
        guard mustRecoverAgain else { return [] }
        mustRecoverAgain = false
        return recover()
    }

    /// - Parameter number: of the last message to this node.
    public mutating func registered(_ keys: [LogKey], number: Int64, epoch: UInt64) -> [Action] {
        for key in keys { note(key, number: number, epoch: epoch) }
        return [.look(keys)] + next()
    }

    public mutating func registrationFailed() -> [Action] {
        rest = []
        return [.wait]
    }

    public mutating func retry() -> [Action] {
        isRecovering = false
        return recover()
    }
}
