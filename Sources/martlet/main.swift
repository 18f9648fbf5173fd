import Core
import Glibc
import Runtime
import Sidecars

Privileges.forbidNew()
Signals.block()
// What it and its children write is nobody else's, whatever the caller's umask; what others need has a mode of its own.
umask(0o077)
Heap.configure()
let arguments = Array(CommandLine.arguments.dropFirst())
// Not on the main thread, which only waits: this code is the main actor's.
Task.detached { [arguments] in
    exit(await Program.run(arguments))
}
while true { sleep(1000) }
