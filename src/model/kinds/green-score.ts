import { schema as v } from '../../schema/index.ts'
import { defineEntity, fullAccess } from '../entity.ts'
import { fill } from '../fill.ts'
import { ref } from '../references.ts'
import { description, id, location, metadata, name, tags } from '../types/common.ts'
import { emptyJson, emptyTexts, field, json, number, required, text, texts } from '../types/fields.ts'

const limits = (what: string, excellent: number, sufficient: number, poor: number) =>
  field(
    v.looseObject({
      excellent: field(number, excellent, 'Excellent up to here'),
      sufficient: field(number, sufficient, 'Sufficient up to here'),
      poor: field(number, poor, 'Poor up to here'),
    }),
    () => ({}),
    what,
  )

const thresholdsSchema = v.looseObject({
  overhead: limits('Time spent in the gateway, milliseconds', 5, 10, 15),
  duration: limits('Time of a call, milliseconds', 5, 10, 15),
  backendDuration: limits('Time of the backend, milliseconds', 5, 10, 15),
  calls: limits('Calls', 5, 10, 15),
  dataIn: limits('Bytes of requests', 100, 500, 1000),
  dataOut: limits('Bytes of answers', 100, 500, 1000),
  headersOut: limits('Header fields of answers', 10, 30, 50),
  headersIn: limits('Header fields of requests', 10, 30, 50),
})

export const greenScoreSchema = v.looseObject({
  _loc: location,
  id,
  name,
  description,
  metadata,
  tags,
  routes: field(
    v.array(
      v.looseObject({
        routeId: required(text, 'The route'),
        rulesConfig: field(json, emptyJson, 'Answers to the questions'),
      }),
    ),
    () => [],
    'Routes that are scored',
  ),
  thresholds: field(thresholdsSchema, () => ({}), 'What is good, by measure'),
  efficiency: field(
    v.looseObject({ paths: field(texts, emptyTexts, 'Paths left out') }),
    () => ({}),
    'Measure of efficiency',
  ),
})
export type GreenScore = v.InferOutput<typeof greenScoreSchema>

/** What routes cost the environment. */
export const greenScore = defineEntity<GreenScore>({
  group: 'green-score.extensions.otoroshi.io',
  version: 'v1',
  kind: 'GreenScore',
  plural: 'green-scores',
  singular: 'green-score',
  idField: 'id',
  storageKey: 'extensions:otoroshi_extensions_greenscore:greenscores',
  idPrefix: 'green-score',
  legacyPath: null,
  access: fullAccess,
  schema: greenScoreSchema,
  served: false,
  references: [ref('routes.*.routeId', 'Route')],
  extension: 'otoroshi.extensions.GreenScore',
  template: newId =>
    fill(greenScoreSchema, {
      id: newId,
      name: 'green score group',
      description: 'screen score for the routes of this group',
    }),
})
