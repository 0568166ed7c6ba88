/** `/api/<kinds>`: the older operations of kinds (reference, 4). */
import {
  completeLegacy,
  createLegacy,
  getLegacy,
  legacyBulk,
  listLegacy,
  patchLegacy,
  removeLegacy,
  replaceLegacy,
  templateLegacy,
} from '../legacy-api.ts'
import { bulkAnswer, entityContent, legacyEntity, notModified, patchContent } from './bodies.ts'
import type { KindEndpoint, Success } from './endpoint.ts'
import { factEndpoints } from './entity-facts.ts'
import { genericEndpoints } from './generic.ts'
import { everyWrite } from './refusals.ts'
import { entity, json, listOf, named, ndjson } from './shapes.ts'

const write = ['tenant', 'dryRun', 'ifMatch', 'ifNoneMatch'] as const
const deleted: Success = {
  description: 'It is gone',
  content: json(named('Deleted')),
  headers: { 'Otoroshi-Entity-Used-By': 'Who refers to what is gone' },
}

const own: readonly KindEndpoint[] = [
  {
    method: 'GET',
    path: '',
    id: 'findAll',
    summary: 'Lists {kinds}',
    description: 'As under `/apis`, without `kind` and indentation.',
    parameters: ['tenant', 'filtered', 'sorted', 'page', 'pageSize', 'fields', 'keypair', 'authTypes'],
    answers: {
      200: {
        description: 'The entities',
        content: { ...json(listOf(entity)), ...ndjson(entity) },
        headers: {
          'X-Count': 'Number of entities the caller may read',
          'X-Offset': 'Entities before the page',
          'X-Page': 'The page',
          'X-Page-Size': 'Entities of a page',
        },
      },
    },
    refusals: [501],
    offered: access => access.read,
    answer: listLegacy,
  },
  {
    method: 'POST',
    path: '',
    id: 'create',
    summary: 'Creates a {kind}',
    parameters: write,
    body: entityContent,
    answers: { 201: legacyEntity },
    refusals: [412, 413, 409],
    offered: access => access.create,
    answer: createLegacy,
  },
  {
    method: 'GET',
    path: '/_template',
    id: 'template',
    summary: 'What a new {kind} looks like',
    description: 'A parameter of the query overwrites the field of its name with its text.',
    parameters: ['tenant'],
    answers: { 200: { description: 'An entity that is not stored', content: json(entity) } },
    answer: templateLegacy,
  },
  {
    method: 'POST',
    path: '/_template',
    id: 'complete',
    summary: 'The template of a {kind} with the body merged over it',
    parameters: ['tenant'],
    body: { ...entityContent, description: 'What is to differ from the template' },
    answers: { 201: { description: 'An entity that is not stored', content: json({ type: 'object' }) } },
    refusals: [413],
    answer: completeLegacy,
  },
  {
    method: 'GET',
    path: '/{id}',
    id: 'findById',
    summary: 'One {kind}',
    parameters: ['tenant', 'fields', 'ifNoneMatch'],
    answers: { 200: legacyEntity, 304: notModified },
    refusals: [404],
    offered: access => access.read,
    answer: getLegacy,
  },
  {
    method: 'PUT',
    path: '/{id}',
    id: 'updateById',
    summary: 'Replaces a {kind}',
    parameters: write,
    body: entityContent,
    answers: { 200: legacyEntity },
    refusals: everyWrite,
    offered: access => access.update,
    answer: replaceLegacy,
  },
  {
    method: 'PATCH',
    path: '/{id}',
    id: 'patchById',
    summary: 'Changes a {kind}',
    parameters: write,
    body: patchContent,
    answers: { 200: legacyEntity },
    refusals: everyWrite,
    offered: access => access.update,
    answer: patchLegacy,
  },
  {
    method: 'DELETE',
    path: '/{id}',
    id: 'deleteById',
    summary: 'Deletes a {kind}',
    parameters: [...write, 'unused'],
    answers: { 200: deleted },
    refusals: everyWrite,
    offered: access => access.delete,
    answer: removeLegacy,
  },
  ...factEndpoints,
]

/** The lines are those of `/apis`; answers do not name the field of the id. */
const bulk: readonly KindEndpoint[] = genericEndpoints
  .filter(({ path }) => path === '/_bulk')
  .map(endpoint => ({ ...endpoint, answers: { 200: bulkAnswer }, answer: legacyBulk }))

/** In the order the document lists them. */
export const legacyEndpoints: readonly KindEndpoint[] = [...own, ...bulk]
