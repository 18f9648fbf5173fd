import Core
import Testing
import Wire

@Suite struct ClientCommandTests {
    private func parse(_ text: String) -> [ClientFrame]? { ClientFrame.parse(Array(text.utf8)) }

    private func command(_ text: String) -> ClientCommand? {
        guard case .command(let command)? = parse(text)?.first?.content else { return nil }
        return command
    }

    @Test func commands() {
        #expect(
            command(
                #"{"id":1,"connect":{"token":"t","data":{"since":"s"},"subs":{"feed:1":{"recover":true,"epoch":"e","offset":5}}}}"#
            )
                == .connect(token: "t", recover: ["feed:1": RecoverRequest(epoch: "e", offset: 5)], since: "s"))
        #expect(command(#"{"id":1,"connect":{}}"#) == .connect(token: "", recover: [:], since: nil))
        #expect(
            command(#"{"id":1,"connect":{"subs":{"feed:1":{"recover":true}}}}"#)
                == .connect(token: "", recover: ["feed:1": RecoverRequest(epoch: "", offset: 0)], since: nil))
        #expect(command(#"{"id":2,"refresh":{"token":"t"}}"#) == .refresh(token: "t"))
        #expect(command(#"{"id":3,"subscribe":{"channel":"c"}}"#) == .subscribe(channel: "c", recover: nil))
        #expect(
            command(#"{"id":3,"subscribe":{"channel":"c","recover":true,"epoch":"e","offset":5}}"#)
                == .subscribe(channel: "c", recover: RecoverRequest(epoch: "e", offset: 5)))
        #expect(command(#"{"id":3,"unsubscribe":{"channel":"c"}}"#) == .unsubscribe(channel: "c"))
        #expect(command(#"{"id":4,"teleport":{}}"#) == .unknown)
        #expect(command(#"{"send":{"data":{}}}"#) == .send)
    }

    @Test func severalInAFrame() {
        let frames = parse("{\"id\":1,\"ping\":{}}\n{}\n{\"id\":2,\"ping\":{}}\n")
        #expect(frames?.map(\.id) == [1, 0, 2])
        #expect(frames?[1].content == .pong)
        #expect(parse(String(repeating: "{}\n", count: ClientFrame.limit + 1)) == nil)
    }

    @Test(arguments: [
        "", "\n", "x", "[]", "1", "{\"id\":1", "{\"id\":-1,\"ping\":{}}", "{\"id\":\"1\",\"ping\":{}}", "{}{}",
    ])
    func noFrame(_ text: String) {
        #expect(parse(text) == nil)
    }

    @Test(arguments: [
        #"{"id":1}"#, #"{"id":1,"connect":[]}"#, #"{"id":1,"connect":{},"ping":{}}"#,
        #"{"id":1,"connect":{"token":5}}"#,
        #"{"id":1,"connect":{"subs":[]}}"#, #"{"id":1,"connect":{"subs":{"c":{"recover":true,"offset":-1}}}}"#,
        #"{"id":1,"connect":{"data":7}}"#, #"{"id":1,"refresh":{}}"#, #"{"id":1,"subscribe":{"channel":""}}"#,
        #"{"id":1,"unsubscribe":{}}"#, #"{"id":1,"subscribe":{"channel":"c","recover":true,"epoch":1}}"#,
    ])
    func malformed(_ text: String) {
        #expect(parse(text)?.first?.content == .malformed)
    }

    /// Marks without end, wherever a name stands: to compare one by its normal form would take minutes.
    @Test(.timeLimit(.minutes(1))) func namesThatAreSlowToCompare() {
        let marks = String(repeating: "\u{301}\u{323}", count: 50_000)
        for (text, expected) in [
            ("{\"id\":1,\"connect\(marks)\":{}}", ClientFrame.Content.command(.unknown)),
            ("{\"id\":1,\"i\(marks)\":{},\"ping\":{}}", .malformed),
            ("{\"id\":1,\"connect\":{\"subs\":{\"f\(marks)\":{}}}}", .malformed),
            ("{\"id\":1,\"unsubscribe\":{\"channel\":\"f\(marks)\"}}", .malformed),
        ] {
            #expect(parse(text)?.first?.content == expected)
        }
    }
}
