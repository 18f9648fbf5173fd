import Core
import Crypto
import HTTPService
import Store

/// Where the caller is pushed to.
struct DeviceOperations: Sendable {
    private static let tag = Tag("devices", "Where the caller is pushed to")
    private static let device = PathParameter.id("id", "Of the device.")
    private static let key = Component(
        "PushKey",
        .object([
            .always("vapid", .string(pattern: "^[A-Za-z0-9_-]{87}$"), "65 bytes in Base64url: `applicationServerKey`."),
            .always(
                "webhook", .string(pattern: "^whpk_[A-Za-z0-9+/]{43}=$"),
                "Checks the signatures `v1a` of webhooks (Standard Webhooks): 32 bytes of Ed25519 in Base64."),
        ]),
        example: [
            "vapid": "BCVxsr7N_eNgVRqvHtD0zTZsEc6-VV-JvLexhqUzORcxaOzi6-AYWXvTBHm4bjyPjs7Vd8pZGH6SRpkNtoIAiw4",
            "webhook": "whpk_1SiA4o9hyqTCpIqC5V9HUakiiaeACeqfZTInDCrOBZo=",
        ])

    let database: Database
    let devices: Devices
    let tests: TestPushes
    let pushKey: SitePushKey
    /// The public half.
    let webhookKeys: WebhookKeys
    let options: DeviceOptions
    let writes: Writes
    let lists: Lists
    let cursors: CursorSigner

    var all: [Operation] {
        [
            Operation(
                .post, "/v1/devices", id: "addDevice", tag: Self.tag, "Register a device",
                description: """
                    A browser, an application on a phone, or a webhook. It ends with the session that registers it. The same one \
                    again, of the same caller, is renewed; of another caller, it is that one's from now on, but for webhooks, which \
                    are each caller's own.
                    """,
                lane: .write(makesEvents: false), body: DeviceFields.body,
                responses: [
                    .json(DeviceView.component, "It is new. A webhook has its secret, this once.", status: 201),
                    .json(DeviceView.component, "The caller has had it; a webhook keeps its secret."),
                ], problems: [.missingField, .unknownField, .forbidden, .tooMany], idempotency: .key("device"),
                handler: add),
            Operation(
                .get, "/v1/devices", id: "listDevices", tag: Self.tag, "The caller's devices",
                parameters: [PageParameters.limit, PageParameters.cursor],
                responses: [.json(DeviceView.list, "Newest first, without where they are.")], handler: list),
            Operation(
                .delete, "/v1/devices/\(Self.device)", id: "removeDevice", tag: Self.tag, "Remove a device",
                lane: .write(makesEvents: false),
                responses: [.noContent("Nothing is sent there any more, nor what was to be sent.")],
                idempotency: .key("remove device"), handler: remove),
            Operation(
                .post, "/v1/devices/\(Self.device)/rotate", id: "rotateSecret", tag: Self.tag,
                "Give a webhook another secret", description: "Both sign for a day, the new one first.",
                lane: .write(makesEvents: false),
                responses: [.json(DeviceView.secret, "The new one, this once.")], idempotency: .key("rotate secret"),
                handler: rotate),
            Operation(
                .post, "/v1/devices/\(Self.device)/test", id: "testDevice", tag: Self.tag,
                "Send a test push to a device",
                description: """
                    It goes the way of all others, but for preferences, quiet hours and live connections, which keep nothing of it back. \
                    `GET /v1/devices/{id}/deliveries` says what has become of it. A user sends \(TestPushes.mostAnHour) an hour.
                    """,
                lane: .write(makesEvents: false),
                responses: [.json(DeliveryView.component, "It is to be sent.", status: 202)],
                problems: [.gone, .rateLimited], idempotency: .key("test device"), handler: test),
            Operation(
                .get, "/v1/devices/\(Self.device)/deliveries", id: "listDeliveries", tag: Self.tag,
                "What was sent to a device", parameters: [PageParameters.limit, PageParameters.cursor],
                responses: [.json(DeliveryView.list, "Newest notification first; of the last seven days at least.")],
                handler: deliveries),
            Operation(
                .get, "/v1/push/key", id: "getPushKey", tag: Self.tag, "The site's keys for Web Push and webhooks",
                access: .anyone,
                responses: [.json(Self.key, "Of all its processes.")], handler: showKey),
        ]
    }

    @Sendable private func add(_ request: RequestContext) async throws -> Response {
        let content = try DeviceContent(request, allowsLoopback: devices.allowsLoopback)
        guard content.kind != .webhook || options.allowsWebhooks else {
            throw Problem(.forbidden, "this site sends to no webhooks", field: "kind")
        }
        if let topic = content.members["topic"], let words = options.problem(topic: topic) {
            throw Problem(.invalidField, words, field: "topic")
        }
        return try await writes.run(request) { transaction in
            let (view, isNew) = try await devices.register(
                transaction, content, name: request[DeviceFields.name], locale: request[DeviceFields.locale],
                of: request.authenticated!)
            return StoredResponse(status: isNew ? 201 : 200, body: view.json)
        }
    }

    @Sendable private func list(_ request: RequestContext) async throws -> Response {
        let limit = request[PageParameters.limit]
        let list = PageCursor.List(tag: 37, subject: request.caller)
        let below = try request.below(list, cursors)
        return try await lists.read(request, largest: limit * 512) {
            let found = try await database.query(Devices.page(of: request.caller, below: below, limit: limit + 1))
                .map { try DeviceView($0) }
            return request.page(found.prefix(limit), hasMore: found.count > limit, list, cursors, id: \.id) {
                $1.append(to: &$0)
            }
        }
    }

    @Sendable private func remove(_ request: RequestContext) async throws -> Response {
        try await writes.run(request) { transaction in
            try await devices.remove(transaction, request[Self.device], of: request.caller)
            return StoredResponse(status: 204, body: [])
        }
    }

    @Sendable private func rotate(_ request: RequestContext) async throws -> Response {
        try await writes.run(request) { transaction in
            let secret = try await devices.rotate(transaction, request[Self.device], of: request.caller)
            var json = ByteWriter(capacity: 128)
            json.append(ascii: "{\"secret\":")
            json.append(jsonString: secret)
            json.append(ascii: "}")
            return StoredResponse(status: 200, body: json.bytes)
        }
    }

    @Sendable private func test(_ request: RequestContext) async throws -> Response {
        try await writes.run(request) { transaction in
            let made = try await tests.add(transaction, to: request[Self.device], of: request.caller)
            return StoredResponse(status: 202, body: made.json)
        }
    }

    @Sendable private func deliveries(_ request: RequestContext) async throws -> Response {
        let (device, limit) = (request[Self.device], request[PageParameters.limit])
        let list = PageCursor.List(tag: 38, subject: device)
        let below = try request.below(list, cursors)
        return try await lists.read(request, largest: limit * 512) {
            guard try await !database.query(Devices.exists(device, of: request.caller)).isEmpty else {
                throw Devices.noDevice(device)
            }
            let found = try await database.query(
                DeliveryView.page(of: request.caller, device, below: below, limit: limit + 1)
            ).map { try DeliveryView($0) }
            return request.page(found.prefix(limit), hasMore: found.count > limit, list, cursors, id: \.id) {
                $1.append(to: &$0)
            }
        }
    }

    @Sendable private func showKey(_ request: RequestContext) async throws -> Response {
        let key = try await pushKey.key(database).publicKey
        return .json { writer in
            writer.append(ascii: "{\"vapid\":")
            writer.append(jsonString: Base64URL.encode(key.bytes))
            writer.append(key: "webhook", of: webhookKeys.current.publicKey)
            writer.append(ascii: "}")
        }
    }
}
