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

func tests(_ name: String, _ dependencies: [Target.Dependency]) -> Target {
    .testTarget(name: "\(name)Tests", dependencies: dependencies, swiftSettings: strict)
}

func library(_ name: String, _ pkgConfig: String, _ package: String) -> Target {
    .systemLibrary(name: name, pkgConfig: pkgConfig, providers: [.apt([package])])
}

let package = Package(
    name: "martlet",
    products: [.executable(name: "martlet", targets: ["martlet"])],
    targets: [
        library("CUv", "libuv", "libuv1-dev"),
        library("CLibwebsockets", "libwebsockets", "libwebsockets-dev"),
        library("CHiredis", "hiredis", "libhiredis-dev"),
        library("CLibrdkafka", "rdkafka", "librdkafka-dev"),
        library("CLibpq", "libpq", "libpq-dev"),
        library("COpenSSL", "libcrypto", "libssl-dev"),
        library("CCrypt", "libxcrypt", "libcrypt-dev"),
        library("CCurl", "libcurl", "libcurl4-openssl-dev"),
        .systemLibrary(name: "CGlibc"),

        // Values and rules
        module("Core"),
        module("Wire", ["Core"]),
        module("Hub", ["Core", "Wire"]),

        // Threads, and one adapter for each C library
        module("Runtime", ["Core", "CUv", "CGlibc"]),
        module("Sockets", ["Core", "Runtime", "CLibwebsockets"]),
        module("RedisLink", ["Core", "Runtime", "Crypto", "CHiredis"]),
        module("EventLog", ["Core", "Runtime", "CLibrdkafka"]),
        module("Store", ["Core", "Runtime", "CLibpq"]),
        module("Crypto", ["Core", "Runtime", "COpenSSL", "CCrypt"]),

        module("HTTPClient", ["Core", "CCurl"]),

        // The private PostgreSQL and Redis of `serve`
        module("Sidecars", ["Core", "CGlibc"]),

        // The domain, and the roles
        module("NodeLease", ["Core", "Store"]),
        module("EmbeddedLog", ["Core", "Runtime", "EventLog", "Store"]),
        module("Social", ["Core", "Wire", "Runtime", "Store", "RedisLink", "Crypto"]),
        module(
            "HTTPService", ["Core", "Wire", "Runtime", "Sockets", "RedisLink", "Store", "Social", "Crypto"]),
        module("FeedAPI", ["Core", "Wire", "Runtime", "Sockets", "Social", "Store", "Crypto", "HTTPService"]),
        module("FanOut", ["Core", "Wire", "Runtime", "EventLog", "Store", "Social"]),
        module(
            "Realtime",
            ["Core", "Wire", "Hub", "Runtime", "Sockets", "RedisLink", "Store", "Social", "Crypto", "HTTPService"]),
        module("Notifier", ["Core", "Wire", "Runtime", "EventLog"]),
        module("Tail", ["Core", "Wire", "Runtime", "HTTPClient"]),
        .executableTarget(
            name: "martlet",
            dependencies: [
                "Core", "Wire", "Runtime", "Sockets", "RedisLink", "EventLog", "EmbeddedLog", "Store", "Crypto",
                "NodeLease", "Social", "HTTPService", "FeedAPI", "FanOut", "Realtime", "Notifier",
                "Sidecars", "Tail",
            ],
            swiftSettings: strict),
        .target(name: "TestSupport", path: "Tests/TestSupport", swiftSettings: strict),
        .executableTarget(
            name: "martlet-bench", dependencies: ["Core", "Runtime", "TestSupport", "CUv"], path: "Sources/Bench",
            swiftSettings: strict),
        .executableTarget(
            name: "martlet-fuzz",
            dependencies: [
                "TestSupport",
                "Core", "Wire", "Sockets", "RedisLink", "Crypto", "HTTPService", "FeedAPI", "Realtime", "Sidecars",
                "Tail",
            ],
            path: "Sources/Fuzz", swiftSettings: strict),
        .executableTarget(
            name: "martlet-echo", dependencies: ["Core", "Runtime", "Sockets"], path: "Tests/EchoServer",
            swiftSettings: strict),

        tests("Core", ["TestSupport", "Core"]),
        tests("Wire", ["TestSupport", "Core", "Wire"]),
        tests("Hub", ["Core", "Wire", "Hub"]),
        tests("Runtime", ["Runtime"]),
        tests("Crypto", ["Core", "Crypto"]),
        tests("HTTPService", ["Core", "Wire", "Sockets", "HTTPService"]),
        tests("FanOut", ["Core", "FanOut"]),
        tests("Sockets", ["TestSupport", "Core", "Runtime", "Sockets"]),
        tests("RedisLink", ["Core", "Runtime", "Crypto", "RedisLink"]),
        tests("Sidecars", ["Core", "Sidecars"]),
        tests("Realtime", ["Core", "Realtime", "Sockets", "Wire"]),
        tests("Store", ["Core", "Runtime", "Store", "Sidecars"]),
        tests("NodeLease", ["Core", "Runtime", "Store", "NodeLease", "Sidecars"]),
        tests(
            "EventLog",
            [
                "TestSupport", "Core", "Runtime", "CLibrdkafka", "EventLog", "EmbeddedLog", "Store", "Social",
                "Sidecars",
            ]),
        tests(
            "Social", ["TestSupport", "Core", "Wire", "Runtime", "RedisLink", "Store", "Crypto", "Social", "Sidecars"]),
        tests("Tail", ["TestSupport", "Core", "Wire", "Runtime", "HTTPClient", "Tail"]),
    ],
    swiftLanguageModes: [.v6]
)
