/** API keys by what they are granted on, and the bearers of a key (reference, 5.3). */
import {
  bearersOf,
  createGranted,
  getGranted,
  type Granting,
  listGranted,
  patchGranted,
  removeGranted,
  replaceGranted,
} from '../granted-keys-api.ts'
import { patchContent } from './bodies.ts'
import type { Endpoint, RequestBody, Success } from './endpoint.ts'
import { everyWrite } from './refusals.ts'
import { json, jsonOrYaml, listOf, named, ndjson, object, text } from './shapes.ts'

const tag = 'apikey'
const shape = named('apim.otoroshi.io.Apikey')
const key: Success = { description: 'The key', content: json(shape) }
const body: RequestBody = {
  description: 'The key. Without `clientId` or `clientSecret` they are made',
  content: jsonOrYaml({ type: 'object' }),
  example: { clientName: 'Of the shop' },
}
const whole: RequestBody = {
  description: 'The whole key',
  content: jsonOrYaml(named('apim.otoroshi.io.Apikey.Body')),
}
const write = ['tenant', 'dryRun', 'ifMatch', 'ifNoneMatch'] as const

const places: ReadonlyArray<readonly [Granting, string, string]> = [
  ['services', '/api/services', 'a service'],
  ['routes', '/api/routes', 'a route'],
  ['groups', '/api/groups', 'a group'],
  ['apis', '/apis/apis.otoroshi.io/v1/apis', 'an API'],
]

function endpointsOf([granting, base, what]: (typeof places)[number]): readonly Endpoint[] {
  const all = { path: `${base}/{id}/apikeys`, tag } as const
  const one = { path: `${base}/{id}/apikeys/{clientId}`, tag } as const
  return [
    {
      ...all,
      method: 'GET',
      id: `${granting}.apikeys`,
      summary: `The API keys that may call ${what}`,
      parameters: ['tenant', 'filtered', 'page', 'pageSize', 'fields'],
      answers: {
        200: {
          description: 'The keys',
          content: { ...json(listOf(shape)), ...ndjson(shape) },
          headers: { 'X-Count': 'Number of keys' },
        },
      },
      refusals: [404, 501],
      answer: (call, id = '') => listGranted(call, granting, id),
    },
    {
      ...all,
      method: 'POST',
      id: `${granting}.createApikey`,
      summary: `Creates an API key that is granted on ${what}`,
      parameters: write,
      body,
      answers: { 201: key },
      refusals: everyWrite,
      answer: (call, id = '') => createGranted(call, granting, id),
    },
    {
      ...one,
      method: 'GET',
      id: `${granting}.apikey`,
      summary: `An API key that may call ${what}`,
      parameters: ['tenant', 'fields', 'ifNoneMatch'],
      answers: { 200: key, 304: { description: 'The client has this state already' } },
      refusals: [404],
      answer: (call, id = '', clientId = '') => getGranted(call, granting, id, clientId),
    },
    {
      ...one,
      method: 'PUT',
      id: `${granting}.updateApikey`,
      summary: `Replaces an API key that may call ${what}`,
      parameters: write,
      body: whole,
      answers: { 200: key },
      refusals: everyWrite,
      answer: (call, id = '', clientId = '') => replaceGranted(call, granting, id, clientId),
    },
    {
      ...one,
      method: 'PATCH',
      id: `${granting}.patchApikey`,
      summary: `Changes an API key that may call ${what}`,
      parameters: write,
      body: { ...patchContent, example: { enabled: true } },
      answers: { 200: key },
      refusals: everyWrite,
      answer: (call, id = '', clientId = '') => patchGranted(call, granting, id, clientId),
    },
    {
      ...one,
      method: 'DELETE',
      id: `${granting}.deleteApikey`,
      summary: `Deletes an API key that may call ${what}`,
      parameters: [...write, 'unused'],
      answers: { 200: { description: 'It is gone', content: json(named('Deleted')) } },
      refusals: everyWrite,
      answer: (call, id = '', clientId = '') => removeGranted(call, granting, id, clientId),
    },
  ]
}

export const grantedKeyEndpoints: readonly Endpoint[] = [
  ...places.flatMap(endpointsOf),
  {
    method: 'GET',
    path: '/api/apikeys/{clientId}/bearer',
    id: 'apikeys.bearer',
    tag,
    summary: 'The texts that stand for the id and secret of an API key',
    parameters: ['tenant', 'newSecret'],
    answers: {
      200: {
        description: 'The bearer; `bearer_next` while the key rotates',
        content: json(object({ bearer: text }, { bearer_next: text, bearer_new: text })),
      },
    },
    refusals: [404],
    answer: bearersOf,
  },
]
