/** Answers requests that hold look-ups of Log4j which load code (CVE-2021-44228). */
import { answer, type ClientRequest, definePlugin, type ReasonCode, schema as v } from '../../plugin/index.ts'
import { bodySizeOf, maxBodySize } from '../body-size.ts'
import { seldomLog } from '../seldom-log.ts'
import { answerStatus, flag, setting, text } from '../settings.ts'
import { inspectedBody } from './inspected-body.ts'
import { holdsJndi } from './log4j-lookup.ts'

const REASON: ReasonCode = 'attack.log4shell'

export default definePlugin({
  id: 'cp:otoroshi.next.plugins.NgLog4ShellFilter',
  name: 'Log4Shell mitigation plugin',
  description:
    'Answers requests with a `${jndi:…}` look-up in their header fields, method, path or query, and in their body when told so, itself; a body that is too long to be looked at is refused. Escapes and nested look-ups are seen through.',
  family: 'security',
  categories: ['Security'],
  steps: ['TransformRequest'],
  config: v.looseObject({
    status: setting(answerStatus, 200, 'Status of the answer'),
    body: setting(text, '', 'Body of the answer'),
    parse_body: setting(flag, false, 'Look at the body as well'),
    max_body_size: maxBodySize,
  }),
  setup(config, services) {
    const fields: [string, string][] = [['Content-Type', 'text/plain; charset=utf-8']]
    if (config.status >= 400) fields.push(['Otoroshi-Error-Reason', REASON])
    const limit = bodySizeOf(config, services)
    const log = seldomLog(services)
    const caught = ({ request }: { readonly request: ClientRequest }) => {
      log(`Log4Shell attack from ${request.ip.slice(0, 100)}`)
      return answer(config.status, fields, config.body)
    }
    return {
      request(exchange) {
        if (headHolds(exchange.request)) return caught(exchange)
        if (!config.parse_body || !exchange.request.hasBody) return undefined
        return inspectedBody(exchange.upstream, limit).then(texts =>
          texts.some(holdsJndi) ? caught(exchange) : undefined,
        )
      },
    }
  },
})

function headHolds({ method, target, headers }: ClientRequest): boolean {
  if (holdsJndi(method) || holdsJndi(target)) return true
  for (const [, value] of headers) if (holdsJndi(value)) return true
  return false
}
