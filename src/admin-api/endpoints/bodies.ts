/** Bodies of writes, and answers that many operations share. */
import type { RequestBody, Success } from './endpoint.ts'
import { entity, entityBody, json, jsonOrYaml, mapOf, named, ndjson, oneOf, text } from './shapes.ts'

/** A whole entity. */
export const entityContent: RequestBody = {
  description: 'The entity. As a list of paths and values it is applied over what is there, or the template',
  content: {
    ...jsonOrYaml(entityBody),
    'application/json+oto-patch': named('PathValues'),
    'application/x-www-form-urlencoded': mapOf(text),
  },
}

/** What is to change in what is there. */
export const patchContent: RequestBody = {
  description: 'A JSON Patch (RFC 6902), a merge patch (RFC 7396), or paths and values',
  content: {
    'application/json': oneOf(named('PatchBody'), { type: 'object' }),
    'application/json-patch+json': named('PatchBody'),
    'application/merge-patch+json': { type: 'object' },
    'application/json+oto-patch': named('PathValues'),
    'application/x-www-form-urlencoded': mapOf(text),
  },
}

export const tagged = { ETag: 'Tag of the state that is stored' } as const

/** One entity as the older API answers it: JSON only. */
export const legacyEntity: Success = { description: 'The entity', content: json(entity), headers: tagged }

/** One entity as the generic API answers it. */
export const genericEntity: Success = {
  description: 'The entity',
  content: jsonOrYaml(entity),
  headers: { ...tagged, 'X-Pages': '-1' },
}

export const done: Success = { description: 'It is done', content: json(named('Done')) }

export const notModified: Success = { description: 'The client has this state already', headers: tagged }

export const bulkAnswer: Success = {
  description: 'A line for each line, in their order',
  content: ndjson(named('BulkResponseBody')),
}
