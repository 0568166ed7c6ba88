/** Keeps unwanted clients busy with an answer that hardly ends. */
import { answer, definePlugin, refuse, schema as v } from '../../plugin/index.ts'
import { addressList } from '../address-list.ts'
import { count, flag, noTexts, setting, texts } from '../settings.ts'
import { TrappedClients } from './trapped-clients.ts'

const BLOCK = 16_384
/** Bytes of an answer at most: 128 GiB. */
const MOST = 128 * 1024 ** 3

const zeros = Buffer.alloc(BLOCK)
const fingers = Buffer.from('\u{1F595}'.repeat(16))

export default definePlugin({
  id: 'cp:otoroshi.next.plugins.EndlessHttpResponse',
  name: 'Endless HTTP responses',
  description:
    'Answers listed addresses with a body that hardly ends. What that costs is bounded: clients that are more than `clients` get 403.',
  family: 'security',
  categories: ['Other'],
  steps: ['TransformRequest'],
  config: v.looseObject({
    finger: setting(flag, false, 'Fingers instead of zeros'),
    addresses: setting(texts, noTexts, 'Addresses, networks (`10.0.0.0/8`) and patterns (`10.0.*`)'),
    is_debug: setting(flag, false, 'One block only, and for everybody when there are no addresses'),
    clients: setting(v.pipe(count, v.minValue(1)), 100, 'Clients kept busy at a time, per thread'),
    rate: setting(v.pipe(count, v.minValue(1024)), 65_536, 'Bytes per second for each of them'),
    duration: setting(v.pipe(count, v.minValue(1)), 600_000, 'Longest answer, milliseconds'),
  }),
  setup(config) {
    const listed = addressList(config.addresses)
    const all = config.addresses.length === 0
    if (all && !config.is_debug) return {}
    const trapped = new TrappedClients(config)
    const piece = config.finger ? fingers : zeros
    return {
      request({ request }) {
        if (!all && listed(request.ip) !== true) return undefined
        const type: [string, string][] = [['Content-Type', 'application/octet-stream']]
        if (config.is_debug) return answer(200, type, piece)
        const body = trapped.hold(repeated(piece, Math.ceil(MOST / piece.length)))
        return body === null
          ? refuse('ip_not_allowed', { detail: request.ip.slice(0, 100) })
          : answer(200, type, body)
      },
    }
  },
})

function* repeated(piece: Uint8Array, times: number): Generator<Uint8Array> {
  for (let i = 0; i < times; i++) yield piece
}
