/** What the jq plugins do with the body of one side. */
import type { Exchange, PluginServices, Verdict } from '../../plugin/index.ts'
import { type BodyFilter, type BodySide, filterFailed } from './filter.ts'
import { asUtf8 } from './charset.ts'
import { wholeRequest, wholeResponse } from './whole-body.ts'

/** Replaces the body by what the filter makes of it. A message without a body is left alone. */
export async function filterBody(
  filter: BodyFilter,
  exchange: Exchange,
  side: BodySide,
  limit: number,
  { log }: Pick<PluginServices, 'log'>,
): Promise<Verdict> {
  const whole = await (side === 'request' ? wholeRequest : wholeResponse)(exchange, limit)
  if (whole === null) return undefined
  const read = whole.text()
  const outcome = await filter.apply(exchange, side, read.text)
  if (!outcome.ok) {
    log('warn', `the filter on the ${side} body: ${outcome.fault} ${outcome.details.join('; ')}`)
    return filterFailed(outcome, side)
  }
  const { headers } = side === 'request' ? exchange.upstream : exchange.response
  await whole.replace(outcome.text, asUtf8(headers.get('content-type'), read))
  return undefined
}
