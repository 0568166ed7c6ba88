/** Tells clients where HTTP/3 is spoken (RFC 7838). */
import { checkField } from '../../http/headers.ts'
import { definePlugin, schema as v } from '../../plugin/index.ts'
import { count, noTexts, setting, text, texts } from '../settings.ts'

const port = v.pipe(v.number(), v.integer(), v.minValue(1), v.maxValue(65_535))

export default definePlugin({
  id: 'cp:otoroshi.next.plugins.Http3Switch',
  name: 'Http3 traffic switch',
  description:
    'Adds `Alt-Svc` to answers. The gateway itself has no HTTP/3 listener: without `port`, that of a server in front, nothing is added.',
  family: 'transformation',
  categories: ['Headers', 'TrafficControl'],
  steps: ['TransformResponse'],
  config: v.looseObject({
    ma: setting(count, 3600, 'Seconds for which clients may remember it'),
    domain: setting(v.nullable(text), null, 'Another host; that of the request when empty'),
    protocols: setting(texts, noTexts, 'Protocol ids; `h3` when empty'),
    port: setting(v.nullable(port), null, 'UDP port on which the server in front speaks HTTP/3'),
  }),
  setup(config, services) {
    if (config.port === null) {
      services.log('warn', 'no port is given on which HTTP/3 is spoken: clients are told of none')
      return {}
    }
    const host = config.domain?.trim() ?? ''
    const protocols = config.protocols.length === 0 ? ['h3'] : config.protocols
    for (const id of protocols) checkField(id, '')
    if (!/^[A-Za-z\d.:[\]-]*$/.test(host)) throw new Error(`domain: ${JSON.stringify(host)} is no host`)
    const field = protocols.map(id => `${id}="${host}:${config.port}"; ma=${config.ma}`).join(', ')
    return { response: ({ response }) => response.headers.set('Alt-Svc', field) }
  },
})
