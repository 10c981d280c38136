import HTTPTypes
import Hummingbird
import MessagingDomain
import Shared
import SharedRuntime

/// `GET /t/o/{token}` and `GET /t/c/{token}`: what readers' programs ask for when a mail is opened or a link followed.
struct TrackingController {
    let house: House
    let links: MailLinks

    func add(to router: Router<VefaContext>) {
        router.get("/t/o/:token", use: open)
        router.get("/t/c/:token", use: click)
    }

    /// Always the picture: whoever tries tokens learns nothing.
    @Sendable func open(_ request: Request, context: VefaContext) async throws -> Reply {
        if let token = context.parameters.get("token"), let id = links.opened(token) {
            await note(.open, id, request, url: nil)
        }
        return Reply(
            .ok, bytes: Self.picture, contentType: "image/gif",
            headers: [.cacheControl: "no-store, private", .xContentTypeOptions: "nosniff"])
    }

    /// On to the address inside the token, which only we can have put there: nothing of the request decides where it leads.
    @Sendable func click(_ request: Request, context: VefaContext) async throws -> Reply {
        guard let token = context.parameters.get("token"), let (id, address) = links.clicked(token) else {
            return LinkPages.unknown(request.acceptedLanguages)
        }
        await note(.click, id, request, url: address.text)
        return Reply(
            .found, bytes: [], contentType: "text/plain",
            headers: [
                .location: address.text, .cacheControl: "no-store, private", Self.referrerPolicy: "no-referrer", Self.robots: "noindex",
            ])
    }

    /// A store that is out for a moment costs a figure, not the reader's way.
    private func note(_ kind: Visit.Kind, _ id: String, _ request: Request, url: String?) async {
        guard links.tracks else { return }
        let visitor = VisitorKind.of(method: request.method.rawValue, userAgent: request.headers[.userAgent])
        do {
            try await house.write { change in try VisitStore.note(kind, id, by: visitor, url: url, change) }
        } catch {
            house.logger.notice("a visit could not be written down", metadata: ["kind": "\(kind.rawValue)", "reason": "\(error)"])
        }
    }

    private static let referrerPolicy = HTTPField.Name("Referrer-Policy")!
    private static let robots = HTTPField.Name("X-Robots-Tag")!

    /// One transparent pixel (GIF89a).
    private static let picture: [UInt8] = [
        0x47, 0x49, 0x46, 0x38, 0x39, 0x61, 0x01, 0x00, 0x01, 0x00, 0x80, 0x00, 0x00, 0x00, 0x00, 0x00, 0xFF, 0xFF, 0xFF, 0x21, 0xF9, 0x04,
        0x01,
        0x00, 0x00, 0x00, 0x00, 0x2C, 0x00, 0x00, 0x00, 0x00, 0x01, 0x00, 0x01, 0x00, 0x00, 0x02, 0x02, 0x44, 0x01, 0x00, 0x3B,
    ]
}
