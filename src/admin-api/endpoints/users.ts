/** Administrators, sessions and the global configuration under `/api` (reference, 5.1 and 5.6). */
import type { EntityDefinition } from '../../model/entity.ts'
import { adminSession } from '../../model/kinds/admin-session.ts'
import { authModuleUser } from '../../model/kinds/auth-module-user.ts'
import { globalConfig } from '../../model/kinds/global-config.ts'
import { simpleAdminUser } from '../../model/kinds/simple-admin-user.ts'
import { webauthnAdminUser } from '../../model/kinds/webauthn-admin-user.ts'
import { createAdmin, getAdmin, listAdmins, removeAdmin, replaceAdmin } from '../admins-api.ts'
import { getSettings, patchSettings, replaceSettings, settingsTemplate } from '../global-config-api.ts'
import { listLegacy } from '../legacy-api.ts'
import { endSession, endSessions, endSessionsOfModule } from '../sessions-api.ts'
import { done, entityContent, legacyEntity, notModified, patchContent } from './bodies.ts'
import type { Endpoint, KindEndpoint } from './endpoint.ts'
import { legacyEndpoints } from './legacy.ts'
import { everyWrite } from './refusals.ts'
import { entity, json, listOf, object, text } from './shapes.ts'

const conditions = ['tenant', 'ifMatch', 'ifNoneMatch'] as const

const admins: readonly KindEndpoint[] = [
  {
    method: 'GET',
    path: '',
    id: 'findAll',
    summary: 'Lists administrators',
    parameters: ['tenant'],
    answers: { 200: { description: 'The administrators, without passwords', content: json(listOf(entity)) } },
    answer: listAdmins,
  },
  {
    method: 'POST',
    path: '',
    id: 'create',
    summary: 'Makes an administrator, with all rights the caller may give',
    parameters: ['tenant'],
    body: {
      description: 'Name and password; the password is stored as a hash',
      content: json(object({ username: text, password: { ...text, writeOnly: true } }, { label: text })),
    },
    answers: { 200: { description: 'The name', content: json(object({ username: text })) } },
    refusals: [409, 412, 413],
    answer: createAdmin,
  },
  {
    method: 'GET',
    path: '/{username}',
    id: 'findById',
    summary: 'One administrator',
    parameters: ['tenant'],
    answers: { 200: { description: 'The administrator, without password', content: json(entity) } },
    refusals: [404],
    answer: getAdmin,
  },
  {
    method: 'PUT',
    path: '/{username}',
    id: 'updateById',
    summary: 'Replaces an administrator; without a password the one that is there stays',
    parameters: [...conditions, 'dryRun'],
    body: entityContent,
    answers: { 200: { description: 'The administrator, without password', content: json(entity) } },
    refusals: everyWrite,
    answer: replaceAdmin,
  },
  {
    method: 'DELETE',
    path: '/{username}',
    id: 'deleteById',
    summary: 'Deletes an administrator',
    parameters: conditions,
    answers: { 200: done },
    refusals: [404, 409, 412],
    answer: removeAdmin,
  },
]

const passkeys: readonly KindEndpoint[] = [
  {
    ...admins.at(-1)!,
    path: '/{username}/{passkey}',
    id: 'deletePasskey',
    summary: 'Deletes an administrator with the passkey',
  },
]

const sessions: readonly KindEndpoint[] = [
  { ...legacyEndpoints[0]!, summary: 'Lists sessions', answer: listLegacy },
  {
    method: 'DELETE',
    path: '',
    id: 'deleteAll',
    summary: 'Ends all sessions',
    answers: { 200: done },
    refusals: [409],
    answer: endSessions,
  },
  {
    method: 'DELETE',
    path: '/{id}',
    id: 'deleteById',
    summary: 'Ends a session',
    parameters: ['tenant'],
    answers: { 200: done },
    refusals: [404, 409],
    answer: endSession,
  },
]

const settings: readonly KindEndpoint[] = [
  {
    method: 'GET',
    path: '',
    id: 'find',
    summary: 'The global configuration',
    parameters: ['fields', 'ifNoneMatch'],
    answers: { 200: legacyEntity, 304: notModified },
    refusals: [404],
    answer: getSettings,
  },
  {
    method: 'PUT',
    path: '',
    id: 'update',
    summary: 'Replaces the global configuration',
    parameters: ['dryRun', 'ifMatch', 'ifNoneMatch'],
    body: entityContent,
    answers: { 200: legacyEntity },
    refusals: everyWrite,
    answer: replaceSettings,
  },
  {
    method: 'PATCH',
    path: '',
    id: 'patch',
    summary: 'Changes the global configuration',
    parameters: ['dryRun', 'ifMatch', 'ifNoneMatch'],
    body: patchContent,
    answers: { 200: legacyEntity },
    refusals: everyWrite,
    answer: patchSettings,
  },
  {
    method: 'GET',
    path: '/_template',
    id: 'template',
    summary: 'The global configuration as it is at first',
    answers: { 200: { description: 'What is not stored', content: json(entity) } },
    answer: settingsTemplate,
  },
]

/** Kinds whose operations under `/api` are not the usual ones. */
export const ownLegacyEndpoints: ReadonlyMap<EntityDefinition, readonly KindEndpoint[]> = new Map([
  [globalConfig as EntityDefinition, settings],
  [simpleAdminUser as EntityDefinition, admins],
  [webauthnAdminUser as EntityDefinition, [...admins, ...passkeys]],
  [adminSession as EntityDefinition, sessions],
  [authModuleUser as EntityDefinition, sessions],
])

export const sessionEndpoints: readonly Endpoint[] = [
  {
    method: 'DELETE',
    path: '/api/apps-sessions-module/{id}',
    id: 'sessions.deleteByModule',
    tag: 'auth-module-user',
    summary: 'Ends every session that came through an auth module',
    parameters: ['tenant'],
    answers: { 200: done },
    refusals: [404, 409],
    answer: endSessionsOfModule,
  },
]
