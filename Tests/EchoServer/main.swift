// A WebSocket server that sends back what it gets: the conformance tests of Tests/autobahn want one. It is the server
// of Sources/Sockets with the handshake, the limits' enforcement and the closing that Martlet has; only what is done
// with a message differs.
//
//   martlet-echo MAX-MESSAGE
//
// MAX-MESSAGE: bytes. It listens on a free port of loopback, which it prints, and ends with SIGTERM.
import Core
import Glibc
import Runtime
import Sockets

Signals.block()
guard CommandLine.arguments.count == 2, let maxMessage = Int(CommandLine.arguments[1]) else {
    print("usage: martlet-echo MAX-MESSAGE")
    exit(2)
}
Signals.onTermination { _ in exit(0) }

var options = ServerOptions()
options.address = "127.0.0.1"
options.port = 0
options.webSocketPaths = ["/"]
options.deflates = true
// One peer has half of it, for a message that comes in and the same that goes out.
options.budget = ByteBudget(total: 8 * maxMessage)
options.maxWaiting = 2 * maxMessage
let loop = EventLoop(name: "sockets")
let server = try await SocketServer.start(on: loop, options: options) { EchoHandler(maxMessage: maxMessage) }
print(server.port)
fflush(nil)
while true { try await Task.sleep(for: .seconds(1000)) }
