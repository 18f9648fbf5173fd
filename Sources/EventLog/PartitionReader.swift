import CLibrdkafka
import Core

/// A partition while it is assigned: its own queue of fetched records, and its progress. Lives on its consumer's
/// thread.
final class PartitionReader {
    /// Told apart from an earlier assignment of the same partition.
    let number: Int
    let partition: PartitionName
    let queue: KafkaQueue
    var progress: PartitionProgress
    var turns: PartitionTurns?
    /// The handler's task while it runs.
    var task: Task<Void, Never>?
    /// What this reader has added to the gauge.
    var lag = 0
    /// When the last record came, in monotonic nanoseconds.
    private var lastRead: UInt64 = 0

    /// - Parameter partition: as Kafka knows it.
    init?(number: Int, _ partition: PartitionName, of handle: KafkaHandle, batchLimit: Int, hasTurns: Bool) {
        guard let raw = rd_kafka_queue_get_partition(handle.raw, partition.topic, Int32(partition.number)) else {
            return nil
        }
        self.number = number
        self.partition = partition
        queue = KafkaQueue(raw, of: handle)
        progress = PartitionProgress(batchLimit: batchLimit)
        turns = hasTurns ? PartitionTurns() : nil
    }

    /// Something of it is in a handler's hands.
    var isRunning: Bool { progress.isRunning || turns?.isRunning == true }

    /// Takes the partition's records out of the consumer's common queue. Before the assignment, or some have gone
    /// there already.
    func separate(_ wakeup: ThreadWakeup) {
        rd_kafka_queue_forward(queue.raw, nil)
        while let stale = rd_kafka_consume_queue(queue.raw, 0) { rd_kafka_message_destroy(stale) }
        queue.wake(wakeup)
    }

    /// Reads until the queue is empty or a batch is full. What is not read stays in the queue and stops the fetching.
    func read(topic: String, noteLoss: (UInt64) -> Void) {
        while progress.hasRoom, let message = rd_kafka_consume_queue(queue.raw, 0) {
            defer { rd_kafka_message_destroy(message) }
            if message.pointee.err == RD_KAFKA_RESP_ERR_NO_ERROR {
                let offset = message.pointee.offset
                if progress.add(LogRecord(message, topic: topic)) {
                    Log.warning(
                        .partitionBegunAnew,
                        ["partition": .text(partition.description), "offset": .number(offset)])
                    // What is fetched twice does not begin where the partition begins.
                    if offset <= watermarks?.low ?? 0 { noteLoss(lastRead) }
                }
                lastRead = monotonicNanoseconds()
            } else {
                let text = String(cString: rd_kafka_message_errstr(message))
                Log.warning(.partitionFailed, ["partition": .text(partition.description), "text": .text(text)])
            }
        }
    }

    /// Records between the position and the end of the partition, as far as fetches have told.
    func measureLag() -> Int {
        guard let position = progress.position, let high = watermarks?.high else { return 0 }
        return Int(max(0, high - position))
    }

    /// The first offset of the partition and the one behind its last, as far as fetches have told.
    private var watermarks: (low: Int64, high: Int64)? {
        var low: Int64 = 0
        var high: Int64 = 0
        let code = rd_kafka_get_watermark_offsets(
            queue.handle.raw, partition.topic, Int32(partition.number), &low, &high)
        return code == RD_KAFKA_RESP_ERR_NO_ERROR ? (low, high) : nil
    }
}

struct PartitionName: Hashable, CustomStringConvertible {
    let topic: String
    let number: Int

    var description: String { "\(topic)/\(number)" }
}
