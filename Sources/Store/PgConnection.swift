import CLibpq
import Core
import Glibc
import Runtime

/// One connection in pipeline mode, on its loop's thread. Never blocks: libpq's asynchronous calls under a
/// `FileWatch`. Statements are prepared once a connection; behind a pooler, never.
final class PgConnection {
    typealias Completion = (Result<[PgRows], PgError>) -> Void

    /// Statements that end with one Sync: PostgreSQL runs them as one transaction.
    private struct Batch {
        let prepared: PreparedStatements.Batch
        /// How many results are due.
        let statements: Int
        let sentAt = monotonicNanoseconds()
        var rows: [PgRows] = []
        var failure: PgError?
        let completion: Completion
    }

    /// More can't be said in the protocol.
    private static let mostParameters = 65_535
    private let loop: EventLoop
    private var connection: OpaquePointer?
    private var watch: FileWatch?
    private var watchedSocket: Int32 = -1
    private var startTimer: LoopTimer?
    private var connectTimer: LoopTimer?
    private var batches: [Batch] = []
    private var prepared = PreparedStatements()
    private let settings: SessionSettings
    private let isPooled: Bool
    /// Goes first in each transaction, once the connection is ready.
    private(set) var prelude: [RenderedSQL] = []
    /// The server answers; `isReady` once the session's settings are made.
    private var isOpen = false
    private(set) var isReady = false
    /// Told once when the connection is ready, and once when it has ended.
    var onReady: (() -> Void)?
    var onClosed: ((PgError) -> Void)?
    var onNotification: ((_ channel: String, _ payload: String) -> Void)?

    var inFlight: Int { batches.count }

    /// How long the oldest batch has been under way, in milliseconds.
    var age: Int { batches.first.map { Int((monotonicNanoseconds() - $0.sentAt) / 1_000_000) } ?? 0 }

    /// - Parameter connectionInfo: a string of pairs or a URI, taken as it is.
    init(
        loop: EventLoop, connectionInfo: String, settings: SessionSettings, isPooled: Bool = false,
        connectTimeout: Int = 5000
    ) {
        loop.assertCurrent()
        self.isPooled = isPooled
        self.loop = loop
        self.settings = settings
        connection = withCStrings(["dbname", "fallback_application_name", nil]) { names in
            withCStrings([connectionInfo, DatabaseOptions.applicationName, nil]) { PQconnectStartParams(names, $0, 1) }
        }
        // With the SQLSTATE, which libpq tells of a failed connection in no other way.
        PQsetErrorVerbosity(connection, PQERRORS_VERBOSE)
        // The server's notices would go to standard error as bare text; what matters comes as an error.
        PQsetNoticeProcessor(connection, { _, _ in }, nil)
        connectTimer = LoopTimer(on: loop, after: connectTimeout) { [weak self] in
            self?.fail(.connectionLost("no answer within \(connectTimeout) ms"))
        }
        // The owner sets its closures first.
        startTimer = LoopTimer(on: loop, after: 0) { [weak self] in self?.continueConnecting(PGRES_POLLING_WRITING) }
    }

    deinit {
        if let connection { PQfinish(connection) }
    }

    private func continueConnecting(_ state: PostgresPollingStatusType) {
        guard let connection else { return }
        guard PQstatus(connection) != CONNECTION_BAD else { return fail(lastError()) }
        let socket = PQsocket(connection)
        if socket != watchedSocket {
            // libpq opens another socket when it tries the next address.
            watch?.cancel()
            watchedSocket = socket
            watch = FileWatch(on: loop, descriptor: socket) { [weak self] in self?.ready($0) }
        }
        watch?.watch(state == PGRES_POLLING_READING ? .readable : .writable)
    }

    private func ready(_ events: FileWatch.Events) {
        guard let connection else { return }
        guard isOpen else {
            let state = PQconnectPoll(connection)
            switch state {
            case PGRES_POLLING_OK: open(connection)
            case PGRES_POLLING_FAILED: fail(lastError())
            default: continueConnecting(state)
            }
            return
        }
        if events.contains(.readable) { read() }
        flush()
    }

    private func open(_ connection: OpaquePointer) {
        PQsetnonblocking(connection, 1)
        guard PQenterPipelineMode(connection) == 1 else { return fail(lastError()) }
        isOpen = true
        watch?.watch(.readable)
        let version = PQserverVersion(connection)
        if isPooled { prelude = [settings.ofTransaction(serverVersion: version).rendered()] }
        let first = isPooled ? [SessionSettings.unlike] : settings.statements(serverVersion: version)
        queue(first.map { $0.rendered() }) { [weak self, isPooled] result in
            switch result {
            case .success(let rows) where isPooled && !rows[0].isEmpty:
                let problem = (try? rows[0][0].text("problem")) ?? ""
                self?.fail(.unusable("behind a pooler the role must be set up otherwise: \(problem)"))
            case .success: self?.becomeReady()
            case .failure(let error): self?.fail(error)
            }
        }
    }

    private func becomeReady() {
        connectTimer?.cancel()
        isReady = true
        onReady?()
    }

    /// Sends the statements and one Sync. They are one transaction unless they hold their own BEGIN or COMMIT.
    func send(_ statements: [RenderedSQL], _ completion: @escaping Completion) {
        guard isReady else { return completion(.failure(.closed)) }
        queue(statements, completion)
    }

    private func queue(_ statements: [RenderedSQL], _ completion: @escaping Completion) {
        guard let connection else { return completion(.failure(.closed)) }
        do throws(PgError) {
            // All parameters are checked before the first byte is queued.
            let encoded = try statements.map { statement throws(PgError) -> [String?] in
                guard statement.parameters.count <= Self.mostParameters else {
                    throw PgError.invalidParameter("\(statement.parameters.count) parameters")
                }
                return try statement.parameters.map { value throws(PgError) -> String? in try value.encoded() }
            }
            var batch = prepared.begin()
            if batch.forgetsAll { try sendForgetting(connection, batch) }
            for (statement, parameters) in zip(statements, encoded) {
                try sendOne(connection, statement.text, parameters, &batch)
            }
            guard PQpipelineSync(connection) == 1 else { throw lastError() }
            batches.append(Batch(prepared: batch, statements: statements.count, completion: completion))
            flush()
        } catch {
            completion(.failure(error))
            // Half a batch without its Sync would be joined with the next one.
            if !error.sqlState.hasPrefix("22") { fail(error) }
        }
    }

    /// As a batch of its own, for not every statement may run in a transaction with others.
    private func sendForgetting(_ connection: OpaquePointer, _ batch: PreparedStatements.Batch) throws(PgError) {
        guard PQsendQueryParams(connection, "DEALLOCATE ALL", 0, nil, nil, nil, nil, 0) == 1,
            PQpipelineSync(connection) == 1
        else { throw lastError() }
        batches.append(Batch(prepared: batch, statements: 1) { _ in })
    }

    private func sendOne(
        _ connection: OpaquePointer, _ sql: String, _ parameters: [String?], _ batch: inout PreparedStatements.Batch
    ) throws(PgError) {
        if isPooled {
            let sent = withCStrings(parameters) {
                PQsendQueryParams(connection, sql, Int32($0.count), nil, $0, nil, nil, 0)
            }
            guard sent == 1 else { throw lastError() }
            return
        }
        let (name, isNew) = prepared.name(of: sql, in: &batch)
        if isNew {
            guard PQsendPrepare(connection, name, sql, 0, nil) == 1 else { throw lastError() }
        }
        let sent = withCStrings(parameters) { PQsendQueryPrepared(connection, name, Int32($0.count), $0, nil, nil, 0) }
        guard sent == 1 else { throw lastError() }
    }

    private func read() {
        guard PQconsumeInput(connection) == 1 else { return fail(lastError()) }
        // Whoever is told of a result may close the connection.
        while let connection, !batches.isEmpty, PQisBusy(connection) == 0 {
            guard let result = PQgetResult(connection) else { continue }
            take(result)
            PQclear(result)
        }
        guard let connection else { return }
        while let notification = PQnotifies(connection) {
            onNotification?(String(cString: notification.pointee.relname), String(cString: notification.pointee.extra))
            PQfreemem(notification)
        }
        if PQstatus(connection) == CONNECTION_BAD { fail(lastError()) }
    }

    private func take(_ result: OpaquePointer) {
        switch PQresultStatus(result) {
        case PGRES_PIPELINE_SYNC:
            var batch = batches.removeFirst()
            if batch.failure == nil, batch.rows.count != batch.statements {
                batch.failure = .unreadable("\(batch.rows.count) results for \(batch.statements) statements")
            }
            if batch.failure == nil { prepared.succeeded(batch.prepared) }
            batch.completion(batch.failure.map { .failure($0) } ?? .success(batch.rows))
        case PGRES_TUPLES_OK: batches[0].rows.append(PgRows(copying: result))
        case PGRES_COMMAND_OK:
            // The reply to a Prepare has no command tag; that to a statement has one.
            if PQcmdStatus(result).pointee != 0 { batches[0].rows.append(PgRows(copying: result)) }
        case PGRES_PIPELINE_ABORTED: break
        default:
            batches[0].failure = batches[0].failure ?? error(of: result)
        }
    }

    private func flush() {
        guard let connection, isOpen else { return }
        switch PQflush(connection) {
        case 0: watch?.watch(.readable)
        case 1: watch?.watch([.readable, .writable])
        default: fail(lastError())
        }
    }

    func close() { fail(.closed) }

    private func fail(_ error: PgError) {
        guard let connection else { return }
        self.connection = nil
        (isOpen, isReady) = (false, false)
        connectTimer?.cancel()
        watch?.cancel()
        PQfinish(connection)
        let waiting = batches
        batches = []
        // The owner first: what a completion asks for next must not be given to this connection.
        let closed = onClosed
        (onReady, onClosed, onNotification) = (nil, nil, nil)
        closed?(error)
        for batch in waiting { batch.completion(.failure(batch.failure ?? error)) }
    }

    private func lastError() -> PgError {
        let text = PQerrorMessage(connection).map { String(cString: $0) } ?? ""
        if let error = PgError(connectionFailure: text) { return error }
        let isLasting = !isOpen && (PQconnectionNeedsPassword(connection) == 1 || PgError.isLasting(text))
        return isLasting ? .unusable(trimmed(text)) : .connectionLost(trimmed(text))
    }

    private func error(of result: OpaquePointer) -> PgError {
        func field(_ code: Character) -> String? {
            PQresultErrorField(result, Int32(code.asciiValue!)).map { String(cString: $0) }
        }
        return PgError(
            sqlState: field("C") ?? "XX000",
            message: field("M") ?? trimmed(String(cString: PQresultErrorMessage(result))),
            constraint: field("n"))
    }
}

@available(*, unavailable)
extension PgConnection: Sendable {}

private func trimmed(_ message: String) -> String {
    message.split(separator: "\n").joined(separator: " ")
}

private func withCStrings<R>(_ strings: [String?], _ body: ([UnsafePointer<CChar>?]) -> R) -> R {
    let copies = strings.map { $0.map { strdup($0) } }
    defer { for copy in copies { free(copy ?? nil) } }
    return body(copies.map { $0.map { UnsafePointer($0!) } })
}
