/** Stands in front of a GraphQL endpoint and lets only queries through that it can answer at a fair price. */
import { definePlugin, type Exchange, type FullAnswer, schema as v } from '../../plugin/index.ts'
import { bareError } from '../bare-error.ts'
import { cleanFields } from '../field-value.ts'
import { relayed, unreachable } from '../relayed-answer.ts'
import { seldomLog } from '../seldom-log.ts'
import { count, noEntries, setting, text, textMap } from '../settings.ts'
import { askedQuery, noQuery, refusedQuery } from './asked-query.ts'
import { checkedQuery } from './checked-query.ts'
import { readSchema, remoteSchema } from './remote-schema.ts'

/** Milliseconds a query may take. */
const PATIENCE = 60_000
/** Bytes of the longest query with its variables. */
const LONGEST = 1_048_576

export default definePlugin({
  id: 'cp:otoroshi.next.plugins.GraphQLProxy',
  name: 'GraphQL Proxy',
  description:
    'Gives queries on to a GraphQL endpoint that fit its schema and are neither deeper nor larger than allowed; questions about the schema count as queries.',
  family: 'graphql',
  categories: ['Integrations'],
  steps: ['CallBackend'],
  config: v.looseObject({
    endpoint: setting(text, 'https://countries.trevorblades.com/graphql', 'Address of the endpoint'),
    schema: setting(
      v.nullable(text),
      null,
      'Its schema, as SDL or JSON of an introspection; asked for unless set',
    ),
    max_depth: setting(count, 50, 'How deep fields may be nested'),
    max_complexity: setting(count, 50_000, 'How many fields a query may have'),
    path: setting(text, '/graphql', 'Path on which it answers'),
    headers: setting(textMap, noEntries, 'Fields of the calls'),
  }),
  setup(config, services) {
    if (!/^https?:\/\//i.test(config.endpoint)) throw new Error('endpoint: expected an http or https URL')
    const headers = cleanFields(config.headers)
    const complain = seldomLog(services)
    const given = config.schema === null || config.schema.trim() === '' ? null : givenSchema(config.schema)
    const schemaOf =
      given === null ? remoteSchema(config.endpoint, headers, services, complain) : async () => given
    const work = async ({ upstream }: Exchange): Promise<FullAnswer> => {
      const asked = askedQuery(await upstream.body.read(LONGEST))
      if (typeof asked === 'string') return noQuery(asked)
      const schema = await schemaOf()
      if (schema === null) return refusedQuery(['unable to fetch schema'])
      const checked = checkedQuery(asked.query, schema, config)
      if (!('kind' in checked)) return refusedQuery(checked)
      try {
        const got = await services.calls.send({
          method: 'POST',
          url: config.endpoint,
          headers: [['Content-Type', 'application/json'], ['Accept', 'application/json'], ...headers],
          body: JSON.stringify(asked),
          timeout: PATIENCE,
          maxBody: services.bodyLimit,
        })
        return relayed(got)
      } catch (error) {
        return unreachable(error, complain)
      }
    }
    return {
      backend(exchange) {
        const { method, path } = exchange.upstream
        if (method === 'POST' && path.split('?', 1)[0] === config.path) return work(exchange)
        return bareError(404, 'not_found', { error: 'resource not found' })
      },
    }
  },
})

function givenSchema(text: string): ReturnType<typeof readSchema> {
  try {
    return readSchema(text)
  } catch (error) {
    throw new Error(`schema: ${(error as Error).message}`)
  }
}
