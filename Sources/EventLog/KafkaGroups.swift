import CLibrdkafka
import Core
import Glibc

/// Who reads which partitions in a group. Blocks: for a thread of its own.
struct KafkaGroups {
    let handle: KafkaHandle
    let prefix: String
    private static let milliseconds: Int32 = 5_000

    /// Partitions that no member of a group has, though the group is at rest; by group. Groups that can't be asked about now
    /// are left out.
    func unread(of subscriptions: [SubscriptionOptions]) throws(EventLogError) -> [String: [PartitionName]] {
        var unread: [String: [PartitionName]] = [:]
        let assigned = try assigned(in: Set(subscriptions.map { prefix + $0.group }))
        for subscription in subscriptions {
            guard let assigned = assigned[prefix + subscription.group] else { continue }
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

    /// What the members of groups at rest have, by the group's full name.
    private func assigned(in groups: Set<String>) throws(EventLogError) -> [String: Set<PartitionName>] {
        let request = rd_kafka_AdminOptions_new(handle.raw, RD_KAFKA_ADMIN_OP_DESCRIBECONSUMERGROUPS)
        defer { rd_kafka_AdminOptions_destroy(request) }
        var reason = [CChar](repeating: 0, count: 256)
        rd_kafka_AdminOptions_set_request_timeout(request, Self.milliseconds, &reason, reason.count)
        let queue = KafkaQueue.new(of: handle)
        var names = groups.map { UnsafePointer(strdup($0)) }
        rd_kafka_DescribeConsumerGroups(handle.raw, &names, names.count, request, queue.raw)
        for name in names { free(UnsafeMutablePointer(mutating: name)) }
        guard let result = queue.poll(milliseconds: Int(Self.milliseconds) + 1_000, Self.result) else {
            throw EventLogError("ask about groups", RD_KAFKA_RESP_ERR__TIMED_OUT)
        }
        return try result.get()
    }

    private static func result(_ event: KafkaEvent) -> Result<[String: Set<PartitionName>], EventLogError> {
        guard event.code == RD_KAFKA_RESP_ERR_NO_ERROR else {
            return .failure(EventLogError("ask about groups", event.code, event.text))
        }
        var assigned: [String: Set<PartitionName>] = [:]
        var count = 0
        let groups = rd_kafka_DescribeConsumerGroups_result_groups(
            rd_kafka_event_DescribeConsumerGroups_result(event.raw), &count)
        for index in 0..<count {
            guard let group = groups?[index],
                rd_kafka_ConsumerGroupDescription_state(group) == RD_KAFKA_CONSUMER_GROUP_STATE_STABLE
            else { continue }
            var partitions: Set<PartitionName> = []
            for member in 0..<rd_kafka_ConsumerGroupDescription_member_count(group) {
                let assignment = rd_kafka_MemberDescription_assignment(
                    rd_kafka_ConsumerGroupDescription_member(group, member))
                guard let list = assignment.flatMap(rd_kafka_MemberAssignment_partitions) else { continue }
                partitions.formUnion(PartitionList.names(in: UnsafeMutablePointer(mutating: list)))
            }
            assigned[String(cString: rd_kafka_ConsumerGroupDescription_group_id(group))] = partitions
        }
        return .success(assigned)
    }
}
