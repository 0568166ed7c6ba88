/** Schemas of the document that are of no kind. Names are upstream's where it has them. */
import { adminReasons } from '../api-error.ts'
import type { Shape } from './endpoint.ts'
import {
  anything,
  flag,
  listOf,
  mapOf,
  named,
  object,
  oneOf,
  only,
  text,
  textOrNull,
  whole,
} from './shapes.ts'

const where = object({ path: text, message: text })

const errorResponse: Shape = {
  ...object(
    {
      error: { ...text, description: 'Short, often for programs' },
      error_description: { description: 'What is wrong: text, or a list of texts' },
      reason: { enum: Object.keys(adminReasons) },
    },
    {
      kind: { ...text, description: 'Kind the call was about, under `/apis`' },
      faults: { ...listOf(where), description: 'Each faulty path of an entity' },
      used_by: { ...listOf(anything), description: 'Who refers to what was to be deleted' },
    },
  ),
  description: 'A refusal. The header `Otoroshi-Error-Reason` holds the reason too.',
}

const gatewayError: Shape = {
  ...object({ 'Otoroshi-Error': text }),
  description:
    'A refusal of the gateway, before the admin API is asked; its reason is in `Otoroshi-Error-Reason`.',
}

const operation: Shape = {
  ...object(
    { op: { enum: ['add', 'remove', 'replace', 'move', 'copy', 'test'] }, path: text },
    { value: anything, from: text },
  ),
  description: 'A step of a JSON Patch (RFC 6902)',
}

const difference: Shape = {
  ...object(
    { op: { enum: ['add', 'remove', 'replace'] }, path: text },
    { value: anything, hidden: { ...flag, description: 'The value is a password: not shown' } },
  ),
  description: 'A step from one state to another, as JSON Patch has them',
}

const dryRun: Shape = {
  ...object(
    { dry_run: only(true), would: { enum: ['create', 'update', 'delete', 'nothing', 'import', 'refuse'] } },
    { diff: listOf(named('Difference')), entity: anything, count: whole },
  ),
  description: 'What a call with `dry_run` would have done',
}

const user = oneOf(object({ name: text, email: text }), { type: 'null' })

const change = object(
  {
    version: { ...whole, description: 'Number of the change, unique in the store' },
    at: { ...whole, description: 'Epoch milliseconds' },
    action: { enum: ['create', 'update', 'delete', 'import'] },
    kind: textOrNull,
    id: textOrNull,
    client_id: textOrNull,
    user,
    from: { ...textOrNull, description: 'Address of the client' },
    revision: whole,
  },
  {
    restored_from: whole,
    undid: whole,
    imported: flag,
    changed_elsewhere_before: { ...flag, description: 'Somebody who leaves no versions wrote before it' },
  },
)

const bulkLine = oneOf(
  object(
    { status: whole },
    {
      created: only(true),
      updated: only(true),
      deleted: only(true),
      id: text,
      id_field: text,
      dry_run: flag,
    },
  ),
  object({ status: whole, error: text, error_description: anything, reason: text }, { entity: anything }),
)

const users = listOf(object({ kind: text, id: text, name: anything, paths: listOf(text) }))

export const fault = object({ kind: text, id: text, reason: text, message: text })

/** Name → schema. */
export const schemas = {
  ErrorResponse: errorResponse,
  GatewayError: gatewayError,
  Done: object({ done: flag }),
  Deleted: object({ deleted: only(true) }),
  PatchDocument: operation,
  PatchBody: listOf(named('PatchDocument')),
  PathValues: {
    ...listOf(object({ path: text }, { value: anything })),
    description: 'Dotted paths and what is to stand there',
  },
  Difference: difference,
  DryRun: dryRun,
  Change: change,
  ChangeWithStates: {
    allOf: [
      named('Change'),
      object({ before: anything, after: anything, diff: listOf(named('Difference')) }),
    ],
  },
  ImportedChange: {
    allOf: [
      named('Change'),
      object({ entities: listOf(object({ kind: text, id: text, action: text })), entities_left_out: whole }),
    ],
  },
  BulkPatchBody: {
    ...object({ patch: oneOf(named('PatchBody'), { type: 'object' }) }),
    description: 'A line: the id of the entity in its own field, and what to do with it',
  },
  BulkResponseBody: { ...bulkLine, description: 'What has become of a line' },
  EntityStatus: object({
    kind: text,
    id: text,
    served: { ...flag, description: 'Whether the data plane knows the kind' },
    healthy: flag,
    written_in_revision: whole,
    revision: whole,
    faults: listOf(fault),
    invalid: listOf(where),
  }),
  EntityReferences: object({
    kind: text,
    id: text,
    references: listOf(object({ path: text, kind: text, id: text, found: flag })),
    used_by: users,
    hidden: { ...whole, description: 'Users the caller may not read' },
  }),
  Version: object({
    raw: text,
    major: whole,
    minor: whole,
    patch: whole,
    build: whole,
    suffix: textOrNull,
    suffix_version: { type: ['integer', 'null'] },
  }),
  Plugin: object(
    {
      id: text,
      name: text,
      description: text,
      plugin_categories: listOf(text),
      plugin_steps: listOf(text),
      plugin_tags: listOf(text),
    },
    { default_config: anything, config_schema: anything },
  ),
  Import: object({
    done: only(true),
    revision: whole,
    created: whole,
    updated: whole,
    removed: whole,
    unchanged: whole,
    kept: mapOf(mapOf(whole)),
    left_out: mapOf(anything),
    warnings: listOf(text),
  }),
} as const satisfies Readonly<Record<string, Shape>>
