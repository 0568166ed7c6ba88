/** What plugins need to judge and to make JSON Web Tokens. */
import type { JwtVerifier } from '../model/kinds/jwt-verifier.ts'
import type { AlgoSettings } from '../model/types/algo-settings.ts'
import type { TokenKeys } from '../identity/jwt/token-keys.ts'
import type { VerifiedTokens } from '../identity/jwt/verified-tokens.ts'

export type { AlgoSettings, JwtVerifier, TokenKeys, VerifiedTokens }

export interface JwtServices {
  /** The stored verifier: the same object until it changes. Null when no verifier has this id or it cannot be read. */
  verifier(id: string): JwtVerifier | null
  /**
   * The keys these settings lead to. Equal settings give the same keys, fetched and cached together. `tenant`: organization of
   * whoever made the settings.
   */
  keys(settings: AlgoSettings, tenant: string): TokenKeys
  /** Verifies tokens, and remembers for a while which ones it has verified with which key. */
  readonly verified: VerifiedTokens
}
