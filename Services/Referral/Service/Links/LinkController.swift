import HTTPTypes
import Hummingbird
import ReferralDomain
import Shared
import SharedRuntime
import SharedStore

/// `GET /r/{code}`: an advocate's link. It leads to the shop's own hosts and nowhere else, with `?ref=CODE` where the code is good.
struct LinkController: Sendable {
    let house: House

    func addRoutes(to router: Router<VefaContext>) {
        router.get("/r/:code", use: follow)
    }

    private struct Place: Sendable {
        var owner: CodeOwner?
        var landing: WebAddress?
        var settings: StoreSettings
        var isCounted = false
    }

    @Sendable private func follow(_ request: Request, _ context: VefaContext) async throws -> Response {
        let typed = try context.parameter("code")
        let now = house.now
        let address = request.headers[.clientAddress] ?? ""
        let agent = request.headers[.userAgent] ?? ""
        let links = house.links
        let code = ReferralCode(typed)
        let mark = code.map { ClickStore.mark($0, address: address, agent: agent, at: now, links: links) } ?? ""
        let place = try await house.read { db -> Place in
            var place = Place(settings: try SettingsKeeper.current(db))
            guard let code, let owner = try AdvocateStore.owner(of: code, db),
                let programme = try ProgrammeStore.find(owner.programmeID, db), programme.isOpen(at: now)
            else { return place }
            place.owner = owner
            place.landing = programme.programme.landingURL
            place.isCounted = try ClickStore.isKnown(code, mark, db)
            return place
        }
        // A HEAD asks where the link leads; it is nobody's visit.
        if let owner = place.owner, !place.isCounted, request.method != .head { await count(owner, mark) }
        return answer(place, to: request.query("to"), request).response
    }

    /// A shop whose disk is full still gets its visitor.
    private func count(_ owner: CodeOwner, _ mark: String) async {
        do {
            try await house.write { try ClickStore.count(owner, mark, $0) }
        } catch {
            house.logger.warning("a click was not counted", metadata: ["reason": "\(error)"])
        }
    }

    private func answer(_ place: Place, to wish: String?, _ request: Request) -> Reply {
        let candidates = [wish.flatMap(WebAddress.init), place.landing].compactMap { $0 }
        let target = candidates.first(where: place.settings.allows) ?? place.settings.storeURL
        if let target { return Self.redirect(place.owner.map { target.adding("ref", $0.code.text) } ?? target.text) }
        let language = LocaleChoice.pick(from: ["en", "tr"], wishes: request.acceptedLanguages) ?? "en"
        if let owner = place.owner { return LinkPages.code(owner.code, shop: place.settings.storeName, language).reply() }
        return LinkPages.unknown(language).reply(.notFound)
    }

    private static func redirect(_ location: String) -> Reply {
        Reply(.found, bytes: [], contentType: "text/plain; charset=utf-8", headers: [.location: location, .cacheControl: "no-store"])
    }
}
