/** What API keys have used of their limits. */
import type { Granting } from '../granted-keys-api.ts'
import { readQuotas, readQuotasOf, resetQuotas, resetQuotasOf } from '../quotas-api.ts'
import type { Endpoint } from './endpoint.ts'
import { json, object, whole } from './shapes.ts'

const view = object({
  authorizedCallsPerWindow: whole,
  throttlingCallsPerWindow: whole,
  remainingCallsPerWindow: whole,
  authorizedCallsPerDay: whole,
  currentCallsPerDay: whole,
  remainingCallsPerDay: whole,
  authorizedCallsPerMonth: whole,
  currentCallsPerMonth: whole,
  remainingCallsPerMonth: whole,
})

type Answers = Pick<Endpoint, 'answer'>

function rows(path: string, id: string, read: Answers, reset: Answers): readonly Endpoint[] {
  const shared = {
    path,
    tag: 'apikey',
    answers: { 200: { description: 'The limits, what is used and what is left', content: json(view) } },
  } as const
  const resetting = (method: 'PUT' | 'DELETE'): Endpoint => ({
    ...shared,
    ...reset,
    method,
    id: `${id}.${method === 'PUT' ? 'reset' : 'delete'}`,
    summary: 'Begins day and month of the API key anew; the window goes on',
    parameters: ['tenant', 'dryRun'],
    refusals: [404, 409],
  })
  return [
    {
      ...shared,
      ...read,
      method: 'GET',
      id: `${id}.find`,
      summary: 'What the API key has used of its limits, over all instances',
      parameters: ['tenant'],
      refusals: [404, 409],
    },
    resetting('PUT'),
    resetting('DELETE'),
  ]
}

function below(granting: Granting, base: string): readonly Endpoint[] {
  return rows(
    `${base}/{id}/apikeys/{clientId}/quotas`,
    `${granting}.apikeys.quotas`,
    { answer: (call, id = '', clientId = '') => readQuotasOf(call, granting, id, clientId) },
    { answer: (call, id = '', clientId = '') => resetQuotasOf(call, granting, id, clientId) },
  )
}

export const quotaEndpoints: readonly Endpoint[] = [
  ...rows(
    '/api/apikeys/{clientId}/quotas',
    'apikeys.quotas',
    { answer: readQuotas },
    { answer: resetQuotas },
  ),
  ...rows(
    '/apis/apim.otoroshi.io/v1/apikeys/{clientId}/quotas',
    'apim.apikeys.quotas',
    { answer: readQuotas },
    { answer: resetQuotas },
  ),
  ...below('services', '/api/services'),
  ...below('routes', '/api/routes'),
  ...below('groups', '/api/groups'),
  ...below('apis', '/apis/apis.otoroshi.io/v1/apis'),
]
