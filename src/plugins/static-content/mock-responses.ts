/** Made-up answers by method and path, so that clients can be written before the backend. */
import { isConstant } from '../../expression/index.ts'
import {
  answer,
  definePlugin,
  type Exchange,
  type FullAnswer,
  type PluginServices,
  schema as v,
} from '../../plugin/index.ts'
import { bareError } from '../bare-error.ts'
import { answerStatus, flag, noEntries, setting, text, textMap } from '../settings.ts'
import { answerFields, base64Text, decodeBase64, paramsTemplate } from './answer-content.ts'
import { type MockPath, mockPath, segmentsOf } from './mock-path.ts'

const mock = v.looseObject({
  path: setting(
    text,
    '/',
    'Path as in a route: `/users/:id`, `/users/$id<[0-9]+>`, `/files/*`; the whole path must match',
  ),
  method: setting(text, 'GET', 'Method, in any case'),
  status: setting(answerStatus, 200, 'Status of the answer'),
  headers: setting(textMap, noEntries, 'Header fields of the answer'),
  body: setting(text, '', 'Body: a text with expressions, or `Base64(…)` for bytes'),
})

interface CompiledMock {
  readonly method: string
  readonly path: MockPath
  answer(exchange: Exchange, params: ReadonlyMap<string, string>): FullAnswer
}

export default definePlugin({
  id: 'cp:otoroshi.next.plugins.MockResponses',
  name: 'Mock Responses',
  description:
    'Answers in place of the backend where a mock has the method and path of the request. Of several, the one whose path says more is taken, then the first.',
  family: 'static-content',
  categories: ['TrafficControl'],
  steps: ['CallBackend'],
  config: v.looseObject({
    responses: setting(v.array(mock), () => [], 'The mocks'),
    pass_through: setting(flag, true, 'Call the backend when no mock fits; otherwise answer 404'),
    form_data: v.pipe(v.nullish(v.unknown(), null), v.description('Notes of the editor; not used')),
  }),
  setup(config, services) {
    const mocks = config.responses
      .map(given => compile(given, services))
      .sort((a, b) => (a.path.rank < b.path.rank ? -1 : a.path.rank > b.path.rank ? 1 : 0))
    return {
      backend(exchange) {
        const { method, path } = exchange.upstream
        const methods = [method.toLowerCase(), exchange.request.method.toLowerCase()]
        const segments = segmentsOf(path.split('?', 1)[0]!)
        for (const candidate of mocks) {
          if (!methods.includes(candidate.method)) continue
          const params = candidate.path.match(segments)
          if (params !== null) return candidate.answer(exchange, params)
        }
        if (config.pass_through) return undefined
        return bareError(404, 'not_found', { error: 'resource not found !' })
      },
    }
  },
})

function compile(given: v.InferOutput<typeof mock>, services: PluginServices): CompiledMock {
  const { status } = given
  const encoded = base64Text(given.body)
  const source = encoded ?? given.body
  const reflects = !isConstant(source)
  const fields = answerFields(given.headers, { status, reflects, expressions: false }, services)
  const common = { method: given.method.trim().toLowerCase(), path: mockPath(given.path) }
  if (!reflects) {
    const body = encoded === null ? Buffer.from(source) : decodeBase64(encoded)
    return { ...common, answer: exchange => answer(status, fields(exchange), body) }
  }
  const template = paramsTemplate(source, services)
  return {
    ...common,
    answer(exchange, params) {
      const made = template(exchange, params)
      return answer(status, fields(exchange), encoded === null ? made : Buffer.from(made, 'base64'))
    },
  }
}
