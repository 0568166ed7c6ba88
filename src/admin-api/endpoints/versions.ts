/** The versions of one entity, below its path under `/apis`. */
import { compareVersions, listVersions, restoreVersion, showVersion } from '../versions-api.ts'
import { genericEntity } from './bodies.ts'
import type { KindEndpoint } from './endpoint.ts'
import { everyWrite } from './refusals.ts'
import { json, listOf, named, object, oneOf, only, whole } from './shapes.ts'

export const versionEndpoints: readonly KindEndpoint[] = [
  {
    method: 'GET',
    path: '/{id}/_versions',
    id: 'versions',
    summary: 'The versions of a {kind}, latest first, whether it is still there or not',
    parameters: ['before', 'versionsOfPage', 'tenant'],
    answers: {
      200: {
        description: 'Who changed it, when and how',
        content: json(listOf(named('Change'))),
        headers: { 'X-Next-Before': 'Value of `before` for the next page, when there is one' },
      },
    },
    refusals: [404],
    answer: listVersions,
  },
  {
    method: 'GET',
    path: '/{id}/_versions/{version}',
    id: 'version',
    summary: 'One version of a {kind}: what was before, what after',
    parameters: ['tenant'],
    answers: { 200: { description: 'The change', content: json(named('ChangeWithStates')) } },
    refusals: [404],
    answer: showVersion,
  },
  {
    method: 'GET',
    path: '/{id}/_versions/{version}/_diff',
    id: 'versionDiff',
    summary: 'What differs between two versions of a {kind}',
    parameters: ['diffTo', 'tenant'],
    answers: {
      200: {
        description: 'The differences',
        content: json(
          object({ from: whole, to: oneOf(whole, only('current')), diff: listOf(named('Difference')) }),
        ),
      },
    },
    refusals: [404],
    answer: compareVersions,
  },
  {
    method: 'POST',
    path: '/{id}/_versions/{version}/_restore',
    id: 'restoreVersion',
    summary: 'Brings a {kind} back to a version',
    parameters: ['dryRun', 'ifMatch', 'ifNoneMatch', 'tenant'],
    answers: { 200: genericEntity, 201: { ...genericEntity, description: 'The entity, which was gone' } },
    refusals: everyWrite,
    answer: restoreVersion,
  },
]
