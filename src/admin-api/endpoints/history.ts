/** `/api/history`: the last changes of the instance. */
import { listChanges, showChange, undoChange } from '../history-api.ts'
import type { Endpoint } from './endpoint.ts'
import { everyWrite } from './refusals.ts'
import { json, listOf, named, oneOf } from './shapes.ts'

const tag = 'history'
const state = json({ type: 'object' })

export const historyEndpoints: readonly Endpoint[] = [
  {
    method: 'GET',
    path: '/api/history',
    id: 'history.findAll',
    tag,
    summary: 'The last changes of the instance, latest first',
    parameters: [
      'before',
      'versionsOfPage',
      'changeKind',
      'changeId',
      'changeAction',
      'changeClient',
      'changeUser',
      'changeActor',
      'since',
      'until',
      'tenant',
    ],
    answers: {
      200: {
        description: 'Who changed what, when and how',
        content: json(listOf(named('Change'))),
        headers: { 'X-Next-Before': 'Value of `before` for the next page, when there is one' },
      },
    },
    refusals: [404],
    answer: listChanges,
  },
  {
    method: 'GET',
    path: '/api/history/{version}',
    id: 'history.findById',
    tag,
    summary: 'One change: what was before, what after',
    parameters: ['tenant'],
    answers: {
      200: {
        description: 'The change',
        content: json(oneOf(named('ChangeWithStates'), named('ImportedChange'))),
      },
    },
    refusals: [404],
    answer: showChange,
  },
  {
    method: 'POST',
    path: '/api/history/{version}/_undo',
    id: 'history.undo',
    tag,
    summary: 'Takes a change back',
    parameters: ['force', 'dryRun', 'ifMatch', 'ifNoneMatch', 'tenant'],
    answers: {
      200: { description: 'What is there now', content: state },
      201: { description: 'The entity, which was gone', content: state },
    },
    refusals: [...everyWrite, 405],
    answer: undoChange,
  },
]
