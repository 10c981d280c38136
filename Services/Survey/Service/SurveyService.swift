import Shared
import SharedRuntime
import SharedStore

/// Surveys: what is asked, of whom and when, what they answered, and what that adds up to. Reviews come later.
public enum SurveyService {
    public static var definition: ServiceDefinition {
        ServiceDefinition(
            name: .survey,
            migrations: SurveyMigrations.all,
            events: events,
            timers: timers,
            routes: { router, house in
                SurveysController(house: house).add(to: router)
                ShowingController(house: house).add(to: router)
                ResponsesController(house: house).add(to: router)
                StatsController(house: house).add(to: router)
                PagesController(house: house).add(to: router)
            },
            overview: { customerID, _, db in try SurveyOverview.parts(of: customerID, db) })
    }

    private static var events: EventHandlers {
        var events = EventHandlers()
        OrderEvents.add(to: &events)
        RewardState.add(to: &events)
        return events
    }

    private static var timers: TimerHandlers {
        var timers = TimerHandlers()
        Invitations.add(to: &timers)
        return timers
    }
}
