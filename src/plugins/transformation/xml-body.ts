/** What the plugins between JSON and XML do with the body of one side. */
import { type Exchange, type PluginServices, schema as v, type Verdict } from '../../plugin/index.ts'
import { type ConvertJob, type Outcome, workbench } from '../../transform/index.ts'
import { bareError } from '../bare-error.ts'
import { setting, text } from '../settings.ts'
import { xmlCharset } from './charset.ts'
import { type BodySide, bodyFilter, failureOf, GROWTH } from './filter.ts'
import { limitOf, maxBodySize, wholeRequest, wholeResponse } from './whole-body.ts'

export const conversionSettings = v.looseObject({
  filter: setting(v.nullable(text), null, 'jq filter on the JSON form'),
  max_body_size: maxBodySize,
})

/** From which content types, to which. */
export interface Conversion {
  readonly from: readonly string[]
  readonly to: string
  /** Charset of a body that names none. */
  charset(bytes: Buffer): string
  /** A filter sees the JSON: it comes before a conversion to XML, and behind one to JSON. */
  readonly kind: ConvertJob['kind']
}

export const jsonIntoXml: Conversion = {
  from: ['application/json'],
  to: 'text/xml; charset=utf-8',
  charset: () => 'utf-8',
  kind: 'json-to-xml',
}

export const xmlIntoJson: Conversion = {
  from: ['text/xml', 'application/xml'],
  to: 'application/json',
  charset: xmlCharset,
  kind: 'xml-to-json',
}

/** The phase that converts. */
export function conversionPhase(
  { from, to, charset, kind }: Conversion,
  side: BodySide,
  config: v.InferOutput<typeof conversionSettings>,
  services: PluginServices,
): (exchange: Exchange) => Promise<Verdict> | undefined {
  const limit = limitOf(config, services)
  const filter = bodyFilter(config.filter, config, limit)
  const convert = (_: Exchange, given: string): Promise<Outcome> =>
    workbench().run({ kind, text: given }, limit * GROWTH)
  const apply = (exchange: Exchange, json: string): Promise<Outcome> => filter!.apply(exchange, side, json)
  const steps = filter === null ? [convert] : kind === 'json-to-xml' ? [apply, convert] : [convert, apply]
  const work = async (exchange: Exchange): Promise<Verdict> => {
    const { headers, body } = side === 'request' ? exchange.upstream : exchange.response
    const whole = await (side === 'request' ? wholeRequest : wholeResponse)(exchange, limit)
    if (whole === null) {
      if (body.length !== 0) headers.set('Content-Type', to)
      return undefined
    }
    let made = whole.text(charset(whole.bytes)).text
    for (const step of steps) {
      const outcome = await step(exchange, made)
      if (!outcome.ok) {
        services.log('warn', `the ${side} body: ${outcome.fault} ${outcome.details.join('; ')}`)
        const details = side === 'request' ? outcome.details : [outcome.fault]
        return bareError(...failureOf(outcome.fault, side), details)
      }
      made = outcome.text
    }
    await whole.replace(made, to)
    return undefined
  }
  return exchange => {
    const { headers, body } = side === 'request' ? exchange.upstream : exchange.response
    const type = headers.get('content-type')?.toLowerCase() ?? ''
    if (body.length === 0 || !from.some(name => type.includes(name))) return undefined
    return work(exchange)
  }
}
