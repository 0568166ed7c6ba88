/** Looks for attacks on React Server Components (CVE-2025-55182). */
import {
  alertedRequest,
  BodyFault,
  BodyTooLarge,
  definePlugin,
  type Exchange,
  schema as v,
} from '../../plugin/index.ts'
import { bareError } from '../bare-error.ts'
import { bodySizeOf, maxBodySize } from '../body-size.ts'
import { seldomLog } from '../seldom-log.ts'
import { flag, setting } from '../settings.ts'
import { readings } from './decoded-text.ts'
import { inspectedBody } from './inspected-body.ts'

/** From this suspicion on a request is an attack. */
const ATTACK = 3
/** Characters of a body that an alert shows. */
const SHOWN = 1_000

/** What makes suspicious, and how much. */
const FLIGHT = /\$@|resolved_model|constructor\s*:\s*constructor/i
const RECON = /whoami|\sid\s|uname|\/etc\/passwd|\/tmp\//i

export default definePlugin({
  id: 'cp:otoroshi.next.plugins.React2SShellDetector',
  name: 'React2Shell detector',
  description:
    'Raises an alert for POST requests that look like an attack on React Server Components, and refuses them when told so, together with bodies that are too long to be looked at. Escapes in the body are seen through.',
  family: 'security',
  categories: ['Transformations'],
  steps: ['TransformRequest'],
  config: v.looseObject({
    block: setting(flag, false, 'Refuse them'),
    max_body_size: maxBodySize,
  }),
  setup(config, services) {
    const limit = bodySizeOf(config, services)
    const log = seldomLog(services)
    const judge = (exchange: Exchange, texts: readonly string[]) => {
      const score = suspicion(exchange, texts)
      if (score < ATTACK) return undefined
      log(`React2Shell attack from ${exchange.request.ip.slice(0, 100)}`)
      services.alert('ReactToShellDetectedAlert', () => ({
        route: services.route.id,
        payload: texts.at(-1)!.slice(0, SHOWN),
        suspicious_score: score,
        request: alertedRequest(exchange.request),
      }))
      if (!config.block) return undefined
      return bareError(401, 'attack.react2shell', { error: "You're not allowed here !" })
    }
    return {
      request(exchange) {
        const { request, upstream } = exchange
        if (request.method !== 'POST' || !request.hasBody) return undefined
        // Only looked at: a declared length says that it is too long before any of it is read.
        if (!config.block && (upstream.body.length < 0 || upstream.body.length > limit)) return undefined
        const judged = inspectedBody(upstream, limit).then(texts => judge(exchange, texts))
        return config.block ? judged : judged.catch(passOn)
      },
    }
  },
})

/** What cannot be decompressed here passes where nothing is refused. */
function passOn(error: unknown): undefined {
  if (!(error instanceof BodyTooLarge || error instanceof BodyFault)) throw error
}

function suspicion({ request }: Exchange, texts: readonly string[]): number {
  const all = texts.flatMap(readings)
  const action = request.headers.has('next-action') || request.headers.has('rsc-action-id')
  return (
    (action ? 1 : 0) +
    (all.some(text => FLIGHT.test(text)) ? 2 : 0) +
    (all.some(text => RECON.test(text)) ? 3 : 0)
  )
}
