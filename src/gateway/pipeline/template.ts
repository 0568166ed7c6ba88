/** Expression texts over an exchange. */
import {
  compileExpression,
  EmptyContext,
  type ExpressionApikey,
  type ExpressionRequest,
  type ExpressionRoute,
  type ExpressionUser,
  isConstant,
} from '../../expression/index.ts'
import type { Exchange, Template } from '../../plugin/contract.ts'
import { apikeyAttribute, apikeyClaimsAttribute, userAttribute } from '../../plugin/known-attributes.ts'

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

  override value(key: string): string | undefined {
    if (key === 'requestId' || key === 'requestSnowflake') return this.#exchange.id
    if (key === 'requestTimestamp') return new Date(this.#exchange.startedAt).toISOString()
    return undefined
  }
}

/** Compiles a text once; a text without expressions costs nothing per request. */
export function compileTemplate(text: string): Template {
  if (isConstant(text)) return () => text
  const expression = compileExpression(text)
  return exchange => expression(new ExchangeContext(exchange))
}
