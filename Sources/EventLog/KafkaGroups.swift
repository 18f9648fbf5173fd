import CLibrdkafka
import Core

/// Who reads which partitions in a group. Blocks: for a thread of its own.
struct KafkaGroups {
    let handle: KafkaHandle
    let prefix: String
    private static let milliseconds: Int32 = 5_000

    /// Partitions that no member of a group has, though the group is at rest; by group.
    func unread(of subscriptions: [SubscriptionOptions]) throws(EventLogError) -> [String: [PartitionName]] {
        var unread: [String: [PartitionName]] = [:]
        for subscription in subscriptions {
            guard let assigned = try assigned(in: prefix + subscription.group) else { continue }
            var all: [PartitionName] = []
            for topic in subscription.topics.map({ prefix + $0 }) {
                let count = try KafkaTopics.count(of: topic, handle, milliseconds: Self.milliseconds)
                all += (0..<count).map { PartitionName(topic: topic, number: $0) }
            }
            let left = all.filter { !assigned.contains($0) }
            if !left.isEmpty { unread[subscription.group] = left }
        }
        return unread
    }

    /// What the members of a group have, that is at rest. By the older of librdkafka's two ways: in 2.0.2 the other, of its admin
    /// API, ends the process by an assertion when it waits for a coordinator that is away.
    /// - Parameter group: its full name.
    private func assigned(in group: String) throws(EventLogError) -> Set<PartitionName>? {
        var list: UnsafePointer<rd_kafka_group_list>?
        let code = rd_kafka_list_groups(handle.raw, group, &list, Self.milliseconds)
        defer { if let list { rd_kafka_group_list_destroy(list) } }
        guard code == RD_KAFKA_RESP_ERR_NO_ERROR, let list else {
            throw EventLogError("ask about group \(group)", code)
        }
        guard list.pointee.group_cnt == 1, let found = list.pointee.groups?.pointee,
            found.err == RD_KAFKA_RESP_ERR_NO_ERROR, found.state.map({ String(cString: $0) }) == "Stable"
        else { return nil }
        var partitions: Set<PartitionName> = []
        for member in UnsafeBufferPointer(start: found.members, count: Int(found.member_cnt)) {
            let bytes = UnsafeRawBufferPointer(
                start: member.member_assignment, count: Int(member.member_assignment_size))
            guard let some = GroupAssignment.partitions(Array(bytes)) else { return nil }
            partitions.formUnion(some)
        }
        return partitions
    }
}

/// What a group's leader has given to a member, as clients of all languages write it down: version 0 of the consumer protocol, of
/// which later ones are extensions.
enum GroupAssignment {
    /// - Returns: `nil` where it is none; none at all where the member has been given nothing yet.
    static func partitions(_ bytes: [UInt8]) -> Set<PartitionName>? {
        guard !bytes.isEmpty else { return [] }
        var reader = ByteReader(bytes)
        var partitions: Set<PartitionName> = []
        guard reader.unsigned(width: 2) != nil, let topics = reader.unsigned(width: 4) else { return nil }
        for _ in 0..<topics {
            guard let length = reader.unsigned(width: 2), let name = reader.take(Int(length)),
                let count = reader.unsigned(width: 4)
            else { return nil }
            let topic = String(decoding: name, as: UTF8.self)
            for _ in 0..<count {
                guard let number = reader.unsigned(width: 4) else { return nil }
                partitions.insert(PartitionName(topic: topic, number: Int(number)))
            }
        }
        return partitions
    }
}
