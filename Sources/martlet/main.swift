import Core
import Glibc
import Runtime

Signals.block()
let arguments = Array(CommandLine.arguments.dropFirst())
// Not on the main thread, which only waits: this code is the main actor's.
Task.detached { [arguments] in
    exit(await Program.run(arguments))
}
while true { sleep(1000) }
