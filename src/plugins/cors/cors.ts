/** Which pages of other origins may read the answers of a route (Fetch standard, CORS protocol). */
import { guardedRegex } from '../../expression/index.ts'
import {
  answer,
  attribute,
  definePlugin,
  type Exchange,
  type PluginServices,
  refuse,
  schema as v,
  type Template,
} from '../../plugin/index.ts'
import { fieldTemplate } from '../field-value.ts'
import { count, flag, noTexts, setting, text, texts } from '../settings.ts'
import { originRule } from './origin-rule.ts'
import { preflightRule } from './preflight-rule.ts'

const settings = v.looseObject({
  allow_origin: setting(
    text,
    '*',
    'The origin whose pages may read answers (`https://app.test`), or `*` for all; may hold expressions',
  ),
  expose_headers: setting(texts, noTexts, 'Response header fields that pages may read'),
  allow_headers: setting(texts, noTexts, 'Request header fields that pages may send; `*` for all'),
  allow_methods: setting(texts, noTexts, 'Methods that pages may use; a preflight for any other fails'),
  excluded_patterns: setting(texts, noTexts, 'Regular expressions of paths that are left alone'),
  max_age: setting(v.nullable(count), null, 'Seconds a browser may remember a preflight'),
  allow_credentials: setting(
    flag,
    true,
    'Pages may send cookies and read the answers. Never in force while the origin is `*` or chosen by the client',
  ),
})

/** The instance whose fields the answer gets: browsers refuse an answer that has them twice. */
const inForce = attribute<object>('cors')

export default definePlugin({
  id: 'cp:otoroshi.next.plugins.Cors',
  name: 'CORS',
  description:
    'Answers preflight requests and puts the CORS fields on every answer, errors included. What the backend says about CORS is replaced. Of several instances that fit a request the first counts.',
  family: 'cors',
  categories: ['AccessControl', 'Classic'],
  steps: ['PreRoute', 'TransformResponse'],
  config: settings,
  setup(config, services) {
    const self = {}
    const excluded = config.excluded_patterns.map(pattern => guardedRegex(pattern))
    const originOf = originRule(config.allow_origin, config.allow_credentials, services)
    const fields = fieldsOf(config, services)
    const accepts = preflightRule(config.allow_headers, config.allow_methods)
    const replaced = ['access-control-allow-origin', 'access-control-allow-credentials']
    for (const { name } of fields) replaced.push(name.toLowerCase())
    return {
      preRoute(exchange) {
        const { request, attributes } = exchange
        if (attributes.get(inForce) !== undefined) return undefined
        if (excluded.some(pattern => pattern.matchesWhole(request.path))) return undefined
        const preflight = request.method === 'OPTIONS' && request.headers.has('access-control-request-method')
        const allowed = originOf(exchange)
        if (preflight && !(allowed?.accepts(request.headers.get('origin')) && accepts(request.headers)))
          return refuse('cors')
        attributes.set(inForce, self)
        if (allowed !== null) {
          for (const [name, value] of allowed.fields) exchange.setAnswerHeader(name, value)
          // A cache must not give the answer for one origin to another; the answer may vary by more.
          if (allowed.varies) exchange.addAnswerHeader('Vary', 'Origin')
          addFields(exchange, fields)
        }
        if (!preflight) return undefined
        return answer(204, [['Vary', 'Access-Control-Request-Method, Access-Control-Request-Headers']])
      },
      response({ attributes, response }) {
        if (attributes.get(inForce) === self) for (const name of replaced) response.headers.delete(name)
      },
    }
  },
})

interface CorsField {
  readonly name: string
  readonly value: Template
}

/** The fields whose values the settings alone say. */
function fieldsOf(config: v.InferOutput<typeof settings>, services: PluginServices): CorsField[] {
  const list = (given: readonly string[]): string =>
    given
      .map(item => item.trim())
      .filter(item => item !== '')
      .join(', ')
  return [
    ['Access-Control-Expose-Headers', list(config.expose_headers.map(name => name.toLowerCase()))],
    ['Access-Control-Allow-Headers', list(config.allow_headers.map(name => name.toLowerCase()))],
    ['Access-Control-Allow-Methods', list(config.allow_methods)],
    ['Access-Control-Max-Age', config.max_age === null ? '' : String(config.max_age)],
  ]
    .filter(([, value]) => value !== '')
    .map(([name, value]) => ({ name: name!, value: fieldTemplate(value!, services) }))
}

function addFields(exchange: Exchange, fields: readonly CorsField[]): void {
  for (const { name, value } of fields) {
    const made = value(exchange)
    if (made.trim() !== '' && made !== 'null') exchange.setAnswerHeader(name, made)
  }
}
