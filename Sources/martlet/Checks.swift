import Core
import EventLog
import Glibc
import NodeLease
import Push
import RedisLink
import Sidecars
import Store
import Tail

/// What single settings take beyond their form: each says what is wrong with a value, or `nil`.
enum Checks {
    typealias Check = @Sendable (String) -> String?

    static let redis: Check = { value in
        do {
            _ = try RedisAddress(value)
            return nil
        } catch {
            return "\(error)"
        }
    }

    static let postgres: Check = { Database.problem(withConnectionInfo: $0) }

    static let numericAddress: Check = { IPAddress($0) == nil || $0.contains("%") ? "no address" : nil }

    static let hostName: Check = { Origin("https://\($0)")?.host == $0 ? nil : "no name of a host" }

    static let pushContact: Check = { VAPIDKey.isContact($0) ? nil : "nobody can be reached there" }

    /// At most 20: a refusal names them all.
    static let apnsTopics: Check = { value in
        let topics = Setting.words(value)
        guard (1...20).contains(topics.count) else { return "not 1 to 20" }
        return topics.first { !APNsDevice.isTopic($0) }.map { "'\($0)' is no bundle identifier" }
    }

    static let secureAddress: Check = {
        WebAddress.secureOrigin(of: $0, allowsLoopback: true) == nil ? "no https address" : nil
    }

    static let origins: Check = { value in
        Setting.words(value).first { Origin(setting: $0) == nil }.map { "'\($0)' is no origin" }
    }

    static let kafka: Check = { KafkaOptions.isServerList($0) ? nil : "no list of brokers" }

    static let kafkaPrefix: Check = { KafkaOptions.isPrefix($0) ? nil : "no topic has such a name" }

    static let kafkaProperties: Check = { value in
        var options = KafkaOptions(bootstrapServers: "localhost:9092")
        for pair in pairs(value) {
            guard let name = pair.name else { return "a part without '='" }
            options.properties[name] = pair.value
        }
        // Where it has a setting of its own.
        options.properties["sasl.password"] = options.properties["sasl.password"] ?? "-"
        return options.problemWithProperties
    }

    static let kafkaPassword: Check = { $0.isEmpty ? "it is empty" : nil }

    /// `name=value;name=value`; no name where the sign is missing.
    static func pairs(_ text: String) -> [(name: String?, value: String)] {
        text.split(separator: ";").map { pair in
            let parts = pair.split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false).map(String.init)
            return parts.count == 2 && !parts[0].isEmpty ? (parts[0], parts[1]) : (nil, "")
        }
    }

    static let names: Check = { path in
        Files.read(path).flatMap { String(validating: $0, as: UTF8.self) } == nil
            ? "it is no file with text of at most 4 MB" : nil
    }

    static let acceptedSecrets: Check = { AcceptedSecrets($0).problem }

    static let secret: Check = { $0.utf8.count >= 32 ? nil : "it has \($0.utf8.count) characters" }

    /// What is the operator's commands' is for roles that make no ids: some manifests of versions before say so.
    static let node: Check = { value in
        guard let number = Int(value), 0...63 ~= number else { return "that is no such number" }
        return NodeNumbers.leased ~= number ? "processes without this setting lease those from 16 to 61" : nil
    }

    static let page: Check = { Page.problem($0) }

    static let url: Check = { TailOptions.isURL($0) ? nil : "no address of a server" }

    static let channel: Check = { TailOptions.isChannel($0) ? nil : "no such channel is shown" }

    static let position: Check = { value in
        value.utf8.count <= 512 && value.utf8.allSatisfy { $0 > 32 && $0 < 127 }
            ? nil : "no position has such characters"
    }

    static let handle: Check = { value in
        let name = value.hasPrefix("@") ? value.dropFirst() : value[...]
        return (3...30).contains(name.utf8.count) && name.utf8.allSatisfy(isHandleByte) ? nil : "no handle is like that"
    }

    static let handlePrefix: Check = { value in
        // A number of up to 19 digits follows.
        (1...10).contains(value.utf8.count) && value.utf8.allSatisfy(isHandleByte) ? nil : "no handle begins like that"
    }

    private static func isHandleByte(_ byte: UInt8) -> Bool {
        switch byte {
        case 48...57, 65...90, 97...122, UInt8(ascii: "_"): true
        default: false
        }
    }

    /// A file that is written later.
    static let newFile: Check = { value in
        let path = Files.absolute(value)
        let parent = path[..<path.lastIndex(of: "/")!]
        if Files.isFolder(path) { return "that is a folder" }
        if !Files.isFolder(parent.isEmpty ? "/" : String(parent)) { return "there is no folder \(parent)" }
        return access(parent.isEmpty ? "/" : String(parent), W_OK) == 0 ? nil : "its folder can't be written to"
    }

    static let folder: Check = { value in
        var path = Files.absolute(value)
        while !Files.exists(path), let slash = path.lastIndex(of: "/") { path = String(path[..<slash]) }
        return path.isEmpty || Files.isFolder(path) ? nil : "\(path) is no folder"
    }
}
