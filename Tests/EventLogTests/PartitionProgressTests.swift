import Testing

@testable import EventLog

struct PartitionProgressTests {
    private func record(_ offset: Int64, bytes: Int = 1) -> LogRecord {
        LogRecord(
            topic: "t", partition: 0, offset: offset, key: "", value: [UInt8](repeating: 0, count: bytes), headers: [:])
    }

    private func offsets(_ batch: [LogRecord]?) -> [Int64]? { batch?.map(\.offset) }

    @Test func oneBatchAtATimeAndTheRestIsGathered() {
        var progress = PartitionProgress(batchLimit: 3)
        #expect(progress.start(now: 0) == nil)
        progress.add(record(10))
        #expect(offsets(progress.start(now: 0)) == [10])
        for offset: Int64 in 11...13 {
            #expect(progress.hasRoom)
            progress.add(record(offset))
        }
        #expect(!progress.hasRoom)
        #expect(progress.start(now: 0) == nil)
        #expect(progress.end(hasFailed: false, now: 0) == 1)
        #expect(progress.finished == 11)
        #expect(offsets(progress.start(now: 0)) == [11, 12, 13])
        #expect(progress.hasRoom)
    }

    @Test func aFailedBatchComesAgainAfterGrowingPauses() {
        var progress = PartitionProgress(batchLimit: 2)
        progress.add(record(5))
        progress.add(record(6))
        _ = progress.start(now: 0)
        progress.add(record(7))
        var now: UInt64 = 1_000
        for pause: UInt64 in [50, 100, 200, 400, 800, 1600, 2000, 2000, 2000] {
            #expect(progress.end(hasFailed: true, now: now) == 0)
            #expect(progress.retryAt == now + pause * 1_000_000)
            #expect(progress.start(now: now + pause * 1_000_000 - 1) == nil)
            now += pause * 1_000_000
            #expect(offsets(progress.start(now: now)) == [5, 6])
        }
        #expect(progress.finished == nil && progress.uncommitted == nil && progress.position == 5)
        #expect(progress.end(hasFailed: false, now: now) == 2)
        #expect(offsets(progress.start(now: now)) == [7])
        #expect(progress.end(hasFailed: true, now: now) == 0)
        #expect(progress.retryAt == now + 50_000_000, "the pauses start anew")
    }

    @Test func onlyFinishedOffsetsAreCommitted() {
        var progress = PartitionProgress(batchLimit: 1)
        progress.add(record(0))
        _ = progress.start(now: 0)
        #expect(progress.uncommitted == nil)
        _ = progress.end(hasFailed: false, now: 0)
        #expect(progress.uncommitted == 1)
        progress.commitSent(1)
        #expect(progress.uncommitted == nil)
        progress.commitEnded(hasFailed: true)
        #expect(progress.uncommitted == 1, "again after a failure")
        progress.commitSent(1)
        progress.add(record(1))
        _ = progress.start(now: 0)
        _ = progress.end(hasFailed: false, now: 0)
        progress.commitEnded(hasFailed: false)
        #expect(progress.uncommitted == 2, "what finished meanwhile is still to come")
    }

    /// Somebody has deleted the topic, and it was made anew: its records have offsets that were there before. All are read, and the
    /// position is one of the new topic.
    @Test func aPartitionBeginsAnew() {
        var progress = PartitionProgress(batchLimit: 10)
        var begins: [Int64] = []
        func add(_ offset: Int64) { if progress.add(record(offset)) { begins.append(offset) } }
        for offset: Int64 in [8, 9, 11] { add(offset) }
        #expect(offsets(progress.start(now: 0)) == [8, 9, 11])
        // Behind the batch in hand.
        for offset: Int64 in [0, 1] { add(offset) }
        #expect(progress.end(hasFailed: false, now: 0) == 3)
        #expect(progress.uncommitted == 12)
        progress.commitSent(12)
        progress.commitEnded(hasFailed: false)
        #expect(offsets(progress.start(now: 0)) == [0, 1])
        #expect(progress.end(hasFailed: false, now: 0) == 2)
        #expect(progress.uncommitted == 2)
        // Behind what is finished, and behind what waits.
        for offset: Int64 in [1, 2, 2, 3] { add(offset) }
        #expect(offsets(progress.start(now: 0)) == [1, 2, 2, 3])
        #expect(begins == [0, 1, 2])
    }

    @Test func largeRecordsMakeSmallBatches() {
        var progress = PartitionProgress(batchLimit: 100)
        var count: Int64 = 0
        while progress.hasRoom {
            progress.add(record(count, bytes: 1 << 20))
            count += 1
        }
        #expect(count == 4)
    }
}
