// Measures a running `martlet serve` on loopback.
//
//   martlet-bench PORT AUTHOR-TOKEN TOKENS-FILE POSTS RATE
//       How long a post takes from the request to the frame, and whether every follower gets every post once and in
//       order. RATE: posts a second, sent in time whether or not earlier ones were answered late (the delay counts as
//       latency).
//   martlet-bench overload PORT HANDLE PASSWORD TOKEN TOKENS-FILE MIX STEP-SECONDS OVERLOAD-SECONDS
//       What it does at twice the load that it can carry. MIX: parts of each kind of request, such as
//       read=8,post=2,login=1. HANDLE, PASSWORD, TOKEN: of the user whom those of the file follow.
//   martlet-bench live PORT PID TOKEN TOKENS-FILE ws|sse COUNTS IDLE-SECONDS POSTS BURST RATE
//       What live connections cost the process PID: memory by the slope between the COUNTS, such as 2000,14000, CPU
//       while they are idle, and deliveries for a CPU second, POSTS of 200 bytes in bursts of BURST, RATE bursts a second.
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
    if arguments.count == 11, arguments[0] == "live", let port = UInt16(arguments[1]), let process = Int(arguments[2]),
        let kind = LiveClients.Kind(rawValue: arguments[5]), let idle = Int(arguments[7]),
        let posts = Int(arguments[8]),
        let burst = Int(arguments[9]), let rate = Int(arguments[10]), burst > 0, rate > 0
    {
        return try LiveCost(
            port: port, process: process, author: arguments[3], tokens: lines(of: arguments[4]), kind: kind,
            counts: arguments[6].split(separator: ",").compactMap { Int($0) }, idleSeconds: idle, posts: posts,
            burst: burst, rate: rate
        ).run()
    }
    guard arguments.count == 5, let port = UInt16(arguments[0]), let posts = Int(arguments[3]),
        let rate = Int(arguments[4])
    else {
        print(
            """
            usage: martlet-bench PORT AUTHOR-TOKEN TOKENS-FILE POSTS RATE
                   martlet-bench overload PORT HANDLE PASSWORD TOKEN TOKENS-FILE MIX STEP-SECONDS OVERLOAD-SECONDS
                   martlet-bench live PORT PID TOKEN TOKENS-FILE ws|sse COUNTS IDLE-SECONDS POSTS BURST RATE
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
