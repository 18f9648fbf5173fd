import Accounts
import Core
import HTTPService
import Realtime

/// All settings, in the order in which help shows them.
enum SettingsList {
    static let servers: Set<String> = ["serve", "api", "realtime", "fanout", "notifier", "worker"]
    static let tools: Set<String> = [
        "migrate", "format", "partitions", "seed", "token", "admin", "audit", "dlq", "sessions",
    ]
    /// Commands for people, which talk to a server as any client does.
    static let terminal: Set<String> = [
        "tail", "follow", "unfollow", "post", "feed", "requests", "notifications", "devices", "preferences", "export",
        "account",
    ]

    /// What needs none of the settings that all others have.
    static let alone: Set<String> = ["sink"]

    static let all: [Setting] = [
        Setting("port", .integer(1...65535), default: "8080", roles: servers, "TCP port of HTTP and WebSocket"),
        Setting(
            "address", .text, default: "localhost", roles: servers,
            "address to listen on, or a name that has one; localhost is 127.0.0.1 and ::1, for this machine only; :: takes "
                + "all of IPv4 and IPv6, in plain HTTP: put TLS in front"),
        Setting(
            "data", .checked(expected: "a folder, which need not exist yet", problem: Checks.folder),
            default: ".martlet",
            "folder of serve's private servers and of the secret; other commands find a running serve by it"),
        Setting(
            "web", .checked(expected: "a folder with an index.html", problem: Checks.page), roles: ["serve", "api"],
            "folder of the demo page, of which regular files are served; default: web-demo beside the program"),
        Setting(
            "postgres",
            .checked(
                expected: "postgresql://user:password@host/database, or pairs such as host=… user=… dbname=…",
                problem: Checks.postgres), secrecy: .parts,
            "libpq URI or connection string; without it serve runs a private PostgreSQL in the data folder"),
        Setting(
            "postgres-direct",
            .checked(
                expected: "postgresql://user:password@host/database, or pairs such as host=… user=… dbname=…",
                problem: Checks.postgres), secrecy: .parts,
            "the same database past a pooler, for what a session keeps (LISTEN, migrations); where it is set, postgres is a "
                + "pooler in transaction mode, such as PgBouncer, and nothing is prepared"),
        Setting(
            "postgres-connections", .integer(2...200), unit: "connections", default: "12", roles: servers,
            "PostgreSQL connections for requests; workers and long scans have half as many of their own each, and a log in "
                + "PostgreSQL as many again. With two more that is all: 26, or 38 with the log"),
        Setting(
            "redis",
            .checked(expected: "redis://[user:password@]host:port[/db] or unix:///path", problem: Checks.redis),
            secrecy: .parts, "where Redis is; without it serve runs a private Redis"),
        Setting(
            "partitions", .powerOfTwo(1...1024), unit: "partitions", default: "16",
            roles: servers.union(["seed", "audit"]),
            "Redis partitions of users, of a new site: its first process has PostgreSQL record them, and afterwards whoever is told "
                + "another number does not start. martlet partitions changes it"),
        Setting(
            "kafka", .checked(expected: "host:port, several by commas", problem: Checks.kafka),
            "its brokers: the event log is Kafka; without it serve keeps the log in PostgreSQL"),
        Setting(
            "kafka-prefix", .checked(expected: "at most 100 of a-z A-Z 0-9 . _ -", problem: Checks.kafkaPrefix),
            "before the names of all topics and consumer groups, of a new site: it is recorded as partitions are"),
        Setting(
            "kafka-properties",
            .checked(expected: "name=value;name=value, as librdkafka takes them", problem: Checks.kafkaProperties),
            secrecy: .parts, "more librdkafka properties"),
        Setting(
            "kafka-password", .checked(expected: "not empty", problem: Checks.kafkaPassword), secrecy: .whole,
            "sasl.password, whatever characters it has"),
        Setting(
            "log-partitions", .integer(1...512), unit: "partitions", default: "4", roles: servers,
            "partitions of each topic, of a new site: they are recorded as partitions are"),
        Setting(
            "log-replicas", .integer(1...100), unit: "copies", roles: servers,
            "copies of new topics of Kafka; without it the brokers' own default"),
        Setting(
            "log-insync-replicas", .integer(1...100), unit: "copies", roles: servers,
            "copies of new topics that must have a record before it counts as written; without it the brokers' default"),
        Setting(
            "secret", .checked(expected: "at least 32 characters", problem: Checks.secret), secrecy: .whole,
            "the same for all processes: keys of tokens and cursors; "
                + "without it the file secret in the data folder"),
        Setting(
            "secrets-accepted",
            .checked(
                expected: "SECRET@TIME by commas, with times in UTC such as 2026-12-24T18:00:00Z",
                problem: Checks.acceptedSecrets),
            secrecy: .whole,
            "other secrets that are accepted from clients until a time, previous ones and one to come: for a change of secret, see "
                + "docs/security.md. What is stored sealed is opened with them for as long as they are given"),
        Setting(
            "node", .checked(expected: "a whole number from 0 to 15", problem: Checks.node), roles: servers,
            "number in ids, different for each process that makes ids; without it they lease numbers from 16 to 61 in "
                + "PostgreSQL"),
        Setting(
            "limits", .oneOf(["on", "off"]), default: "on", roles: servers,
            "rate limits; off is for benchmarks only. " + RateLimits.summary + " " + LogInLimits.summary
                + " " + JoinBudget.summary),
        Setting(
            "origins",
            .checked(
                expected: "scheme, host and perhaps port, such as https://app.example, by commas",
                problem: Checks.origins),
            roles: servers, "other origins whose pages may use API and live feed"),
        Setting(
            "trusted-proxies", .addressRanges, roles: servers,
            "proxies whose X-Forwarded-For and X-Forwarded-Proto are believed; an IPv4 range also holds its IPv4-mapped "
                + "form. Without it all who come through a proxy share the limits of one address"),
        Setting(
            "migrations", .oneOf(["run", "wait"]), default: "run", roles: servers,
            "whether a process brings the schema up to date at its start, or waits until martlet migrate has done it"),
        Setting(
            "start-seconds", .integer(0...86_400), unit: "s", default: "60", roles: servers.union(["migrate"]),
            "how long it waits at its start for PostgreSQL, Redis and Kafka, all together, and says which it waits for; a "
                + "wrong password or name is told at once"),
        Setting(
            "connections", .integer(1...1_000_000), unit: "connections", default: "15000", roles: servers,
            "most open client connections. One address may have as many as are still free, so half when it is alone; of "
                + "what comes through trusted proxies each client counts by itself"),
        Setting(
            "connections-per-address", .integer(1...1_000_000), unit: "connections", roles: servers,
            "what one address may have at most, if that is to be less"),
        Setting(
            "audit-seconds", .integer(1...3600), unit: "s", default: "100", roles: servers,
            "within which what each live client was told is compared with its timeline"),
        Setting(
            "buffers", .integer(32...65_536), unit: "MB", default: "48", roles: servers,
            "memory for answers that clients have not read yet and for requests that have come in part; an address or "
                + "user may have as much as is still free"),
        Setting(
            "writes", .oneOf(["auto", "io_uring", "send"]), default: "auto", roles: servers,
            "how live clients' events reach the kernel: those of a moment in one call by io_uring, or each by a send; auto "
                + "takes io_uring where the kernel allows it"),
        Setting(
            "live-deflate", .oneOf(["on", "off"]), default: "off", roles: servers,
            "permessage-deflate for WebSockets: an event is compressed once for all, so it saves bytes for little time"),
        Setting(
            "loops", .integer(1...64), unit: "threads", roles: servers,
            "threads that serve sockets, each with a part of the connections; without it as many as there are cores but one "
                + "in the role realtime by itself, and one in all others"),
        Setting(
            "work", .text, roles: ["serve", "worker"],
            "consumer groups and jobs that a worker does, by name, with commas between them; without it all"),
        Setting(
            "refused-names", .checked(expected: "a file with a name a line", problem: Checks.names),
            roles: ["serve", "api"],
            "handles and display names that nobody may take, nor what looks like them; # begins a comment. It is read at the "
                + "start. What looks like the handle of a moderator or admin can never be taken"),
        Setting(
            "oidc-providers", .checked(expected: "a JSON file with a list of them", problem: { _ in nil }),
            roles: ["serve", "api"],
            "a JSON file with the OpenID providers by which people may log in, read at the start: "
                + #"{"providers": [{"name", "title"?, "issuer", "client_id", "client_secret_file"?, "redirects": […]}]}"#
        ),
        Setting(
            "oidc-loopback", .oneOf(["on", "off"]), default: "off", roles: ["serve", "api"],
            "OpenID providers may be on this machine and without TLS; for tests only"),
        Setting(
            "webhooks", .oneOf(["on", "off"]), default: "on", roles: ["serve", "api", "notifier"],
            "users may have their notifications sent to servers of theirs; never to this machine or a private network"),
        Setting(
            "push-pace", .integer(0...600), unit: "seconds", default: "60", roles: ["serve", "notifier"],
            "the least time between the first push to a device about one thing, such as likes of a post, and the next; then 5, 15 and "
                + "60 times as long; 0: none"),
        Setting(
            "push-loopback", .oneOf(["on", "off"]), default: "off", roles: ["serve", "api", "notifier"],
            "devices may be on this machine and without TLS; for tests only"),
        Setting(
            "push-contact",
            .checked(expected: "mailto:name@example.com or https://…", problem: Checks.pushContact),
            roles: ["serve", "notifier"],
            "how operators of push services reach you; without it nothing is sent to browsers"),
        Setting(
            "push-authorities", .text, roles: ["serve", "notifier"],
            "file of certificates, in PEM, by which push services and webhooks are believed; without it the system's"),
        Setting(
            "apns-key", .text, roles: ["serve", "notifier"],
            "Apple's .p8 file; with apns-key-id and apns-team, or nothing is sent to Apple's devices"),
        Setting("apns-key-id", .text, roles: ["serve", "notifier"], "the name of that key, ten letters and digits"),
        Setting("apns-team", .text, roles: ["serve", "notifier"], "the same of your team"),
        Setting(
            "apns-topics",
            .checked(expected: "bundle identifiers with commas between them", problem: Checks.apnsTopics),
            roles: ["serve", "api"],
            "the applications, by bundle identifiers, whose devices may be registered; without it any, though Apple refuses those that "
                + "are not the team's"),
        Setting(
            "apns-address", .checked(expected: "an https address", problem: Checks.secureAddress),
            roles: ["serve", "notifier"], "where APNs is, for tests; without it Apple's"),
        Setting(
            "fcm-account", .text, roles: ["serve", "notifier"],
            "JSON file of Google's service account; without it nothing is sent to devices that Firebase knows"),
        Setting(
            "fcm-address", .checked(expected: "an https address", problem: Checks.secureAddress),
            roles: ["serve", "notifier"], "where FCM is, for tests; without it Google's"),
        Setting(
            "password-cost", .integer(1...11), default: "5", roles: servers.union(["seed"]),
            "yescrypt cost of password hashes; each step doubles time and memory"),
        Setting(
            "log-level", .oneOf(["debug", "info", "warning", "error"]), default: "info", "the least level of log lines"),
        Setting(
            "users", .integer(1...1_000_000), unit: "users", default: "10", roles: ["seed"], "how many users to make"),
        Setting(
            "follow", .checked(expected: "a handle", problem: Checks.handle), roles: ["seed"],
            "the author whom they follow"),
        Setting(
            "tokens", .checked(expected: "a file in a folder that exists", problem: Checks.newFile), roles: ["seed"],
            "gets an access token a line"),
        Setting(
            "prefix", .checked(expected: "1 to 10 of a-z 0-9 _", problem: Checks.handlePrefix), default: "seed",
            roles: ["seed"], "the handles begin with it"),
        Setting(
            "handle", .checked(expected: "3 to 30 of a-z 0-9 _", problem: Checks.handle),
            roles: terminal.union(["token"]), "whose token; who does it, with a password"),
        Setting(
            "lifetime", .integer(1...8_640_000), unit: "seconds", default: "900", roles: ["token", "seed"],
            "how long the access tokens are good"),
        Setting(
            "url", .checked(expected: "an address such as https://feed.example", problem: Checks.url),
            default: "http://localhost:8080", roles: terminal, "the server"),
        Setting(
            "token", .text, roles: terminal, secrecy: .whole,
            "access token; better in the environment or a file: others on the machine see flags"),
        Setting(
            "token-file", .text, roles: terminal,
            "a file whose first line is the access token; /dev/stdin is standard input"),
        Setting(
            "password", .text, roles: terminal, secrecy: .whole,
            "password of the handle; better in the environment than as a flag"),
        Setting(
            "posts", .integer(0...1000), unit: "posts", default: "10", roles: ["tail"], short: "n",
            "how many of the newest posts are shown first"),
        Setting(
            "since", .checked(expected: "a position: `live` of a page, or an event's id", problem: Checks.position),
            roles: ["tail"], "begins behind a position, without the newest posts"),
        Setting(
            "channel",
            .checked(expected: "user:@HANDLE, user:ID, post:ID, poll:ID or notifications", problem: Checks.channel),
            roles: ["tail"],
            "shows a user's posts, what becomes of a post and is said of it, a poll, or what you are notified of, instead of the feed"
        ),
        Setting(
            "color", .oneOf(["auto", "always", "never"]), default: "auto", roles: terminal, "colours in the terminal"),
        Setting(
            "grace", .integer(0...30), unit: "days", default: "7", roles: ["account"],
            "in which a deletion can be taken back"),
        Setting(
            "limit", .integer(1...100), unit: "items", default: "30", roles: ["feed", "notifications"],
            "how many of the newest"),
        Setting(
            "sink-port", .integer(0...65535), default: "8090", roles: alone,
            "its port, for TLS and plain HTTP; 0: any that is free"),
        Setting(
            "sink-address", .checked(expected: "a numeric address", problem: Checks.numericAddress),
            default: "127.0.0.1", roles: alone, "address to listen on: whoever reaches it may use it"),
        Setting(
            "sink-name", .checked(expected: "a name of a host", problem: Checks.hostName), default: "localhost",
            roles: alone, "by which senders reach it: in its addresses and its certificate"),
        Setting(
            "sink-folder", .text, default: ".martlet-sink", roles: alone,
            "gets the authority's certificate and the keys of senders, new at each start"),
        Setting(
            "sink-kept", .integer(0...100_000), unit: "requests", default: "1000", roles: alone,
            "how many of the newest it remembers"),
    ]

    /// Variables that are not settings: of the make file, of tests.
    static let otherVariables: Set<String> = [
        "MARTLET_TEST_KAFKA", "MARTLET_BIN", "MARTLET_TEST_KEEP", "MARTLET_BENCH_PORT", "MARTLET_BENCH_LOG",
        "MARTLET_BENCH_PROGRAM", "MARTLET_BENCH_SETTINGS",
        "MARTLET_TEST_KAFKA_SCRIPT", "MARTLET_TEST_OVERLOAD", "MARTLET_MEASURE", "MARTLET_TEST_OLD",
    ]

    /// Settings of other commands may be in the environment; as flags they are errors.
    static func values(of command: String, _ arguments: [String]) throws(SettingError) -> SettingValues {
        let own = of(command)
        let names = Set(own.map(\.name))
        let others = all.filter { !names.contains($0.name) }
        return try SettingValues(
            own, arguments: arguments, environment: Environment.variables(),
            otherVariables: otherVariables.union(others.map(\.variable)))
    }

    static func of(_ command: String) -> [Setting] {
        all.filter {
            $0.roles.isEmpty
                ? !terminal.contains(command) && !alone.contains(command) : $0.roles.contains(command)
        }
    }
}
