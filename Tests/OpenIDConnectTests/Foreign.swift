/// Keys and tokens that another library has made (joserfc), of `IDTokenTests.claims`.
enum Foreign {
    /// RSA of 2,048 bits as `rsa`, P-256 as `ec`, P-384, and a symmetric key, which is none.
    static let keys = #"""
        {"keys":[
        {"n":"pxbhuuopiVXHXH4nONDFU7fwikTAqE39ZCG7hbSP2keNGFRKu2Jgdqm1ygwVZYLhUDOCOYb5YMhwQrcQVM81N6\#
        eyST0me6zNARGC4Kww3Lwhv0kksW8waXJ2wE7D9hpkluPVGVKJbDpjD-BKd4MhCU6oO7vr7ER3KCA77SzFrwsrTEOF5v\#
        TB3o7qbHVi0GOwIf6cDiW6C4oZg26YlInoZNzAm31e4ViVx4F8da99MFNeyB834Zf7wu9pWJg41tfDfi3kOaCwqS1DOp\#
        89eSoMWQQOwxVrPwd9cks7tbJ5bf-EzyVPblyX27T2xCX-Ul1YdepAUk_aFtX8SeoTKQQLcw",
        "e":"AQAB",
        "kty":"RSA",
        "kid":"rsa",
        "use":"sig",
        "alg":"RS256"},
        {"crv":"P-256",
        "x":"BANrieEorlbD9r5zezdStCo87LP-M4MO8aZaF2lCdZE",
        "y":"f5hqcgv28kCCs6lORT3l1j0yMxOazuCYn0g5cfPUDYg",
        "kty":"EC",
        "kid":"ec"},
        {"crv":"P-384",
        "x":"ZPYrFFoNk9ehI5VQcZmQqnDXcirJE0yNA96CWwGL-XCNrux_7RU2PXHz-CWc9mzd",
        "y":"4_rGsH5K_SioDeVDrA_pmTgfmCUTxV3lhU957MevQLX0GajhDfCtsyJ27p0xv16D",
        "kty":"EC",
        "kid":"p384"},
        {"kty":"oct",
        "kid":"oct",
        "k":"AAAA"}]}
        """#

    /// By `rsa`.
    static let rs256 =
        "eyJ0eXAiOiJKV1QiLCJhbGciOiJSUzI1NiIsImtpZCI6InJzYSJ9.eyJpc3MiOiJodHRwczovL2lkLmV4YW1wbGUiLCJzdWI"
        + "iOiJ1c2VyLTEiLCJhdWQiOiJtYXJ0bGV0IiwiZXhwIjoxODAwMDAwMzAwLCJpYXQiOjE4MDAwMDAwMDAsIm5vbmNlIjoibi0"
        + "wUzZfV3pBMk1qIn0.NGYu4YhA3L6YhLOLL5d3vz6Qoxzlf7Ec_M7gaOsh8Wzv1BAltn8ALX5pqNpgbrHgWqAubiD41HOtNOz"
        + "SrioGzQQKgQYCbrzd69VL4-fFW6i8Znl76OHANUtyWNviyOw6wOlxcqf-zcvwuZJFrvpkPbkemgc4n65So2GlEVOVAF4nHqz"
        + "-EWS6XGrIVLMAIvgNlbfpDwQJXpazZHHAE0QIl0CTeiji7n6gPaubzgpLBPfgsmuM9XP_HKCCZvvPjmhCzlTmF1tD4RplhMG"
        + "JxrjcWaBpBmPhF1GKlx36CXrBBzfyP8FLAEmIiXnOD61ZIdoSS60z2YoRPXkM3J_Mp5RbEA"
    /// By `ec`.
    static let es256 =
        "eyJ0eXAiOiJKV1QiLCJhbGciOiJFUzI1NiIsImtpZCI6ImVjIn0.eyJpc3MiOiJodHRwczovL2lkLmV4YW1wbGUiLCJzdWIi"
        + "OiJ1c2VyLTEiLCJhdWQiOiJtYXJ0bGV0IiwiZXhwIjoxODAwMDAwMzAwLCJpYXQiOjE4MDAwMDAwMDAsIm5vbmNlIjoibi0w"
        + "UzZfV3pBMk1qIn0.4NK12-oU16poqwg2Wsv-fwTv6YT7BoCXqxWMBCyFNtAGcQueZBv474bfRWYDOCAJ5EVR0hIzu0i7XTf0"
        + "9lYHQw"
    /// By `rsa`, in a way that is not taken.
    static let ps256 =
        "eyJ0eXAiOiJKV1QiLCJhbGciOiJQUzI1NiIsImtpZCI6InJzYSJ9.eyJpc3MiOiJodHRwczovL2lkLmV4YW1wbGUiLCJzdWI"
        + "iOiJ1c2VyLTEiLCJhdWQiOiJtYXJ0bGV0IiwiZXhwIjoxODAwMDAwMzAwLCJpYXQiOjE4MDAwMDAwMDAsIm5vbmNlIjoibi0"
        + "wUzZfV3pBMk1qIn0.U2rl0TnA2d32C2ijZO1_s6CD64gMEpZSzyV4ikInYzlRM7DdEOlYY4cFVMCojNN50EbdWNjJG5HMc1Z"
        + "tjbiXM9LNzZreWXGRtc1CyGL0m0KKTUn3xmjkLpa1xxA3cZDL0WaWaPiZNvE6pAFGVcZXSjzL4qRj7W67DlrxGVk6O_Rz9GP"
        + "81jjEq5VJ3QwBtVNMAUpi6zKIHvzvtXt7CkIlgFYxX8sNpzxKyJz-l8COnBV4R3B-o7tH_1xB7v51s36BYkwAsH3OdEXYwu0"
        + "5EQAwcK0OCa97jGhdC8dcDC4gCN46NERY4SFCIc3XipJQFRq2rBrCSEU6zEB2jzOL9KPJKg"
    /// HMAC, by the public key `rsa` as a PEM file has it.
    static let hs256 =
        "eyJhbGciOiAiSFMyNTYiLCAia2lkIjogInJzYSJ9.eyJpc3MiOiAiaHR0cHM6Ly9pZC5leGFtcGxlIiwgInN1YiI6ICJ1c2V"
        + "yLTEiLCAiYXVkIjogIm1hcnRsZXQiLCAiZXhwIjogMTgwMDAwMDMwMCwgImlhdCI6IDE4MDAwMDAwMDAsICJub25jZSI6ICJ"
        + "uLTBTNl9XekEyTWoifQ.nZrIXB0qwdiO1NDxLz_qnxhkaURvMwx-UB5rAX9qPCQ"
    /// By `none`.
    static let unsigned =
        "eyJhbGciOiAibm9uZSJ9.eyJpc3MiOiAiaHR0cHM6Ly9pZC5leGFtcGxlIiwgInN1YiI6ICJ1c2VyLTEiLCAiYXVkIjogIm1"
        + "hcnRsZXQiLCAiZXhwIjogMTgwMDAwMDMwMCwgImlhdCI6IDE4MDAwMDAwMDAsICJub25jZSI6ICJuLTBTNl9XekEyTWoifQ."
}
