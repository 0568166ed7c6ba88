/** How a request shows that it came by the way of logins; on its own, so that asking needs nothing else of the logins. */
import type { ServerExchange } from '../http/contract.ts'
import { carriesToken, type TokenField } from '../identity/proofs.ts'

/** True when the gateway itself has sent the exchange here. */
export function comesByLogin({ headers }: ServerExchange, token: TokenField): boolean {
  return carriesToken(headers, token)
}
