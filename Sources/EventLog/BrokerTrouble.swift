import CLibrdkafka

/// What a client has said of its brokers. Each report is of one of them, and the client goes on to the next: a wrong
/// certificate of one says nothing about the others.
struct BrokerTrouble {
    /// The last reason, of whichever broker.
    private(set) var last: EventLogError?
    /// The last of those that waiting does not cure.
    private var lasting: EventLogError?
    private var lastingSince: UInt64 = 0
    private var allAreDown = false
    /// How long another broker has for an answer.
    static let patience: UInt64 = 5_000_000_000

    /// - Parameter now: monotonic nanoseconds.
    mutating func note(_ code: rd_kafka_resp_err_t, _ text: String, now: UInt64) {
        let error = EventLogError("brokers", code, text)
        // It comes behind the reasons, and has none.
        if code == RD_KAFKA_RESP_ERR__ALL_BROKERS_DOWN {
            allAreDown = true
            last = last ?? error
            return
        }
        last = error
        guard !error.isTemporary else { return }
        if lasting == nil {
            lastingSince = now
            // Those that were down before may be up.
            allAreDown = false
        }
        lasting = error
    }

    /// The reason to give up: none of the brokers can be used, or one can't and there was no answer for some seconds.
    /// - Parameters:
    ///   - start: when the question was asked.
    ///   - now: both in monotonic nanoseconds.
    func verdict(since start: UInt64, now: UInt64) -> EventLogError? {
        guard let lasting else { return nil }
        return allAreDown || now >= max(start, lastingSince) + Self.patience ? lasting : nil
    }
}
