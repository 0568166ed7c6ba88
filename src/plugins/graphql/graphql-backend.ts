/** Composes a GraphQL API of other services. */
import { execute, GraphQLError, type GraphQLSchema, Kind, parse, visit } from 'graphql'
import { answerJson, definePlugin, type Exchange, type FullAnswer, schema as v } from '../../plugin/index.ts'
import { prepareFilters } from '../jq-filter.ts'
import { requestDocument } from '../request-document.ts'
import { seldomLog } from '../seldom-log.ts'
import { count, noTexts, setting, text, texts } from '../settings.ts'
import { type AskedQuery, askedQuery, noQuery, refusedQuery } from './asked-query.ts'
import { CallDesk } from './call-desk.ts'
import { UnfitValue } from './call-texts.ts'
import { checkedQuery } from './checked-query.ts'
import { type ComposedRun, composedSchema } from './composed-schema.ts'
import { permissionsAt } from './field-guards.ts'
import type { SourceServices } from './field-sources.ts'

/** Fields a query may have. */
const MOST_FIELDS = 4_000
/** Bytes of the longest query with its variables. */
const LONGEST = 1_048_576

const EXAMPLE = `
   type User {
     name: String!
     firstname: String!
   }

   type Query {
    users: [User] @json(data: "[{ \\"firstname\\": \\"Foo\\", \\"name\\": \\"Bar\\" }, { \\"firstname\\": \\"Bar\\", \\"name\\": \\"Foo\\" }]")
   }
  `

export default definePlugin({
  id: 'cp:otoroshi.next.plugins.GraphQLBackend',
  name: 'GraphQL Composer',
  description:
    'Answers GraphQL queries with what other services give. Directives in the schema say where values come from (`@rest`, `@graphql`, `@json`, `@mock`, `@soap`) and who may see them (`@permission` and others).',
  family: 'graphql',
  categories: ['Integrations'],
  steps: ['CallBackend'],
  config: v.looseObject({
    schema: setting(text, EXAMPLE, 'The schema, as SDL with directives'),
    permissions: setting(
      texts,
      noTexts,
      'JSONPaths of the permissions of a caller, in a document of the request',
    ),
    initial_data: setting(
      v.nullable(v.unknown()),
      null,
      'Where `@json(path)` looks, and the value of the root',
    ),
    max_depth: setting(count, 15, 'How deep fields may be nested'),
  }),
  prepare: ({ schema }) => prepareFilters(filtersIn(schema)),
  setup(config, services) {
    const complain = seldomLog(services)
    const schema = composed(config.schema, { plugin: services, initialData: config.initial_data })
    const permissionsOf = permissionsAt(config.permissions)
    const limits = { max_depth: config.max_depth, max_complexity: MOST_FIELDS }
    const run = async (exchange: Exchange, asked: AskedQuery): Promise<FullAnswer> => {
      const document = checkedQuery(asked.query, schema, limits)
      if (!('kind' in document)) return refusedQuery(document)
      const result = await execute({
        schema,
        document,
        rootValue: config.initial_data,
        contextValue: contextOf(exchange),
        variableValues: asked.variables,
        operationName: asked.operationName,
      })
      const errors = result.errors?.map(error => ({ ...error.toJSON(), message: told(error) }))
      return answerJson(200, { data: result.data ?? null, ...(errors !== undefined && { errors }) })
    }
    const contextOf = (exchange: Exchange): ComposedRun => {
      let document: unknown
      let permissions: ReadonlySet<string> | undefined
      const seen = (): unknown => (document ??= requestDocument(exchange, config))
      return {
        exchange,
        desk: new CallDesk(services.calls, complain),
        document: seen,
        permissions: () => (permissions ??= permissionsOf(seen())),
      }
    }
    /** What went wrong inside is for the log. */
    const told = (error: GraphQLError): string => {
      const { originalError } = error
      if (
        originalError === undefined ||
        originalError instanceof GraphQLError ||
        originalError instanceof UnfitValue
      )
        return error.message
      complain(`a field failed: ${error.message}`)
      return 'a field could not be resolved'
    }
    return {
      async backend(exchange) {
        const asked = askedQuery(await exchange.upstream.body.read(LONGEST))
        return typeof asked === 'string' ? noQuery(asked) : run(exchange, asked)
      },
    }
  },
})

function composed(sdl: string, services: SourceServices): GraphQLSchema {
  try {
    return composedSchema(sdl, services)
  } catch (error) {
    throw new Error(`schema: ${(error as Error).message}`)
  }
}

/** Filters of `@soap`, so that one that is none closes the route. A schema that cannot be read is told of by `setup`. */
function filtersIn(sdl: string): Record<string, string> {
  const filters: Record<string, string> = {}
  try {
    visit(parse(sdl), {
      Argument({ name, value }) {
        if (name.value === 'jq_response_filter' && value.kind === Kind.STRING)
          filters[`schema: jq_response_filter ${Object.keys(filters).length + 1}`] = value.value
      },
    })
  } catch {}
  return filters
}
