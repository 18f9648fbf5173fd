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
    /// Of the brokers that were given, those that said something that waiting does not cure. librdkafka reports that
    /// all are down once only, and the first refusal of TLS may look like a lost connection.
    private var refusing: Set<Substring> = []
    /// How many were given.
    private let given: Int
    /// How long another broker has for an answer.
    static let patience: UInt64 = 5_000_000_000

    /// - Parameter given: how many brokers the client was given.
    init(given: Int) { self.given = given }

    /// - Parameters:
    ///   - text: begins with the broker's name and a colon; that of one which was given ends with `/bootstrap`.
    ///   - now: monotonic nanoseconds.
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
        let name = text.prefix { $0 != " " }
        if name.hasSuffix("/bootstrap:") { refusing.insert(name) }
    }

    /// The reason to give up: none of the brokers can be used, or one can't and there was no answer for some seconds.
    /// - Parameters:
    ///   - start: when the question was asked.
    ///   - now: both in monotonic nanoseconds.
    func verdict(since start: UInt64, now: UInt64) -> EventLogError? {
        guard let lasting else { return nil }
        return allAreDown || refusing.count >= given || now >= max(start, lastingSince) + Self.patience ? lasting : nil
    }
}
