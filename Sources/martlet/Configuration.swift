import Core
import Crypto
import EventLog
import RedisLink
import Sidecars

/// The settings of a command, read once and checked.
struct Configuration: Sendable {
    let values: SettingValues
    /// Absolute.
    let dataFolder: String

    init(_ values: SettingValues) {
        self.values = values
        for variable in values.unknownVariables.sorted() {
            Log.warning("not a setting", ["variable": .text(variable), "see": "martlet --help"])
        }
        dataFolder = Files.absolute(values.text("data") ?? ".martlet")
        switch values.text("log-level") {
        case "debug": Log.setLevel(.debug)
        case "warning": Log.setLevel(.warning)
        case "error": Log.setLevel(.error)
        default: break
        }
    }

    var port: Int { values.number("port") }
    var limitsAreOn: Bool { values.text("limits") != "off" }
    /// A tool that touches no timeline has no such setting.
    var partitions: Partitions { Partitions(count: values.has("partitions") ? values.number("partitions") : 1) }
    var postgres: String? { values.text("postgres") }
    var redis: String? { values.text("redis") }
    var kafka: String? { values.text("kafka") }

    /// Where PostgreSQL is: the setting, or the private one of the data folder.
    var postgresURL: String { postgres ?? PrivateServers.postgresURL(dataFolder) }

    func redisAddress() throws -> RedisAddress {
        do {
            return try RedisAddress(redis ?? PrivateServers.redisURL(dataFolder))
        } catch {
            throw Failure("MARTLET_REDIS: \(error)", exitCode: 2)
        }
    }

    /// Other sites whose pages may use the API.
    var origins: Set<Origin> {
        Set(Setting.words(values.text("origins") ?? "").compactMap { Origin(setting: $0) })
    }
    var trustedProxies: [IPRange] { Setting.words(values.text("trusted-proxies") ?? "").compactMap { IPRange($0) } }

    func kafkaOptions() throws -> KafkaOptions? {
        guard let kafka else { return nil }
        var options = KafkaOptions(bootstrapServers: kafka)
        options.prefix = values.text("kafka-prefix") ?? ""
        for pair in (values.text("kafka-properties") ?? "").split(separator: ";") {
            let parts = pair.split(separator: "=", maxSplits: 1)
            guard parts.count == 2 else {
                throw Failure("MARTLET_KAFKA_PROPERTIES: expected name=value;name=value", exitCode: 2)
            }
            options.properties[String(parts[0])] = String(parts[1])
        }
        return options
    }

    /// The secret that all keys are made from.
    /// - Parameter make: whether to make one in the data folder where there is none.
    func secret(make: Bool) throws -> [UInt8] {
        if let text = values.text("secret") {
            guard text.utf8.count >= 32 else {
                throw Failure("MARTLET_SECRET has \(text.utf8.count) characters, expected at least 32", exitCode: 2)
            }
            return Array(text.utf8)
        }
        let path = dataFolder + "/secret"
        if let bytes = Files.read(path), bytes.count >= 32 { return bytes }
        guard make else {
            throw Failure(
                "there is no MARTLET_SECRET and no \(path): name the data folder of a running serve by MARTLET_DATA, "
                    + "or set MARTLET_SECRET", exitCode: 2)
        }
        let secret = Array(Base64URL.encode(Crypto.randomBytes(48)).utf8)
        try Files.write(path, secret, mode: 0o600)
        return secret
    }
}
