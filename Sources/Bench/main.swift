// How long a post takes from the request to the frame, and whether every follower gets every post once and in order.
//
//   martlet-bench PORT AUTHOR-TOKEN TOKENS-FILE POSTS RATE
//
// PORT: of a running `martlet serve` on loopback; TOKENS-FILE: of `martlet seed`; RATE: posts a second, sent in time
// whether or not earlier ones were answered late (the delay counts as latency).
import Core
import Glibc
import Runtime

let arguments = CommandLine.arguments
guard arguments.count == 6, let port = UInt16(arguments[1]), let posts = Int(arguments[4]),
    let rate = Int(arguments[5]),
    let file = fopen(arguments[3], "r")
else {
    print("usage: martlet-bench PORT AUTHOR-TOKEN TOKENS-FILE POSTS RATE")
    exit(2)
}

var tokens: [String] = []
while let line = readLine(from: file) { tokens.append(line) }
exit(try measure(port: port, author: arguments[2], tokens: tokens, posts: posts, rate: rate))
