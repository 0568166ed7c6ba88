/** What can be asked about an entity beside its content, under `/apis` and `/api` alike. */
import { entityReferences } from '../entity-references.ts'
import { entityStatus } from '../entity-status.ts'
import type { KindEndpoint } from './endpoint.ts'
import { json, named } from './shapes.ts'

export const factEndpoints: readonly KindEndpoint[] = [
  {
    method: 'GET',
    path: '/{id}/_status',
    id: 'status',
    summary: 'Whether the data plane serves a {kind}, and if not why',
    answers: { 200: { description: 'Its state', content: json(named('EntityStatus')) } },
    refusals: [404],
    answer: entityStatus,
  },
  {
    method: 'GET',
    path: '/{id}/_references',
    id: 'references',
    summary: 'What a {kind} refers to, and who refers to it',
    answers: { 200: { description: 'Both', content: json(named('EntityReferences')) } },
    refusals: [404],
    answer: entityReferences,
  },
]
