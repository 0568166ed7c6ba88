/** `/api/flows`: reports of how requests were answered. */
import { getFlow, listFlows, registerTryIt, takeTryIt } from '../flows-api.ts'
import type { Endpoint } from './endpoint.ts'
import { json, listOf, object, only, text, textOrNull } from './shapes.ts'

const tag = 'flows'
const report = object({
  requestId: text,
  routeId: text,
  tryIt: textOrNull,
  report: { type: 'object', description: 'Steps of the request with their times and verdicts' },
})

export const flowEndpoints: readonly Endpoint[] = [
  {
    method: 'GET',
    path: '/api/flows',
    id: 'flows.findAll',
    tag,
    summary: 'Flow reports, latest first',
    parameters: ['flowRoute'],
    answers: { 200: { description: 'The reports', content: json(listOf(report)) } },
    refusals: [404],
    answer: listFlows,
  },
  {
    method: 'POST',
    path: '/api/flows/_try-it',
    id: 'flows.registerTryIt',
    tag,
    summary: 'An id that makes one request report',
    answers: {
      201: {
        description: 'The id, and the header to send it in',
        content: json(object({ id: text, header: text })),
      },
    },
    refusals: [404],
    answer: registerTryIt,
  },
  {
    method: 'GET',
    path: '/api/flows/_try-it/{tryItId}',
    id: 'flows.takeTryIt',
    tag,
    summary: 'The report of the request with the id, once',
    answers: {
      200: { description: 'The report', content: json(report) },
      202: { description: 'It has not come yet', content: json(object({ status: only('waiting') })) },
    },
    refusals: [404],
    answer: takeTryIt,
  },
  {
    method: 'GET',
    path: '/api/flows/{requestId}',
    id: 'flows.findById',
    tag,
    summary: 'The report of one request',
    answers: { 200: { description: 'The report', content: json(report) } },
    refusals: [404],
    answer: getFlow,
  },
]
