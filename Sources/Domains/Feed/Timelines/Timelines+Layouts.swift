public import Core
import RedisLink

/// Layouts before this one: their number is in the names of their keys.
extension Timelines {
    /// Has all scripts refuse to work in a layout: before anybody works in the one behind it.
    public func end(_ earlier: Partitions) async throws {
        let old = Timelines(redis: redis, partitions: earlier, options: options, scripts: scripts)
        let replies = try await redis.pipeline(
            (0..<earlier.count).map { ["SET", .text(endKey(of: old.tag($0))), "1"] })
        for case .error(let text) in replies { throw RedisError.server(text) }
    }

    private func endKey(of tag: String) -> String { "\(options.prefix)ended:\(tag)" }

    /// Removes what layouts before this one have left, but the marks of the last one's end.
    /// - Returns: how many keys there were.
    func clearEarlier() async throws -> Int {
        guard partitions.layout > 1 else { return 0 }
        var gone = 0
        try await scan(["SCAN"], more: ["MATCH", .text(options.prefix + "*:{*}*")]) { keys in
            let old = keys.filter { isEarlier($0) }
            guard !old.isEmpty else { return }
            _ = try await redis.pipeline([["UNLINK"] + old.map { .bytes($0) }])
            gone += old.count
        }
        return gone
    }

    private func isEarlier(_ key: [UInt8]) -> Bool {
        let parts = String(decoding: key.dropFirst(options.prefix.utf8.count), as: UTF8.self).split(
            separator: ":", maxSplits: 2, omittingEmptySubsequences: false)
        guard parts.count > 1, parts[1].hasPrefix("{"), parts[1].hasSuffix("}") else { return false }
        let numbers = parts[1].dropFirst().dropLast().split(separator: ".").map { Int($0) }
        guard 2...3 ~= numbers.count, !numbers.contains(nil) else { return false }
        let layout = numbers.count == 3 ? numbers[2]! : 1
        return layout < partitions.layout - (parts[0] == "ended" ? 1 : 0)
    }
}
