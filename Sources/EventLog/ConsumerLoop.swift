import CLibrdkafka
import Core

/// A member of a group: one thread that reads the partitions' queues, hands batches to tasks and commits what they
/// have finished. Everything here is touched by this thread only; tasks report to `ConsumerControl`.
final class ConsumerLoop {
    let options: KafkaOptions
    let subscription: SubscriptionOptions
    let control: ConsumerControl
    let handle: KafkaHandle
    let queue: KafkaQueue
    private let turn: TurnHandler?
    private let handler: RecordHandler
    private let metrics: ConsumerMetrics

    var readers: [PartitionName: PartitionReader] = [:]
    /// Batches that were still in hand when their partition was taken away, by reader. Should the partition come
    /// back, it waits for them.
    var stragglers: [Int: (partition: PartitionName, task: Task<Void, Never>?)] = [:]
    private var lastReader = 0
    /// The commit whose answer is awaited. They are numbered: an answer may come after its patience.
    private var commitUnderWay: Int?
    private var commitNumber = 0
    /// Monotonic nanoseconds.
    private var lastCommit: UInt64 = 0
    private var lastLag: UInt64 = 0

    private static let commitInterval: UInt64 = 200_000_000
    /// A commit whose answer stays away for so long counts as lost.
    private static let commitPatience: UInt64 = 60_000_000_000
    private static let lagInterval: UInt64 = 1_000_000_000

    init(
        _ options: KafkaOptions, _ subscription: SubscriptionOptions, _ control: ConsumerControl,
        _ turn: TurnHandler?, _ handler: @escaping RecordHandler
    ) throws(EventLogError) {
        self.options = options
        self.subscription = subscription
        self.control = control
        (self.turn, self.handler) = (turn, handler)
        metrics = ConsumerMetrics(subscription)
        handle = try KafkaHandle(
            RD_KAFKA_CONSUMER, options.consumerConfiguration(group: options.prefix + subscription.group))
        // Errors and answers come through the same queue as rebalances.
        rd_kafka_poll_set_consumer(handle.raw)
        queue = KafkaQueue(rd_kafka_queue_get_consumer(handle.raw), of: handle)
        queue.wake(control.wakeup)
        try subscribe()
    }

    /// Joins the group; who is in it joins anew.
    private func subscribe() throws(EventLogError) {
        let topics = PartitionList()
        for topic in subscription.topics { topics.add(PartitionName(topic: options.prefix + topic, number: -1)) }
        let code = rd_kafka_subscribe(handle.raw, topics.raw)
        guard code == RD_KAFKA_RESP_ERR_NO_ERROR else {
            throw EventLogError("subscribe to \(subscription.topics.joined(separator: ", "))", code)
        }
    }

    func run() {
        while control.ending == nil {
            control.wakeup.wait(milliseconds: pause())
            while queue.poll(milliseconds: 0, serve) != nil {}
            takeOutcomes()
            // What is refused now is asked for again when it is found again.
            if control.takeJoinAgain() { try? subscribe() }
            for partition in control.takeWoken() { readers[partition]?.turns?.wake(now: monotonicNanoseconds()) }
            for reader in readers.values {
                reader.read(topic: topicName(reader.partition), noteLoss: control.noteLoss)
                start(reader)
            }
            let now = monotonicNanoseconds()
            commitIfDue(now)
            if now >= lastLag + Self.lagInterval {
                lastLag = now
                for reader in readers.values { showLag(reader, reader.measureLag()) }
            }
        }
        if control.ending == .leave { leave() } else { vanish() }
    }

    /// Milliseconds until something is due by time; the rest comes by a signal.
    private func pause() -> Int {
        let now = monotonicNanoseconds()
        var next = now + 250_000_000
        for reader in readers.values {
            if let retryAt = reader.progress.retryAt { next = min(next, retryAt) }
            if isFree(reader), let dueAt = reader.turns?.dueAt { next = min(next, dueAt) }
            if commitUnderWay == nil, reader.progress.uncommitted != nil {
                next = min(next, lastCommit + Self.commitInterval)
            }
        }
        return next <= now ? 0 : Int((next - now + 999_999) / 1_000_000)
    }

    func topicName(_ partition: PartitionName) -> String { String(partition.topic.dropFirst(options.prefix.count)) }

    private func serve(_ event: KafkaEvent) {
        switch event.kind {
        case RD_KAFKA_EVENT_REBALANCE: rebalance(event)
        case RD_KAFKA_EVENT_OFFSET_COMMIT: committed(event)
        case RD_KAFKA_EVENT_ERROR: event.log(.consumerFailed, group: subscription.group)
        default: break
        }
    }
}

/// Batches.
extension ConsumerLoop {
    func makeReader(_ partition: PartitionName) -> PartitionReader? {
        lastReader += 1
        return PartitionReader(
            number: lastReader, partition, of: handle, batchLimit: subscription.batch,
            hasTurns: turn != nil)
    }

    /// One thing at a time, and not while a batch of an earlier assignment is still in hand.
    private func isFree(_ reader: PartitionReader) -> Bool {
        !reader.isRunning && !stragglers.values.contains { $0.partition == reader.partition }
    }

    private func start(_ reader: PartitionReader) {
        guard isFree(reader) else { return }
        let now = monotonicNanoseconds()
        if let turn, reader.turns?.start(now: now) == true { return start(turn, reader) }
        guard reader.turns?.hasBegun != false, let batch = reader.progress.start(now: now) else { return }
        let number = reader.number
        // Before requests: what was accepted goes on before more is.
        reader.task = Task(priority: .high) { [handler, control, group = subscription.group] in
            do {
                try await handler(batch)
                control.post(ConsumerControl.Outcome(reader: number, ending: .batch(hasFailed: false)))
            } catch {
                Log.warning(
                    .batchFailed,
                    [
                        "group": .text(group), "topic": .text(batch[0].topic),
                        "partition": .number(Int64(batch[0].partition)), "offset": .number(batch[0].offset),
                        "records": .number(Int64(batch.count)), "error": .text("\(error)"),
                    ])
                control.post(ConsumerControl.Outcome(reader: number, ending: .batch(hasFailed: true)))
            }
        }
    }

    private func start(_ turn: @escaping TurnHandler, _ reader: PartitionReader) {
        let number = reader.number
        let what = PartitionTurn(
            topic: topicName(reader.partition), partition: reader.partition.number,
            isFirst: reader.turns?.hasBegun == false)
        reader.task = Task(priority: .high) { [control, group = subscription.group] in
            do {
                let next = try await turn(what)
                control.post(ConsumerControl.Outcome(reader: number, ending: .turn(next: next)))
            } catch {
                LogMetrics.turnFailed(what, group: group, error)
                control.post(ConsumerControl.Outcome(reader: number, ending: .failedTurn))
            }
        }
    }

    func takeOutcomes() {
        for outcome in control.takeOutcomes() {
            if stragglers.removeValue(forKey: outcome.reader) != nil { continue }
            guard let reader = readers.values.first(where: { $0.number == outcome.reader }) else { continue }
            reader.task = nil
            let now = monotonicNanoseconds()
            switch outcome.ending {
            case .turn(let next): reader.turns?.end(next: next, now: now)
            case .failedTurn: reader.turns?.fail(now: now)
            case .batch(let hasFailed):
                let count = reader.progress.end(hasFailed: hasFailed, now: now)
                metrics.ended(topicName(reader.partition), records: count, hasFailed: hasFailed)
                // The relay waits for it to fall.
                showLag(reader, reader.measureLag())
            }
        }
    }

    func showLag(_ reader: PartitionReader, _ lag: Int) {
        metrics.addLag(topicName(reader.partition), lag - reader.lag)
        reader.lag = lag
    }
}

/// Commits: of finished records only, one request at a time.
extension ConsumerLoop {
    private func commitIfDue(_ now: UInt64) {
        if commitUnderWay != nil, now > lastCommit + Self.commitPatience { failCommit(RD_KAFKA_RESP_ERR__TIMED_OUT) }
        guard commitUnderWay == nil, now >= lastCommit + Self.commitInterval, let positions = takePositions() else {
            return
        }
        lastCommit = now
        commitNumber += 1
        commitUnderWay = commitNumber
        // The answer comes as an event.
        let code = rd_kafka_commit_queue(
            handle.raw, positions.raw, queue.raw, nil, UnsafeMutableRawPointer(bitPattern: commitNumber))
        if code != RD_KAFKA_RESP_ERR_NO_ERROR { failCommit(code) }
    }

    /// What has moved, as a list to commit; `nil` for nothing.
    private func takePositions() -> PartitionList? {
        let positions = PartitionList()
        for reader in readers.values {
            guard let offset = reader.progress.uncommitted else { continue }
            positions.add(reader.partition, offset: offset)
            reader.progress.commitSent(offset)
        }
        if positions.isEmpty { return nil }
        return positions
    }

    private func committed(_ event: KafkaEvent) {
        guard Int(bitPattern: rd_kafka_event_opaque(event.raw)) == commitUnderWay else { return }
        let code = PartitionList.failure(of: event)
        if code == RD_KAFKA_RESP_ERR_NO_ERROR { endCommit(hasFailed: false) } else { failCommit(code) }
    }

    private func failCommit(_ code: rd_kafka_resp_err_t) {
        metrics.commitFailures.add()
        let text = String(cString: rd_kafka_err2str(code))
        Log.warning(.offsetsNotCommitted, ["group": .text(subscription.group), "text": .text(text)])
        endCommit(hasFailed: true)
    }

    private func endCommit(hasFailed: Bool) {
        commitUnderWay = nil
        for reader in readers.values { reader.progress.commitEnded(hasFailed: hasFailed) }
    }

    /// Commits and waits for the answer, for the last time before partitions go.
    func commitAndWait(milliseconds: Int) {
        // An answer under way belongs to positions that this request repeats or passes.
        if commitUnderWay != nil { endCommit(hasFailed: true) }
        guard let positions = takePositions() else { return }
        let answers = KafkaQueue.new(of: handle)
        var code = rd_kafka_commit_queue(handle.raw, positions.raw, answers.raw, nil, nil)
        if code == RD_KAFKA_RESP_ERR_NO_ERROR {
            code = answers.poll(milliseconds: milliseconds, PartitionList.failure) ?? RD_KAFKA_RESP_ERR__TIMED_OUT
        }
        if code == RD_KAFKA_RESP_ERR_NO_ERROR { endCommit(hasFailed: false) } else { failCommit(code) }
    }
}
