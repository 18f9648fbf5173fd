/// What each connection asks Redis before it is ready for commands, again and again until the reply says that it may go on.
public struct RedisEntry: Sendable {
    let call: RedisScriptCall
    let isReady: @Sendable (RedisReply) -> Bool

    /// - Parameters:
    ///   - call: is made behind the log-in and before any command of a caller. An error reply ends the connection.
    ///   - isReady: called on the loop with each reply; false: it is asked once more.
    public init(_ call: RedisScriptCall, isReady: @escaping @Sendable (RedisReply) -> Bool) {
        self.call = call
        self.isReady = isReady
    }
}
