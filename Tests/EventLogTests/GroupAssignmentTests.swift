import Testing

@testable import EventLog

struct GroupAssignmentTests {
    /// Version 0, two topics, no data of the user's.
    private let bytes: [UInt8] =
        [0, 0, 0, 0, 0, 2, 0, 1, 97, 0, 0, 0, 2, 0, 0, 0, 0, 0, 0, 0, 3, 0, 2, 98, 46, 0, 0, 0, 1, 0, 0, 1, 0]
        + [255, 255, 255, 255]

    @Test func whatAMemberHas() {
        let expected: Set<PartitionName> = [
            .init(topic: "a", number: 0), .init(topic: "a", number: 3), .init(topic: "b.", number: 256),
        ]
        #expect(GroupAssignment.partitions(bytes) == expected)
        #expect(GroupAssignment.partitions([]) == [], "it has been given nothing yet")
        #expect(GroupAssignment.partitions([0, 0, 0, 0, 0, 0, 255, 255, 255, 255]) == [])
    }

    @Test func whatIsCutIsNone() {
        for length in 1..<bytes.count - 4 { #expect(GroupAssignment.partitions(Array(bytes[..<length])) == nil) }
        #expect(GroupAssignment.partitions([0, 0] + Array(repeating: 255, count: 40)) == nil)
    }
}
