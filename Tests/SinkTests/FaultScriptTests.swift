import Core
import Push
import Sink
import Testing

@Suite struct FaultScriptTests {
    private func script(_ text: String) throws(SettingError) -> FaultScript { try FaultScript(Array(text.utf8)) }

    private func complaint(_ text: String) -> String {
        do throws(SettingError) {
            _ = try script(text)
            return ""
        } catch {
            return error.description
        }
    }

    private func kinds(_ script: FaultScript, _ count: Int) -> [Fault.Kind] {
        var script = script
        return (0..<count).map { _ in script.next().kind }
    }

    @Test func oneAfterTheOther() throws {
        let text = """
            {"steps": [{"times": 2, "status": 503, "headers": {"Retry-After": "5"}, "body": {"reason": "Shutdown"}},
            {}, {"close": "before"}, {"close": "after", "delay": 20}, {"status": 502, "body": "<html>"}]}
            """
        let busy = PushResponse(
            status: 503, headers: [PushHeader("Retry-After", "5")], body: Array(#"{"reason":"Shutdown"}"#.utf8))
        let broken = Fault.Kind.respond(PushResponse(status: 502, body: Array("<html>".utf8)))
        #expect(
            kinds(try script(text), 9) == [
                .respond(busy), .respond(busy), .pass, .close, .closeAfter, broken, .pass, .pass, .pass,
            ])
        var delayed = try script(text)
        #expect((0..<7).map { _ in delayed.next().delay } == [0, 0, 0, 0, 20, 0, 0])
        #expect(PushProvider.apns.verdict(of: busy, now: 0).outcome == .temporary(wait: 5000))
    }

    @Test func again() throws {
        let script = try script(#"{"steps": [{"status": 429}, {"times": 2}], "repeat": true}"#)
        let slow = Fault.Kind.respond(PushResponse(status: 429))
        #expect(kinds(script, 7) == [slow, .pass, .pass, slow, .pass, .pass, slow])
        #expect(kinds(FaultScript(), 3) == [.pass, .pass, .pass])
        #expect(kinds(try self.script(#"{"steps": [], "repeat": true}"#), 2) == [.pass, .pass])
    }

    @Test func complaints() {
        for (text, word) in [
            ("", "steps"), ("[]", "steps"), ("{}", "steps"), (#"{"steps": {}}"#, "steps"),
            (#"{"steps": [], "x": 1}"#, "x"),
            (#"{"steps": [], "repeat": 1}"#, "repeat"), (#"{"steps": [{}, 7]}"#, "steps[1]"),
            (#"{"steps": [{"x": 1}]}"#, "steps[0]: there is no key x"),
            (#"{"steps": [{"times": 0}]}"#, "steps[0].times"),
            (#"{"steps": [{"times": 1000001}]}"#, "steps[0].times"),
            (#"{"steps": [{"status": 199}]}"#, "steps[0].status"),
            (#"{"steps": [{"status": 600}]}"#, "steps[0].status"),
            (#"{"steps": [{"status": "500"}]}"#, "steps[0].status"),
            (#"{"steps": [{"delay": 600001}]}"#, "steps[0].delay"),
            (#"{"steps": [{"close": "now"}]}"#, "steps[0].close"),
            (#"{"steps": [{"close": "after", "status": 200}]}"#, "close or a response"),
            (#"{"steps": [{"body": "x"}]}"#, "steps[0].status"), (#"{"steps": [{"headers": {}}]}"#, "steps[0].status"),
            (#"{"steps": [{"status": 200, "headers": {"a b": "x"}}]}"#, "steps[0].headers"),
            (#"{"steps": [{"status": 200, "headers": {"a": "x\r\ny"}}]}"#, "steps[0].headers"),
            (#"{"steps": [{"status": 200, "headers": {"a": 1}}]}"#, "steps[0].headers"),
            (
                #"{"steps": [{"status": 200, "body": ""# + String(repeating: "x", count: 16_385) + "\"}]}",
                "steps[0].body"
            ),
            (#"{"steps": ["# + Array(repeating: "{}", count: 1001).joined(separator: ",") + "]}", "1000"),
        ] { #expect(complaint(text).contains(word), "\(text.prefix(60)): \(complaint(text))") }
    }
}
