/** What the plugins between JSON and XML do with the body of one side. */
import { type Exchange, type PluginServices, schema as v, type Verdict } from '../../plugin/index.ts'
import { jsonToXml, UnfitForXml, XmlFault, xmlToJson } from '../../transform/index.ts'
import { bareError } from '../bare-error.ts'
import { setting, text } from '../settings.ts'
import { xmlCharset } from './charset.ts'
import { type BodySide, bodyFilter, failureOf } from './filter.ts'
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
  /** A filter comes before; else behind. */
  readonly filterFirst: boolean
  /** Throws when the text cannot be converted. */
  convert(text: string): string
}

export const jsonIntoXml: Conversion = {
  from: ['application/json'],
  to: 'text/xml; charset=utf-8',
  charset: () => 'utf-8',
  filterFirst: true,
  convert: text => jsonToXml(JSON.parse(text)),
}

export const xmlIntoJson: Conversion = {
  from: ['text/xml', 'application/xml'],
  to: 'application/json',
  charset: xmlCharset,
  filterFirst: false,
  convert: text => JSON.stringify(xmlToJson(text.trimStart())),
}

/** The phase that converts. */
export function conversionPhase(
  { from, to, charset, filterFirst, convert }: Conversion,
  side: BodySide,
  config: v.InferOutput<typeof conversionSettings>,
  services: PluginServices,
): (exchange: Exchange) => Promise<Verdict> | undefined {
  const limit = limitOf(config, services)
  const filter = bodyFilter(config.filter, config, limit)
  const filtered = async (exchange: Exchange, json: string) =>
    filter === null ? ({ ok: true, text: json } as const) : filter.apply(exchange, side, json)
  const work = async (exchange: Exchange): Promise<Verdict> => {
    const { headers, body } = side === 'request' ? exchange.upstream : exchange.response
    const whole = await (side === 'request' ? wholeRequest : wholeResponse)(exchange, limit)
    if (whole === null) {
      if (body.length !== 0) headers.set('Content-Type', to)
      return undefined
    }
    const given = whole.text(charset(whole.bytes)).text
    try {
      const made = await filtered(exchange, filterFirst ? given : convert(given))
      if (!made.ok) {
        services.log('warn', `the filter on the ${side} body: ${made.fault} ${made.details.join('; ')}`)
        return bareError(...failureOf(made.fault, side), side === 'request' ? made.details : [made.fault])
      }
      await whole.replace(filterFirst ? convert(made.text) : made.text, to)
      return undefined
    } catch (error) {
      if (!isUnfit(error)) throw error
      const [status, reason] = failureOf('bad_input', side)
      return bareError(status, reason, [`the ${side} body cannot be converted: ${error.message}`])
    }
  }
  return exchange => {
    const { headers, body } = side === 'request' ? exchange.upstream : exchange.response
    const type = headers.get('content-type')?.toLowerCase() ?? ''
    if (body.length === 0 || !from.some(name => type.includes(name))) return undefined
    return work(exchange)
  }
}

function isUnfit(error: unknown): error is Error {
  return error instanceof XmlFault || error instanceof UnfitForXml || error instanceof SyntaxError
}
