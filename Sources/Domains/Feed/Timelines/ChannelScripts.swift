import RedisLink

/// The scripts that read and write channels.
struct ChannelScripts: Sendable {
    let heard: RedisScript
    let listeners: RedisScript
    let tell: RedisScript
    let state: RedisScript
    let listen: RedisScript
    let unlisten: RedisScript
    let recover: RedisScript
    let recheck: RedisScript
    let recheckUser: RedisScript
    let drop: RedisScript
    let open: RedisScript
    let present: RedisScript

    var all: [RedisScript] {
        [heard, listeners, tell, state, listen, unlisten, recover, recheck, recheckUser, drop, open, present]
    }

    /// - Parameter script: one of these files behind each other, and all behind the prelude.
    init(_ script: (TimelineLua...) -> RedisScript) {
        heard = script(.publish, .channel, .heard)
        listeners = script(.publish, .channel, .listeners)
        tell = script(.publish, .channel, .tell)
        state = script(.publish, .channel, .state)
        listen = script(.publish, .channel, .fence, .listen)
        unlisten = script(.publish, .channel, .fence, .unlisten)
        recover = script(.publish, .channel, .recover)
        recheck = script(.publish, .channel, .recheck)
        recheckUser = script(.publish, .channel, .recheckuser)
        drop = script(.publish, .channel, .drop)
        open = script(.publish, .channel, .open)
        present = script(.publish, .channel, .present)
    }
}
