import Core
import Crypto
import Testing

@testable import HTTPService

@Suite struct IdempotentRequestTests {
    private let hashKey: [UInt8] = Array(repeating: 7, count: 32)
    private let box = SealedBox(key: Array(repeating: 9, count: 32))
    private let answer = StoredResponse(status: 201, location: "/v1/posts/5", body: Array("{\"id\":\"5\"}".utf8))

    private func request(
        _ body: String = "POST /v1/posts\n{}", user: Int64 = 3, route: String = "posts", key: String = "k1"
    ) -> IdempotentRequest {
        IdempotentRequest(
            user: ID(raw: user), route: route, key: key, request: Array(body.utf8), hashKey: hashKey)
    }

    @Test func theFirstIsRun() {
        #expect(request().decide(isAlone: true, stored: nil, box: box) == .run)
    }

    @Test func aRepeatedOneIsAnsweredAsBefore() {
        let stored = request().stored(answer, box: box)
        #expect(request().decide(isAlone: true, stored: stored, box: box) == .replay(answer))
    }

    @Test func anotherRequestWithTheKeyIsAConflict() {
        let stored = request().stored(answer, box: box)
        #expect(request("POST /v1/posts\n{ }").decide(isAlone: true, stored: stored, box: box) == .conflict)
    }

    /// Whether there is a row is not looked at: it may be about to come.
    @Test func oneThatIsUnderWayIsWaitedFor() {
        #expect(request().decide(isAlone: false, stored: nil, box: box) == .running)
        let stored = request().stored(answer, box: box)
        #expect(request().decide(isAlone: false, stored: stored, box: box) == .running)
    }

    /// A row that was copied to another user, route or key opens for none of them.
    @Test func aRowIsBoundToItsName() {
        let stored = request().stored(answer, box: box)
        for other in [request(user: 4), request(route: "likes"), request(key: "k2")] {
            #expect(other.hash != request().hash)
            #expect(other.decide(isAlone: true, stored: stored, box: box) == .conflict)
            let moved = IdempotentRequest.Stored(hash: other.hash, response: stored.response)
            #expect(other.decide(isAlone: true, stored: moved, box: box) == .conflict)
        }
    }

    @Test func whatCannotBeOpenedIsAConflict() {
        var stored = request().stored(answer, box: box)
        #expect(
            request().decide(isAlone: true, stored: stored, box: SealedBox(key: Array(repeating: 1, count: 32)))
                == .conflict)
        stored = IdempotentRequest.Stored(hash: stored.hash, response: [])
        #expect(request().decide(isAlone: true, stored: stored, box: box) == .conflict)
    }

    @Test func aRowOfTheVersionBeforeIsHonoured() {
        let body = Array("POST /v1/posts\n{}".utf8)
        let old = IdempotentRequest.Stored(
            hash: Crypto.hmacSHA256(key: hashKey, body), response: box.seal(answer.encoded, for: []))
        #expect(request().decide(isAlone: true, stored: old, box: box) == .replay(answer))
        #expect(request("POST /v1/posts\n{ }").decide(isAlone: true, stored: old, box: box) == .conflict)
    }

    /// Who is not signed in keeps keys under the request itself.
    @Test func strangersDoNotMeet() {
        let (one, other) = (request("POST /v1/auth/signup\na", user: 0), request("POST /v1/auth/signup\nb", user: 0))
        #expect(one.route != other.route && one.route.hasPrefix("posts "))
        #expect(one.route == request("POST /v1/auth/signup\na", user: 0).route)
        #expect(request().route == "posts")
    }

    @Test func answersKeepTheirForm() {
        let short = StoredResponse(status: 204, body: [])
        #expect(answer.encoded == [0, 201, 0, 11] + Array("/v1/posts/5{\"id\":\"5\"}".utf8))
        #expect(StoredResponse(answer.encoded) == answer && StoredResponse(short.encoded) == short)
        #expect(StoredResponse([0, 201, 0]) == nil && StoredResponse([0, 201, 0, 2, 47]) == nil)
    }
}
