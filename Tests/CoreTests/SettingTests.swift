import Core
import Testing

@Suite struct SettingTests {
    private static let settings = [
        Setting("port", .integer(1...65535), default: "8080", "a port"),
        Setting("partitions", .powerOfTwo(1...1024), default: "16", "partitions"),
        Setting("limits", .oneOf(["on", "off"]), default: "on", "limits"),
        Setting("secret", .text, secrecy: .whole, "a secret"),
        Setting("token", .text, "a token"), Setting("posts", .integer(0...9), default: "5", short: "n", "posts"),
        Setting(
            "redis", .checked(expected: "an address", problem: { $0.hasPrefix("redis:") ? nil : "\($0): no scheme" }),
            secrecy: .parts, "an address"),
    ]

    private func read(_ arguments: [String] = [], _ environment: [String: String] = [:]) throws(SettingError)
        -> SettingValues
    {
        try SettingValues(Self.settings, arguments: arguments, environment: environment)
    }

    @Test func flagsGoBeforeTheEnvironmentAndThatBeforeDefaults() throws {
        let values = try read(["--port", "1"], ["MARTLET_PORT": "2", "MARTLET_LIMITS": "off", "HOME": "/"])
        #expect(values.number("port") == 1)
        #expect(values.text("limits") == "off")
        #expect(values.number("partitions") == 16)
        #expect(values.text("secret") == nil)
        #expect(try read(["--secret=a=b"]).text("secret") == "a=b")
    }

    @Test(arguments: [
        (["--port", "abc"], "--port is 'abc', expected a whole number from 1 to 65535"),
        (["--port", "0"], "--port is '0', expected a whole number from 1 to 65535"),
        (["--partitions=12"], "--partitions is '12', expected a power of two from 1 to 1024"),
        (["--limits", "maybe"], "--limits is 'maybe', expected one of on, off"),
        (["--port"], "--port needs a value: a whole number from 1 to 65535"),
        (["--prot", "1"], "--prot is not a setting: see --help"), (["8080"], "8080 is not a setting: see --help"),
        (["--prot=secret"], "--prot is not a setting: see --help"),
        (["-n", "x"], "-n is 'x', expected a whole number from 0 to 9"),
        (["-n"], "-n needs a value: a whole number from 0 to 9"), (["-x5"], "-x5 is not a setting: see --help"),
        (["--redis", "u:pw@h"], "--redis is 'u***@h': u***@h: no scheme; expected an address"),
        (["--secret", "a\0"], "--secret is '***', expected text"),
    ])
    func aWrongOneIsNamed(_ arguments: [String], _ message: String) {
        #expect(throws: SettingError(message)) { try read(arguments) }
    }

    @Test func aMistypedVariableIsNamed() throws {
        #expect(try read([], ["MARTLET_PROT": "1", "MARTLET_PORT": "2"]).unknownVariables == ["MARTLET_PROT"])
    }

    @Test func whatAFlagOverridesNeedNotBeRight() throws {
        #expect(try read(["--port", "1"], ["MARTLET_PORT": "x"]).number("port") == 1)
        #expect(throws: SettingError("MARTLET_PORT is 'x', expected a whole number from 1 to 65535")) {
            try read([], ["MARTLET_PORT": "x"])
        }
    }

    @Test func lettersAreFlagsToo() throws {
        #expect(try read(["-n", "3"]).number("posts") == 3)
        #expect(try read(["-n0"]).number("posts") == 0)
        #expect(try read(["-n0"]).given("posts") == "-n")
    }

    @Test func theStrongerSourceOfTwoIsKept() throws {
        var values = try read(["--token", "t"], ["MARTLET_SECRET": "s"])
        try values.choose(["token"], or: ["secret"])
        #expect(values.text("token") == "t" && values.text("secret") == nil)
        values = try read(["--secret", "s"], ["MARTLET_TOKEN": "t"])
        try values.choose(["token"], or: ["secret"])
        #expect(values.text("token") == nil && values.text("secret") == "s")
        values = try read(["--secret", "s"])
        try values.choose(["token"], or: ["secret"])
        #expect(values.text("secret") == "s")
    }

    @Test(arguments: [
        (["--token", "t", "--secret", "s"], [:], "--token and --secret exclude each other: give one of them"),
        (
            [], ["MARTLET_TOKEN": "t", "MARTLET_SECRET": "s"],
            "MARTLET_TOKEN and MARTLET_SECRET exclude each other: give one of them"
        ),
    ]) func twoOfOneSourceAreRefused(_ arguments: [String], _ environment: [String: String], _ message: String) throws {
        var values = try read(arguments, environment)
        #expect(throws: SettingError(message)) { try values.choose(["token"], or: ["secret"]) }
    }
}
