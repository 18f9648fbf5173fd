import Glibc

extension Configuration {
    /// How many loops the sockets of a process with these roles have.
    ///
    /// Each loop hears of an event by itself, so Redis and the process do some of the work again: one more is of use only
    /// where a core is free for it. Where the process serves the API, that and its servers need the cores; and one core is
    /// left for what reads behind the live clients.
    func loops(_ roles: Roles) -> Int {
        if let given = values.text("loops").flatMap({ Int($0) }) { return given }
        return roles == .realtime ? min(16, max(1, Int(sysconf(Int32(_SC_NPROCESSORS_ONLN))) - 1)) : 1
    }
}
