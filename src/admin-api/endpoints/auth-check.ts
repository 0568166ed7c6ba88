/** Endpoints that try auth modules. */
import { checkAuthModule, checkStoredAuthModule } from '../auth-check-api.ts'
import type { Endpoint } from './endpoint.ts'
import { anything, flag, json, jsonOrYaml, object, text } from './shapes.ts'

const tag = 'auth-module'
const user = object({ username: text, password: { ...text, writeOnly: true } })
const outcome = {
  200: {
    description: 'Whether it works, and who the user is',
    content: json(object({ works: flag }, { error: text, user: anything })),
  },
}

export const authCheckEndpoints: readonly Endpoint[] = [
  {
    method: 'POST',
    path: '/api/auths/_check',
    id: 'auths.check',
    tag,
    summary: 'Tries an auth module that need not be stored, and a user with it',
    body: {
      description: 'The module, or `{user, config}`',
      content: jsonOrYaml(object({}, { user, config: object({}) })),
      example: { id: 'staff', name: 'Staff', type: 'basic' },
    },
    answers: outcome,
    refusals: [404, 413],
    answer: checkAuthModule,
  },
  {
    method: 'POST',
    path: '/api/auths/{id}/_check',
    id: 'auths.checkStored',
    tag,
    summary: 'Tries an auth module, and a user with it',
    body: {
      description: 'Name and password to try',
      content: jsonOrYaml(user),
      required: false,
    },
    answers: outcome,
    refusals: [404, 413],
    answer: checkStoredAuthModule,
  },
]
