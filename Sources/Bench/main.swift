// Measures a running `martlet serve` on loopback.
//
//   martlet-bench PORT AUTHOR-TOKEN TOKENS-FILE POSTS RATE
//       How long a post takes from the request to the frame, and whether every follower gets every post once and in
//       order. RATE: posts a second, sent in time whether or not earlier ones were answered late (the delay counts as
//       latency).
//   martlet-bench overload PORT HANDLE PASSWORD TOKEN TOKENS-FILE MIX STEP-SECONDS OVERLOAD-SECONDS
//       What it does at twice the load that it can carry. MIX: parts of each kind of request, such as
//       read=8,post=2,login=1. HANDLE, PASSWORD, TOKEN: of the user whom those of the file follow.
//   martlet-bench live PORT PID TOKEN TOKENS-FILE KIND COUNTS IDLE-SECONDS POSTS BURST RATE
//       KIND: ws, sse, nchan, channels or nchan-channels.
//       What live connections cost the process PID: memory by the slope between the COUNTS, such as 2000,14000, CPU
//       while they are idle, and deliveries for a CPU second, POSTS of 200 bytes in bursts of BURST, RATE bursts a second.
//       channels, nchan-channels: 1,000 channels that divide the connections among themselves; each post goes to one of them.
//   martlet-bench bare COUNT ROUNDS RATE
//       What one thread can send at most: 200 bytes to each of COUNT connections, RATE times a second.
//   martlet-bench storm PORT TOKEN TOKENS-FILE COUNT POSTS PATIENCE
//       COUNT WebSockets are cut, miss POSTS posts, and come back at once: how soon each is upgraded and has been told all,
//       within PATIENCE seconds, and how long the API takes meanwhile.
//   martlet-bench follows PORT AUTHOR-TOKEN TOKENS-FILE RATE
//       All of the file follow the author, RATE a second: how long the author's own posts take, and is the counter exact?
//   martlet-bench push KIND ADDRESS CA-FILE COUNT AT-A-TIME
//       KIND: webhook or webpush. COUNT of them go through the sender to the server at ADDRESS (https), AT-A-TIME at a time.
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
    switch (arguments.first, arguments.count) {
    case ("overload", 9): if let status = try runOverload(arguments) { return status }
    case ("live", 11): if let status = try runLive(arguments) { return status }
    case ("bare", 4):
        if let count = Int(arguments[1]), let rounds = Int(arguments[2]), let rate = Int(arguments[3]), rate > 0 {
            return try BareSend(count: count, rounds: rounds, rate: rate).run()
        }
    case ("storm", 7): if let status = try runStorm(arguments) { return status }
    case ("follows", 5):
        if let port = UInt16(arguments[1]), let rate = Double(arguments[4]), rate > 0 {
            return try FollowLoad(port: port, author: arguments[2], tokens: lines(of: arguments[3]), rate: rate).run()
        }
    case ("push", 6):
        if let kind = PushRate.Kind(rawValue: arguments[1]), let count = Int(arguments[4]),
            let atATime = Int(arguments[5]), count > 0, (1...4000).contains(atATime)
        {
            PushRate(
                kind: kind, address: arguments[2], authorities: arguments[3], count: count, atATime: atATime
            ).run()
        }
    case (_, 5):
        if let port = UInt16(arguments[0]), let posts = Int(arguments[3]), let rate = Int(arguments[4]) {
            return try measure(
                port: port, author: arguments[1], tokens: lines(of: arguments[2]), posts: posts, rate: rate)
        }
    default: break
    }
    print(
        """
        usage: martlet-bench PORT AUTHOR-TOKEN TOKENS-FILE POSTS RATE
               martlet-bench overload PORT HANDLE PASSWORD TOKEN TOKENS-FILE MIX STEP-SECONDS OVERLOAD-SECONDS
               martlet-bench live PORT PID TOKEN TOKENS-FILE KIND COUNTS IDLE-SECONDS POSTS BURST RATE
               martlet-bench bare COUNT ROUNDS RATE
               martlet-bench push KIND ADDRESS CA-FILE COUNT AT-A-TIME
               martlet-bench storm PORT TOKEN TOKENS-FILE COUNT POSTS PATIENCE
               martlet-bench follows PORT AUTHOR-TOKEN TOKENS-FILE RATE
        """)
    return 2
}

// Each `nil` where an argument is none.

func runOverload(_ arguments: [String]) throws -> Int32? {
    guard let port = UInt16(arguments[1]), let step = Double(arguments[7]), let seconds = Double(arguments[8]) else {
        return nil
    }
    var options = Overload.Options()
    options.mix = arguments[6]
    options.stepSeconds = step
    options.overloadSeconds = seconds
    return try Overload(
        port: port, handle: arguments[2], password: arguments[3], follower: arguments[4],
        tokens: lines(of: arguments[5]), options
    ).run()
}

func runLive(_ arguments: [String]) throws -> Int32? {
    guard let port = UInt16(arguments[1]), let process = Int(arguments[2]),
        let kind = LiveClients.Kind(rawValue: arguments[5]), let idle = Int(arguments[7]),
        let posts = Int(arguments[8]), let burst = Int(arguments[9]), let rate = Int(arguments[10]), burst > 0, rate > 0
    else { return nil }
    var cost = try LiveCost(
        port: port, process: process, author: arguments[3], tokens: lines(of: arguments[4]), kind: kind,
        counts: arguments[6].split(separator: ",").compactMap { Int($0) }, idleSeconds: idle, posts: posts,
        burst: burst, rate: rate)
    return try cost.run()
}

func runStorm(_ arguments: [String]) throws -> Int32? {
    guard let port = UInt16(arguments[1]), let count = Int(arguments[4]), let posts = Int(arguments[5]),
        let patience = Int(arguments[6])
    else { return nil }
    let tokens = try lines(of: arguments[3])
    return try LiveStorm(
        port: port, author: arguments[2], tokens: Array(tokens.prefix(count)), posts: posts, patience: patience
    ).run()
}

func lines(of path: String) throws -> [String] {
    guard let file = fopen(path, "r") else { throw BenchError("\(path) can't be read") }
    defer { fclose(file) }
    var lines: [String] = []
    while let line = readLine(from: file) { lines.append(line) }
    return lines
}
