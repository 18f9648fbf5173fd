import Core
import Testing

@testable import Live

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
                == .connect(
                    token: "t", recover: ["feed:1": RecoverRequest(epoch: "e", offset: 5)],
                    data: ConnectData(since: "s")))
        #expect(command(#"{"id":1,"connect":{}}"#) == .connect(token: "", recover: [:], data: ConnectData()))
        #expect(
            command(#"{"id":1,"connect":{"subs":{"feed:1":{"recover":true}}}}"#)
                == .connect(token: "", recover: ["feed:1": RecoverRequest(epoch: "", offset: 0)], data: ConnectData()))
        #expect(
            command(#"{"id":1,"connect":{"data":{"channels":"feed,later,notifications"}}}"#)
                == .connect(token: "", recover: [:], data: ConnectData(isNotified: true)))
        #expect(
            command(#"{"id":1,"connect":{"data":{"channels":"notification","since":"s"}}}"#)
                == .connect(token: "", recover: [:], data: ConnectData(since: "s")))
        #expect(command(#"{"id":2,"refresh":{"token":"t"}}"#) == .refresh(token: "t"))
        #expect(command(#"{"id":3,"subscribe":{"channel":"c"}}"#) == .subscribe(channel: "c", recover: nil))
        #expect(
            command(#"{"id":3,"subscribe":{"channel":"c","recover":true,"epoch":"e","offset":5}}"#)
                == .subscribe(channel: "c", recover: RecoverRequest(epoch: "e", offset: 5)))
        #expect(command(#"{"id":3,"unsubscribe":{"channel":"c"}}"#) == .unsubscribe(channel: "c"))
        #expect(
            command(#"{"id":3,"subscribe":{"channel":"c","token":"t"}}"#)
                == .subscribe(channel: "c", recover: nil, hasToken: true))
        #expect(command(#"{"id":3,"subscribe":{"channel":"c","token":""}}"#) == .subscribe(channel: "c", recover: nil))
        #expect(command(#"{"id":4,"teleport":{}}"#) == .unknown)
        for method in ["publish", "presence", "presence_stats", "history", "rpc", "sub_refresh"] {
            #expect(command("{\"id\":4,\"\(method)\":{}}") == .unavailable)
        }
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
        #"{"id":1,"connect":{"data":7}}"#, #"{"id":1,"connect":{"data":{"channels":["notifications"]}}}"#,
        #"{"id":1,"refresh":{}}"#, #"{"id":1,"subscribe":{"channel":""}}"#,
        #"{"id":1,"subscribe":{"channel":"c","token":1}}"#, #"{"id":1,"unsubscribe":{}}"#,
        #"{"id":1,"subscribe":{"channel":"c","recover":true,"epoch":1}}"#,
    ])
    func malformed(_ text: String) {
        #expect(parse(text)?.first?.content == .malformed)
    }

    /// Rows of marks, wherever there is a name: in a key 17 are too many, and what is compared is compared by its bytes.
    @Test func namesThatAreSlowToCompare() {
        func marks(_ count: Int) -> String { String(repeating: "\u{301}", count: count) }
        for count in [17, 1700] {
            #expect(parse("{\"id\":1,\"connect\(marks(count))\":{}}") == nil)
            #expect(parse("{\"id\":1,\"i\(marks(count))\":{},\"ping\":{}}") == nil)
            #expect(parse("{\"id\":1,\"connect\":{\"subs\":{\"f\(marks(count))\":{}}}}") == nil)
        }
        for (text, expected) in [
            ("{\"id\":1,\"connect\(marks(8))\":{}}", ClientFrame.Content.command(.unknown)),
            ("{\"id\":1,\"i\(marks(16))\":{},\"ping\":{}}", .malformed),
            ("{\"id\":1,\"unsubscribe\":{\"channel\":\"f\(marks(4000))\"}}", .malformed),
        ] {
            #expect(parse(text)?.first?.content == expected)
        }
    }

    /// What one frame may ask of the thread that reads it: bytes, objects, and values over all of them.
    @Test func aFrameHasLimits() {
        let padded = { (bytes: Int) in
            #"{"id":1,"send":{"data":""# + String(repeating: "x", count: bytes - 27) + #""}}"#
        }
        #expect(padded(100).utf8.count == 100)
        #expect(parse(padded(ClientFrame.longest)) != nil)
        #expect(parse(padded(ClientFrame.longest + 1)) == nil)
        let list = { (count: Int) in
            "{\"id\":1,\"send\":[" + Array(repeating: "0", count: count).joined(separator: ",") + "]}"
        }
        // The object, the id and the array are values, too.
        #expect(parse(list(1597)) != nil)
        #expect(parse(list(1598)) == nil)
        #expect(parse(list(1000)) != nil)
        #expect(parse(list(1000) + "\n" + list(1000)) == nil)
    }
}
