/** Tells errors of a backend in other words. */
import { randomUUID } from 'node:crypto'
import { STATUS_CODES } from 'node:http'
import {
  definePlugin,
  type Exchange,
  type PluginServices,
  refuse,
  schema as v,
  type Verdict,
} from '../../plugin/index.ts'
import { cleanFields, fieldValue } from '../field-value.ts'
import { flag, noEntries, noTexts, setting, textMap, texts } from '../settings.ts'
import { errorTexts } from './error-templates.ts'
import { firstBytes } from './first-bytes.ts'

const status = v.pipe(v.number(), v.integer(), v.minValue(100), v.maxValue(999))
const whole = v.pipe(v.number(), v.integer())

const PAGE = `<html>
  <body style="background-color: #333; color: #eee; display: flex; flex-direction: column; justify-content: center; align-items: center; font-size: 40px">
    <p>An error occurred with id: <span style="color: red">\${error_id}</span></p>
    <p>please contact your administrator with this error id !</p>
  </body>
</html>`

/** Bytes of a body that are kept at most, whatever the settings say. */
const MOST_KEPT = 16_777_216
/** Characters of a body in a line of the log. */
const MOST_LOGGED = 2000

const settings = v.looseObject({
  ranges: setting(
    v.array(
      v.looseObject({
        from: v.pipe(status, v.description('First status')),
        to: v.pipe(status, v.description('Last status')),
      }),
    ),
    () => [{ from: 500, to: 599 }],
    'Statuses that are rewritten, both ends included',
  ),
  templates: setting(
    textMap,
    () => ({ default: PAGE }),
    'Templates by `default`, status, content type, `default-<type>` or `<status>-<type>`',
  ),
  log: setting(flag, true, 'Write the original answer to the log'),
  export: setting(flag, true, 'Make an `ErrorRewriteReport` of it'),
  max_body_size: setting(
    whole,
    1_048_576,
    'Bytes of the original body that are kept for log and report; 0 or less: 16 MiB',
  ),
  use_otoroshi_error_template: setting(
    flag,
    true,
    'Where no template fits, use the error template of the route',
  ),
  preserved_headers: setting(texts, noTexts, 'Fields of the original answer that stay'),
  additional_headers: setting(textMap, noEntries, 'Fields that are added'),
  apply_el: setting(flag, true, 'Evaluate expressions in templates'),
})

export default definePlugin({
  id: 'cp:otoroshi.next.plugins.NgErrorRewriter',
  name: 'Error response rewrite',
  description:
    'Replaces header and body of error answers of the backend by those of templates, with an id under which the original is logged and reported.',
  family: 'transformation',
  categories: ['Transformations'],
  steps: ['TransformResponse'],
  config: settings,
  setup(config, services) {
    config.ranges.forEach(({ from, to }, at) => {
      if (from > to) throw new Error(`ranges.${at}: from is above to`)
    })
    const texts = errorTexts(config.templates, config.apply_el, !config.use_otoroshi_error_template, services)
    const preserved = config.preserved_headers.map(name => name.trim().toLowerCase())
    const added = cleanFields(config.additional_headers).map(
      ([name, value]) => [name, fieldValue(value)] as const,
    )
    const most = config.max_body_size > 0 ? Math.min(config.max_body_size, MOST_KEPT) : MOST_KEPT
    const kept = config.log || config.export ? most : 0
    const rewrite = async (exchange: Exchange): Promise<Verdict> => {
      const { response } = exchange
      const { headers, body, status } = response
      const id = randomUUID()
      const original = { status, headers: [...headers], body: await firstBytes(body, kept) }
      const fields: (readonly [string, string])[] = [
        ['x-otoroshi-error-id', id],
        ['x-otoroshi-req-id', exchange.id],
        ...original.headers.filter(([name]) => preserved.includes(name.toLowerCase())),
        ...added,
      ]
      const text = texts(status, exchange)
      const values = {
        error_id: id,
        snowflake: exchange.id,
        status: String(status),
        status_text: STATUS_CODES[status] ?? '',
      }
      const sent = text?.render(exchange, values) ?? `error: ${id}`
      tell(config, services, { id, exchange, original, sent: text === null ? null : sent })
      if (text === null && config.use_otoroshi_error_template) {
        for (const [name, value] of fields) exchange.addAnswerHeader(name, value)
        return refuse('error_rewritten', { status })
      }
      for (const [name] of original.headers) headers.delete(name)
      headers.set('Content-Type', typeOf(text?.type ?? 'text/plain'))
      headers.set('Otoroshi-Error-Reason', 'error_rewritten')
      for (const [name, value] of fields) headers.append(name, value)
      body.replace(sent)
      return undefined
    }
    return {
      response(exchange) {
        const { status } = exchange.response
        return config.ranges.some(({ from, to }) => status >= from && status <= to)
          ? rewrite(exchange)
          : undefined
      },
    }
  },
})

interface Rewritten {
  readonly id: string
  readonly exchange: Exchange
  readonly original: {
    readonly status: number
    readonly headers: readonly (readonly [string, string])[]
    readonly body: Buffer | null
  }
  /** Null: the error template of the route. */
  readonly sent: string | null
}

function tell(
  config: v.InferOutput<typeof settings>,
  services: PluginServices,
  { id, exchange, original, sent }: Rewritten,
): void {
  const { request, response } = exchange
  const body = original.body?.toString() ?? ''
  if (config.log)
    services.log(
      'error',
      `error ${id} of request ${exchange.id}: the backend answered ${original.status} to ${request.method} ${request.path}: ${JSON.stringify(body.slice(0, MOST_LOGGED))}`,
    )
  if (config.export)
    services.event('ErrorRewriteReport', () => ({
      error_id: id,
      request_id: exchange.id,
      request: { method: request.method, uri: request.target, host: request.host, from: request.ip },
      original_response: { status: original.status, headers: Object.fromEntries(original.headers), body },
      sent_response: { status: response.status, body: sent },
    }))
}

/** Text types say that they are UTF-8. */
function typeOf(type: string): string {
  return type.startsWith('text/') ? `${type}; charset=utf-8` : type
}
