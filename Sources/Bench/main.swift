// Measures a running `martlet serve` on loopback.
//
//   martlet-bench PORT AUTHOR-TOKEN TOKENS-FILE POSTS RATE
//       How long a post takes from the request to the frame, and whether every follower gets every post once and in
//       order. RATE: posts a second, sent in time whether or not earlier ones were answered late (the delay counts as
//       latency).
//   martlet-bench overload PORT HANDLE PASSWORD TOKEN TOKENS-FILE MIX STEP-SECONDS OVERLOAD-SECONDS
//       What it does at twice the load that it can carry. MIX: parts of each kind of request, such as
//       read=8,post=2,login=1. HANDLE, PASSWORD, TOKEN: of the user whom those of the file follow.
//
// TOKENS-FILE: of `martlet seed`.
import Core
import Glibc
import Runtime

do {
    exit(try bench(Array(CommandLine.arguments.dropFirst())))
} catch {
    say("FAILED: \(error)")
    exit(1)
}

func bench(_ arguments: [String]) throws -> Int32 {
    if arguments.count == 9, arguments[0] == "overload", let port = UInt16(arguments[1]),
        let step = Double(arguments[7]), let seconds = Double(arguments[8])
    {
        var options = Overload.Options()
        options.mix = arguments[6]
        options.stepSeconds = step
        options.overloadSeconds = seconds
        return try Overload(
            port: port, handle: arguments[2], password: arguments[3], follower: arguments[4],
            tokens: lines(of: arguments[5]), options
        ).run()
    }
    guard arguments.count == 5, let port = UInt16(arguments[0]), let posts = Int(arguments[3]),
        let rate = Int(arguments[4])
    else {
        print(
            """
            usage: martlet-bench PORT AUTHOR-TOKEN TOKENS-FILE POSTS RATE
                   martlet-bench overload PORT HANDLE PASSWORD TOKEN TOKENS-FILE MIX STEP-SECONDS OVERLOAD-SECONDS
            """)
        return 2
    }
    return try measure(
        port: port, author: arguments[1], tokens: lines(of: arguments[2]), posts: posts, rate: rate)
}

func lines(of path: String) throws -> [String] {
    guard let file = fopen(path, "r") else { throw BenchError("\(path) can't be read") }
    defer { fclose(file) }
    var lines: [String] = []
    while let line = readLine(from: file) { lines.append(line) }
    return lines
}
