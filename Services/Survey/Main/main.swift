import SharedRuntime
import SurveyService

await runService(SurveyService.definition)
