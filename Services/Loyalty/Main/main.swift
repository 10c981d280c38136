import LoyaltyService
import SharedRuntime

await runService(LoyaltyService.definition)
