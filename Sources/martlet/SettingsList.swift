import Core
import HTTPService

/// All settings, in the order in which help shows them.
enum SettingsList {
    static let servers: Set<String> = ["serve", "api", "realtime", "fanout", "notifier"]
    static let tools: Set<String> = ["migrate", "seed", "token"]

    static let all: [Setting] = [
        Setting("port", .integer(1...65535), default: "8080", roles: servers, "TCP port of HTTP and WebSocket"),
        Setting("address", .text, default: "::", roles: servers, "address to listen on; :: takes IPv4 and IPv6"),
        Setting(
            "data", .text, default: ".martlet",
            "folder of serve's private servers and of the secret; other commands find a running serve by it"),
        Setting(
            "web", .text, roles: ["serve", "api"], "folder of the demo page; default: web-demo beside the program"),
        Setting(
            "postgres", .text,
            "libpq URI or connection string; without it serve runs a private PostgreSQL in the data folder"),
        Setting(
            "postgres-connections", .integer(2...200), unit: "connections", default: "12", roles: servers,
            "size of the pool of PostgreSQL connections"),
        Setting(
            "redis", .text,
            "redis://[user:password@]host:port[/db] or unix:///path; without it serve runs a private Redis"),
        Setting(
            "partitions", .powerOfTwo(1...1024), unit: "partitions", default: "16",
            roles: servers.union(["seed"]), "Redis partitions of users; a change rebuilds all timelines"),
        Setting(
            "kafka", .text,
            "host:port[,host:port]: the event log is Kafka; without it serve keeps the log in PostgreSQL"),
        Setting("kafka-prefix", .text, "before the names of all topics and consumer groups"),
        Setting("kafka-properties", .text, "more librdkafka properties: name=value;name=value"),
        Setting(
            "log-partitions", .integer(1...512), unit: "partitions", default: "4", roles: servers,
            "partitions of new topics"),
        Setting(
            "secret", .text,
            "at least 32 characters, the same for all processes: keys of tokens and cursors; "
                + "without it the file secret in the data folder"),
        Setting(
            "node", .integer(0...63), default: "0", roles: servers,
            "number in ids, different for each process that makes ids"),
        Setting(
            "limits", .oneOf(["on", "off"]), default: "on", roles: servers,
            "rate limits; off is for benchmarks only. " + RateLimits.summary),
        Setting("origins", .text, roles: servers, "other origins whose pages may use API and live feed, by commas"),
        Setting(
            "trusted-proxies", .addressRanges, roles: servers,
            "proxies whose X-Forwarded-For and X-Forwarded-Proto are believed; an IPv4 range also holds its IPv4-mapped "
                + "form. Without it all who come through a proxy share the limits of one address"),
        Setting(
            "connections", .integer(1...1_000_000), unit: "connections", default: "15000", roles: servers,
            "most open client connections"),
        Setting(
            "password-cost", .integer(1...11), default: "5", roles: servers.union(["seed"]),
            "yescrypt cost of password hashes; each step doubles time and memory"),
        Setting(
            "log-level", .oneOf(["debug", "info", "warning", "error"]), default: "info", "the least level of log lines"),
        Setting(
            "users", .integer(1...1_000_000), unit: "users", default: "10", roles: ["seed"], "how many users to make"),
        Setting("follow", .text, roles: ["seed"], "handle of the author whom they follow"),
        Setting("tokens", .text, roles: ["seed"], "file that gets an access token a line"),
        Setting("prefix", .text, default: "seed", roles: ["seed"], "the handles begin with it"),
        Setting("handle", .text, roles: ["token", "tail"], "whose token; whose feed"),
        Setting(
            "lifetime", .integer(1...8_640_000), unit: "seconds", default: "900", roles: ["token", "seed"],
            "how long the access tokens are good"),
        Setting("url", .text, default: "http://localhost:8080", roles: ["tail"], "the server"),
        Setting("token", .text, roles: ["tail"], "access token"),
        Setting("password", .text, roles: ["tail"], "password of the handle; better in the environment than as a flag"),
        Setting(
            "color", .oneOf(["auto", "always", "never"]), default: "auto", roles: ["tail"], "colours in the terminal"),
    ]

    /// Variables that are not settings: of the make file, of tests.
    static let otherVariables: Set<String> = [
        "MARTLET_TEST_KAFKA", "MARTLET_BIN", "MARTLET_TEST_KEEP", "MARTLET_BENCH_PORT", "MARTLET_BENCH_LOG",
        "MARTLET_TEST_KAFKA_SCRIPT", "MARTLET_TEST_OVERLOAD", "MARTLET_MEASURE",
    ]

    static func of(_ command: String) -> [Setting] {
        all.filter { $0.roles.isEmpty ? command != "tail" : $0.roles.contains(command) }
    }
}
