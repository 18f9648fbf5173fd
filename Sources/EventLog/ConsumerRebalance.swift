import CLibrdkafka
import Core

/// Partitions come and go. With the eager protocol all go before the new ones come.
extension ConsumerLoop {
    /// How long the broker may take to store the last positions.
    private static let commitTimeout = 5000
    private static let closeTimeout: UInt64 = 8_000_000_000
    /// How long a cancelled handler gets to return.
    private static let cancelTimeout = 2000

    func rebalance(_ event: KafkaEvent) {
        guard event.code == RD_KAFKA_RESP_ERR__ASSIGN_PARTITIONS, let partitions = event.partitions,
            control.ending == nil
        else { return revoke() }
        for partition in PartitionList.names(in: partitions) {
            guard let reader = makeReader(partition) else { continue }
            reader.separate(control.wakeup)
            readers[partition] = reader
        }
        let code = rd_kafka_assign(handle.raw, partitions)
        if code != RD_KAFKA_RESP_ERR_NO_ERROR {
            Log.error(
                .partitionsNotAssigned,
                ["group": .text(subscription.group), "text": .text(String(cString: rd_kafka_err2str(code)))])
        }
        Log.info(
            .partitionsAssigned,
            ["group": .text(subscription.group), "partitions": .number(Int64(partitions.pointee.cnt))])
    }

    private func revoke() {
        // Lost: somebody else may have them already. Nothing to wait for, and nothing to commit.
        if rd_kafka_assignment_lost(handle.raw) == 0 {
            drain()
            commitAndWait(milliseconds: Self.commitTimeout)
        } else {
            Log.warning(.partitionsLost, ["group": .text(subscription.group)])
        }
        release()
        rd_kafka_assign(handle.raw, nil)
    }

    /// Waits for the batches in hand; no new one starts meanwhile.
    private func drain() {
        let deadline = monotonicNanoseconds() + UInt64(options.drainTimeout) * 1_000_000
        while readers.values.contains(where: \.isRunning) {
            let now = monotonicNanoseconds()
            guard now < deadline else {
                return Log.warning(.batchOutlivedPartition, ["group": .text(subscription.group)])
            }
            control.wakeup.wait(milliseconds: min(100, Int((deadline - now) / 1_000_000) + 1))
            takeOutcomes()
        }
    }

    /// Forgets the partitions. A batch that still runs is cancelled; it will come again, here or at another member.
    private func release() {
        for reader in readers.values {
            reader.queue.stopWaking()
            showLag(reader, 0)
            guard reader.isRunning else { continue }
            reader.task?.cancel()
            stragglers[reader.number] = (reader.partition, reader.task)
        }
        readers = [:]
    }

    /// Finishes what is in hand, commits and leaves the group. Not by `rd_kafka_consumer_close`: that can hang.
    func leave() {
        drain()
        if rd_kafka_assignment_lost(handle.raw) == 0 { commitAndWait(milliseconds: Self.commitTimeout) }
        release()
        awaitStragglers()
        queue.stopWaking()
        let events = KafkaQueue.new(of: handle)
        if let error = rd_kafka_consumer_close_queue(handle.raw, events.raw) {
            Log.warning(.consumerNotClosed, ["text": .text(String(cString: rd_kafka_error_string(error)))])
            return rd_kafka_error_destroy(error)
        }
        let deadline = monotonicNanoseconds() + Self.closeTimeout
        while rd_kafka_consumer_closed(handle.raw) == 0 {
            guard monotonicNanoseconds() < deadline else {
                return Log.warning(.groupNotLeft, ["group": .text(subscription.group)])
            }
            _ = events.poll(milliseconds: 50) { event in
                if event.kind == RD_KAFKA_EVENT_REBALANCE { rd_kafka_assign(handle.raw, nil) }
            }
        }
    }

    /// Goes as a killed process goes, except that its handlers are cancelled.
    func vanish() {
        release()
        awaitStragglers()
        queue.stopWaking()
    }

    private func awaitStragglers() {
        let deadline = monotonicNanoseconds() + UInt64(Self.cancelTimeout) * 1_000_000
        while !stragglers.isEmpty, monotonicNanoseconds() < deadline {
            control.wakeup.wait(milliseconds: 50)
            takeOutcomes()
        }
        if !stragglers.isEmpty { Log.error(.handlerStuck, ["group": .text(subscription.group)]) }
    }
}
