/** Expression texts over an exchange. */
import {
  compileExpression,
  EmptyContext,
  type ExpressionApikey,
  type ExpressionRequest,
  type ExpressionRoute,
  type ExpressionSettings,
  type ExpressionToken,
  type ExpressionUser,
  isConstant,
  isoDate,
  namesVault,
} from '../../expression/index.ts'
import type { Exchange, Template } from '../../plugin/contract.ts'
import {
  apikeyAttribute,
  apikeyClaimsAttribute,
  expressionValuesAttribute,
  geolocationAttribute,
  inputTokenAttribute,
  outputTokenAttribute,
  userAgentAttribute,
  userAttribute,
} from '../../plugin/known-attributes.ts'

class ExchangeContext extends EmptyContext {
  readonly #exchange: Exchange

  constructor(exchange: Exchange) {
    super()
    this.#exchange = exchange
  }

  override get requestId(): string {
    return this.#exchange.id
  }

  override get request(): ExpressionRequest {
    return this.#exchange.request
  }

  override get route(): ExpressionRoute {
    return this.#exchange.route
  }

  override get apikey(): ExpressionApikey | null {
    return this.#exchange.attributes.get(apikeyAttribute) ?? null
  }

  override get apikeyClaims(): unknown {
    return this.#exchange.attributes.get(apikeyClaimsAttribute) ?? null
  }

  override get user(): ExpressionUser | null {
    return this.#exchange.attributes.get(userAttribute) ?? null
  }

  override get inputToken(): ExpressionToken | null {
    return this.#exchange.attributes.get(inputTokenAttribute) ?? null
  }

  override get outputToken(): ExpressionToken | null {
    return this.#exchange.attributes.get(outputTokenAttribute) ?? null
  }

  override get userAgent(): unknown {
    return this.#exchange.attributes.get(userAgentAttribute) ?? null
  }

  override get geolocation(): unknown {
    return this.#exchange.attributes.get(geolocationAttribute) ?? null
  }

  override value(key: string): string | undefined {
    const more = this.#exchange.attributes.get(expressionValuesAttribute)?.(key)
    if (more !== undefined) return more
    if (key === 'requestId' || key === 'requestSnowflake') return this.#exchange.id
    if (key === 'requestTimestamp') return isoDate(new Date(this.#exchange.startedAt))
    return undefined
  }
}

/** Texts of settings may name a vault, and this version has none: what needs its secret cannot be made. */
export class MissingVault extends Error {
  constructor() {
    super('a text takes a secret from a vault (${vault://…}); this version knows no vaults')
    this.name = 'MissingVault'
  }
}

/** How texts of entities are evaluated. */
export interface ExpressionTexts {
  /** Compiles a text once; one without expressions costs nothing per request. Throws `MissingVault`. */
  template(text: string): Template
  /** The value of a secret or of a key, evaluated without a request. Throws `MissingVault`. */
  settled(text: string): string
}

/** `open`: what templates may reach outside of the request; `forKeys`: what secrets and keys may. */
export function expressionTexts(open: ExpressionSettings, forKeys: ExpressionSettings): ExpressionTexts {
  return {
    template(text) {
      if (isConstant(text)) return () => text
      if (open.secret === undefined && namesVault(text)) throw new MissingVault()
      const expression = compileExpression(text, open)
      return exchange => expression(new ExchangeContext(exchange))
    },
    settled(text) {
      if (forKeys.secret === undefined && namesVault(text)) throw new MissingVault()
      return compileExpression(text, forKeys)(new EmptyContext())
    },
  }
}

const { template, settled } = expressionTexts({}, {})

/** Templates that reach nothing outside of the request. */
export const compileTemplate = template

/** Secrets and keys that are written out. */
export const settledText = settled
