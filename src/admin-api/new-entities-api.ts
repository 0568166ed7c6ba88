/** `/api/new/resources` and the templates of administrators: entities as they would begin, not stored (reference, 5.1). */
import { randomUUID } from 'node:crypto'
import { checkJson, defaultJsonLimits } from '../model/check-json.ts'
import { mergeJson } from '../model/merge-json.ts'
import { findByName } from '../model/registry.ts'
import { isObject } from '../model/types/shape.ts'
import { badRequest } from './api-error.ts'
import type { Call } from './call.ts'
import { readContent } from './decode.ts'
import { jsonReply, type Reply } from './reply.ts'
import { tooLarge } from './request-body.ts'
import { templateOf } from './templates.ts'
import { parseYaml } from './yaml-body.ts'

/** Most entities one call completes. */
const MOST = 1_000
/** What stands between documents of a YAML text. */
const SEPARATOR = /^---[ \t]*(?:#.*)?$/m
/** Longest password that is hashed, characters: what bcrypt looks at. */
const LONGEST_PASSWORD = 72

/** Kinds that upstream's resource files name otherwise. */
const OTHER_NAMES: Readonly<Record<string, string>> = {
  ApiKey: 'Apikey',
  Admin: 'SimpleAdminUser',
  SimpleAdmin: 'SimpleAdminUser',
}

/** `POST /api/new/resources`: what is sent, completed by the templates of its kinds. A list is answered with a list. */
export async function newResources(call: Call): Promise<Reply> {
  const sent = await readContent(call)
  const content = sent.form === 'value' && isObject(sent.value) ? sent.value['content'] : undefined
  let items = content
  if (typeof content === 'string') {
    const documents = await documentsOf(content, call)
    items = documents.length === 1 && !SEPARATOR.test(content) ? documents[0] : documents
  }
  if (!Array.isArray(items)) return jsonReply(200, { created: completed(call, items, 'content') })
  if (items.length > MOST) throw badRequest([`content: at most ${MOST} entities`])
  return jsonReply(200, { created: items.map((item, i) => completed(call, item, `content.${i}`)) })
}

/** The entity is all of the item but its kind, or what stands in `spec`. */
function completed(call: Call, item: unknown, place: string): unknown {
  if (!isObject(item)) throw badRequest([`${place}: Expected an object`])
  const spec = isObject(item['spec']) ? item['spec'] : null
  const { kind: own, ...fields } = spec ?? item
  const kind = item['kind'] ?? own
  const definition = typeof kind === 'string' ? findByName(OTHER_NAMES[kind] ?? kind) : null
  if (definition === null)
    throw badRequest([`${place}.kind: Expected a kind such as Route or proxy.otoroshi.io/Route`])
  const variant = typeof fields['type'] === 'string' ? fields['type'] : null
  return { kind, resource: mergeJson(templateOf(call, definition, variant), fields) }
}

/** The documents of a text in YAML; `---` stands between them. */
async function documentsOf(text: string, { limits }: Call): Promise<unknown[]> {
  if (Buffer.byteLength(text) > limits.maxYaml) throw tooLarge(limits.maxYaml)
  const parts = text.split(SEPARATOR).filter(part => part.trim() !== '')
  if (parts.length > MOST) throw badRequest([`content: at most ${MOST} entities`])
  const values: unknown[] = []
  for (const part of parts) {
    const value = await parseYaml(part, defaultJsonLimits.maxDepth, limits.maxYamlValues)
    const fault = checkJson(value)
    if (fault !== null) throw badRequest([`content.${values.length}.${fault.path}: ${fault.message}`])
    values.push(value)
  }
  return values
}

/**
 * `GET /api/admins/…/_template`: an administrator with the rights the caller may give. `?rawPassword=` makes the hash; without it
 * there is none, so that nobody is created with a password that everybody knows.
 */
export async function adminTemplate(call: Call, passkeys: boolean): Promise<Reply> {
  const { caller, services, query } = call
  const { tenant, rights } = caller
  const raw = query.get('rawPassword') ?? ''
  if (raw.length > LONGEST_PASSWORD) throw badRequest([`rawPassword: at most ${LONGEST_PASSWORD} characters`])
  const password = raw === '' || services.hashPassword === undefined ? '' : await services.hashPassword(raw)
  return jsonReply(200, {
    username: 'new.admin@example.com',
    password,
    label: 'New administrator',
    type: passkeys ? 'WEBAUTHN' : 'SIMPLE',
    ...(passkeys && { handle: randomUUID(), credentials: {} }),
    rights: [
      rights.isSuper ? { tenant: '*:rw', teams: ['*:rw'] } : { tenant: `${tenant}:rw`, teams: ['*:rw'] },
    ],
    metadata: {},
    tags: [],
  })
}
