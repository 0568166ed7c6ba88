/** Shows a GraphQL query as a resource of its own. */
import { answer, definePlugin, type Exchange, type FullAnswer, schema as v } from '../../plugin/index.ts'
import { bareError } from '../bare-error.ts'
import { filterText, prepareFilters } from '../jq-filter.ts'
import { compileLookup } from '../json-paths.ts'
import { pluginContext } from '../plugin-context.ts'
import { relayed, unreachable } from '../relayed-answer.ts'
import { seldomLog } from '../seldom-log.ts'
import { noEntries, setting, text, textMap } from '../settings.ts'
import { noQuery } from './asked-query.ts'
import { fieldTexts, queryText, UnfitValue, urlText } from './call-texts.ts'

export default definePlugin({
  id: 'cp:otoroshi.next.plugins.GraphQLQuery',
  name: 'GraphQL Query to REST',
  description:
    'Answers every request with what one GraphQL query gives. The query may hold expressions: what a client sends fills strings, names and numbers in it, never more.',
  family: 'graphql',
  categories: ['Integrations'],
  steps: ['CallBackend'],
  config: v.looseObject({
    url: setting(text, 'https://some.graphql/endpoint', 'Address of the endpoint'),
    headers: setting(textMap, noEntries, 'Fields of the call; may hold expressions'),
    method: setting(text, 'POST', 'Its method'),
    query: setting(text, '{\n\n}', 'The query; may hold expressions'),
    timeout: setting(v.pipe(v.number(), v.integer(), v.minValue(1)), 60_000, 'Longest wait, milliseconds'),
    response_path: setting(v.nullable(text), null, 'JSONPath of what is answered; everything unless set'),
    response_filter: setting(v.nullable(text), null, 'jq filter on it'),
  }),
  prepare: ({ response_filter }) => prepareFilters({ response_filter }),
  setup(config, services) {
    const url = urlText(config.url, services, 'url')
    const headers = fieldTexts(config.headers, services)
    const query = queryText(config.query, services)
    const path = config.response_path?.trim() ?? ''
    const lookup = path === '' ? null : lookupAt(path)
    const filter = config.response_filter?.trim() ?? ''
    const complain = seldomLog(services)
    const none = { params: {}, item: null }
    const shown = async (exchange: Exchange, body: Buffer): Promise<FullAnswer> => {
      let json: unknown
      try {
        json = JSON.parse(body.toString())
      } catch {
        return bareError(502, 'service.unreachable', { error: 'the endpoint did not answer JSON' })
      }
      const found = JSON.stringify(lookup === null ? json : (lookup(json) ?? null))
      if (filter === '') return answer(200, [['Content-Type', 'application/json']], found)
      const made = await filterText(
        filter,
        found,
        () => pluginContext(exchange, config, false),
        services.bodyLimit * 4,
      )
      if (made.ok) return answer(200, [['Content-Type', 'application/json']], made.text)
      complain(`the filter: ${made.details.join('; ')}`)
      return bareError(500, 'transform.failed', {
        error: 'error while transforming response body',
        details: [made.fault],
      })
    }
    return {
      async backend(exchange) {
        try {
          const got = await services.calls.send({
            method: config.method.toUpperCase(),
            url: url(exchange, none),
            headers: [
              ['Content-Type', 'application/json'],
              ['Accept', 'application/json'],
              ...headers(exchange),
            ],
            body: JSON.stringify({ query: query(exchange, none), variables: null }),
            timeout: config.timeout,
            maxBody: services.bodyLimit,
          })
          return got.status === 200 ? await shown(exchange, got.body) : relayed(got)
        } catch (error) {
          return error instanceof UnfitValue ? noQuery(error.message) : unreachable(error, complain)
        }
      },
    }
  },
})

function lookupAt(path: string): (value: unknown) => unknown {
  try {
    return compileLookup(path)
  } catch (error) {
    throw new Error(`response_path: ${(error as Error).message}`)
  }
}
