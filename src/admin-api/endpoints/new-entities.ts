/** Entities as they would begin: of administrators, and of what a client sends in part (reference, 5.1). */
import { adminTemplate, newResources } from '../new-entities-api.ts'
import type { Endpoint } from './endpoint.ts'
import { json, jsonOrYaml, listOf, object, oneOf, text } from './shapes.ts'

const tag = 'templates'

const adminAt = (name: string, passkeys: boolean): Endpoint => ({
  method: 'GET',
  path: `/api/admins/${name}/_template`,
  id: `new.admins.${name}`,
  tag,
  summary: 'What a new administrator looks like',
  parameters: ['tenant', 'rawPassword'],
  answers: { 200: { description: 'An administrator that is not stored', content: json({ type: 'object' }) } },
  answer: call => adminTemplate(call, passkeys),
})

const entities = listOf({ type: 'object' })
const completedEntity = object({ kind: text, resource: { type: 'object' } })

export const newEntityEndpoints: readonly Endpoint[] = [
  adminAt('simple', false),
  adminAt('webauthn', true),
  {
    method: 'POST',
    path: '/api/new/resources',
    id: 'new.resources',
    tag,
    summary: 'Completes entities by the templates of their kinds; nothing is stored',
    parameters: ['tenant'],
    body: {
      description: 'One entity, a list, or documents in YAML, each with its `kind`',
      content: jsonOrYaml(object({ content: oneOf({ type: 'object' }, entities, text) })),
      example: { content: [{ kind: 'proxy.otoroshi.io/Route', name: 'shop' }] },
    },
    answers: {
      200: {
        description: 'The entity, or the list of them when a list was sent',
        content: json(object({ created: oneOf(completedEntity, listOf(completedEntity)) })),
      },
    },
    refusals: [404, 413],
    answer: newResources,
  },
]
