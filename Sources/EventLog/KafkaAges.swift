import CLibrdkafka
import Glibc

/// How old the records of a topic are. Blocks: for a thread of its own.
struct KafkaAges {
    let handle: KafkaHandle
    /// With the prefix.
    let topic: String
    private static let milliseconds: Int32 = 10_000
    /// A topic that is new, or whose leader has just changed, is looked for so often, twice a second.
    private static let attempts = 20

    /// - Parameter time: milliseconds since 1970.
    func hasRecords(before time: Int64) throws(EventLogError) -> Bool {
        for _ in 1..<Self.attempts {
            do throws(EventLogError) {
                return try look(before: time)
            } catch {
                guard error.isTemporary else { throw error }
                usleep(500_000)
            }
        }
        return try look(before: time)
    }

    /// Each partition has an offset from which on records are as young as that, and one that is its first.
    private func look(before time: Int64) throws(EventLogError) -> Bool {
        let partitions = try KafkaTopics.partitions(of: topic, handle, milliseconds: Self.milliseconds)
        let list = PartitionList()
        for number in 0..<partitions { list.add(PartitionName(topic: topic, number: number), offset: time) }
        try check(rd_kafka_offsets_for_times(handle.raw, list.raw, Self.milliseconds))
        for entry in UnsafeBufferPointer(start: list.raw.pointee.elems, count: Int(list.raw.pointee.cnt)) {
            try check(entry.err)
            var (first, end): (Int64, Int64) = (0, 0)
            try check(
                rd_kafka_query_watermark_offsets(
                    handle.raw, topic, entry.partition, &first, &end, Self.milliseconds))
            // Below 0: none is as young.
            if first < (entry.offset < 0 ? end : entry.offset) { return true }
        }
        return false
    }

    private func check(_ code: rd_kafka_resp_err_t) throws(EventLogError) {
        guard code == RD_KAFKA_RESP_ERR_NO_ERROR else { throw EventLogError("look at the age of \(topic)", code) }
    }
}
