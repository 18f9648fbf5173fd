import Core
import Testing

@Suite struct SettingTests {
    private static let settings = [
        Setting("port", .integer(1...65535), default: "8080", "a port"),
        Setting("partitions", .powerOfTwo(1...1024), default: "16", "partitions"),
        Setting("limits", .oneOf(["on", "off"]), default: "on", "limits"), Setting("secret", .text, "a secret"),
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
    ])
    func aWrongOneIsNamed(_ arguments: [String], _ message: String) {
        #expect(throws: SettingError(message)) { try read(arguments) }
    }

    @Test func aMistypedVariableIsNamed() throws {
        #expect(try read([], ["MARTLET_PROT": "1", "MARTLET_PORT": "2"]).unknownVariables == ["MARTLET_PROT"])
    }
}
