/** Rewriting of text bodies by patterns. */
import { type Exchange, type PluginServices, refuse, schema as v, type Verdict } from '../../plugin/index.ts'
import { flaggedRegex } from '../../expression/index.ts'
import { type RewriteRule, workbench } from '../../transform/index.ts'
import { setting, text } from '../settings.ts'
import { charsetOf } from './charset.ts'
import { type BodySide, failureOf } from './filter.ts'
import { limitOf, maxBodySize, replaceText, wholeRequest, wholeResponse } from './whole-body.ts'

const rule = v.looseObject({
  pattern: v.pipe(
    v.string(),
    v.minLength(1),
    v.description('Regular expression, without look-around and back references'),
  ),
  replacement: setting(text, '', 'What matches become; `$1` is a group'),
  flags: setting(text, '', 'Of `i`, `m`, `s`, `u`, as in Java'),
})

export const rewritingSettings = v.looseObject({
  content_types: setting(
    v.array(text),
    () => ['text/html'],
    'Content types that are rewritten, or parts of them',
  ),
  rules: setting(v.array(rule), () => [], 'Rules, applied in order'),
  auto_href_prefix: setting(v.nullable(text), null, 'What relative `href` values get in front'),
  max_body_size: maxBodySize,
  charset_fallback: setting(text, 'UTF-8', 'Charset of bodies whose content type names none'),
})

type Settings = v.InferOutput<typeof rewritingSettings>

/** The phase that rewrites. Throws on rules and charsets that cannot be used. */
export function rewritingPhase(
  config: Settings,
  side: BodySide,
  services: PluginServices,
): (exchange: Exchange) => Promise<Verdict> | undefined {
  const rules = config.rules.map(rewriteRule)
  const limit = limitOf(config, services)
  const types = config.content_types.map(type => type.trim().toLowerCase())
  const hrefPrefix = config.auto_href_prefix?.trim() || null
  const fallback = knownCharset(config.charset_fallback)
  if (rules.length === 0 && hrefPrefix === null) return () => undefined
  const work = async (exchange: Exchange): Promise<Verdict> => {
    const to = side === 'request' ? exchange.upstream : exchange.response
    const whole = await (side === 'request' ? wholeRequest : wholeResponse)(exchange, limit)
    if (whole === null) return undefined
    const read = whole.text(fallback)
    const outcome = await workbench().run({ kind: 'rewrite', rules, hrefPrefix, text: read.text }, limit * 4)
    if (!outcome.ok) {
      const [status, reason] = failureOf(outcome.fault, side)
      return refuse(reason, { status, detail: `${outcome.fault} ${outcome.details.join('; ')}` })
    }
    if (outcome.text !== read.text) await replaceText(whole, to, read, outcome.text)
    return undefined
  }
  return exchange => {
    const { headers, body } = side === 'request' ? exchange.upstream : exchange.response
    const type = headers.get('content-type')?.toLowerCase() ?? ''
    if (body.length === 0 || !types.some(wanted => type.includes(wanted))) return undefined
    return work(exchange)
  }
}

function rewriteRule({ pattern, replacement, flags }: v.InferOutput<typeof rule>, at: number): RewriteRule {
  try {
    // Tried on a text of its own: a replacement may name a group that is none.
    flaggedRegex(pattern, flags, 1000).replaceAll('', replacement)
  } catch (error) {
    throw new Error(`rules.${at}: ${error instanceof Error ? error.message : String(error)}`)
  }
  return { pattern, replacement, flags }
}

function knownCharset(label: string): string {
  try {
    return new TextDecoder(charsetOf(`;charset=${label}`) ?? label).encoding
  } catch {
    throw new Error(`charset_fallback: the charset ${JSON.stringify(label.slice(0, 40))} is not known`)
  }
}
