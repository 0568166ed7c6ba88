/** The same answer to every request, in place of a backend. */
import { isConstant } from '../../expression/index.ts'
import { answer, definePlugin, type Exchange, type PluginServices, schema as v } from '../../plugin/index.ts'
import { answerStatus, flag, noEntries, setting, text, textMap } from '../settings.ts'
import { answerFields, base64Text, decodeBase64 } from './answer-content.ts'

export default definePlugin({
  id: 'cp:otoroshi.next.plugins.StaticResponse',
  name: 'Static Response',
  description: 'Answers with a fixed status, header fields and body in place of a backend.',
  family: 'static-content',
  categories: ['TrafficControl'],
  steps: ['CallBackend'],
  config: v.looseObject({
    status: setting(answerStatus, 200, 'Status of the answer'),
    headers: setting(textMap, noEntries, 'Header fields of the answer'),
    body: setting(text, '', 'Body: a text, or `Base64(…)` for bytes'),
    apply_el: setting(flag, false, 'Evaluate expressions in header values and in a body that is a text'),
  }),
  setup(config, services) {
    const { status, apply_el: expressions } = config
    const body = content(config.body, expressions, services)
    const reflects = typeof body === 'function'
    const fields = answerFields(config.headers, { status, reflects, expressions }, services)
    return {
      backend: exchange =>
        answer(status, fields(exchange), typeof body === 'function' ? body(exchange) : body),
    }
  },
})

function content(
  body: string,
  expressions: boolean,
  services: PluginServices,
): Buffer | ((exchange: Exchange) => string) {
  const encoded = base64Text(body)
  if (encoded !== null) return decodeBase64(encoded)
  return expressions && !isConstant(body) ? services.template(body) : Buffer.from(body)
}
