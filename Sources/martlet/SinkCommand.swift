import Core
import Glibc
import Runtime
import Sidecars
import SinkServer

/// `martlet sink`: push services and webhooks for whoever has no accounts with the real ones.
struct SinkCommand {
    static let help = """

        martlet sink [--setting value …]
          receives what is sent to APNs, FCM, Web Push services and webhooks, checks it as they do, and prints a line of JSON
          for each request, with the decrypted payload. The first line says where it is: addresses, the certificate's
          authority, and the keys by which it knows senders. All of it is for tests; nobody is asked for a password.

          GET /sink                       the first line again
          GET, DELETE /sink/received      the newest requests; forgets them
          POST /sink/devices/PROVIDER     a device, as JSON: {"key"} for webpush, {"name"?, "secret"?} for webhook
          DELETE /sink/devices/PROVIDER/NAME
          PUT, DELETE /sink/faults/PROVIDER
            {"steps": [{"times"?, "delay"?, "status"?, "headers"?, "body"?, "close"?}], "repeat"?}: each step is for so many
            requests; close is before, after, refused or goaway; delays are milliseconds
          PROVIDER: webpush, apns, fcm or webhook

        """

    private let values: SettingValues

    init(_ arguments: [String]) throws { values = try SettingsList.values(of: "sink", arguments) }

    /// Returns with the first signal that ends a program.
    func run() async throws {
        var options = SinkServerOptions(folder: values.text("sink-folder")!)
        options.address = values.text("sink-address")!
        options.port = UInt16(values.number("sink-port"))
        options.name = values.text("sink-name")!
        options.kept = values.number("sink-kept")
        let loop = EventLoop(name: "sink")
        let made = try await loop.run { [options] () throws -> Started in
            do {
                let server = try SinkServer(on: loop, options) { Console.tell($0.text) }
                return Started(server: LoopBound.holding(server, on: loop), about: server.about)
            } catch {
                throw Failure("sink: \(error)")
            }
        }
        Console.tell(made.about.text)
        let wakeup = Wakeup()
        Signals.onTermination { _ in wakeup.signal() }
        await wakeup.wait()
        let server = made.server
        try await loop.run { server.value.close() }
    }

    private struct Started: Sendable {
        let server: LoopBound<SinkServer>
        let about: JSONValue
    }
}
