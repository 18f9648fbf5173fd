import CCurl
public import Runtime

/// Sends requests from a loop, any number at a time, without a thread for each: libcurl's multi interface, driven by the
/// loop's own descriptors and timer. Requests to one host share connections of HTTP/2. It follows no redirects, and asks
/// before it opens a socket. Lives on the loop's thread.
public final class LoopClient {
    /// Handles that are kept for the next request.
    private static let mostIdle = 512

    private let loop: EventLoop
    private let options: LoopClientOptions
    private let multi: UnsafeMutableRawPointer
    private var watches: [Int32: FileWatch] = [:]
    private var timer: LoopTimer!
    private var active: [UnsafeMutableRawPointer: LoopTransfer] = [:]
    private var idle: [LoopTransfer] = []
    private var opened = 0
    private var isEnded = false

    public init(on loop: EventLoop, _ options: LoopClientOptions) {
        precondition(HTTPClient.isReady, "libcurl does not start")
        loop.assertCurrent()
        self.loop = loop
        self.options = options
        multi = curl_multi_init()!
        timer = LoopTimer(on: loop, after: 0) { [unowned self] in act(CURL_SOCKET_TIMEOUT, 0) }
        timer.reset(after: nil)
        setUp()
    }

    deinit { end() }

    /// Requests that are under way.
    public var count: Int { active.count }

    /// Connections that were opened so far, those that are gone with them.
    public var connectionsOpened: Int { active.values.reduce(opened) { $0 + $1.opened } }

    /// - Parameter then: called later, once.
    public func send(_ request: LoopRequest, then: @escaping (Result<HTTPReply, LoopFailure>) -> Void) {
        loop.assertCurrent()
        guard !isEnded else { return refuse(LoopFailure(reason: .unreachable, message: "the client has ended"), then) }
        let transfer = idle.popLast() ?? LoopTransfer(options)
        do throws(LoopFailure) {
            try transfer.prepare(request, then)
        } catch {
            idle.append(transfer)
            return refuse(error, then)
        }
        active[transfer.handle] = transfer
        curl_multi_add_handle(multi, transfer.handle)
    }

    private func refuse(_ failure: LoopFailure, _ then: @escaping (Result<HTTPReply, LoopFailure>) -> Void) {
        let box = LoopBound.holding(then, on: loop)
        loop.post { box.value(.failure(failure)) }
    }

    /// Breaks off all that is under way: each is told as far as it was. Nothing can be sent any more.
    public func end() {
        guard !isEnded else { return }
        isEnded = true
        for transfer in active.values {
            curl_multi_remove_handle(multi, transfer.handle)
            let then = transfer.then
            let result = transfer.result(CURLE_ABORTED_BY_CALLBACK)
            transfer.clear()
            then?(result)
        }
        (active, idle) = ([:], [])
        curl_multi_cleanup(multi)
        for watch in watches.values { watch.cancel() }
        watches = [:]
        timer.cancel()
    }

    // MARK: The loop

    private func setUp() {
        martlet_curl_multi_set_number(multi, CURLMOPT_PIPELINING, Int(CURLPIPE_MULTIPLEX))
        martlet_curl_multi_set_number(multi, CURLMOPT_MAX_CONCURRENT_STREAMS, options.streams)
        martlet_curl_multi_set_number(multi, CURLMOPT_MAX_HOST_CONNECTIONS, options.connectionsOfHost)
        martlet_curl_multi_set_number(multi, CURLMOPT_MAX_TOTAL_CONNECTIONS, options.connections)
        martlet_curl_multi_set_number(multi, CURLMOPT_MAXCONNECTS, options.connections)
        let context = Unmanaged.passUnretained(self).toOpaque()
        martlet_curl_multi_set_pointer(multi, CURLMOPT_SOCKETDATA, context)
        martlet_curl_multi_set_watcher(multi) { _, descriptor, what, context, _ in
            LoopClient.of(context).watch(descriptor, what)
            return 0
        }
        martlet_curl_multi_set_pointer(multi, CURLMOPT_TIMERDATA, context)
        martlet_curl_multi_set_timer(multi) { _, milliseconds, context in
            LoopClient.of(context).timer.reset(after: milliseconds < 0 ? nil : milliseconds)
            return 0
        }
    }

    private static func of(_ context: UnsafeMutableRawPointer?) -> LoopClient {
        Unmanaged<LoopClient>.fromOpaque(context!).takeUnretainedValue()
    }

    private func watch(_ descriptor: Int32, _ what: Int32) {
        guard what != CURL_POLL_REMOVE else {
            watches.removeValue(forKey: descriptor)?.cancel()
            return
        }
        let watch =
            watches[descriptor]
            ?? FileWatch(on: loop, descriptor: descriptor) { [unowned self] events in
                let readable = events.contains(.readable) ? CURL_CSELECT_IN : 0
                let writable = events.contains(.writable) ? CURL_CSELECT_OUT : 0
                act(descriptor, readable | writable)
            }
        watches[descriptor] = watch
        var events: FileWatch.Events = []
        if what & CURL_POLL_IN != 0 { events.insert(.readable) }
        if what & CURL_POLL_OUT != 0 { events.insert(.writable) }
        watch.watch(events)
    }

    private func act(_ descriptor: Int32, _ events: Int32) {
        guard !isEnded else { return }
        var running: Int32 = 0
        curl_multi_socket_action(multi, descriptor, events, &running)
        finish()
    }

    /// Hands over what has ended. Who is told may send at once, or end the client.
    private func finish() {
        var left: Int32 = 0
        while !isEnded, let message = curl_multi_info_read(multi, &left) {
            guard message.pointee.msg == CURLMSG_DONE, let handle = message.pointee.easy_handle,
                let transfer = active[handle]
            else { continue }
            let result = transfer.result(martlet_curl_result(message))
            curl_multi_remove_handle(multi, handle)
            if case .failure(let failure) = result, failure.reason == .notProcessed,
                transfer.tries < LoopTransfer.mostTries
            {
                transfer.tries += 1
                transfer.rewind()
                curl_multi_add_handle(multi, handle)
                continue
            }
            active[handle] = nil
            let then = transfer.then
            opened += transfer.takeOpened()
            transfer.clear()
            if idle.count < Self.mostIdle { idle.append(transfer) }
            then?(result)
        }
    }
}

@available(*, unavailable)
extension LoopClient: Sendable {}
