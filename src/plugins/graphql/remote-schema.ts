/** Schemas of GraphQL endpoints: given in the settings, or asked for now and then. */
import {
  buildClientSchema,
  buildSchema,
  getIntrospectionQuery,
  type GraphQLSchema,
  type IntrospectionQuery,
} from 'graphql'
import { CallFailed, type PluginServices } from '../../plugin/index.ts'
import { BriefMemory } from '../brief-memory.ts'

/** Milliseconds a schema counts, and until an endpoint is asked again that gave none. */
const FRESH = 300_000
const PAUSE = 5_000
const PATIENCE = 30_000
/** Bytes of the longest one. */
const LONGEST = 8_388_608

/** Reads a schema: SDL, or the JSON of an introspection. Throws a sentence. */
export function readSchema(text: string): GraphQLSchema {
  if (!text.trimStart().startsWith('{')) return buildSchema(text)
  return schemaOfAnswer(JSON.parse(text))
}

/** The schema of an endpoint; null when it gives none, which the log tells. */
export function remoteSchema(
  url: string,
  headers: ReadonlyArray<readonly [string, string]>,
  services: Pick<PluginServices, 'calls'>,
  complain: (message: string) => void,
): () => Promise<GraphQLSchema | null> {
  const memory = new BriefMemory<GraphQLSchema | null>(1)
  const ask = async (): Promise<GraphQLSchema | null> => {
    try {
      const { status, body } = await services.calls.send({
        method: 'POST',
        url,
        headers: [['Content-Type', 'application/json'], ['Accept', 'application/json'], ...headers],
        body: JSON.stringify({ query: getIntrospectionQuery(), operationName: 'IntrospectionQuery' }),
        timeout: PATIENCE,
        maxBody: LONGEST,
      })
      if (status !== 200) throw new CallFailed('bad_answer', `the endpoint answered ${status}`)
      return schemaOfAnswer(JSON.parse(body.toString()))
    } catch (error) {
      complain(`the schema cannot be had: ${(error as Error).message}`)
      return null
    }
  }
  return () => memory.get([], Date.now(), ask, schema => (schema === null ? PAUSE : FRESH))
}

function schemaOfAnswer(json: unknown): GraphQLSchema {
  const { data, __schema } = json as { readonly data?: unknown; readonly __schema?: unknown }
  return buildClientSchema((__schema === undefined ? data : json) as IntrospectionQuery)
}
