import { schema as v } from '../../schema/index.ts'
import { defineEntity, fullAccess } from '../entity.ts'
import { fill } from '../fill.ts'
import { description, id, location, metadata, name, tags } from '../types/common.ts'
import { emptyJson, field, json } from '../types/fields.ts'
import { scheduleFields } from '../types/schedule.ts'

const notes = v.array(json)

export const workflowSchema = v.looseObject({
  _loc: location,
  id,
  name,
  description,
  metadata,
  tags,
  config: field(json, emptyJson, 'What is done: a tree of steps'),
  test_payload: field(json, emptyJson, 'Input of the editor'),
  orphans: field(
    v.looseObject({
      nodes: field(notes, () => [], 'Steps without a place'),
      edges: field(notes, () => [], 'Links without a place'),
    }),
    () => ({}),
    'What the editor keeps aside',
  ),
  job: field(
    v.looseObject({ ...scheduleFields, config: field(json, emptyJson, 'Input of a run') }),
    () => ({}),
    'Runs by itself',
  ),
  functions: field(json, emptyJson, 'Functions by name, to be called from it'),
  notes: field(notes, () => [], 'Notes of the editor'),
})
export type Workflow = v.InferOutput<typeof workflowSchema>

/** Steps that are taken one after the other, with a result. */
export const workflow = defineEntity<Workflow>({
  group: 'plugins.otoroshi.io',
  version: 'v1',
  kind: 'Workflow',
  plural: 'workflows',
  singular: 'workflow',
  idField: 'id',
  storageKey: 'extensions:otoroshi_extensions_workflows:workflows',
  idPrefix: 'workflow',
  legacyPath: null,
  access: fullAccess,
  schema: workflowSchema,
  served: false,
  extension: 'otoroshi.extensions.Workflows',
  template: newId =>
    fill(workflowSchema, {
      id: newId,
      name: 'New Workflow',
      description: 'New Workflow',
      config: {
        id: 'main',
        kind: 'workflow',
        steps: [
          {
            id: 'hello',
            kind: 'call',
            function: 'core.hello',
            args: { name: '${workflow_input.name}' },
            result: 'call_res',
          },
        ],
        returned: { $mem_ref: { name: 'call_res' } },
      },
      test_payload: { name: 'foo' },
    }),
})
