import Core
import Live
import RedisLink

@testable import Feed

/// What must hold in a walk.
extension TimelinesWalk {
    /// Each event once, in the order of positions, and only what happened to this timeline.
    func checkTold(_ client: WalkClient, _ event: Event) throws {
        if let last = client.seen.last
            ?? client.base.map({ base in
                Event(cursor: base, operation: .created, post: .zero, author: .zero)
            }), event.cursor.epoch != last.cursor.epoch || event.cursor.position <= last.cursor.position
        {
            throw TimelinesFailure(description: "user \(client.user): \(event) is told after \(last)")
        }
        guard events[client.user]!.contains(event) || isShownBy(event, client.user) else {
            throw TimelinesFailure(description: "user \(client.user): \(event) did not happen")
        }
        guard event.operation == .created, !replayed.contains(event.post) else { return }
        let later = client.seen.first {
            $0.operation == .created && $0.author == event.author && $0.post > event.post
        }
        if let later, !unfollowed.contains([client.user, event.author]) {
            throw TimelinesFailure(description: "user \(client.user): \(event) comes after \(later)")
        }
    }

    /// A read shows the last state of a post: an edited one may take the place of its creation.
    private func isShownBy(_ event: Event, _ user: ID) -> Bool {
        events[user]!.contains { $0.cursor == event.cursor && $0.post == event.post }
    }

    /// Everything from where the client read anew up to where it is now was told, or overtaken by what was told.
    func checkComplete(_ client: WalkClient) throws {
        guard let base = client.base, let cursor = client.cursor, base.epoch == cursor.epoch else {
            throw TimelinesFailure(description: "user \(client.user): lives in two epochs")
        }
        let told = Set(client.seen.map(\.cursor.position))
        for event in events[client.user]! where event.cursor.epoch == base.epoch {
            guard event.cursor.position > base.position, event.cursor.position <= cursor.position else { continue }
            let isTold =
                told.contains(event.cursor.position)
                || client.seen.contains { $0.post == event.post && $0.cursor.position > event.cursor.position }
                || unfollowed.contains([client.user, event.author])
            if !isTold { throw TimelinesFailure(description: "user \(client.user): \(event) was missed") }
        }
    }

    /// A reset needs a reason: another epoch, or a position that the marker's has passed.
    func checkReset(_ client: WalkClient, _ held: LiveCursor, _ end: LiveCursor) async throws {
        guard held.epoch == end.epoch, let marker = try await timelines.list(client.user).last else { return }
        if held.position >= marker.position {
            throw TimelinesFailure(description: "user \(client.user): reset at \(held.position) for \(marker)")
        }
    }

    /// What was written to clients since the last time has nothing wrong, and nothing missing before it.
    func checkWritten() throws {
        for client in clients where client.isWritten {
            client.isWritten = false
            if let failure = client.failure { throw failure }
            try checkComplete(client)
        }
    }

    /// Everything under way arrives, nodes hear it, clients are up to date.
    func settle() async throws {
        isSettling = true
        while pending.values.contains(where: { !$0.isEmpty }) { try await deliverNext() }
        for node in nodes where node.isAway { try await comeBack(node) }
        for round in 0..<50 {
            time += 6_000_000_000
            for node in nodes {
                for _ in 0..<3 { try await recover(node) }
                try await beat(node)
                try await pump(node, limit: .max)
            }
            for client in clients {
                if client.isBacklogged { drain(client) }
                for _ in 0..<20 where client.reading != nil { try await advance(client) }
            }
            // What else finds what is missing comes first.
            if round > 1 { for node in nodes { try await audit(node) } }
            if clients.allSatisfy({ $0.isLive || $0.node == nil }), round > 3 { return try await checkEnd() }
        }
        throw TimelinesFailure(description: "the walk does not come to rest")
    }

    private func checkEnd() async throws {
        for client in clients where client.isLive {
            guard let cursor = client.cursor else { throw TimelinesFailure(description: "live without a cursor") }
            if let newest = events[client.user]!.last?.cursor, newest.position > cursor.position {
                client.cursor = LiveCursor(epoch: cursor.epoch, position: newest.position)
                if newest.epoch != cursor.epoch {
                    throw TimelinesFailure(description: "user \(client.user): lives in a past epoch")
                }
            }
            try checkComplete(client)
            try checkView(client, try await timelines.list(client.user))
        }
        guard inbox.unreadable == 0 else { throw TimelinesFailure(description: "a message that can't be read") }
    }

    /// What a live client shows is what is in the list, but for what a follow or unfollow changes without a word.
    private func checkView(_ client: WalkClient, _ list: [TimelineEntry]) throws {
        // The next event finds that there is none, and names the user.
        guard let from = list.last?.completeFrom else { return }
        let shown = list.dropLast().filter { !$0.isTombstone && $0.post >= from }
        let hidden = shown.filter { !client.view.contains($0.post) && $0.flags != .untold }
        let gone = client.view.filter { post in
            post >= from && !shown.contains { $0.post == post }
                && !unfollowed.contains([client.user, posts[post]!.author])
        }
        if !hidden.isEmpty || !gone.isEmpty {
            throw TimelinesFailure(
                description: "user \(client.user): shows nothing of \(hidden), but \(gone.sorted())")
        }
    }

    /// Page by page each timeline shows what the database holds, from where it says that it is complete.
    func checkTimelines() async throws {
        for user in users {
            try await timelines.ensure(user) {
                let all = database[user]!.map { RebuildEntries.Entry(post: $0.key, author: $0.value) }
                return RebuildEntries(entries: all.sorted { $0.post > $1.post }, completeFrom: .zero)
            }
            var shown: [ID] = []
            var page: TimelinePage
            repeat {
                let result = try await timelines.page(user, before: shown.last, limit: 5)
                guard case .ready(let next) = result else { throw TimelinesFailure(description: "no timeline") }
                page = next
                shown += page.entries.map(\.post)
            } while !page.hasEnded
            let expected = database[user]!.keys.filter { $0 >= page.completeFrom }.sorted(by: >)
            // What was unfollowed before a flush and delivered after it is sorted out by the reader.
            let shownOfFollowed = shown.filter { !wasFlushed || follows[user]!.contains(posts[$0]!.author) }
            if shownOfFollowed != expected {
                throw TimelinesFailure(
                    description: "user \(user): shows \(shownOfFollowed), expected \(expected), \(page.completeFrom)")
            }
        }
    }
}
