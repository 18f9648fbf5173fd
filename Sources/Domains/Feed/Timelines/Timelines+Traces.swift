import Core
import RedisLink

/// Who is still named, found by reading all there is, a little at a time, and not by what is known of whom.
extension Timelines {
    /// Families of keys, by the first word of their names.
    enum Family: String, CaseIterable {
        case timelines = "tl"
        case builds = "build"
        case severed
        case changes
        case online
        case disordered

        /// Those that don't forget by themselves.
        static let kept: Set<Family> = [.timelines, .builds, .online, .disordered]
    }

    private static let keysPerStep: RedisArgument = "500"

    /// - Returns: in whose timelines there is something of the author.
    func readers(of author: ID) async throws -> [ID] {
        var readers: [ID] = []
        try await scan(["SCAN"], more: ["MATCH", .text(options.prefix + "tl:*")]) { keys in
            for key in keys where try await named(by: key, .timelines).contains(author) {
                let name = String(decoding: key, as: UTF8.self)
                readers += name.split(separator: ":").last.flatMap { ID(String($0)) }.map { [$0] } ?? []
            }
        }
        return readers
    }

    /// - Returns: of each user who is named in these families, how often.
    func traces(of users: Set<ID>, in families: Set<Family>) async throws -> [ID: Int] {
        var found: [ID: Int] = [:]
        func count(_ user: ID?) { if let user, users.contains(user) { found[user, default: 0] += 1 } }
        try await scan(["SCAN"], more: ["MATCH", .text(options.prefix + "*")]) { keys in
            for key in keys {
                let parts = String(decoding: key.dropFirst(options.prefix.utf8.count), as: UTF8.self).split(
                    separator: ":")
                guard let family = parts.first.flatMap({ Family(rawValue: String($0)) }), families.contains(family)
                else {
                    continue
                }
                if parts.count > 2 { count(ID(String(parts[parts.count - 1]))) }
                for user in try await named(by: key, family) { count(user) }
            }
        }
        return found
    }

    private func named(by key: [UInt8], _ family: Family) async throws -> [ID] {
        switch family {
        case .builds: return []
        case .timelines:
            return try await Self.list(redis.command("LRANGE", .bytes(key), "0", "-1")).compactMap { bytes in
                guard case .entry(let entry) = TimelineEntry.read(bytes), !entry.flags.contains(.marker) else {
                    return nil
                }
                return entry.author
            }
        case .severed:
            return try await Self.list(redis.command("SMEMBERS", .bytes(key))).compactMap { member in
                Self.id(member.first == UInt8(ascii: "b") ? Array(member.dropFirst()) : member)
            }
        case .changes, .online, .disordered:
            var users: [ID] = []
            try await scan(["HSCAN", .bytes(key)]) { fields in
                for index in stride(from: 0, to: fields.count - 1, by: 2) {
                    users += Self.id(fields[index]).map { [$0] } ?? []
                    if family == .changes { users += Self.about(fields[index + 1]) }
                }
            }
            return users
        }
    }

    /// Whom noted changes are about: 15 bytes each, position (7), user (7), why (1).
    private static func about(_ noted: [UInt8]) -> [ID] {
        stride(from: 0, to: noted.count - 14, by: 15).map { start in
            ID(raw: noted[start + 7..<start + 14].reduce(0) { $0 << 8 | Int64($1) })
        }
    }

    private static func id(_ bytes: [UInt8]) -> ID? { ID(String(decoding: bytes, as: UTF8.self)) }

    /// From the beginning to the end of what can be scanned.
    func scan(
        _ command: [RedisArgument], more: [RedisArgument] = [], _ each: ([[UInt8]]) async throws -> Void
    ) async throws {
        var place = Array("0".utf8)
        repeat {
            try Task.checkCancellation()
            let reply = try await redis.pipeline([command + [.bytes(place)] + more + ["COUNT", Self.keysPerStep]])[0]
            guard case .array(let parts) = reply, parts.count == 2, let next = parts[0].bytes else {
                throw RedisError.unexpectedReply("a part of a scan")
            }
            try await each(try Self.list(parts[1]))
            place = next
        } while place != Array("0".utf8)
    }

    private static func list(_ reply: RedisReply) throws -> [[UInt8]] {
        guard case .array(let elements) = reply else { throw RedisError.unexpectedReply("a list") }
        return elements.compactMap(\.bytes)
    }
}
