/** `/apis/{group}/{version}/{kinds}`: what every kind offers (reference, 3). */
import {
  count,
  createOne,
  getOne,
  list,
  patchOne,
  removeAll,
  removeOne,
  replaceOne,
  schema,
  template,
  upsert,
} from '../generic-api.ts'
import { genericBulk } from '../generic-bulk.ts'
import { bulkAnswer, entityContent, genericEntity, notModified, patchContent } from './bodies.ts'
import type { KindEndpoint } from './endpoint.ts'
import { factEndpoints } from './entity-facts.ts'
import { everyWrite } from './refusals.ts'
import { entity, entityBody, json, jsonOrYaml, listOf, named, ndjson, object, text, whole } from './shapes.ts'
import { versionEndpoints } from './versions.ts'

const asked = ['pretty', 'envelope', 'tenant'] as const
const write = [...asked, 'dryRun', 'ifMatch', 'ifNoneMatch'] as const

const one: readonly KindEndpoint[] = [
  {
    method: 'GET',
    path: '/{id}',
    id: 'findById',
    summary: 'One {kind}',
    parameters: [...asked, 'fields', 'ifNoneMatch'],
    answers: { 200: genericEntity, 304: notModified },
    refusals: [404],
    offered: access => access.read,
    answer: getOne,
  },
  {
    method: 'POST',
    path: '/{id}',
    id: 'upsertById',
    summary: 'Creates or replaces a {kind}',
    parameters: write,
    body: entityContent,
    answers: {
      200: {
        ...genericEntity,
        headers: { ...genericEntity.headers, 'Otoroshi-Entity-Updated': '`true` when something changed' },
      },
      201: genericEntity,
    },
    refusals: [...everyWrite, 405],
    offered: access => access.create || access.update,
    answer: upsert,
  },
  {
    method: 'PUT',
    path: '/{id}',
    id: 'updateById',
    summary: 'Replaces a {kind}',
    parameters: write,
    body: entityContent,
    answers: { 200: genericEntity },
    refusals: everyWrite,
    offered: access => access.update,
    answer: replaceOne,
  },
  {
    method: 'PATCH',
    path: '/{id}',
    id: 'pathById',
    summary: 'Changes a {kind}',
    parameters: write,
    body: patchContent,
    answers: { 200: genericEntity },
    refusals: everyWrite,
    offered: access => access.update,
    answer: patchOne,
  },
  {
    method: 'DELETE',
    path: '/{id}',
    id: 'deleteById',
    summary: 'Deletes a {kind}',
    parameters: [...write, 'unused'],
    answers: {
      200: {
        description: 'The entity as it was',
        content: jsonOrYaml(entity),
        headers: { 'Otoroshi-Entity-Used-By': 'Who refers to what is gone' },
      },
    },
    refusals: everyWrite,
    offered: access => access.delete,
    answer: removeOne,
  },
  ...factEndpoints,
]

const collection: readonly KindEndpoint[] = [
  {
    method: 'GET',
    path: '',
    id: 'findAll',
    summary: 'Lists {kinds}',
    description:
      'Those the caller may read. `filter.<field>=<value>` in the query keeps those whose field has the value; a dotted path, a JSON pointer and a plain JSONPath may stand for the field.',
    parameters: [...asked, 'filtered', 'sorted', 'page', 'pageSize', 'fields'],
    answers: {
      200: {
        description: 'The entities',
        content: { ...jsonOrYaml(listOf(entity)), ...ndjson(entity) },
        headers: { 'X-Pages': 'Number of pages' },
      },
    },
    refusals: [501],
    offered: access => access.read,
    answer: list,
  },
  {
    method: 'POST',
    path: '',
    id: 'create',
    summary: 'Creates a {kind}',
    parameters: write,
    body: entityContent,
    answers: { 201: genericEntity },
    refusals: [409, 412, 413],
    offered: access => access.create,
    answer: createOne,
  },
  {
    method: 'DELETE',
    path: '',
    id: 'deleteAll',
    summary: 'Deletes all {kinds} the caller may write',
    parameters: ['dryRun', 'tenant'],
    answers: { 204: { description: 'They are gone' } },
    refusals: [409],
    offered: access => access.delete,
    answer: removeAll,
  },
  {
    method: 'GET',
    path: '/_count',
    id: 'count',
    summary: 'Number of {kinds} the caller may read',
    parameters: asked,
    answers: {
      200: { description: 'The number', content: jsonOrYaml(object({ count: whole, kind: text })) },
    },
    offered: access => access.read,
    answer: count,
  },
  {
    method: 'GET',
    path: '/_schema',
    id: 'schema',
    summary: 'JSON Schema of a {kind}',
    parameters: ['pretty', 'envelope'],
    answers: { 200: { description: 'The schema (draft 7)', content: jsonOrYaml(object({ kind: text })) } },
    answer: schema,
  },
  {
    method: 'GET',
    path: '/_template',
    id: 'template',
    summary: 'What a new {kind} looks like',
    parameters: ['templateType', 'tenant'],
    answers: { 200: { description: 'An entity that is not stored', content: json(entity) } },
    refusals: [404],
    answer: template,
  },
]

const line = (description: string, shape: Readonly<Record<string, unknown>>) => ({
  description,
  content: ndjson(shape),
})

/** `{id}` names the field that holds the id of the kind. */
const idLine = object({ '{idField}': text })

const bulk: readonly KindEndpoint[] = [
  {
    method: 'POST',
    path: '/_bulk',
    id: 'bulk_create',
    summary: 'Creates many {kinds}',
    parameters: ['dryRun', 'tenant'],
    body: line('An entity a line', entityBody),
    answers: { 200: bulkAnswer },
    offered: access => access.bulk && access.create,
    answer: genericBulk,
  },
  {
    method: 'PUT',
    path: '/_bulk',
    id: 'bulk_update',
    summary: 'Replaces many {kinds}',
    parameters: ['dryRun', 'tenant'],
    body: line('An entity a line, with its id', { allOf: [entityBody, idLine] }),
    answers: { 200: bulkAnswer },
    offered: access => access.bulk && access.update,
    answer: genericBulk,
  },
  {
    method: 'PATCH',
    path: '/_bulk',
    id: 'bulk_patch',
    summary: 'Changes many {kinds}',
    parameters: ['dryRun', 'tenant'],
    body: line('An id and a patch a line', { allOf: [named('BulkPatchBody'), idLine] }),
    answers: { 200: bulkAnswer },
    offered: access => access.bulk && access.update,
    answer: genericBulk,
  },
  {
    method: 'DELETE',
    path: '/_bulk',
    id: 'bulk_delete',
    summary: 'Deletes many {kinds}',
    parameters: ['dryRun', 'tenant'],
    body: line('An id a line', idLine),
    answers: { 200: bulkAnswer },
    offered: access => access.bulk && access.delete,
    answer: genericBulk,
  },
]

/** In the order the document lists them. */
export const genericEndpoints: readonly KindEndpoint[] = [...collection, ...bulk, ...one, ...versionEndpoints]
