import Core
import RedisLink

extension FuzzTarget {
    private static let addressWords = [
        "redis://", "rediss://", "unix://", "/", "@", ":", "[", "]", "[::1]", "%", "%40", "%2B", "%+5", "%00", "user:",
        ":6379", ":65536", "/15", "+", "-", "//",
    ]

    /// Where a Redis is: written anew it is the same place, and shown in a log it has no password.
    static let redisAddress = FuzzTarget(
        "redis-address", words: addressWords, leastAccepted: 50,
        timed: Timed(.start) { input, watch in
            let text = String(decoding: input, as: UTF8.self)
            _ = watch.time { try? RedisAddress(text) }
        }
    ) { input, _ throws(Finding) in
        guard let address = try? RedisAddress(String(decoding: input, as: UTF8.self)) else { return false }
        switch address.endpoint {
        case .tcp(let host, let port):
            try require((1...65_535).contains(port), "the port \(port)")
            try require(!host.utf8.contains { $0 <= 32 || $0 == 127 }, "a host that is none")
        case .unix(let path):
            try require(path.utf8.first == 47 && path.utf8.count < 108 && !path.utf8.contains(0), "the path \(path)")
        }
        let shown = try? RedisAddress(address.description)
        try require(
            shown?.endpoint == address.endpoint && shown?.database == address.database && shown?.password == nil,
            "\(address) is read as another")
        if let password = address.password {
            let login = escaped(address.user ?? "") + ":" + escaped(password) + "@"
            let again = try? RedisAddress("redis://" + login + address.description.dropFirst(8))
            try require(again == address, "with its login it is read as another")
            try require(
                String(decoding: input, as: UTF8.self).utf8.count >= password.utf8.count, "a password from nowhere")
        }
        return true
    }

    private static func escaped(_ text: String) -> String {
        text.utf8.map { "%" + ($0 < 16 ? "0" : "") + String($0, radix: 16) }.joined()
    }

    private static let settings = [
        Setting("port", .integer(1...65_535), default: "8080", ""),
        Setting("partitions", .powerOfTwo(1...1024), default: "16", ""),
        Setting("limits", .oneOf(["on", "off"]), default: "on", ""),
        Setting("secret", .text, ""),
    ]

    /// Settings, a line each: a flag or its value, or a variable. What is taken is in its range.
    static let programSettings = FuzzTarget(
        "settings",
        words: [
            "\n", "=", "--port", "--port=", "--partitions=", "--limits", "off", "MARTLET_PORT=", "MARTLET_SECRET=",
            "MARTLET_", "--", "-", "1024", "1023", "+1", "0x10", " ",
        ], leastAccepted: 50,
        timed: Timed(.start) { input, watch in
            let text = String(decoding: input, as: UTF8.self)
            guard text.hasFewMarks else { return }
            _ = watch.time { try? SettingValues(settings, arguments: ["--secret", text], environment: [:]) }
        }
    ) { input, _ throws(Finding) in
        // Settings come from the operator, who does not make them slow to compare.
        guard String(decoding: input, as: UTF8.self).hasFewMarks else { return false }
        var arguments: [String] = []
        var environment: [String: String] = [:]
        for line in input.split(separator: 10) {
            let pair = line.split(separator: 61, maxSplits: 1, omittingEmptySubsequences: false)
            if pair.count == 2, pair[0].first != 45 {
                environment[String(decoding: pair[0], as: UTF8.self)] = String(decoding: pair[1], as: UTF8.self)
            } else {
                arguments.append(String(decoding: line, as: UTF8.self))
            }
        }
        guard let values = try? SettingValues(settings, arguments: arguments, environment: environment) else {
            return false
        }
        let partitions = values.number("partitions")
        try require((1...65_535).contains(values.number("port")), "the port \(values.number("port"))")
        try require((1...1024).contains(partitions) && partitions & (partitions - 1) == 0, "\(partitions) partitions")
        try require(["on", "off"].contains(values.text("limits")), "the limits \(values.text("limits") ?? "")")
        try require(values.text("secret")?.utf8.contains(0) != true, "a zero byte in a setting")
        return true
    }
}
