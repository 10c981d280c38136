import ReferralService
import SharedRuntime

await runService(ReferralService.definition)
