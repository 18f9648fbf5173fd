import Consumers
import Core
public import Devices
public import DomainKit
public import EventLog
public import Feed
public import Notifications
import Push
public import PushDelivery
public import Runtime
import Synchronization

/// The role `notifier`: enters into the books what is to be pushed, and sends it in its turn.
public final class Notifier: Sendable {
    private let groups: ConsumerGroups
    private let inboxes: InboxPushes
    private let resources: Resources
    private let devices: DevicesDomain
    private let channels: Channels
    private let log: any EventLog
    private let options: NotifierOptions
    private let loop: EventLoop
    private let running = Mutex<Running?>(nil)
    private let runner: Late

    private struct Running {
        let runner: PushRunner
        let sender: PushSender
        let task: Task<Void, Never>
    }

    /// Who is to be woken, once it is there.
    private final class Late: Sendable {
        let value = Mutex<PushRunner?>(nil)
    }

    public static let subscription = SubscriptionOptions(
        group: "notifier", topics: [NotificationsDomain.topic], batch: 500, rest: 20)

    public init(
        log: any EventLog, _ resources: Resources, devices: DevicesDomain, notifications: NotificationsDomain,
        feed: FeedDomain, options: NotifierOptions, on loop: EventLoop
    ) {
        (self.log, self.resources, self.devices, self.options, self.loop) = (log, resources, devices, options, loop)
        let database = resources.connections.workers.database
        inboxes = notifications.pushes(database)
        channels = Channels(FeedDomain.timelines(of: resources, over: resources.connections.workers))
        let late = Late()
        runner = late
        let planner = PushPlanner(
            inboxes: inboxes,
            devices: { [devices] in try await devices.devices.reachable(database, of: $0) },
            deliveries: devices.deliveries, clock: resources.clock, wake: { late.value.withLock { $0 }?.wake() })
        let storage = resources.connections.storage
        let consumer = Consumer(Self.subscription) { try await planner.handle($0) }
        groups = ConsumerGroups([consumer.group(on: log, storage, resources.clock)], database: storage)
    }

    public func start() async throws {
        let database = resources.connections.workers.database
        // Who waits for its turn and is sent, twice where a token has ended, is done before it is anybody else's.
        precondition(
            2 * (options.sender.patience + options.sender.milliseconds) < Int(PushRunner.lease),
            "a claim that is shorter than what it is for")
        let sender = PushSender(options.sender, on: loop)
        let webPush: WebPushAccount?
        if let contact = options.contact {
            let key = try VAPIDKey(try await devices.pushKey.key(database), contact: contact)
            webPush = WebPushAccount(key, name: "site", sender: sender, clock: resources.clock)
        } else {
            webPush = nil
        }
        let accounts = PushAccounts(
            sender: sender, webPush: webPush, webhookKeys: devices.webhookKeys,
            apns: options.apns.map {
                APNsAccount(
                    $0, sender: sender, hosts: options.apnsHosts,
                    store: SitePushTokens(database, resources.secrets, name: "\($0.teamID)/\($0.keyID)"),
                    clock: resources.clock)
            },
            fcm: options.fcm.map { FCMAccount($0, sender: sender, host: options.fcmHost, clock: resources.clock) },
            allowsWebhooks: options.allowsWebhooks, clock: resources.clock)
        let decider = PushDecider(
            database: database, inboxes: inboxes,
            devices: { [devices] in try await devices.devices.reachable(database, of: $0) },
            listeners: { [channels] in try await channels.notified(among: $0) }, clock: resources.clock,
            turns: { [deliveries = devices.deliveries, least = options.pace] groups, now in
                least == 0 ? [:] : try await deliveries.turns(groups, now: now, least: least)
            })
        let runner = PushRunner(
            PushRunner.Parts(
                deliveries: devices.deliveries, decider: decider, accounts: accounts,
                letters: DeadLetters(database: database), log: log, clock: resources.clock,
                metrics: PushMetrics(most: PushRunner.most + Deliveries.mostDigests)))
        self.runner.value.withLock { $0 = runner }
        try await groups.start()
        running.withLock { $0 = Running(runner: runner, sender: sender, task: Task { await runner.run() }) }
    }

    /// Finishes what is under way.
    public func close() async {
        await groups.close()
        guard let running = running.withLock({ $0 }) else { return }
        await running.runner.stop(within: 10)
        await running.task.value
        // It waits for its loop: not on a thread that tasks need.
        let sender = running.sender
        await withCheckedContinuation { continuation in
            startThread(name: "push-end") {
                sender.stop()
                continuation.resume()
            }
        }
        // What that has ended is written down, too.
        await running.runner.stop(within: 3)
    }
}

extension SitePushTokens: APNsTokenStore {}
