import CLibrdkafka
import Core
import Runtime
import Synchronization

/// One idempotent producer with the thread that takes its delivery reports. The first record that fails retires it:
/// all that is outstanding fails too, so nothing of an append is stored behind a gap, and `KafkaLog` makes the next.
final class KafkaProducer: Sendable {
    private struct State {
        /// Monotonic nanoseconds at which an append gives up, by its number.
        var deadlines: [Int: UInt64] = [:]
        var lastAppend = 0
        var isRetired = false
        var trouble: BrokerTrouble
        var isClosing = false
    }

    let handle: KafkaHandle
    private let prefix: String
    private let appendTimeout: Int
    private let state: Mutex<State>
    private let ended = Latch()
    private let queued: Gauge
    private let madeAt = monotonicNanoseconds()

    init(_ options: KafkaOptions) throws(EventLogError) {
        handle = try KafkaHandle(RD_KAFKA_PRODUCER, options.producerConfiguration())
        prefix = options.prefix
        appendTimeout = options.appendTimeout
        state = Mutex(State(trouble: BrokerTrouble(given: Set(options.bootstrapServers.split(separator: ",")).count)))
        queued = LogMetrics.producerQueue(limit: options.queueRecords)
        LogMetrics.producers.add()
        startThread(name: "kafka-producer") { [self] in run() }
    }

    /// False: a new one is needed.
    var isUsable: Bool { state.withLock { !$0.isRetired && !$0.isClosing } }

    /// Why there may be no answer from the brokers.
    var trouble: BrokerTrouble { state.withLock { $0.trouble } }

    /// Asks any broker for what it knows. Blocks: for a thread of its own.
    /// - Throws: what the client has said of its brokers meanwhile; not temporary once none of them can be used.
    func reach(milliseconds: Int) throws(EventLogError) {
        var metadata: UnsafePointer<rd_kafka_metadata>?
        let code = rd_kafka_metadata(handle.raw, 0, nil, &metadata, Int32(clamping: milliseconds))
        guard code != RD_KAFKA_RESP_ERR_NO_ERROR else { return rd_kafka_metadata_destroy(metadata) }
        let trouble = trouble
        if let verdict = trouble.verdict(since: madeAt, now: monotonicNanoseconds()) { throw verdict }
        let reason = trouble.last ?? EventLogError("brokers", code)
        throw EventLogError(reason.description, isTemporary: true)
    }

    func append(_ records: [NewRecord]) async throws(EventLogError) {
        let deadline = monotonicNanoseconds() + UInt64(appendTimeout) * 1_000_000
        let number = try state.withLock { state throws(EventLogError) in
            guard !state.isRetired, !state.isClosing else {
                throw EventLogError("append: the producer was given up", isTemporary: true)
            }
            state.lastAppend += 1
            state.deadlines[state.lastAppend] = deadline
            return state.lastAppend
        }
        defer { _ = state.withLock { $0.deadlines.removeValue(forKey: number) } }
        let batch = DeliveryBatch()
        var topic = ""
        var name = ""
        for record in records {
            if record.topic != topic || name.isEmpty { (topic, name) = (record.topic, prefix + record.topic) }
            guard await hand(record, to: name, batch, until: deadline) else { break }
        }
        try await batch.finish()
    }

    /// False when the batch has failed: what comes behind must not be stored.
    private func hand(
        _ record: NewRecord, to topic: String, _ batch: DeliveryBatch, until deadline: UInt64
    ) async -> Bool {
        while !batch.hasFailed {
            batch.expect()
            let code = produce(record, to: topic, batch)
            guard code != RD_KAFKA_RESP_ERR_NO_ERROR else { return true }
            guard code == RD_KAFKA_RESP_ERR__QUEUE_FULL, monotonicNanoseconds() < deadline, !Task.isCancelled else {
                if code == RD_KAFKA_RESP_ERR__FATAL { retire("fatal error") }
                batch.settle(EventLogError("append to \(record.topic)", code))
                return false
            }
            batch.settle(nil)
            try? await Task.sleep(nanoseconds: 2_000_000)
        }
        return false
    }

    private func produce(_ record: NewRecord, to topic: String, _ batch: DeliveryBatch) -> rd_kafka_resp_err_t {
        let headers = Self.headers(of: record)
        // The delivery report gives it back.
        let reference = Unmanaged.passRetained(batch)
        let code = Self.withKey(of: record) { key in
            record.value.withUnsafeBytes { value in
                martlet_kafka_produce(
                    handle.raw, topic, key.baseAddress, key.count, value.baseAddress, value.count, headers,
                    reference.toOpaque())
            }
        }
        if code != RD_KAFKA_RESP_ERR_NO_ERROR {
            reference.release()
            if let headers { rd_kafka_headers_destroy(headers) }
        }
        return code
    }

    /// A key of no address is none.
    private static func withKey<T>(of record: NewRecord, _ body: (UnsafeRawBufferPointer) -> T) -> T {
        guard let key = record.raw.map(\.key) ?? Array(record.key.utf8) else {
            return body(UnsafeRawBufferPointer(start: nil, count: 0))
        }
        // An empty one has an address, too.
        return (key + [0]).withUnsafeBytes { body(UnsafeRawBufferPointer(rebasing: $0.dropLast())) }
    }

    private static func headers(of record: NewRecord) -> OpaquePointer? {
        let raw = record.raw?.headers ?? []
        guard !raw.isEmpty || !record.headers.isEmpty else { return nil }
        let headers = rd_kafka_headers_new(raw.count + record.headers.count)
        for header in raw {
            if let value = header.value {
                _ = value.withUnsafeBytes { rd_kafka_header_add(headers, header.name, -1, $0.baseAddress, $0.count) }
            } else {
                rd_kafka_header_add(headers, header.name, -1, nil, 0)
            }
        }
        for (name, value) in record.headers {
            var value = value
            _ = value.withUTF8 { rd_kafka_header_add(headers, name, -1, $0.baseAddress, $0.count) }
        }
        return headers
    }

    /// Waits for the appends in hand, then for the end of the thread. What is not stored by then fails.
    func close(milliseconds: Int) async {
        state.withLock { $0.isClosing = true }
        if await !ended.wait(milliseconds: milliseconds) { retire("closed before all was stored") }
        if await !ended.wait(milliseconds: 5000) { Log.error(.producerStuck) }
    }

    func retire(_ reason: String) {
        let first = state.withLock { state in
            defer { state.isRetired = true }
            return !state.isRetired
        }
        if first { Log.warning(.producerGivenUp, ["reason": .text(reason)]) }
    }
}

/// The thread.
extension KafkaProducer {
    private enum Step { case serve, purge, end }

    private func run() {
        let queue = KafkaQueue.main(of: handle)
        var counters: [String: Counter] = [:]
        let everything = RD_KAFKA_PURGE_F_QUEUE | RD_KAFKA_PURGE_F_INFLIGHT | RD_KAFKA_PURGE_F_NON_BLOCKING
        loop: while true {
            var wait = 100
            // What is there, but not for ever: the deadlines want a look too.
            for _ in 0..<1000 {
                guard queue.poll(milliseconds: wait, { serve($0, &counters) }) != nil else { break }
                wait = 0
            }
            queued.set(Int(rd_kafka_outq_len(handle.raw)))
            switch step() {
            case .serve: continue
            case .purge: rd_kafka_purge(handle.raw, everything)
            case .end: break loop
            }
        }
        ended.open()
    }

    private func step() -> Step {
        let now = monotonicNanoseconds()
        let (isLate, isRetired, isEnding) = state.withLock { state in
            (
                state.deadlines.values.contains { $0 < now }, state.isRetired,
                (state.isRetired || state.isClosing) && state.deadlines.isEmpty
            )
        }
        if isEnding && rd_kafka_outq_len(handle.raw) == 0 { return .end }
        if isLate { retire("not stored within \(appendTimeout) ms") }
        return isLate || isRetired ? .purge : .serve
    }

    private func serve(_ event: KafkaEvent, _ counters: inout [String: Counter]) {
        switch event.kind {
        case RD_KAFKA_EVENT_DR:
            while let message = rd_kafka_event_message_next(event.raw) { report(message.pointee, &counters) }
        case RD_KAFKA_EVENT_ERROR where event.isFatal || event.code == RD_KAFKA_RESP_ERR__FATAL:
            retire(event.text)
        case RD_KAFKA_EVENT_ERROR:
            event.log(.producerFailed)
            let (code, text) = (event.code, event.text)
            state.withLock { $0.trouble.note(code, text, now: monotonicNanoseconds()) }
        default:
            break
        }
    }

    private func report(_ message: rd_kafka_message_t, _ counters: inout [String: Counter]) {
        guard let opaque = message._private else { return }
        let batch = Unmanaged<DeliveryBatch>.fromOpaque(opaque).takeRetainedValue()
        let name = String(cString: rd_kafka_topic_name(message.rkt))
        guard message.err != RD_KAFKA_RESP_ERR_NO_ERROR else {
            let counter = counters[name] ?? LogMetrics.produced(topic: String(name.dropFirst(prefix.count)))
            counters[name] = counter
            counter.add()
            return batch.settle(nil)
        }
        if !message.err.isUnknownTopic { retire(String(cString: rd_kafka_err2str(message.err))) }
        batch.settle(EventLogError("append to \(name.dropFirst(prefix.count))", message.err))
    }
}
