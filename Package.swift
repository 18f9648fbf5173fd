// swift-tools-version: 6.2
import PackageDescription

let strict: [SwiftSetting] = [
    .enableUpcomingFeature("InternalImportsByDefault"),
    .enableUpcomingFeature("ExistentialAny"),
    .treatAllWarnings(as: .error),
]

/// A Swift target of this package: the strict settings for all, tests beside it in Tests/<name>Tests.
func module(_ name: String, _ dependencies: [Target.Dependency] = []) -> Target {
    .target(name: name, dependencies: dependencies, swiftSettings: strict)
}

/// A module whose types live on one thread and are called for each delivery. In a release the run-time checks of exclusive
/// access, a third of a delivery's instructions, are left out; debug builds, which the unit tests run, have them.
func hotModule(_ name: String, _ dependencies: [Target.Dependency]) -> Target {
    .target(
        name: name, dependencies: dependencies,
        swiftSettings: strict + [.unsafeFlags(["-enforce-exclusivity=unchecked"], .when(configuration: .release))])
}

/// A domain of the product, in a folder of its own.
func domain(_ name: String, _ dependencies: [Target.Dependency], resources: [Resource]? = nil) -> Target {
    .target(
        name: name,
        dependencies: ["Consumers", "Core", "DomainKit", "EventLog", "Formats", "HTTPService", "Store"] + dependencies,
        path: "Sources/Domains/\(name)", resources: resources, swiftSettings: strict)
}

func tests(_ name: String, _ dependencies: [Target.Dependency]) -> Target {
    .testTarget(name: "\(name)Tests", dependencies: dependencies, swiftSettings: strict)
}

func library(_ name: String, _ pkgConfig: String, _ package: String) -> Target {
    .systemLibrary(name: name, pkgConfig: pkgConfig, providers: [.apt([package])])
}

/// Of the program, for `--version` and `/metrics`: `make build` and the image set the variable. It is a file of C by itself, so
/// that another commit has nothing else compiled anew.
let commit = (Context.environment["BUILD_COMMIT"] ?? "").filter {
    $0.isASCII && ($0.isLetter || $0.isNumber || $0 == "-")
}

let package = Package(
    name: "martlet",
    products: [.executable(name: "martlet", targets: ["martlet"])],
    targets: [
        library("CUv", "libuv", "libuv1-dev"),
        library("CLibwebsockets", "libwebsockets", "libwebsockets-dev"),
        library("CLiburing", "liburing", "liburing-dev"),
        library("CHiredis", "hiredis", "libhiredis-dev"),
        library("CLibrdkafka", "rdkafka", "librdkafka-dev"),
        library("CLibpq", "libpq", "libpq-dev"),
        library("CZlib", "zlib", "zlib1g-dev"),
        library("CArchive", "libarchive", "libarchive-dev"),
        // libicu-dev
        .target(
            name: "CICU",
            // Debian's valgrind reads no newer form.
            cSettings: [.unsafeFlags(["-gdwarf-4"])],
            linkerSettings: [.linkedLibrary("icui18n"), .linkedLibrary("icuuc")]),
        library("COpenSSL", "libcrypto", "libssl-dev"),
        library("CTLS", "libssl", "libssl-dev"),
        library("CNghttp2", "libnghttp2", "libnghttp2-dev"),
        library("CCrypt", "libxcrypt", "libcrypt-dev"),
        library("CCurl", "libcurl", "libcurl4-openssl-dev"),
        .systemLibrary(name: "CGlibc"),
        .target(
            name: "CBuild",
            cSettings: [
                .define("BUILD_COMMIT", to: commit.isEmpty ? "unknown" : commit), .unsafeFlags(["-gdwarf-4"]),
            ]),

        // Values and rules
        module("Core"),
        hotModule("Live", ["Core"]),

        // Threads, and one adapter for each C library
        module("Runtime", ["Core", "CUv", "CGlibc"]),
        module("Deflate", ["CZlib"]),
        module("Archive", ["CArchive"]),
        module("Confusables", ["CICU"]),
        module("TextEntities", ["Confusables"]),
        module("TimeZones", ["CICU"]),
        hotModule("Sockets", ["Core", "Runtime", "Deflate", "CLibwebsockets", "CLiburing"]),
        module("RedisLink", ["Core", "Runtime", "Crypto", "CHiredis"]),
        module("EventLog", ["Core", "Runtime", "CLibrdkafka"]),
        module("Store", ["Core", "Runtime", "CLibpq"]),
        module("Crypto", ["Core", "Runtime", "COpenSSL", "CCrypt"]),
        module("TLS", ["CTLS"]),
        module("HTTPClient", ["Core", "Runtime", "CCurl"]),

        // What is said to push services and webhooks, and what their responses mean: no I/O
        module("Push", ["Core", "Crypto"]),
        // Sends that, by what limits and circuits say: no PostgreSQL, no Redis, no log
        module("PushDelivery", ["Core", "HTTPClient", "Push", "Runtime"]),
        // Push services and webhooks that check what they get, to try all of it without theirs
        module("Sink", ["Core", "Crypto", "Push"]),
        module("SinkServer", ["Core", "Crypto", "Push", "Runtime", "Sink", "Sockets", "TLS", "CNghttp2"]),

        // The private PostgreSQL and Redis of `serve`
        module("Sidecars", ["Core", "CGlibc"]),

        // Between the roles: node numbers of ids, the log in PostgreSQL, the outbox, who reads what, and what every route is
        // made of
        module("NodeLease", ["Core", "Store"]),
        module("EmbeddedLog", ["Core", "Runtime", "EventLog", "Store"]),
        module("Consumers", ["Core", "EventLog", "RedisLink", "Store"]),
        module("Formats", ["Core", "Runtime", "Store"]),
        module("Layouts", ["Core", "Formats", "Runtime", "Store"]),
        module("SiteKeys", ["Core", "Crypto", "Formats", "Store"]),
        module("Outbox", ["Core", "Runtime", "EventLog", "Store"]),
        module("HTTPService", ["Core", "Runtime", "Sockets", "RedisLink", "Store", "Crypto"]),

        // What OpenID providers are asked, and what is believed of it
        module("OpenIDConnect", ["Core", "Runtime", "Crypto", "HTTPClient"]),

        // What the product does: a folder for each domain. Arrows point one way.
        module(
            "DomainKit",
            [
                "Consumers", "Core", "Crypto", "EventLog", "Formats", "HTTPService", "Live", "RedisLink", "Runtime",
                "SiteKeys", "Store",
            ]),
        domain("Accounts", ["Confusables", "OpenIDConnect", "Outbox", "Runtime", "Crypto", "SiteKeys"]),
        domain("Relations", ["Accounts", "Outbox"]),
        domain("Posts", ["Accounts", "Live", "Outbox", "Relations", "TextEntities"]),
        domain(
            "Feed", ["Accounts", "Relations", "Posts", "Tags", "Live", "Runtime", "RedisLink", "Crypto"],
            // Redis' scripts, as bytes in the program.
            resources: [.embedInCode("Timelines/Lua")]),
        domain("Bookmarks", ["Posts"]),
        domain("Tags", ["Accounts", "Live", "Outbox", "Posts", "TextEntities"]),
        domain("Engagement", ["Accounts", "Relations", "Posts", "Live", "Outbox", "RedisLink"]),
        domain("Comments", ["Accounts", "Engagement", "Feed", "Live", "Outbox", "Posts", "Relations"]),
        domain("Polls", ["Live", "Outbox", "Posts"]),
        domain("Effects", ["Posts", "Feed"]),
        domain("Preferences", ["Accounts", "Crypto", "Relations", "TimeZones"]),
        domain("Devices", ["Accounts", "Crypto", "Outbox", "Posts", "Push", "SiteKeys"]),
        domain(
            "Notifications",
            ["Accounts", "Feed", "Live", "Outbox", "Posts", "Preferences", "RedisLink", "Relations"]),
        domain("Reports", []),
        domain("Erasure", ["Accounts", "Relations", "Crypto", "SiteKeys"]),
        domain("Administration", ["Accounts", "Relations"]),
        domain("DeadLetters", ["Administration"]),
        domain("Exports", ["Accounts", "Archive", "Crypto"]),
        module(
            "DomainRegistry",
            [
                "Consumers", "Core", "Crypto", "Store", "HTTPService", "EmbeddedLog", "Formats", "Layouts", "NodeLease",
                "OpenIDConnect",
                "Outbox", "SiteKeys",
                "DomainKit", "Accounts", "Administration", "Bookmarks", "Comments", "DeadLetters", "Devices", "Effects",
                "Engagement", "Erasure", "Exports", "Notifications", "Preferences", "Relations", "Polls", "Posts",
                "Feed",
                "Reports", "Tags",
            ]),

        // The roles: they mount the domains
        module("FeedAPI", ["Core", "DomainKit", "HTTPService"]),
        module(
            "FanOut",
            ["Consumers", "Core", "DomainKit", "EventLog", "Formats", "HTTPService", "Outbox", "Runtime", "Store"]),
        module(
            "Realtime",
            [
                "Core", "Live", "Runtime", "Deflate", "Sockets", "RedisLink", "Store", "Crypto", "HTTPService",
                "DomainKit",
                "Accounts", "Posts", "Feed",
            ]),
        module("Worker", ["Consumers", "Core", "DomainKit", "EventLog", "Store"]),
        module(
            "Notifier",
            [
                "Consumers", "Core", "Crypto", "Devices", "DomainKit", "EventLog", "Feed", "Notifications",
                "Preferences",
                "Push", "PushDelivery", "Runtime", "Store",
            ]),
        module("Tail", ["Core", "Live", "Runtime", "HTTPClient"]),
        .executableTarget(
            name: "martlet",
            dependencies: [
                "Core", "Runtime", "Sockets", "RedisLink", "EventLog", "EmbeddedLog", "Outbox", "Store", "Crypto",
                "NodeLease", "HTTPService", "Consumers", "DomainKit", "DomainRegistry", "Accounts", "Administration",
                "DeadLetters", "Devices", "Erasure", "Feed", "FeedAPI", "FanOut", "Formats", "Layouts",
                "OpenIDConnect",
                "Realtime",
                "Notifier", "Push", "PushDelivery", "Sidecars", "SinkServer", "SiteKeys", "Tail", "Worker", "CBuild",
            ],
            swiftSettings: strict),
        .target(name: "TestSupport", dependencies: ["Core", "Push"], path: "Tests/TestSupport", swiftSettings: strict),
        // A route in a test: real PostgreSQL and Redis, no socket
        .target(
            name: "TestSite",
            dependencies: [
                "CGlibc", "Core", "Runtime", "Sockets", "RedisLink", "EventLog", "Outbox", "Store", "Crypto",
                "HTTPService", "Consumers", "DomainKit", "DomainRegistry", "Accounts", "Administration", "Devices",
                "Erasure", "Feed", "FeedAPI",
                "Formats",
                "OpenIDConnect", "Realtime", "Sidecars", "SiteKeys", "TestSupport",
            ],
            path: "Tests/TestSite", swiftSettings: strict),
        .executableTarget(
            name: "martlet-bench",
            dependencies: ["Core", "Crypto", "Push", "PushDelivery", "Runtime", "TestSupport", "CUv"],
            path: "Sources/Bench", swiftSettings: strict),
        .executableTarget(
            name: "martlet-fuzz",
            dependencies: [
                "TestSupport", "Confusables", "Core", "Deflate", "Live", "Sockets", "RedisLink", "Crypto",
                "HTTPService",
                "OpenIDConnect", "Accounts", "Posts", "Feed", "Engagement", "Comments", "Notifications", "Polls",
                "Preferences", "Push", "Reports", "Realtime", "Sidecars", "Tail", "TextEntities",
            ],
            path: "Sources/Fuzz", swiftSettings: strict),
        .executableTarget(
            name: "martlet-echo", dependencies: ["Core", "Deflate", "Runtime", "Sockets"], path: "Tests/EchoServer",
            swiftSettings: strict),
        .executableTarget(
            name: "martlet-push", dependencies: ["Core", "Crypto", "Push", "PushDelivery"], path: "Tests/PushTool",
            swiftSettings: strict),

        tests("Core", ["TestSupport", "Core"]),
        tests("Deflate", ["Deflate"]),
        tests("Archive", ["Archive", "TestSupport"]),
        tests("Confusables", ["Confusables"]),
        tests("TextEntities", ["TextEntities"]),
        tests("Live", ["TestSupport", "Core", "Deflate", "HTTPService", "Live", "Posts"]),
        tests("Runtime", ["Runtime"]),
        tests("Crypto", ["TestSupport", "Core", "Crypto"]),
        tests("Push", ["TestSupport", "Core", "Crypto", "Push"]),
        tests(
            "PushDelivery",
            ["TestSupport", "Core", "Crypto", "HTTPClient", "Push", "PushDelivery", "Runtime", "Sink", "SinkServer"]),
        tests("Sink", ["TestSupport", "Core", "Crypto", "Push", "Sink"]),
        tests("OpenIDConnect", ["Core", "Crypto", "OpenIDConnect"]),
        tests("HTTPService", ["Core", "Crypto", "Sockets", "HTTPService"]),
        tests("FeedAPI", ["TestSupport", "Core", "Sockets", "HTTPService", "Store", "TestSite"]),
        tests("Sockets", ["TestSupport", "Core", "Deflate", "Runtime", "Sockets"]),
        tests("RedisLink", ["Core", "Runtime", "Crypto", "RedisLink"]),
        tests("Sidecars", ["Core", "Sidecars"]),
        tests("Store", ["Core", "Runtime", "Store", "Sidecars"]),
        tests("DomainKit", ["Core", "Live", "RedisLink", "Runtime", "Store", "DomainKit", "Sidecars"]),
        tests("Layouts", ["Layouts", "Runtime", "Store", "TestSite"]),
        tests("SiteKeys", ["Core", "Crypto", "Formats", "SiteKeys", "Store", "TestSite"]),
        tests("NodeLease", ["Core", "Runtime", "Store", "NodeLease", "Sidecars"]),
        tests("Outbox", ["Core", "EventLog", "Outbox"]),
        tests("Consumers", ["Core", "Consumers", "EventLog", "RedisLink", "Store"]),
        tests("Accounts", ["Core", "Crypto", "Accounts", "HTTPService", "OpenIDConnect", "Store", "TestSite"]),
        tests("Relations", ["Core", "Store", "TestSite"]),
        tests("Posts", ["Core", "Accounts", "Posts", "Relations", "Store", "TestSite"]),
        tests("Engagement", ["Core", "DomainKit", "Feed", "Live", "Posts", "RedisLink", "Store", "TestSite"]),
        tests("Bookmarks", ["TestSite"]),
        tests("TimeZones", ["Core", "TimeZones"]),
        tests("Devices", ["Core", "Crypto", "Devices", "Push", "SiteKeys", "Store", "TestSite"]),
        tests("Preferences", ["Core", "Preferences", "Store", "TestSite", "TimeZones"]),
        tests("Tags", ["Core", "Store", "TestSite"]),
        tests("Comments", ["Core", "Store", "TestSite"]),
        tests("Notifications", ["Core", "Feed", "Live", "Store", "TestSite"]),
        tests("DeadLetters", ["Core", "TestSite"]),
        tests("Polls", ["Core", "DomainKit", "Polls", "Posts", "Store", "TestSite"]),
        tests("Reports", ["Core", "Store", "TestSite"]),
        tests("Erasure", ["Core", "Crypto", "DomainKit", "Erasure", "Feed", "RedisLink", "Store", "TestSite"]),
        tests("Exports", ["Core", "Crypto", "DomainKit", "Store", "TestSite", "TestSupport"]),
        tests("Administration", ["Accounts", "Administration", "Core", "Store", "TestSite"]),
        tests(
            "Feed",
            [
                "TestSupport", "TestSite", "Core", "DomainKit", "EventLog", "Live", "Posts", "Feed", "Runtime",
                "RedisLink",
                "Crypto", "Store",
            ]),
        tests(
            "Realtime",
            [
                "TestSite", "Core", "Accounts", "DomainKit", "Feed", "HTTPService", "Realtime", "Sockets", "Live",
                "Store",
            ]),
        tests(
            "EventLog",
            [
                "TestSupport", "Consumers", "Core", "Runtime", "CLibrdkafka", "EventLog", "EmbeddedLog", "Formats",
                "Outbox",
                "Store",
                "Accounts", "Posts", "DomainRegistry", "Sidecars",
            ]),
        tests("Tail", ["TestSupport", "Core", "Runtime", "HTTPClient", "Tail"]),
    ],
    swiftLanguageModes: [.v6]
)
