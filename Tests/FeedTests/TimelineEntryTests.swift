import Core
import Testing

@testable import Feed

@Suite struct TimelineEntryTests {
    @Test func golden() {
        let entry = TimelineEntry(
            post: ID(raw: 0x01_0203_0405_0607), position: 1_767_225_600_123_456, author: .max, flags: .tombstone)
        let bytes: [UInt8] = [
            1, 2, 3, 4, 5, 6, 7,
            0x06, 0x47, 0x48, 0x46, 0x22, 0x22, 0x40,
            0x1f, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff,
            1,
        ]
        #expect(entry.bytes == bytes)
        #expect(TimelineEntry(bytes) == entry)
    }

    @Test func markerOfAListThatIsBeingBuilt() {
        let marker = TimelineEntry(post: .zero, position: 258, author: ID(raw: 7), flags: [.marker, .building])
        #expect(marker.bytes == [0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1, 2, 0, 0, 0, 0, 0, 0, 7, 6])
        #expect(marker.isMarker && !marker.isTombstone && marker.completeFrom == ID(raw: 7))
    }

    @Test func refusesWhatIsNoEntry() {
        let good = TimelineEntry(post: ID(raw: 1), position: 2, author: ID(raw: 3)).bytes
        #expect(TimelineEntry(good) != nil)
        #expect(TimelineEntry([]) == nil)
        #expect(TimelineEntry(Array(good.dropLast())) == nil)
        #expect(TimelineEntry(good + [0]) == nil)
        for start in [0, 7, 14] {
            var large = good
            large[start] = 0x20
            #expect(TimelineEntry(large) == nil)
        }
        #expect(TimelineEntry.read([]) == .malformed && TimelineEntry.read(Array(good.dropLast())) == .malformed)
    }

    /// What a later version writes is no error.
    @Test func knowsWhatItDoesNotKnow() {
        let good = TimelineEntry(post: ID(raw: 1), position: 2, author: ID(raw: 3)).bytes
        var flags = good
        flags[21] = 32
        #expect(TimelineEntry.read(flags) == .unknown("flags 32, 22 bytes"))
        #expect(TimelineEntry.read(good + [0]) == .unknown("flags 0, 23 bytes"))
        #expect(TimelineEntry(flags) == nil && TimelineEntry(good + [0]) == nil)
        flags[0] = 0x20
        #expect(TimelineEntry.read(flags) == .malformed)
    }
}
