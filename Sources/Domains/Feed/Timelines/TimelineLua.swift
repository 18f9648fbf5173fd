/// The files in `Lua/`, as they are built into the program. What each takes and returns is said at its head.
enum TimelineLua: String, CaseIterable, Sendable {
    // Shared
    case prelude, publish, fence, rewrite, channel, dataset
    // Scripts
    case deliver, register, unregister, beat, resume, audit, page, begin, abandon, merge, sever, evict, change
    case withdraw, purge, forget, trim, enter, mark, renew
    // Those of channels
    case heard, listeners, tell, state, listen, unlisten, recover, recheck, recheckuser, drop, open, present

    var text: String { String(decoding: bytes, as: UTF8.self) }

    private var bytes: [UInt8] {
        switch self {
        case .prelude: PackageResources.prelude_lua
        case .publish: PackageResources.publish_lua
        case .fence: PackageResources.fence_lua
        case .rewrite: PackageResources.rewrite_lua
        case .deliver: PackageResources.deliver_lua
        case .register: PackageResources.register_lua
        case .unregister: PackageResources.unregister_lua
        case .beat: PackageResources.beat_lua
        case .resume: PackageResources.resume_lua
        case .audit: PackageResources.audit_lua
        case .page: PackageResources.page_lua
        case .begin: PackageResources.begin_lua
        case .abandon: PackageResources.abandon_lua
        case .merge: PackageResources.merge_lua
        case .sever: PackageResources.sever_lua
        case .evict: PackageResources.evict_lua
        case .change: PackageResources.change_lua
        case .withdraw: PackageResources.withdraw_lua
        case .purge: PackageResources.purge_lua
        case .forget: PackageResources.forget_lua
        case .trim: PackageResources.trim_lua
        case .dataset: PackageResources.dataset_lua
        case .enter: PackageResources.enter_lua
        case .mark: PackageResources.mark_lua
        case .renew: PackageResources.renew_lua
        case .channel: PackageResources.channel_lua
        case .heard: PackageResources.heard_lua
        case .listeners: PackageResources.listeners_lua
        case .tell: PackageResources.tell_lua
        case .state: PackageResources.state_lua
        case .listen: PackageResources.listen_lua
        case .unlisten: PackageResources.unlisten_lua
        case .recover: PackageResources.recover_lua
        case .recheck: PackageResources.recheck_lua
        case .recheckuser: PackageResources.recheckuser_lua
        case .drop: PackageResources.drop_lua
        case .open: PackageResources.open_lua
        case .present: PackageResources.present_lua
        }
    }
}
