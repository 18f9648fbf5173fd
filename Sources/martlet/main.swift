import Core
import Glibc
import Runtime

Signals.block()
let arguments = Array(CommandLine.arguments.dropFirst())
Task {
    exit(await Program.run(arguments))
}
while true { sleep(1000) }
