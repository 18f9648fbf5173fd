// The push protocols of Sources/Push for a test in another language: reads a JSON object with a `do` from each line of
// standard input, and writes what came of it as one line, {"refused": reason} where it is refused. Bytes are in Base64.
//
//   {"do": "webpush", "endpoint": …, "p256dh": …, "auth": …, "vapid": …, "contact": …, "payload": …}
//   → {"url": …, "headers": {…}, "body": …}
//   {"do": "send", "provider": …, "url": …, "body": …, "count": …, "ca": …, "milliseconds"?: …}
//   → {"results": [{"outcome": …, "status": …, "reason": …} …], "connections": …}
import Core
import Glibc

// A peer that has gone is told by the write's error.
signal(SIGPIPE, SIG_IGN)
Log.setLevel(.debug)
while let line = readLine() {
    let reply: JSONValue
    do {
        guard let object = try JSONValue.parse(line.utf8).object else { throw ToolError("not an object") }
        reply = try await PushCommand(object).run()
    } catch {
        reply = ["refused": .string("\(error)")]
    }
    print(reply.text)
    fflush(nil)
}
