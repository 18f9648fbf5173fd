import Core

/// Users in messages: a count (4) and 7 bytes each.
extension ByteReader {
    mutating func users() -> [ID]? {
        // The count is checked against what is left before anything is reserved for it.
        guard let count = unsigned(width: 4), Int(count) <= remaining / 7 else { return nil }
        var users: [ID] = []
        users.reserveCapacity(Int(count))
        for _ in 0..<count {
            guard let user = timelineNumber() else { return nil }
            users.append(ID(raw: user))
        }
        return users
    }
}

extension ByteWriter {
    mutating func append(users: [ID]) {
        append(bigEndian: UInt64(users.count), width: 4)
        for user in users { append(bigEndian: UInt64(user.raw), width: 7) }
    }
}
