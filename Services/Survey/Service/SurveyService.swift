import Shared
import SharedRuntime
import SharedStore

/// Surveys and reviews. So far: which orders have arrived, and whose they are, which review requests and verified buyers will ask.
public enum SurveyService {
    public static var definition: ServiceDefinition {
        ServiceDefinition(
            name: .survey,
            migrations: SurveyMigrations.all,
            events: events,
            routes: { _, _ in },
            overview: { _, _ in JSONObject([.init(name: "surveys", value: []), .init(name: "reviews", value: [])]) })
    }

    private static var events: EventHandlers {
        var events = EventHandlers()
        OrderEvents.add(to: &events)
        return events
    }
}
