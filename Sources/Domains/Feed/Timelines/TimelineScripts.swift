import RedisLink

/// The scripts that read and write timelines and channels: nothing else does. Each works on one partition and is atomic.
///
/// The only key that a call names is the partition's clock; the scripts derive the others from it. All carry the same
/// hash tag, so a cluster routes the call by it.
struct TimelineScripts: Sendable {
    let deliver: RedisScript
    let register: RedisScript
    let unregister: RedisScript
    let beat: RedisScript
    let resume: RedisScript
    let audit: RedisScript
    let page: RedisScript
    let begin: RedisScript
    let abandon: RedisScript
    let merge: RedisScript
    let sever: RedisScript
    let withdraw: RedisScript
    let evict: RedisScript
    let change: RedisScript
    let purge: RedisScript
    let forget: RedisScript
    let trim: RedisScript
    let enter: RedisScript
    let mark: RedisScript
    let renew: RedisScript
    let channels: ChannelScripts

    var all: [RedisScript] {
        [deliver, register, unregister, beat, resume, audit, page, begin, abandon, merge, sever, evict, change]
            + [withdraw, purge, forget, trim, enter, mark, renew] + channels.all
    }

    /// - Parameter text: of each file. Tests change it, to show that every part of a rule is needed.
    init(_ text: (TimelineLua) -> String = \.text) {
        // Redis has no modules: what files share comes before each that needs it.
        func script(_ files: TimelineLua...) -> RedisScript {
            RedisScript(([.prelude] + files).map(text).joined(separator: "\n"))
        }
        deliver = script(.publish, .deliver)
        register = script(.fence, .register)
        unregister = script(.fence, .unregister)
        beat = script(.beat)
        resume = script(.resume)
        audit = script(.audit)
        page = script(.page)
        begin = script(.begin)
        abandon = script(.abandon)
        merge = script(.publish, .rewrite, .merge)
        sever = script(.rewrite, .sever)
        withdraw = script(.rewrite, .withdraw)
        evict = script(.publish, .evict)
        change = script(.publish, .change)
        purge = script(.purge)
        forget = script(.rewrite, .forget)
        trim = script(.trim)
        enter = script(.dataset, .enter)
        mark = script(.dataset, .mark)
        renew = script(.renew)
        channels = ChannelScripts(script)
    }
}
