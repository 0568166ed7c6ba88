/**
 * The OpenAPI 3.1 document of the admin API: made from the table that routes the calls and from the descriptions of the kinds.
 * Nothing in it is written beside them (law 8), and it holds no secret.
 */
import { parameters } from '../endpoints/parameters.ts'
import { refusals } from '../endpoints/refusals.ts'
import { schemas } from '../endpoints/schemas.ts'
import { json, named, oneOf } from '../endpoints/shapes.ts'
import type { AdminApiServices } from '../services.ts'
import { endpoints, type KindPath, kindPaths } from '../endpoints/table.ts'
import { kindSchemas } from './kind-schemas.ts'
import { addEndpoint, addKind, type Paths } from './operations.ts'

/** What is wanted of it; null: all. */
export interface Selection {
  /** Group of kinds: then only what is under `/apis` for them. */
  readonly group: string | null
  /** Version of kinds. */
  readonly version: string | null
}

export type Document = Readonly<Record<string, unknown>>

/** Makes the document, or null when nothing fits the selection. */
export async function openApiDocument(
  { version, keyHeaders }: Pick<AdminApiServices, 'version' | 'keyHeaders'>,
  selection: Selection,
): Promise<Document | null> {
  const kinds = kindPaths.filter(path => isSelected(path, selection))
  if (kinds.length === 0) return null
  const paths: Paths = {}
  if (selection.group === null) for (const endpoint of endpoints) addEndpoint(paths, endpoint)
  for (const kind of kinds) {
    // Others get their turn: all kinds together take a tenth of a second.
    await new Promise(resolve => setImmediate(resolve))
    addKind(paths, kind)
  }
  return {
    openapi: '3.1.0',
    info: {
      title: 'Otoroshi Admin API',
      description,
      version,
      license: { name: 'Apache 2.0', url: 'https://www.apache.org/licenses/LICENSE-2.0.html' },
    },
    servers: [{ url: '/', description: 'The host that answered this document' }],
    tags: tagsOf(paths),
    security: [
      { otoroshi_auth: [] },
      { otoroshi_client_id: [], otoroshi_client_secret: [] },
      { otoroshi_bearer: [] },
    ],
    paths,
    components: {
      schemas: { ...schemas, ...(await schemasOf(selection.group === null ? kindPaths : kinds)) },
      parameters,
      responses: responses(),
      securitySchemes: securitySchemes(keyHeaders?.id, keyHeaders?.secret),
    },
  }
}

const description =
  'Every call needs an API key that is granted on the admin API. Send `Accept: application/json`: the gateway explains its own refusals to browsers in HTML.'

const securitySchemes = (idHeader = 'Otoroshi-Client-Id', secretHeader = 'Otoroshi-Client-Secret') => ({
  otoroshi_auth: { type: 'http', scheme: 'basic', description: 'Client id and secret of an API key' },
  otoroshi_client_id: {
    type: 'apiKey',
    in: 'header',
    name: idHeader,
    description: 'Client id of an API key, together with its secret',
  },
  otoroshi_client_secret: {
    type: 'apiKey',
    in: 'header',
    name: secretHeader,
    description: 'Secret of the API key',
  },
  otoroshi_bearer: {
    type: 'http',
    scheme: 'bearer',
    description: 'The bearer of an API key, or a JWT signed with its secret',
  },
})

function isSelected({ definition, path }: KindPath, { group, version }: Selection): boolean {
  if (version !== null && definition.version !== version) return false
  return group === null || (definition.group === group && path.startsWith('/apis/'))
}

function tagsOf(paths: Paths): { name: string; description: string }[] {
  const names = new Set(
    Object.values(paths).flatMap(item => Object.values(item).flatMap(({ tags }) => tags as string[])),
  )
  return [...names].map(name => ({ name, description: `Operations on ${name}` }))
}

async function schemasOf(kinds: readonly KindPath[]): Promise<Record<string, unknown>> {
  const definitions = new Set(kinds.map(({ definition }) => definition))
  const all: Record<string, unknown> = {}
  for (const definition of definitions) Object.assign(all, await kindSchemas(definition))
  return all
}

function responses(): Record<string, unknown> {
  const content = json(oneOf(named('ErrorResponse'), named('GatewayError')))
  const wrapped = Object.fromEntries(Object.entries(content).map(([type, schema]) => [type, { schema }]))
  const headers = {
    'Otoroshi-Error-Reason': { description: 'Why, for programs', schema: { type: 'string' } },
  }
  const described = Object.values(refusals).map(refusal => [
    refusal.name,
    { description: refusal.description, headers, content: wrapped },
  ])
  const other = { description: 'Whatever else the gateway has to say', headers, content: wrapped }
  return { ...Object.fromEntries(described), Refused: other }
}
