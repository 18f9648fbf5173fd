/// How far a partition is: read ahead, in the handler's hands, finished, committed. A value without I/O; times are
/// monotonic nanoseconds.
struct PartitionProgress {
    private let batchLimit: Int
    private var waiting: [LogRecord] = []
    private var waitingBytes = 0
    /// The batch that the handler has, or will get again.
    private var batch: [LogRecord] = []
    private var failures = 0
    private(set) var isRunning = false
    /// When the batch goes to the handler again.
    private(set) var retryAt: UInt64?
    /// The offset behind the last finished record; `nil` before the first.
    private(set) var finished: Int64?
    private var sent: Int64?
    private var committed: Int64?

    /// Bytes of values read ahead, beyond what librdkafka holds: large records make small batches.
    static let byteLimit = 4 << 20
    private static let firstPause: UInt64 = 50_000_000
    private static let longestPause: UInt64 = 2_000_000_000

    init(batchLimit: Int) {
        self.batchLimit = batchLimit
    }

    /// Is there room for the next record?
    var hasRoom: Bool { waiting.count < batchLimit && waitingBytes < Self.byteLimit }

    /// - Returns: whether the partition has begun anew: the offset is one that was there before. Its topic was made anew, or librdkafka
    ///   has fetched twice. Nothing tells the two apart, and the one would lose what the other repeats.
    @discardableResult
    mutating func add(_ record: LogRecord) -> Bool {
        let last = waiting.last?.offset ?? batch.last?.offset ?? finished.map { $0 - 1 }
        waiting.append(record)
        waitingBytes += record.value.count
        return last.map { record.offset <= $0 } ?? false
    }

    /// The batch to hand over now, if there is one and none is running.
    mutating func start(now: UInt64) -> [LogRecord]? {
        guard !isRunning else { return nil }
        if let retryAt {
            guard retryAt <= now else { return nil }
        } else {
            guard !waiting.isEmpty else { return nil }
            batch = waiting
            waiting = []
            waitingBytes = 0
        }
        retryAt = nil
        isRunning = true
        return batch
    }

    /// The batch in hand has ended. Returns how many records are finished by that.
    mutating func end(hasFailed: Bool, now: UInt64) -> Int {
        isRunning = false
        if hasFailed {
            retryAt = now + min(Self.firstPause << UInt64(min(failures, 6)), Self.longestPause)
            failures += 1
            return 0
        }
        failures = 0
        finished = batch.last.map { $0.offset + 1 }
        defer { batch = [] }
        return batch.count
    }

    /// The offset of the first record that is not finished, if one is known.
    var position: Int64? { finished ?? batch.first?.offset ?? waiting.first?.offset }

    /// The position to commit, if it has moved since the last one that was sent.
    var uncommitted: Int64? { finished == sent ? nil : finished }

    mutating func commitSent(_ offset: Int64) { sent = offset }

    mutating func commitEnded(hasFailed: Bool) {
        if hasFailed { sent = committed } else { committed = sent }
    }
}
